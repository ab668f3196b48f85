/** Trained tensors and how they start. */
import type { Axis } from './axis.js';
import * as build from './build.js';
import { named } from './names.js';
import type { Init } from './node.js';
import { type Tensor, typed } from './tensor.js';

/** Starts at `value` everywhere. */
export const filled = (value: number): Init => ({ kind: 'constant', value });
/** Starts at 0. */
export const zeros: Init = filled(0);
/** Starts at 1. */
export const ones: Init = filled(1);
/** Starts normal, with the mean 0 and the standard deviation `std`. */
export const normal = (std: number): Init => ({ kind: 'normal', std });
/** Starts normal with the mean 0, as if drawn again beyond two deviations: `std` is the deviation before that. */
export const truncatedNormal = (std: number): Init => ({ kind: 'truncatedNormal', std });
/** Starts uniform between `low` and `high`. */
export const uniformBetween = (low: number, high: number): Init => ({ kind: 'uniform', low, high });
/** Starts uniform within sqrt(6 / (fan in + fan out)), fans being the axes summed over and the axes produced (Glorot & Bengio 2010). */
export const xavierUniform = (fanIn: readonly Axis[], fanOut: readonly Axis[]): Init => ({
  kind: 'xavierUniform',
  fanIn: fanIn.map((a) => a.name),
  fanOut: fanOut.map((a) => a.name),
});

/**
 * A trained tensor with the axes given. `path` names it in checkpoints (`block.0.query.weight`): two parameters of one path
 * are one parameter, so they have the same axes and start alike, or the compiler refuses them. An axis of it has as many
 * positions whatever the batch: a number, or the catalogue's. A ragged axis without its rows' axis is as long as its bound.
 */
export const param = <A extends string = never>(
  path: string,
  axes: Axis<A> | readonly Axis<A>[],
  init: Init,
): Tensor<A> => typed<A>(build.param(named('a parameter', path), [axes].flat() as readonly Axis[], init));
