/**
 * Pieces of attention. Queries lie along one axis and keys along its copy (`like`); a head is an axis like any other.
 * Masks are conditions for `where`, so that no arithmetic is spent on the masked part.
 */
import { type Axis, axis } from './axis.js';
import { abs, add, div, floor, log, maximum, minimum, mul, sub, toF32, toI32 } from './elementwise.js';
import { softmax } from './activation.js';
import { normal, param } from './parameter.js';
import { boundOf, gather, index, rename } from './position.js';
import { dot } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { AxisIn, Shared, Without } from './wording.js';

/** q . k / sqrt(depth): the axes of both without `depth`. */
export const attentionScores = <A extends string, B extends string, K extends string>(
  query: Tensor<A>, keys: Tensor<B>, depth: Shared<K, A, B>): Tensor<Without<A | B, K>> => {
  const over = depth as Axis | readonly Axis[];
  const size = ([over].flat() as readonly Axis[]).reduce((n, a) => n * boundOf(a), 1);
  return typed(mul(dot(typed<string>(query), typed<string>(keys), over), 1 / Math.sqrt(size)));
};

/** softmax(q k^T / sqrt(depth)) v over the keys where `mask` holds (Vaswani et al. 2017). */
export const softmaxAttention = <A extends string, B extends string, C extends string, M extends string, D extends string, K extends string>(
  query: Tensor<A>, keys: Tensor<B>, values: Tensor<C>, depth: Shared<D, A, B>, key: Shared<K, B, C>, mask: Tensor<M, 'bool'>,
): Tensor<Without<Without<A | B, D> | C | M, K>> => {
  const scores = attentionScores(typed<string>(query), typed<string>(keys), depth as Axis);
  const k = key as Axis;
  return typed(dot(softmax(scores, k, typed<string, 'bool'>(mask)), typed<string>(values), k));
};

/** A trained number for each distance, w[key - query + n - 1]; starts N(0, 0.02). Axes: seq, key. */
export const relativePositionBias = <S extends string, K extends string>(path: string, seq: Axis<S>, key: Axis<K>): Tensor<S | K> => {
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
  path: string, next: Tensor<A, 'i32'>, times: Tensor<A, 'i32'>, seq: AxisIn<S, A>, key: Axis<K>): Tensor<A | K> => {
  const bucket = axis('bucket', BUCKETS + 1);
  const between = toF32(sub(typed<string, 'i32'>(next), rename(typed<string, 'i32'>(times), seq as Axis, key as Axis)));
  const at = toI32(minimum(maximum(floor(div(log(maximum(abs(between), 1)), 0.301)), 0), BUCKETS));
  return typed(gather(param<string>(path, bucket, normal(0.02)), at, bucket as Axis));
};
