/** Convolutions along a sequence that look back: what comes before the first position counts as 0. */
import { type Axis, axis } from './axis.js';
import { add, mul, scalar, toI32 } from './elementwise.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { param, uniformBetween, zeros } from './parameter.js';
import { boundOf, gather, shift } from './position.js';
import { type Tensor, typed } from './tensor.js';
import type { Without } from './wording.js';

type Along<W extends string> = Tensor<'batch' | 'seq' | W>;

/**
 * y[t] = sum over j < taps of w[j] * x[t - j] + b, channel by channel: a causal depthwise convolution. Parameters:
 * `<path>.weight` (tap, channel; uniform within 1 / sqrt(taps)) and `<path>.bias`. Positions before the first count as 0.
 */
export const causalConvolution = (
  path: string,
  x: Along<'inner'>,
  seq: Axis<'seq'>,
  channels: Axis<'inner'>,
  taps: number,
): Along<'inner'> => {
  const tap = axis('tap', taps);
  const weight = param(`${path}.weight`, [tap, channels], uniformBetween(-1 / Math.sqrt(taps), 1 / Math.sqrt(taps)));
  const parts = Array.from({ length: taps }, (_, j) =>
    mul(j === 0 ? x : shift(x, seq, j), gather(weight, toI32(scalar(j)), tap)),
  );
  return add(
    parts.reduce((a, b) => add(a, b)),
    param(`${path}.bias`, channels, zeros),
  );
};

/** How far a convolution looks back. */
export interface Taps {
  /** Positions that it reads. */
  readonly taps: number;
  /** How far apart they lie; default 1. */
  readonly dilation?: number;
}
/**
 * y[t] = sum over j < taps of x[t - j dilation] W_j + b: a causal convolution across channels (NextItNet, Yuan et al. 2019; with
 * dilation 1 Caser's horizontal one, Tang & Wang 2018). x has the axes `seq` and `from`, which gives way to `to`. Parameters:
 * `<path>.<j>.weight`, uniform as Xavier's over all taps, and `<path>.0.bias`.
 */
export const dilatedConvolution = <A extends string, F extends string, T extends string>(
  path: string,
  x: Tensor<A>,
  seq: Axis<'seq'>,
  [from, to]: readonly [from: Axis<F>, to: Axis<T>],
  { taps, dilation = 1 }: Taps,
): Tensor<Without<A, F> | T> => {
  for (const [what, count] of Object.entries({ taps, dilation }))
    if (!(Number.isInteger(count) && count >= 1))
      fail('PC2012', `${what} of a convolution are a whole number from 1, not ${count}`);
  const within = Math.sqrt(6 / (taps * (boundOf(from) + boundOf(to))));
  const map = (j: number): Tensor<string> =>
    linear<string, string, string>(
      `${path}.${j}`,
      j === 0 ? typed(x) : shift<string, 'f32', string>(typed(x), seq, j * dilation),
      from,
      to,
      { bias: j === 0, init: uniformBetween(-within, within) },
    );
  return typed(Array.from({ length: taps }, (_, j) => map(j)).reduce((a, b) => add(a, b)));
};
