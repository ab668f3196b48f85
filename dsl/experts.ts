/** Mixtures of experts: a gate of each position chooses whose maps it goes through. */
import { type Activation, softmax, softplus } from './activation.js';
import { type Axis, axis, like } from './axis.js';
import * as build from './build.js';
import { add, and, eq, gt, lt, mul, or, sub } from './elementwise.js';
import { fail } from './errors.js';
import type { Vectors } from './features.js';
import { linear } from './layer.js';
import type { Phase } from './model.js';
import { param, xavierUniform, zeros } from './parameter.js';
import { boundOf, index, indicator, rename } from './position.js';
import { standardNormal } from './random.js';
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

/** How many whitenings there are, and whether their gate is shaken. */
export interface Whitenings {
  readonly experts: number;
  /** The gate is noisy in `training` alone. */
  readonly phase: Phase;
}

/**
 * y = sum over the experts e of g_e (x - b_e) W_e for the vector x of each item, g = softmax(x G + n * softplus(x S)), n standard normal in training and absent in
 * inference: parametric whitening and the mixture-of-experts adaptor of UniSRec (Hou et al., KDD 2022, arXiv:2206.05941, equations 3 to 6).
 * What is made of a fixed vector (a text's) is brought near the origin and turned in as many ways as there are experts, and each vector
 * chooses among them. G and S start at 0, so all experts count alike; b starts at 0, W Xavier-uniform, one expert's. Parameters:
 * `<path>.gate`, `.shake`, `.centre`, `.weight`; the noise has the key `<path>.noise`. Axes: item and `to`.
 */
export const mixtureOfWhitenings = <N extends string, O extends string>(
  path: string,
  { values, width: inner }: Vectors<N>,
  to: Axis<O>,
  { experts, phase }: Whitenings,
): Tensor<'item' | O> => {
  const [expert, given]: [Axis, Loose] = [axis('expert', experts), typed(values)];
  const gate = (name: string): Loose =>
    linear<string, string, string>(`${path}.${name}`, given, inner, expert, { bias: false, init: zeros });
  const scores = gate('gate');
  const shaken =
    phase === 'training'
      ? add(scores, mul(typed<string>(standardNormal(`${path}.noise`, scores.axes)), softplus(gate('shake'))))
      : scores;
  const gates = softmax<string, string>(shaken, expert);
  const weight: Loose = typed(param<string>(`${path}.weight`, [inner, expert, to], xavierUniform([inner], [to])));
  const centre: Loose = typed(param<string>(`${path}.centre`, [inner, expert], zeros));
  const through = (y: Loose): Loose => dot<string, string, string>(y, weight, inner);
  return typed(dot<string, string, string>(gates, sub(through(given), through(centre)), expert));
};
