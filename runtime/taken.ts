/** Every option of every importable function, and what kind of thing it takes. */
import type { LoadOptions } from './data/index.js';
import type {
  DataOptions,
  DeviceOptions,
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  RecommenderOptions,
  RecommendOptions,
  RecommendRequest,
  RunOptions,
  SearchOptions,
  ServeOptions,
  TrainOptions,
} from './options.js';

export type Kind =
  | 'text'
  | 'texts'
  | 'history'
  | 'about'
  | 'vector'
  | 'numbers'
  | 'functions'
  | 'flag'
  | 'number'
  | 'choice'
  | 'time'
  | 'signal'
  | 'listener'
  | 'teller';
/** Every option of a function, and what it takes. Numbers and choices are looked at by `checked`. */
type Kinds<O> = { readonly [K in keyof O]-?: Kind };

/** How data are to be read, which checkpoints remember. */
const ofReading: Kinds<Omit<LoadOptions, 'cache'>> = {
  format: 'text',
  columns: 'text',
  timeUnit: 'text',
  query: 'text',
  minRating: 'number',
  actions: 'texts',
  since: 'time',
  until: 'time',
  dropRepeats: 'flag',
  minUser: 'number',
  minItem: 'number',
  items: 'texts',
  itemColumns: 'text',
  users: 'texts',
  userColumns: 'text',
  vectors: 'texts',
  titles: 'text',
};
const ofData: Kinds<DataOptions> = { data: 'text', ...ofReading, cache: 'flag' };

/** Those of the options that say how data are to be read, without those that are not given. */
export const loadOptionsOf = (options: DataOptions): LoadOptions =>
  Object.fromEntries(
    Object.keys(ofReading).flatMap((name) => {
      const value = options[name as keyof LoadOptions];
      return value === undefined ? [] : [[name, value]];
    }),
  );
const ofDevice: Kinds<DeviceOptions> = { device: 'choice', threads: 'number' };
const ofRun: Kinds<RunOptions> = { signal: 'signal', listen: 'listener' };
const ofRequest: Kinds<RecommendRequest> = {
  user: 'text',
  history: 'history',
  about: 'about',
  top: 'number',
  at: 'time',
  only: 'texts',
  except: 'texts',
  where: 'texts',
  vector: 'vector',
};
const ofRecommender: Kinds<RecommenderOptions> = { ...ofData, ...ofDevice, out: 'text', checkpoint: 'text' };
/** The options of the importable functions. */
export const taken = {
  train: {
    ...ofData,
    ...ofDevice,
    ...ofRun,
    epochs: 'number',
    batch: 'number',
    seed: 'number',
    patience: 'number',
    protocol: 'choice',
    split: 'text',
    trainOn: 'choice',
    from: 'text',
    transfer: 'text',
    out: 'text',
    resume: 'flag',
    checkpointSteps: 'number',
    checkpointSeconds: 'number',
    test: 'flag',
    tensorboard: 'flag',
    csv: 'text',
  } satisfies Kinds<TrainOptions>,
  evaluate: {
    ...ofData,
    ...ofDevice,
    ...ofRun,
    out: 'text',
    checkpoint: 'text',
    part: 'choice',
    batch: 'number',
    cold: 'flag',
    withoutRequests: 'flag',
    split: 'text',
    cutoffs: 'numbers',
    buckets: 'flag',
    lists: 'flag',
    csv: 'text',
    set: 'texts',
    model: 'text',
    measures: 'functions',
  } satisfies Kinds<EvaluateOptions>,
  recommend: { ...ofRecommender, ...ofRequest } satisfies Kinds<RecommendOptions>,
  explain: { ...ofRecommender, ...ofRequest, item: 'text' } satisfies Kinds<ExplainOptions>,
  exportTo: {
    ...ofData,
    ...ofDevice,
    signal: ofRun.signal,
    checkpoint: 'text',
    file: 'text',
    vectorsOf: 'choice',
    batch: 'number',
    top: 'number',
    at: 'time',
    only: 'texts',
    except: 'texts',
    where: 'texts',
  } satisfies Kinds<ExportOptions>,
  search: {
    ...ofData,
    ...ofDevice,
    ...ofRun,
    space: 'text',
    trials: 'number',
    epochs: 'number',
    batch: 'number',
    seed: 'number',
    patience: 'number',
    split: 'text',
    out: 'text',
    model: 'text',
  } satisfies Kinds<SearchOptions>,
  recommender: ofRecommender,
  'recommender.recommend': ofRequest,
  serve: {
    ...ofRecommender,
    port: 'number',
    host: 'text',
    workers: 'number',
    batch: 'number',
    delay: 'number',
    queue: 'number',
    timeout: 'number',
    drain: 'number',
    bodyLimit: 'number',
    listLimit: 'number',
    token: 'texts',
    cors: 'texts',
    watch: 'flag',
    say: 'teller',
  } satisfies Kinds<ServeOptions>,
} as const;
/** Those that cannot be left out. */
export const needed: { readonly [F in keyof typeof taken]?: readonly (keyof (typeof taken)[F])[] } = {
  exportTo: ['file'],
  search: ['space'],
};
