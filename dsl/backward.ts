/** How a derivative passes through an iteration, and the other options of `descend` and `fixedPoint`: plain data. */
import type { Axis } from './axis.js';
import type { Backward, Solver } from './node.js';

type Kind<K extends Backward['kind']> = Extract<Backward, { kind: K }>;

/** Through every step: exact; memory grows with the number of steps. */
export const unroll: Kind<'unroll'> = { kind: 'unroll' };
/** The same values as `unroll`: every `every`-th state is kept, those between are computed again. */
export const checkpoint = (every: number): Kind<'checkpoint'> => ({ kind: 'checkpoint', every });
/** Through the last `steps` steps only; what came before is constant. */
export const lastSteps = (steps: number): Kind<'lastSteps'> => ({ kind: 'lastSteps', steps });
/** Not at all: the result is a constant of the loss. */
export const stopGradient: Kind<'stopGradient'> = { kind: 'stopGradient' };
/** Through `steps` steps at the solution, each keeping the share `damping` of the old point (Geng et al. 2021); default 0. */
export const phantom = ({ steps, damping = 0 }: { readonly steps: number; readonly damping?: number }): Kind<'phantom'> => ({ kind: 'phantom', steps, damping });
/** By the implicit function theorem: a linear system solved at the equilibrium, to `atol` in at most `maxSteps` steps (Bai et al. 2019). */
export const implicit = ({ solve = 'anderson', atol = 1e-6, maxSteps = 50 }: {
  readonly solve?: 'picard' | 'anderson'; readonly atol?: number; readonly maxSteps?: number;
} = {}): Kind<'implicit'> => ({ kind: 'implicit', solve, atol, maxSteps });

/** x <- damping x + (1 - damping) step(x), 0 <= damping < 1; 0, the default, is plain iteration. */
export const picard = ({ damping = 0 }: { readonly damping?: number } = {}): Extract<Solver, { kind: 'picard' }> => ({ kind: 'picard', damping });
/** Combines the last `memory` steps so that the residual is least, with `ridge` added to the normal equations (Walker & Ni 2011). */
export const anderson = ({ memory = 5, ridge = 1e-8 }: { readonly memory?: number; readonly ridge?: number } = {}): Extract<Solver, { kind: 'anderson' }> =>
  ({ kind: 'anderson', memory, ridge });

export type Horizon = { readonly kind: 'whole' } | { readonly kind: 'prefix'; readonly axis: Axis };
/** Every position descends the energy of the whole sequence. */
export const whole: Horizon = { kind: 'whole' };
/** Position t of `axis` descends the energy of positions up to t alone: what training on all positions needs. */
export const prefix = (axis: Axis): Horizon => ({ kind: 'prefix', axis });
