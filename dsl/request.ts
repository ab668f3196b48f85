/** What somebody asks for, as a vector: "something quiet, in space", as a language model says it. */
import { requestRow } from '../runtime/contract/request.js';
import { type Axis, axis } from './axis.js';
import { inputNode } from './batch.js';
import { linear } from './layer.js';
import type { Batch } from './model.js';
import { named } from './names.js';
import { type Tensor, typed } from './tensor.js';

/** What was asked before the event after each position. */
export interface Asked<N extends string> {
  /** Zeros where nothing was asked. Of a request, what is asked now stands at the last position, and zeros before it. */
  readonly values: Tensor<'batch' | 'seq' | N>;
  readonly width: Axis<N>;
}

/**
 * What is asked for with a request, as a vector of numbers, whose width the data say: `requestVector('instruction', batch)`. A prediction
 * at position t may read that of t, which came before its answer, and those before. Training takes it from a column of events of this
 * name, each of whose values has a vector (`--vectors instruction.npy`): what was asked before the event.
 *
 * Nobody but who makes the data can see whether that was asked, or made of the answer afterwards; the certificate says that it is taken on
 * trust. Inside a model a request cannot be made of the answer: the compiler refuses that as any other look at it.
 */
export const requestVector = <const N extends string>(name: N, batch: Pick<Batch, 'batch' | 'seq'>): Asked<N> => {
  const row = requestRow(named('a request', name));
  return { values: typed(inputNode(row, batch)), width: axis(name, row.own!.size) };
};

/** What is asked as a vector along `width`, by a matrix without bias, Xavier-uniform: zeros where nothing is. Parameter: `<path>.weight`. */
export const embedRequest = <N extends string, W extends string>(
  path: string,
  { values, width: given }: Asked<N>,
  width: Axis<W>,
): Tensor<'batch' | 'seq' | W> =>
  typed(linear<string, string, string>(path, typed<string>(values), given, width, { bias: false }));
