/** What a person may ask for, checked before anything runs. The command line and the importable functions share these names. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { DeviceName } from './contract/compiled.js';
import { type LoadOptions, timeOf, timeShape } from './data/index.js';
import type { About } from './about.js';
import type { RequestVector } from './asking.js';
import type { Names } from './candidates.js';
import type { Listener } from './events.js';
import type { History } from './past.js';
import type { Wish } from './judging.js';
import type { OwnMeasure } from './measures/figures.js';
import type { SearchListener } from './search/events.js';
import { flag, numberIn, type NumberName, type Protocol, protocols, ranges } from './contract/settings.js';
import type { Manifest } from './contract/session.js';
import { deviceNames } from './contract/compiled.js';
import { suggest } from './contract/words.js';

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Which data, and how they are to be read. */
export type DataOptions = LoadOptions &
  Maybe<{
    /** A file of interactions, or `sample` for the generated one. */
    data: string;
  }>;

/** Where to compute. */
export type DeviceOptions = Maybe<{
  device: DeviceName | 'auto';
  /** Threads of the devices `native` and `wasm`; a core each, unless given. */
  threads: number;
}>;

/** Stops a run from outside, and listens to it. */
export type RunOptions = Maybe<{ signal: AbortSignal; listen: Listener }>;

/** What `train` takes: the command's options in camel case, and a signal. */
export type TrainOptions = DataOptions &
  DeviceOptions &
  RunOptions &
  Maybe<{
    epochs: number;
    batch: number;
    seed: number;
    /** Epochs without a better validation NDCG@10 before stopping. */
    patience: number;
    protocol: Protocol;
    /** What is held out: `leave-one-out`, `last:3`, `time:0.9`, `time:2019-05-01`, `user:0.1`, or a file that a split was written to. */
    split: string;
    /** Everything, holding nothing out: for a model that goes to work, after its epochs were chosen. There are no figures then. */
    trainOn: 'all';
    /** A checkpoint of the same model to go on from, on these data: its items keep what was learned of them, new ones join. */
    from: string;
    /** A checkpoint of the same model, trained on other data, to begin with: what it learned of no item or word of its own. */
    transfer: string;
    /** The folder of checkpoints and metrics; `runs/<model>` unless given. */
    out: string;
    /** Go on from the last checkpoint in `out`, bit for bit. */
    resume: boolean;
    /** A checkpoint after so many steps or seconds, whichever comes first, besides the one at each epoch's end. */
    checkpointSteps: number;
    checkpointSeconds: number;
    /** False: the test is left alone, for what is chosen among others; there is no report then. */
    test: boolean;
    /** Event files for TensorBoard in `out`. */
    tensorboard: boolean;
    /** A file for all epochs and the test, as CSV. */
    csv: string;
  }>;

/** What `evaluate` takes: the command's options in camel case, and a signal. */
export type EvaluateOptions = DataOptions &
  DeviceOptions &
  RunOptions &
  Maybe<{
    out: string;
    /** `<out>/best.safetensors` unless given. */
    checkpoint: string;
    part: 'validation' | 'test';
    batch: number;
    /** Apart as well: targets that training met, and those that it never saw. */
    cold: boolean;
    /** As if nothing had been asked before the held-out events, for models that read what is asked. */
    withoutRequests: boolean;
    /** Where the file of the training's split now is. */
    split: string;
    /** HR, Recall, NDCG, MRR and MAP of lists of these lengths; 10 and 50 where other figures are asked for. */
    cutoffs: readonly number[];
    /** By length of history and popularity of item too. */
    buckets: boolean;
    /** Coverage, novelty, popularity, repeats and diversity of the lists too. */
    lists: boolean;
    /** A file for all figures, as CSV. */
    csv: string;
    /** Other hyperparameters than those of the training, `name=value`, which may change no parameter: the model is compiled anew. */
    set: readonly string[];
    /** The model's file, where `set` does not find it. */
    model: string;
    /** Measures of one's own, by name: a mean over what they make of each answer. */
    measures: Readonly<Record<string, OwnMeasure>>;
  }>;

export type InspectOptions = DataOptions & Maybe<{ split: string }>;

export type ProfileOptions = DataOptions & DeviceOptions & Maybe<{ batch: number; seed: number }>;

/** What a recommender needs before anything is asked of it. */
export type RecommenderOptions = DataOptions &
  DeviceOptions &
  Maybe<{
    out: string;
    /** `<out>/best.safetensors` unless given. */
    checkpoint: string;
  }>;

