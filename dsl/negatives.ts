/**
 * Items that stand against targets in a loss: drawn uniformly, or the answers of the other rows of the batch, which occur as often as
 * they are popular. A loss takes one kind or several together (mixed negative sampling, Yang et al. 2020).
 */
import { type Axis, axis, like } from './axis.js';
import * as build from './build.js';
import { div, lt, maximum, scalar, sub, toF32 } from './elementwise.js';
import { embed, expand, extent, index, indicator, rename } from './position.js';
import { uniformIndices } from './random.js';
import { sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

type Loose = Tensor<string>;
type Ids = Tensor<string, 'i32'>;
type Holds = Tensor<string, 'bool'>;

/** Items of one kind that stand against each target, along an axis of their own. */
export interface Negatives {
  /** Axes: `over`, and those of the targets along which they differ. */
  readonly ids: Ids;
  readonly over: Axis;
  /** Which of them there are; absent where all that `over` has. */
  readonly exist?: Holds;
  /** How many stand against a target. */
  readonly number: Loose;
  /** The chance that one of them is the item of these ids. */
  readonly chance: (ids: Ids) => Loose;
  /** More rows are looked up than there may be items, so that each item is better brought to its length once. */
  readonly many: boolean;
}

/** How negatives are drawn. */
export interface Sampled {
  /** Names the draw: two losses of one key draw the same negatives. */
  readonly key: string;
  /** How many items are drawn, uniformly and with repetition. */
  readonly negatives: number;
  /** The axes along whose positions draws differ; none (the default): one draw for the whole batch. */
  readonly drawnFor?: readonly Axis[];
}

/** Items drawn uniformly, by the counter-based generator; each has the chance 1 / |items|. */
export const uniformNegatives = (item: Axis, { key, negatives, drawnFor = [] }: Sampled): Negatives => {
  const over: Axis = axis('negative', negatives);
  return {
    ids: uniformIndices(key, item, [...drawnFor, over]),
    over,
    number: typed(scalar(negatives)),
    chance: () => div(1, toF32(typed<string, 'i32'>(build.extent(item, [])))),
    many: drawnFor.length > 0,
  };
};

/** The lowest chance that a logarithm is taken of: an item that training never met has none. */
const LEAST = 1e-12;

/**
 * The answers of the other rows of the batch at the same position (in-batch negatives; Hidasi et al. 2016, whose batches run through
 * sessions side by side). `popularity` is each item's share of the events that one trains on. Rows that have no answer at the
 * position are none. Targets have the axis `rows`; the answers lie along its copy `other`.
 */
export const batchNegatives = <A extends string>(
  targets: Tensor<A, 'i32'>,
  rows: Axis,
  popularity: Tensor<'item'>,
): Negatives => {
  const over: Axis = like('other', rows);
  const given: Ids = typed(targets);
  const seq = given.axes.find(({ extent: e }) => e.kind === 'ragged' && e.rows === rows.name);
  const exist: Holds | undefined = seq && lt(index(seq), rename(typed<string, 'i32'>(extent(seq, rows)), rows, over));
  const each: Loose = exist === undefined ? typed(expand(scalar(1), over)) : indicator(exist);
  return {
    ids: rename(given, rows, over),
    over,
    ...(exist && { exist }),
    number: maximum(sub(sum<string, string, 'f32'>(each, over), 1), 1),
    chance: (ids) => maximum(embed(popularity as unknown as Tensor<'item'>, ids), LEAST),
    many: true,
  };
};
