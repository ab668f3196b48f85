/** A trainer to import: the commands as functions. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from './contract/compiled.js';
import { evaluateCheckpoint, type EvaluateResult } from './evaluate.js';
import { explain, type Explained } from './explain/explain.js';
import { type Exported, exportTo } from './export/export.js';
import { known } from './checked.js';
import type {
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  RecommenderOptions,
  RecommendOptions,
  RecommendRequest,
  SearchOptions,
  ServeOptions,
  TrainOptions,
} from './options.js';
import { recommend, type Recommendations, type Recommender, recommender } from './recommend.js';
import { train, type TrainResult } from './run.js';
import type { Searched } from './search/events.js';
import { search } from './search/search.js';
import { serve, type Server } from './serve/serve.js';

/** A model that was loaded once and answers many requests. A request that it refuses rejects, and the next may be answered. */
export interface OpenRecommender {
  /** What really runs. */
  readonly backend: string;
  recommend(request: RecommendRequest): Promise<Recommendations>;
  /** Gives the device back; its threads would keep the process alive. */
  close(): Promise<void>;
}

/** A server that listens, until it is closed. */
export interface OpenServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** What really runs. */
  readonly backend: string;
  /** Takes the checkpoint as it is now, without dropping a request. One that cannot be used rejects, and the server stays with the one before. */
  reload(): Promise<void>;
  /** Answers what it has taken, and gives the devices back. */
  close(): Promise<void>;
}

/**
 * The functions of a compiled model. Options have the names of the command line's, in camel case; results are plain objects.
 * What the command line would print as an error rejects the promise with an `Error` of the same text, so that `await` in a
 * script needs no library.
 */
export interface Trainer {
  train(options?: TrainOptions): Promise<TrainResult>;
  evaluate(options?: EvaluateOptions): Promise<EvaluateResult>;
  recommend(options: RecommendOptions): Promise<Recommendations>;
  recommender(options?: RecommenderOptions): Promise<OpenRecommender>;
  explain(options: ExplainOptions): Promise<Explained>;
  exportTo(options: ExportOptions): Promise<Exported>;
  search(options: SearchOptions): Promise<Searched>;
  serve(options?: ServeOptions): Promise<OpenServer>;
}

const settled = async <A>(task: TaskEither<string, A>): Promise<A> => {
  const result = await task();
  if (E.isLeft(result)) throw new Error(result.left);
  return result.right;
};

type Known = ReturnType<typeof knownBy>;
const knownBy =
  ({ manifest }: CompiledModel) =>
  <O extends object, A>(
    of: Parameters<typeof known>[1],
    options: O,
    run: (options: O) => TaskEither<string, A>,
  ): Promise<A> =>
    settled(pipe(TE.fromEither(known(manifest, of)(options)), TE.chain(run)));

const opened = (of: Recommender, ask: Known): OpenRecommender => ({
  get backend() {
    return of.backend;
  },
  recommend: (request) => ask('recommender.recommend', request, of.answer),
  close: () => settled(of.close()),
});

const serving = (of: Server): OpenServer => ({
  url: of.url,
  get backend() {
    return of.backend;
  },
  reload: () => settled(of.reload()),
  close: () => settled(of.close()),
});

/** `export const { train, evaluate, recommend, recommender, explain, exportTo, search, serve } = trainer(compiled)`. */
export const trainer = (compiled: CompiledModel): Trainer => {
  const ask = knownBy(compiled);
  return {
    train: (options = {}) => ask('train', options, train(compiled)),
    evaluate: (options = {}) => ask('evaluate', options, evaluateCheckpoint(compiled)),
    recommend: (options) => ask('recommend', options, recommend(compiled)),
    recommender: async (options = {}) => opened(await ask('recommender', options, recommender(compiled)), ask),
    explain: (options) => ask('explain', options, explain(compiled)),
    exportTo: (options) => ask('exportTo', options, exportTo(compiled)),
    search: (options) => ask('search', options, search(compiled)),
    serve: async (options = {}) => serving(await ask('serve', options, serve(compiled))),
  };
};
