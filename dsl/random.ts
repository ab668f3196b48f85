/**
 * Randomness without state: a draw is a pure function of the run's seed, the step, a key and the position. Equal keys are
 * equal values, so every draw names its own.
 */
import type { Axis } from './axis.js';
import * as build from './build.js';
import { fail } from './errors.js';
import { named } from './names.js';
import type { NumberType } from './elementwise.js';
import type { Phase } from './model.js';
import type { Uniform } from './node.js';
import { type Tensor, typed } from './tensor.js';

const draw = (key: string, axes: readonly Axis[]): Uniform => build.uniform(named('a random number', key), axes);

/** Uniform in [0, 1) along the axes given. Draws of one key have the same axes. */
export const uniform = <A extends string = never>(key: string, axes: readonly Axis<A>[]): Tensor<A> =>
  typed<A>(draw(key, axes));

/** Uniform whole numbers 0 ... size - 1 along `axes`, where `size` is the extent of `of`: random items, with repetition. */
export const uniformIndices = <A extends string>(key: string, of: Axis, axes: readonly Axis<A>[]): Tensor<A, 'i32'> => {
  const size = build.extent(of, []);
  const scaled = build.map('toI32', build.map('mul', draw(key, axes), build.map('toF32', size)));
  // In f32 the product may round up to the size itself.
  return typed<A, 'i32'>(build.map('min', scaled, build.map('sub', size, build.constant(1, 'i32'))));
};

/**
 * Standard normal numbers along the axes given: sqrt(-2 log(1 - u)) cos(2 pi v) of two uniform ones, whose keys are `<key>.radius` and
 * `<key>.angle` (Box & Muller 1958). u is below 1 and a multiple of 2^-24, so no number is beyond 5.8.
 */
export const standardNormal = <A extends string = never>(key: string, axes: readonly Axis<A>[]): Tensor<A> => {
  const [u, v] = [draw(`${key}.radius`, axes), draw(`${key}.angle`, axes)];
  const radius = build.map('sqrt', build.map('mul', build.constant(-2), build.map('log1p', build.map('neg', u))));
  return typed<A>(build.map('mul', radius, build.map('cos', build.map('mul', v, build.constant(2 * Math.PI)))));
};

/**
 * Sets a share `rate` (0 <= rate < 1) of the values to 0 in training and scales the others by 1 / (1 - rate); nothing at
 * all in inference (Srivastava et al. 2014, inverted). `pipe(x, dropout('input', rate, phase))`: two dropouts with one key
 * drop the same positions.
 */
export const dropout =
  (key: string, rate: number, phase: Phase) =>
  <A extends string>(x: Tensor<A>): Tensor<A> => {
    if (!(rate >= 0 && rate < 1)) return fail('PC2012', `a dropout rate is at least 0 and below 1, not ${rate}`);
    if (rate === 0 || phase === 'inference') return x;
    const kept = build.map('ge', draw(key, x.axes), build.constant(rate));
    return typed<A>(build.map('select', kept, build.map('mul', x, build.constant(1 / (1 - rate))), build.constant(0)));
  };

/** Same value, no derivative. */
export const stop = <A extends string, D extends NumberType>(x: Tensor<A, D>): Tensor<A, D> =>
  typed<A, D>(build.stop(x));
