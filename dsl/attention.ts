/**
 * Pieces of attention. Queries lie along one axis and keys along its copy (`like`); a head is an axis like any other.
 * Masks are conditions for `where`, so that no arithmetic is spent on the masked part.
 */
import { type Axis, axis } from './axis.js';
import {
  abs,
  add,
  cos,
  div,
  exp,
  floor,
  ge,
  log,
  maximum,
  minimum,
  mul,
  sin,
  sub,
  toF32,
  toI32,
  where,
} from './elementwise.js';
import { softmax } from './activation.js';
import { fail } from './errors.js';
import { normal, param } from './parameter.js';
import { boundOf, gather, index, rename, shift } from './position.js';
import { stop } from './random.js';
import { dot, max, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { AxisIn, Shared, Without } from './wording.js';

type Loose = Tensor<string>;

/** q . k / sqrt(depth): the axes of both without `depth`. */
export const attentionScores = <A extends string, B extends string, K extends string>(
  query: Tensor<A>,
  keys: Tensor<B>,
  depth: Shared<K, A, B>,
): Tensor<Without<A | B, K>> => {
  const over = depth as Axis | readonly Axis[];
  const size = ([over].flat() as readonly Axis[]).reduce((n, a) => n * boundOf(a), 1);
  return typed(mul(dot(typed<string>(query), typed<string>(keys), over), 1 / Math.sqrt(size)));
};

/** softmax(q k^T / sqrt(depth)) v over the keys where `mask` holds, all of them without a mask (Vaswani et al. 2017). */
export const softmaxAttention = <
  A extends string,
  B extends string,
  C extends string,
  M extends string,
  D extends string,
  K extends string,
>(
  query: Tensor<A>,
  keys: Tensor<B>,
  values: Tensor<C>,
  depth: Shared<D, A, B>,
  key: Shared<K, B, C>,
  mask?: Tensor<M, 'bool'>,
): Tensor<Without<Without<A | B, D> | C | M, K>> => {
  const scores = attentionScores(typed<string>(query), typed<string>(keys), depth as Axis);
  const k = key as Axis;
  const weights = mask === undefined ? softmax(scores, k) : softmax(scores, k, typed<string, 'bool'>(mask));
  return typed(dot(weights, typed<string>(values), k));
};

/**
 * Softmax attention over the keys along `key` and one more that every query sees: a token beside a ragged axis, as if
 * appended to each row. `besideKey` and `besideValue` have the axes of the keys and of the values without `key`.
 *
 *     (sum_j exp(s_j) v_j + exp(s') v') / (sum_j exp(s_j) + exp(s')),  s = q . k / sqrt(depth), the largest s subtracted first
 */
export const softmaxAttentionBeside = <
  A extends string,
  B extends string,
  C extends string,
  D extends string,
  K extends string,
>(
  query: Tensor<A>,
  keys: Tensor<B>,
  values: Tensor<C>,
  depth: Shared<D, A, B>,
  key: Shared<K, B, C>,
  besideKey: Tensor<Without<B, K>>,
  besideValue: Tensor<Without<C, K>>,
): Tensor<Without<Without<A | B, D> | C, K>> => {
  const k = key as Axis;
  const scores = attentionScores(typed<string>(query), typed<string>(keys), depth as Axis);
  const besideScore = attentionScores(typed<string>(query), typed<string>(besideKey), depth as Axis);
  const top = stop(maximum(max(scores, k), besideScore));
  const share = exp(sub(scores, top));
  const besideShare = exp(sub(besideScore, top));
  const read = add(dot(share, typed<string>(values), k), mul(besideShare, typed<string>(besideValue)));
  return typed(div(read, add(sum(share, k), besideShare)));
};

/** Each entry of the first half of `axis`, with its partner in the second half, turned by the angle: (x, y) -> (x cos - y sin, y cos + x sin). */
const turned = (x: Loose, axis: Axis, angle: Loose): Loose => {
  const half = boundOf(axis) / 2;
  // (-y, x): a shift brings 0 where there is no partner on that side.
  const across = sub(shift(x, axis, half), shift(x, axis, -half));
  return add(mul(x, cos(angle)), mul(across, sin(angle)));
};
/** base^(-i / pairs), how fast pair i turns. */
const speed = (i: Loose, pairs: number, base: number): Loose => exp(mul(i, -Math.log(base) / pairs));

/**
 * Rotary positions (Su et al. 2021): the two entries of pair i, along `part`, turn by the angle t base^(-i / pairs) at
 * position t of `seq`, so that a query's product with a key depends on the distance between them alone.
 *
 *     (x_0, x_1) -> (x_0 cos - x_1 sin, x_1 cos + x_0 sin)
 */
export const rotary = <A extends string, S extends string, P extends string, C extends string>(
  x: Tensor<A>,
  seq: AxisIn<S, A>,
  pair: AxisIn<P, A>,
  part: AxisIn<C, A>,
  base = 10_000,
): Tensor<A> => {
  const [along, pairs, two] = [seq as Axis, pair as Axis, part as Axis];
  if (boundOf(two) !== 2)
    fail('PC2013', `rotary turns pairs: the axis '${two.name}' has ${boundOf(two)} positions, not 2`);
  const angle = mul(toF32(index(along)), speed(toF32(index(pairs)), boundOf(pairs), base));
  return typed(turned(typed(x), two, angle));
};

/**
 * Rotary positions on one axis, for any numbering of positions: channel i of the first half of `depth` and the same of the
 * second half are the pair i, which turns by the angle position base^(-2 i / depth).
 */
export const rotaryHalves = <A extends string, P extends string, D extends string>(
  x: Tensor<A>,
  position: Tensor<P>,
  depth: AxisIn<D, A>,
  base = 10_000,
): Tensor<A | P> => {
  const channels = depth as Axis;
  const half = boundOf(channels) / 2;
  if (!Number.isInteger(half))
    fail(
      'PC2013',
      `rotary turns pairs: the axis '${channels.name}' has an odd number of positions, ${boundOf(channels)}`,
    );
  const channel = toF32(index(channels));
  const pair = sub(channel, where(ge(channel, half), half, 0));
  return typed(turned(typed(x), channels, mul(typed<string>(position), speed(pair, half, base))));
};

/** A trained number for each distance, w[key - query + n - 1]; starts N(0, 0.02). Axes: seq, key. */
export const relativePositionBias = <S extends string, K extends string>(
  path: string,
  seq: Axis<S>,
  key: Axis<K>,
): Tensor<S | K> => {
  const n = boundOf(seq);
  const offset = axis('offset', 2 * n - 1);
  return typed(gather(param(path, offset, normal(0.02)), add(sub(index(key), index(seq)), n - 1), offset));
};

const BUCKETS = 128;
/**
 * A trained number for each bucket of time between an event and the time at which the query's prediction is asked for:
 * w[clamp(floor(ln(max(1, |next(query) - time(key)|)) / 0.301), 0, 128)], times in seconds (HSTU, generative-recommenders).
 * `next` and `times` have the axis seq; the result has their axes and key.
 */
export const timeBias = <A extends string, S extends string, K extends string>(
  path: string,
  next: Tensor<A, 'i32'>,
  times: Tensor<A, 'i32'>,
  seq: AxisIn<S, A>,
  key: Axis<K>,
): Tensor<A | K> => {
  const bucket = axis('bucket', BUCKETS + 1);
  const between = toF32(sub(typed<string, 'i32'>(next), rename(typed<string, 'i32'>(times), seq as Axis, key as Axis)));
  const at = toI32(minimum(maximum(floor(div(log(maximum(abs(between), 1)), 0.301)), 0), BUCKETS));
  return typed(gather(param<string>(path, bucket, normal(0.02)), at, bucket as Axis));
};
