/** Contrast between two views of the same rows. */
import { type Axis, like } from './axis.js';
import { add, div, exp, log, sub } from './elementwise.js';
import { cosine } from './layer.js';
import { rename } from './position.js';
import { stop } from './random.js';
import { max, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

/** Whose views are told apart, and how sharply. */
export interface Contrast<R extends string, W extends string> {
  /** The axis of the rows: `batch.batch`. */
  readonly rows: Axis<R>;
  readonly width: Axis<W>;
  /** Divides the cosines. */
  readonly temperature: number;
}

/**
 * -log of the share that a row's own second view has of exp(cosine / temperature) among the second views of all rows, in nats: InfoNCE
 * (van den Oord et al. 2018) with in-batch negatives, which is the sequence-sequence contrast of UniSRec (Hou et al., KDD 2022,
 * arXiv:2206.05941, equation 9). Rows that do not exist are nobody's negatives. Axes: the rows.
 */
export const contrastOfViews = <R extends string, W extends string>(
  first: Tensor<NoInfer<R | W>>,
  second: Tensor<NoInfer<R | W>>,
  { rows, width, temperature }: Contrast<R, W>,
): Tensor<R> => {
  type Loose = Tensor<string>;
  const others = like('other', rows);
  const compared = (with_: Loose): Loose =>
    div(cosine<string, string, string>(typed(first), with_, width), temperature);
  const own = compared(typed(second));
  const all = compared(rename<string, 'f32', string, string>(typed(second), rows, others));
  const top = stop(max<string, string, 'f32'>(all, others));
  return typed(add(log(sum<string, string, 'f32'>(exp(sub(all, top)), others)), sub(top, own)));
};
