/** How a derivative passes through an iteration, and the other options of `descend` and `fixedPoint`: plain data. */
import type { Axis } from './axis.js';
import { fail } from './errors.js';
import type { Backward, Solver } from './node.js';
import { checkChoice } from './options.js';

type Kind<K extends Backward['kind']> = Extract<Backward, { kind: K }>;

/** A number of an option, or an error that says what it must be. */
const checked =
  (what: string, must: string, holds: (x: number) => boolean) =>
  (x: number): number =>
    holds(x) ? x : fail('PC2012', `${what} is ${must}, not ${x}`);
const count = (what: string, least: number) =>
  checked(what, `a whole number from ${least}`, (x) => Number.isInteger(x) && x >= least);
const share = (what: string) => checked(what, 'at least 0 and below 1', (x) => x >= 0 && x < 1);
const size = (what: string) => checked(what, 'a number from 0', (x) => x >= 0 && x < Infinity);

/** A row has arrived where its residual is at most atol + rtol |x|, in Euclidean norms. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}
/**
 * When rows stop, unless told otherwise. Float32 carries relative steps of 6e-8, and a step sums many of them; `atol` is for
 * equilibria at 0, of which nothing is a small share.
 */
export const TOLERANCE: Tolerance = { atol: 1e-10, rtol: 1e-5 };
/** The tolerance; a part that is no finite number from 0 is an error that names it and `what`. */
export const checkedTolerance = (what: string, { atol, rtol }: Tolerance): Tolerance => ({
  atol: size(`atol of ${what}`)(atol),
  rtol: size(`rtol of ${what}`)(rtol),
});
/** A check that gives back whole numbers from 0; all others are an error that names `what`. */
export const checkedSteps = (what: string): ((x: number) => number) => count(what, 0);

/**
 * Through every step: exact; memory grows with the number of steps. What was no step has no share: the derivative of a row
 * that starts at its fixed point is that of its start alone (`implicit` and `phantom` do not depend on the start).
 */
export const unroll: Kind<'unroll'> = { kind: 'unroll' };
/** The same values as `unroll`: every `every`-th state is kept, those between are computed again. */
export const checkpoint = (every: number): Kind<'checkpoint'> => ({
  kind: 'checkpoint',
  every: count('the number of steps between checkpoints', 1)(every),
});
/** Through the last `steps` steps only; what came before is constant. */
export const lastSteps = (steps: number): Kind<'lastSteps'> => ({
  kind: 'lastSteps',
  steps: count('the number of last steps', 0)(steps),
});
/** Not at all: the result is a constant of the loss. */
export const stopGradient: Kind<'stopGradient'> = { kind: 'stopGradient' };
/** Through `steps` steps at the solution, each keeping the share `damping` of the old point (Geng et al. 2021); default 0. */
export const phantom = ({
  steps,
  damping = 0,
}: {
  readonly steps: number;
  readonly damping?: number;
}): Kind<'phantom'> => ({
  kind: 'phantom',
  steps: count('the number of phantom steps', 1)(steps),
  damping: share('damping')(damping),
});
const SOLVES = { picard: true, anderson: true } as const;
/**
 * By the implicit function theorem (Bai et al. 2019): the linear system lambda = c + (d step / d x)' lambda, where c is the
 * derivative of the loss by the equilibrium, is solved for each row until |residual| <= atol + rtol |c| (Euclidean norms), in
 * at most `maxSteps` steps. Relative by default, so that a millionth of the loss has a millionth of the gradient. Rows that
 * are no equilibrium, or whose system was not solved, are counted in the training report as `unconverged`.
 */
export const implicit = ({
  solve = 'anderson',
  atol = 0,
  rtol = TOLERANCE.rtol,
  maxSteps = 50,
}: {
  readonly solve?: 'picard' | 'anderson';
  readonly atol?: number;
  readonly rtol?: number;
  readonly maxSteps?: number;
} = {}): Kind<'implicit'> => {
  checkChoice('implicit', 'solve', solve, SOLVES);
  return {
    kind: 'implicit',
    solve,
    ...checkedTolerance('implicit', { atol, rtol }),
    maxSteps: count('maxSteps of implicit', 0)(maxSteps),
  };
};

/** x <- damping x + (1 - damping) step(x), 0 <= damping < 1; 0, the default, is plain iteration. */
export const picard = ({ damping = 0 }: { readonly damping?: number } = {}): Extract<Solver, { kind: 'picard' }> => ({
  kind: 'picard',
  damping: share('damping')(damping),
});
/**
 * Combines the last `memory` steps so that the residual is least (Walker & Ni 2011); a memory of 1 is plain iteration. `ridge`,
 * a share of each difference's own square, keeps the small least-squares problem solvable in float32: below 1e-6 its rounding is
 * larger than the ridge.
 */
export const anderson = ({
  memory = 5,
  ridge = 1e-5,
}: { readonly memory?: number; readonly ridge?: number } = {}): Extract<Solver, { kind: 'anderson' }> => ({
  kind: 'anderson',
  memory: count('the memory of anderson', 1)(memory),
  ridge: checked('the ridge of anderson', 'a number above 0', (x) => x > 0 && x < Infinity)(ridge),
});

/** Whose energy a position descends. */
export type Horizon = { readonly kind: 'whole' } | { readonly kind: 'prefix'; readonly axis: Axis };
/** Every position descends the energy of the whole sequence. */
export const whole: Horizon = { kind: 'whole' };
/** Position t of `axis` descends the energy of positions up to t alone: what training on all positions needs. */
export const prefix = (axis: Axis): Horizon => ({ kind: 'prefix', axis });