/** For whom, or after what, to recommend: one of `user` and `history`. */
export type RecommendRequest = Maybe<{
  /** A user of the data. */
  user: string;
  /**
   * Item ids or titles, oldest first; in one text they are separated by commas. Or events: an item, perhaps its time, and what else the
   * model reads of events (`{ item: '318', time: '2020-09-13', rating: 4 }`); a text may be a list of such in JSON.
   */
  history: History;
  /**
   * What the model reads of who asks, by the names of columns of users: `{ gender: 'F' }`. What is not said of a user of the data, the
   * data say.
   */
  about: About;
  /** How many items to recommend; 10 unless given. */
  top: number;
  /**
   * When the request comes, for models that read times: ISO 8601, or a number as the data's times are written. Unless given: now,
   * where the data's times are dates and none of the user's is later; else the time of the user's last event.
   */
  at: string | number;
  /** Recommend these alone, by ids or titles. */
  only: Names;
  /** Never these, told in the same way. */
  except: Names;
  /**
   * What is asked for, as a vector, for models that read one: numbers, as wide as the training's, from the same language model; by the
   * names of columns where a model reads several.
   */
  vector: RequestVector;
  /** Items of a category alone: `genre=war`. Of one column any of several values may hold, of several columns each must. */
  where: Names;
}>;

/** What `recommend` takes: a model and a request. */
export type RecommendOptions = RecommenderOptions & RecommendRequest;

/** What `explain` takes: a model, a request, and the item that is asked about; the first that is recommended, unless given. */
export type ExplainOptions = RecommendOptions & Maybe<{ item: string }>;

/** What `exportTo` takes: a model, whose data, and the file. */
export type ExportOptions = Omit<RecommenderOptions, 'out'> &
  Pick<RunOptions, 'signal'> &
  Pick<RecommendRequest, 'top' | 'at' | 'only' | 'except' | 'where'> & {
    /** Lists in `.csv`, `.jsonl` or `.parquet`; vectors in `.npy`, `.safetensors` or `.parquet`. */
    readonly file: string;
  } & Maybe<{
    /** Vectors of users or items, in the place of lists. */
    vectorsOf: 'user' | 'item';
    /** Users that are scored together; 64 unless given. */
    batch: number;
  }>;

/** What `search` takes: where to look, and how trials are trained. */
export type SearchOptions = DataOptions &
  DeviceOptions & {
    /** By hyperparameter, as the command's: `rate=log:1e-4..1e-2,dropout=0..0.5,heads=1|2|4`. */
    readonly space: string;
  } & Maybe<{
    /** Points to try; 30 unless given. */
    trials: number;
    /** Of the trials that get to the end. */
    epochs: number;
    batch: number;
    /** Decides which points are tried, and every random number of a training. */
    seed: number;
    /** Epochs without a better validation figure before a trial stops. */
    patience: number;
    split: string;
    /** The folder of all trials, `runs/<model>.search` unless given; the same call goes on from what is there. */
    out: string;
    /** The model's file, where it is not found. */
    model: string;
    /** Ends the search; what was done is kept. */
    signal: AbortSignal;
    /** Told what happens while it goes. */
    listen: SearchListener;
  }>;

/** What `serve` takes: a model, and how it is asked. */
export type ServeOptions = RecommenderOptions &
  Maybe<{
    /** 8080 unless given; 0 takes one that is free. */
    port: number;
    /** 127.0.0.1 unless given, so that nobody else reaches it. */
    host: string;
    /** Threads that score; a core each but one, unless given. With 0 scores are computed where HTTP is answered. */
    workers: number;
    /** Requests that are scored together at most; 16 unless given. */
    batch: number;
    /** Milliseconds that a request waits for others to be scored with; 1 unless given. */
    delay: number;
    /** Requests that may wait; 1024 unless given. */
    queue: number;
    /** Seconds that a request may take to arrive, and may wait; 10 unless given. */
    timeout: number;
    /** Seconds that the end waits for what was taken; 30 unless given. */
    drain: number;
    /** Bytes of a body; 262,144 unless given. */
    bodyLimit: number;
    /** Entries of a list; 1,000 unless given. */
    listLimit: number;
    /** Whoever asks needs one of these. */
    token: string | readonly string[];
    /** Pages of these origins may ask; `*`: all. */
    cors: string | readonly string[];
    /** Take a checkpoint that has changed. */
    watch: boolean;
    /** Told what happens while it serves; the standard error, unless given. */
    say: (line: string) => void;
  }>;

/** Each once, the shortest first. */
export const cutoffsOf = (cutoffs: readonly number[] = []): readonly number[] =>
  [...new Set(cutoffs)].sort((a, b) => a - b);

/** The figures that are asked for beyond those of every evaluation; undefined: none. */
export const wishOf = ({ cutoffs, buckets, lists, csv, measures }: EvaluateOptions): Wish | undefined =>
  (cutoffs ?? csv ?? measures) === undefined && buckets !== true && lists !== true
    ? undefined
    : {
        cutoffs: cutoffsOf(cutoffs ?? [10, 50]),
        buckets: buckets === true,
        lists: lists === true,
        measures: measures ?? {},
      };

const choices = {
  protocol: protocols,
  trainOn: ['all'],
  device: ['auto', ...deviceNames],
  part: ['validation', 'test'],
  vectorsOf: ['user', 'item'],
} as const;

