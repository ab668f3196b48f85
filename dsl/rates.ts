/** Learning rates as expressions of the update number, which counts from 1. */
import { cos, div, lt, maximum, minimum, mul, add, scalar, sub, where } from './elementwise.js';
import type { Tensor } from './tensor.js';

/** The rate of an update, from its number, which counts from 1. */
export type Schedule = (step: Tensor<never>) => Tensor<never>;

/** The same rate at every update. */
export const constantRate =
  (rate: number): Schedule =>
  () =>
    scalar(rate);

/** Rises in a straight line to the schedule's own rate over the first `steps` updates. */
export const warmUp =
  (steps: number, then: Schedule): Schedule =>
  (step) =>
    mul(then(step), minimum(div(step, Math.max(1, steps)), 1));

/** Where a cosine decay begins and ends, in rates and in updates. */
export interface CosineOptions {
  /** The rate at the start (after the warm-up). */
  readonly rate: number;
  /** Updates until the rate is `floor`. */
  readonly steps: number;
  /** Updates of linear warm-up, part of `steps`; default 0. */
  readonly warmUp?: number;
  /** The rate at the end and after; default 0. */
  readonly floor?: number;
}
/** floor + (rate - floor) (1 + cos(pi t)) / 2, t from 0 to 1 after the warm-up (Loshchilov & Hutter 2017). */
export const cosineDecay =
  ({ rate, steps, warmUp: rising = 0, floor = 0 }: CosineOptions): Schedule =>
  (step) => {
    const t = minimum(maximum(div(sub(step, rising), Math.max(1, steps - rising)), 0), 1);
    const falling = add(mul(add(cos(mul(t, Math.PI)), 1), (rate - floor) / 2), floor);
    return rising > 0 ? where(lt(step, rising), div(mul(step, rate), rising), falling) : falling;
  };

/** A number stands for a constant rate. */
export const scheduled = (rate: number | Schedule): Schedule => (typeof rate === 'number' ? constantRate(rate) : rate);
