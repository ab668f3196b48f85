/** Optimizers, each an expression of a parameter, its gradient, its slots and the update number (from 1). */
import { add, div, mul, pow, sqrt, square, sub } from './elementwise.js';
import type { Optimizer } from './optimizer.js';
import { type Schedule, scheduled } from './rates.js';
import { type Tensor, typed } from './tensor.js';
import type { Node } from './node.js';

// Every parameter has its own axes: the same expression serves them all.
const loose = (node: Node): Tensor<string> => typed<string>(node);

/** The rate, and what AdamW has besides. */
export interface AdamWOptions {
  readonly rate: number | Schedule;
  /** Decay of the first and the second moment; default 0.9, 0.999. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Shrinks parameters by rate * weightDecay at each update, apart from the gradient; default 0. */
  readonly weightDecay?: number;
}
/** p - rate (m^ / (sqrt(v^) + eps) + weightDecay p), with bias-corrected moments (Loshchilov & Hutter 2019). */
export const adamw = ({
  rate,
  betas: [beta1, beta2] = [0.9, 0.999],
  eps = 1e-8,
  weightDecay = 0,
}: AdamWOptions): Optimizer => ({
  name: 'adamw',
  slots: ['m', 'v'],
  update: (parameter, gradient, slots, step) => {
    const p = loose(parameter);
    const g = loose(gradient);
    const m = add(mul(loose(slots['m']!), beta1), mul(g, 1 - beta1));
    const v = add(mul(loose(slots['v']!), beta2), mul(square(g), 1 - beta2));
    const corrected = (moment: Tensor<string>, beta: number) => div(moment, sub(1, pow(beta, step)));
    const direction = div(corrected(m, beta1), add(sqrt(corrected(v, beta2)), eps));
    const decayed = weightDecay === 0 ? direction : add(direction, mul(p, weightDecay));
    return { value: sub(p, mul(decayed, scheduled(rate)(step))), slots: { m, v } };
  },
});

/** The rate, and the momentum. */
export interface SgdOptions {
  readonly rate: number | Schedule;
  /** Share of the last update's velocity that goes on; default 0. */
  readonly momentum?: number;
}
/** v <- momentum v + g; p - rate v. */
export const sgd = ({ rate, momentum = 0 }: SgdOptions): Optimizer => ({
  name: 'sgd',
  slots: momentum === 0 ? [] : ['v'],
  update: (parameter, gradient, slots, step) => {
    const g = loose(gradient);
    const v = momentum === 0 ? g : add(mul(loose(slots['v']!), momentum), g);
    return { value: sub(loose(parameter), mul(v, scheduled(rate)(step))), slots: momentum === 0 ? {} : { v } };
  },
});
