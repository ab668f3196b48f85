/** A trainer to import: the commands as functions. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as E from 'fp-ts/lib/Either.js';
import type { CompiledModel } from './compiled.js';
import type { EvaluateOptions, RecommendOptions, TrainOptions } from './options.js';
import { recommend, type Recommendations } from './recommend.js';
import { evaluateCheckpoint, type EvaluateResult, train, type TrainResult } from './run.js';

/**
 * The functions of a compiled model. Options have the names of the command line's, in camel case; results are plain objects.
 * What the command line would print as an error rejects the promise with an `Error` of the same text, so that `await` in a
 * script needs no library.
 */
export interface Trainer {
  train(options?: TrainOptions): Promise<TrainResult>;
  evaluate(options?: EvaluateOptions): Promise<EvaluateResult>;
  recommend(options: RecommendOptions): Promise<Recommendations>;
}

const settled = async <A>(task: TaskEither<string, A>): Promise<A> => {
  const result = await task();
  if (E.isLeft(result)) throw new Error(result.left);
  return result.right;
};

/** `export const { train, evaluate, recommend } = trainer(compiled)`. */
export const trainer = (compiled: CompiledModel): Trainer => ({
  train: (options = {}) => settled(train(compiled)(options)),
  evaluate: (options = {}) => settled(evaluateCheckpoint(compiled)(options)),
  recommend: (options) => settled(recommend(compiled)(options)),
});