type Kind =
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
const taken = {
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
const needed: { readonly [F in keyof typeof taken]?: readonly (keyof (typeof taken)[F])[] } = {
  exportTo: ['file'],
  search: ['space'],
};

const isText = (value: unknown): boolean => typeof value === 'string';
const anything = (): boolean => true;
const forms: { readonly [K in Kind]: { readonly fits: (value: unknown) => boolean; readonly wanted: string } } = {
  text: { fits: isText, wanted: 'a string' },
  texts: { fits: (v) => isText(v) || (Array.isArray(v) && v.every(isText)), wanted: 'a string or a list of strings' },
  history: {
    fits: (v) => isText(v) || (Array.isArray(v) && v.every((one) => isText(one) || typeof one === 'object')),
    wanted: 'a string, or a list of strings or events',
  },
  about: {
    fits: (v) =>
      typeof v === 'object' &&
      v !== null &&
      !Array.isArray(v) &&
      Object.values(v).every((one) => [one].flat().every((of) => isText(of) || typeof of === 'number')),
    wanted: 'texts, numbers, or lists of them, by the names of columns',
  },
  vector: { fits: (v) => typeof v === 'object' && v !== null, wanted: 'a list of numbers, or such lists by name' },
  numbers: { fits: (v) => Array.isArray(v), wanted: 'a list of numbers' },
  functions: {
    fits: (v) => typeof v === 'object' && v !== null && Object.values(v).every((f) => typeof f === 'function'),
    wanted: 'functions by name',
  },
  time: { fits: (v) => isText(v) || typeof v === 'number', wanted: 'a time, as a string or a number' },
  flag: { fits: (v) => typeof v === 'boolean', wanted: 'true or false' },
  signal: {
    fits: (v) => typeof v === 'object' && v !== null && 'aborted' in v,
    wanted: 'the signal of an AbortController',
  },
  listener: { fits: (v) => typeof v === 'function', wanted: 'a function of events' },
  teller: { fits: (v) => typeof v === 'function', wanted: 'a function of a line of text' },
  number: { fits: anything, wanted: '' },
  choice: { fits: anything, wanted: '' },
};

/** An option that the model was compiled with, in words: a trainer cannot change it. Not for those that a trainer takes. */
export const compiledIn = (
  { hyper: values, source }: Pick<Manifest, 'hyper' | 'source'>,
  name: string,
  value = 'VALUE',
): string | undefined =>
  Object.hasOwn(values, name) && !(name in ranges)
    ? `${name} is a hyperparameter, compiled in as ${name}=${values[name]}: compile again with \`pcrec-compile ${source} --set ${name}=${value}\`.`
    : undefined;

/** Options from JavaScript, which no type has seen. Left: the first that the function does not take, with the nearest that it does. */
export const known =
  (manifest: Pick<Manifest, 'hyper' | 'source'>, of: keyof typeof taken) =>
  <O extends object>(options: O): E.Either<string, O> => {
    const kinds: Readonly<Record<string, Kind>> = taken[of];
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      return E.left(`${of} takes an object of options, not ${JSON.stringify(options)}.`);
    for (const [name, value] of Object.entries(options)) {
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (kind === undefined)
        return E.left(
          compiledIn(manifest, name, String(value)) ??
            `${of} has no option '${name}': ${suggest(name, Object.keys(kinds), 'there are')}`,
        );
      if (value !== undefined && !forms[kind].fits(value))
        return E.left(
          `The option '${name}' of ${of} is ${forms[kind].wanted}, not ${JSON.stringify(value) ?? String(value)}.`,
        );
    }
    const missing = (needed[of] as readonly string[] | undefined)?.find(
      (name) => options[name as keyof O] === undefined,
    );
    return missing === undefined ? E.right(options) : E.left(`${of} needs the option '${missing}'.`);
  };

/** Checks what the type system cannot when options come from JavaScript. */
export const checked = <O extends object>(options: O): E.Either<string, O> =>
  pipe(
    Object.entries(options).filter(([, value]) => value !== undefined),
    E.traverseArray(([name, value]): E.Either<string, unknown> => {
      if (name === 'at')
        return Number.isNaN(timeOf(String(value)))
          ? E.left(`--at takes a time, ${timeShape}, not ${JSON.stringify(value)}.`)
          : E.right(value);
      if (name === 'cutoffs')
        return pipe(
          value as readonly unknown[],
          E.traverseArray((k) => numberIn('cutoffs')(typeof k === 'number' ? k : Number.NaN, String(k))),
          E.filterOrElse(
            (all) => all.length > 0,
            () => '--cutoffs takes lengths of lists with commas between them, as 5,10,20.',
          ),
        );
      if (name in ranges)
        return numberIn(name as NumberName)(typeof value === 'number' ? value : Number.NaN, String(value));
      const allowed: readonly string[] | undefined = choices[name as keyof typeof choices];
      return allowed === undefined || allowed.includes(String(value))
        ? E.right(value)
        : E.left(`${flag(name)} takes one of ${allowed.join(', ')}, not ${JSON.stringify(value)}.`);
    }),
    E.map(() => options),
  );
