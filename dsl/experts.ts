/** Mixtures of experts: a gate of each position chooses whose maps it goes through. */
import { type Activation, softmax } from './activation.js';
import { type Axis, axis, like } from './axis.js';
import * as build from './build.js';
import { add, and, eq, gt, lt, mul, or } from './elementwise.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { param, zeros } from './parameter.js';
import { boundOf, index, indicator, rename } from './position.js';
import { dot, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { Sublayer } from './transformer.js';
import type { AxesIn } from './wording.js';

type Loose = Tensor<string>;
type Holds = Tensor<string, 'bool'>;

/**
 * Which entries are among the `count` largest along an axis of a known size; of equal ones the first. As many hold as are asked for. The
 * axis has as many comparisons as pairs: it is meant for few positions. Without a derivative. Axes: as x.
 */
export const largest = <A extends string, K extends string>(
  x: Tensor<A>,
  over: AxesIn<K, A>,
  count: number,
): Tensor<A, 'bool'> => {
  const along = over as Axis;
  const size = boundOf(along);
  if (!(Number.isInteger(count) && count >= 1 && count <= size))
    fail(
      'PC2012',
      `of ${size} positions along '${along.name}' the ${count} largest are asked for: a whole number from 1 to ${size}`,
    );
  // Compared with one another: each must be one number for all who ask.
  const here: Loose = typed(build.stored(x));
  const other = like(`${along.name}.other`, along);
  const there = rename<string, 'f32', string, string>(here, along, other);
  const before: Holds = or(gt(there, here), and(eq(there, here), lt(index(other), index(along))));
  return typed<A, 'bool'>(lt(sum<string, string, 'f32'>(indicator(before), other), count));
};

/** How many experts there are, and how many of them a position goes through. */
export interface Experts {
  readonly experts: number;
  readonly chosen: number;
  /** Channels of each expert. */
  readonly hidden: number;
  readonly activation: Activation;
}

/**
 * y = sum over the chosen experts e of g_e (f(x U_e + a_e) V_e + b_e), g the softmax of x G over the `chosen` largest of its entries
 * (Shazeer et al. 2017, arXiv:1701.06538, equations 1 to 5, without the noise). Every expert is computed at every position, and those that
 * are not chosen count for nothing, in value and derivative: what is saved is parameters that interfere, not time. Parameters:
 * `<path>.gate`, `.up`, `.down`, `.bias`. Axes: as x.
 */
export const mixtureOfExperts = (
  path: string,
  width: Axis<'width'>,
  { experts, chosen, hidden, activation }: Experts,
): Sublayer => {
  const [expert, inner] = [axis('expert', experts), axis('hidden', hidden)];
  const apply = (x: Loose): Loose => {
    const map = (name: string, from: Axis | readonly Axis[], to: Axis | readonly Axis[], bias: boolean) => (y: Loose) =>
      linear<string, string, string>(`${path}.${name}`, y, from as Axis, to, { bias });
    const scores = map('gate', width, expert, false)(x);
    const gates = softmax<string, string, string>(scores, expert, largest<string, string>(scores, expert, chosen));
    const through = activation(map('up', width, [expert, inner], true)(x));
    const mixed = map('down', [expert, inner], width, false)(mul(gates, through));
    const bias: Loose = typed(param(`${path}.bias`, [expert, width], zeros));
    return add(mixed, dot<string, string, string>(gates, bias, expert));
  };
  return apply as Sublayer;
};
