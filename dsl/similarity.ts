/**
 * How near a state is to an item: what losses compare, and what items are ranked by. Both sides are prepared by themselves, so that a table is
 * prepared once however many of its rows are asked for.
 */
import { silu, softmax } from './activation.js';
import { type Axis, axis } from './axis.js';
import { add, mul } from './elementwise.js';
import { linear, normalise } from './layer.js';
import { normal } from './parameter.js';
import { dot, sum } from './reduction.js';
import type { Tensor } from './tensor.js';

type Loose = Tensor<string>;

/** Sides that are prepared, and a number for each pair of them. */
export interface Similarity {
  /** Of states: their axes, the width gone or changed. */
  readonly query: (state: Loose) => readonly Loose[];
  /** Of rows of the item table. */
  readonly item: (rows: Loose) => readonly Loose[];
  readonly between: (query: readonly Loose[], item: readonly Loose[]) => Loose;
}

/** The dot product over the width of both sides, prepared alike. */
const product = (width: Axis, prepared: (x: Loose) => Loose): Similarity => ({
  query: (state) => [prepared(state)],
  item: (rows) => [prepared(rows)],
  between: ([q], [x]) => dot(q!, x!, width),
});
/** The dot product over the width. */
export const dotSimilarity = (width: Axis): Similarity => product(width, (x) => x);
/** The cosine over the width, in [-1, 1]. */
export const cosineSimilarity = (width: Axis): Similarity => product(width, (x) => normalise(x, width));

/** How large a mixture of logits is. */
export interface MixtureOfLogits {
  /** Names its parameters: `<path>.query`, `.item`, `.gate.query`, `.gate.item` and `.gate.pair`. Default `mixture`. */
  readonly path?: string;
  /** Components of a state. */
  readonly queries: number;
  /** Components of an item. */
  readonly items: number;
  /** Channels of a component. */
  readonly depth: number;
}

/**
 * sum over k and l of pi_kl cos_kl, cos_kl the cosine of the k-th component of the state and the l-th of the item, both linear maps: a
 * mixture of logits (Zhai et al., "Revisiting Neural Retrieval on Accelerators", KDD 2023, arXiv:2306.04039; Ding & Zhai, "Retrieval with
 * Learned Similarities", WWW 2025, arXiv:2407.15462), of a higher rank than a cosine has. pi is a softmax over the pairs (k, l) of
 * SiLU(g_kl(state) g_kl(item) + c_kl), the g two linear maps with biases and c a linear map of all cosines, where the authors have networks
 * with a hidden layer and dropout. In [-1, 1].
 */
export const mixtureOfLogits = (
  width: Axis,
  { path = 'mixture', queries, items, depth: channels }: MixtureOfLogits,
): Similarity => {
  const part = axis('queryPart', queries);
  const kind = axis('itemPart', items);
  const depth = axis('partDepth', channels);
  const pairs = [part, kind] as const;
  /** Components of unit length, and the gate of each pair. */
  const side = (name: string, of: Axis) => (x: Loose) => [
    normalise<string, string>(
      linear<string, string, string>(`${path}.${name}`, x, width, [of, depth], { bias: false }),
      depth,
    ),
    linear<string, string, string>(`${path}.gate.${name}`, x, width, pairs, { init: normal(0.02) }),
  ];
  return {
    query: side('query', part),
    item: side('item', kind),
    between: ([q, mine], [x, its]) => {
      const cosines: Loose = dot(q!, x!, depth);
      const pair: Loose = linear<string, string, string>(`${path}.gate.pair`, cosines, pairs, pairs, { bias: false });
      const shares: Loose = softmax(silu(add(mul(mine!, its!), pair)), pairs);
      return sum<string, string, 'f32'>(mul(shares, cosines), pairs);
    },
  };
};
