/** Activations, each Tensor<A> => Tensor<A>, and their table by name. */
import { add, div, erf, exp, gt, maximum, mul, neg, sub, where } from './elementwise.js';
import * as build from './build.js';
import { LOWEST } from './lowest.js';
import { max, sum } from './reduction.js';
import { stop } from './random.js';
import type { Axis } from './axis.js';
import { type Tensor, typed } from './tensor.js';
import type { AxesIn, Having } from './wording.js';

/** A function of each entry, which keeps the axes. */
export type Activation = <A extends string>(x: Tensor<A>) => Tensor<A>;

/** 1 / (1 + exp(-x)), in (0, 1). */
export const sigmoid: Activation = <A extends string>(x: Tensor<A>) => typed<A>(build.map('sigmoid', x));
/** (e^x - e^-x) / (e^x + e^-x), in (-1, 1). */
export const tanh: Activation = <A extends string>(x: Tensor<A>) => typed<A>(build.map('tanh', x));
/** log(1 + exp(x)), above 0: a smooth `relu`. */
export const softplus: Activation = <A extends string>(x: Tensor<A>) => typed<A>(build.map('softplus', x));
/** x where positive, else 0; the derivative at 0 is 0. */
export const relu: Activation = (x) => where(gt(x, 0), x, 0);
/** x sigmoid(x). */
export const silu: Activation = (x) => mul(x, sigmoid(x));
/** x Phi(x) with the normal distribution function, through erf and not its tanh approximation. */
export const gelu: Activation = (x) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
/** x itself: the activation that is none. */
export const linearActivation: Activation = (x) => x;

/** By name, for hyperparameters: `activations[hyper.activation]`. */
export const activations = {
  softplus,
  sigmoid,
  tanh,
  relu,
  silu,
  gelu,
  linear: linearActivation,
} as const satisfies Readonly<Record<string, Activation>>;
/** A name in `activations`. */
export type ActivationName = keyof typeof activations;

interface Softmax {
  <K extends string>(over: Axis<K> | readonly Axis<K>[]): <A extends string>(x: Having<A, K, 'f32'>) => Tensor<A>;
  <A extends string, K extends string>(x: Tensor<A>, over: AxesIn<K, A>): Tensor<A>;
  <A extends string, K extends string, M extends string>(
    x: Tensor<A>,
    over: AxesIn<K, A>,
    mask: Tensor<M, 'bool'>,
  ): Tensor<NoInfer<A | M>>;
}
type Loose = Tensor<string>;
type Over = Axis | readonly Axis[];
/**
 * exp(x) / sum exp(x) over one axis or several, the maximum subtracted first (its derivative is nil and is not taken). With
 * a mask, positions where it fails take no part and get 0: all of them where it fails throughout. Axes: those of x and the mask.
 */
export const softmax = ((...args: readonly [Over] | readonly [Loose, Over, Tensor<string, 'bool'>?]): unknown => {
  const apply = (x: Loose, over: Over, mask?: Tensor<string, 'bool'>): Loose => {
    const only = (y: Loose, otherwise: number): Loose => (mask === undefined ? y : where(mask, y, otherwise));
    const e = only(exp(sub(x, stop(max(only(x, LOWEST), over)))), 0);
    // The largest adds exp(0): a sum below a half is that of no positions, whose shares are 0.
    return div(e, mask === undefined ? sum(e, over) : maximum(sum(e, over), 0.5));
  };
  return args.length === 1 ? (x: Loose) => apply(x, args[0]) : apply(args[0], args[1], args[2]);
}) as Softmax;

/** log sigmoid(x), without overflow: -softplus(-x). */
export const logSigmoid: Activation = (x) => neg(softplus(neg(x)));
