/**
 * Next-item losses: one number for each position (mean over the positions that exist comes after). The score of an item
 * is the cosine, or the dot product, of the state and the item's row, over the temperature.
 */
import { type Axis, axis } from './axis.js';
import { add, div, exp, log, maximum, ne, neg, sub, where } from './elementwise.js';
import { softplus } from './activation.js';
import * as build from './build.js';
import { normalise } from './layer.js';
import { LOWEST } from './lowest.js';
import { embed } from './position.js';
import { stop, uniformIndices } from './random.js';
import { dot, max, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { Without } from './wording.js';

/** What a loss compares: states, the items that they should predict, and the table of all items. */
export interface NextItem<A extends string, B extends string, W extends string> {
  /** The model's state: the targets' axes and the width. */
  readonly state: Tensor<A>;
  /** The item to be predicted from each state. */
  readonly targets: Tensor<B, 'i32'>;
  /** The item table. */
  readonly items: Tensor<'item' | W>;
  readonly width: Axis<W>;
  /** Divides the scores; default 1. */
  readonly temperature?: number;
  /** Default cosine. */
  readonly score?: 'cosine' | 'dot';
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
type Loss<A extends string, B extends string, W extends string> = Tensor<Without<A | B, W>>;
type Loose = Tensor<string>;

/** The scores of the targets, and the scores of items by their ids (or of all of them, by no ids). */
const scoring = ({
  state,
  targets,
  items,
  width,
  temperature = 1,
  score = 'cosine',
}: NextItem<string, string, string>) => {
  const unit = (x: Loose): Loose => (score === 'cosine' ? normalise(x, width) : x);
  const query = unit(state);
  const against = (rows: Loose): Loose => div(dot(query, rows, width), temperature);
  return {
    targets: against(unit(embed(items, targets))),
    all: () => against(unit(items)),
    // Where more rows are looked up than there are items, each item is brought to its length once.
    of: (ids: Tensor<string, 'i32'>, many: boolean) =>
      against(many ? embed(unit(items), ids) : unit(embed(items, ids))),
  };
};
const loose = <A extends string, B extends string, W extends string>(
  given: NextItem<A, B, W>,
): NextItem<string, string, string> => given as unknown as NextItem<string, string, string>;

/** log(exp(a) + sum over `over` of exp(b) where `counted` holds) - a, the largest exponent subtracted first. */
const negativeLogShare = (a: Loose, b: Loose, over: Axis, counted: Tensor<string, 'bool'>): Loose => {
  const top = stop(maximum(a, max(where(counted, b, LOWEST), over)));
  const total = add(exp(sub(a, top)), sum(where(counted, exp(sub(b, top)), 0), over));
  return add(log(total), sub(top, a));
};

const drawn = (given: NextItem<string, string, string>, { key, negatives, drawnFor = [] }: Sampled) => {
  const negative: Axis = axis('negative', negatives);
  const ids = uniformIndices(key, build.axisOf(given.items, 'item'), [...drawnFor, negative]);
  return { negative, ids, distinct: ne(ids, given.targets), many: drawnFor.length > 0 };
};

/**
 * -log of the target's share of exp(score) among the target and the negatives; a negative equal to the target takes no
 * part. `-log(exp(s+ / t) / (exp(s+ / t) + sum exp(s- / t)))`, in nats. Axes: those of state and targets without the width.
 */
export const sampledSoftmax = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W> & Sampled,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const { negative, ids, distinct, many } = drawn(given, options);
  return typed(negativeLogShare(scores.targets, scores.of(ids, many), negative, distinct));
};

/** -log softmax of the target's score among all items, in nats. Axes: those of state and targets without the width. */
export const fullSoftmax = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W>,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const item = build.axisOf(given.items, 'item');
  const all = scores.all();
  const top = stop(max(all, item));
  return typed(add(log(sum(exp(sub(all, top)), item)), sub(top, scores.targets)));
};

/**
 * -log sigmoid(s+) - mean over the negatives of log(1 - sigmoid(s-)) (SASRec, with shared negatives), in nats. Axes: those of state and
 * targets without the width.
 */
export const binaryCrossEntropy = <A extends string, B extends string, W extends string>(
  options: NextItem<A, B, W> & Sampled,
): Loss<A, B, W> => {
  const given = loose(options);
  const scores = scoring(given);
  const { negative, ids, distinct, many } = drawn(given, options);
  const against = div(sum(where(distinct, softplus(scores.of(ids, many)), 0), negative), options.negatives);
  return typed(add(softplus(neg(scores.targets)), against));
};
