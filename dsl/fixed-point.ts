/** Equilibria inside a model: x = step(x), row by row. */
import type { Axis } from './axis.js';
import { checkedSteps, checkedTolerance, picard, TOLERANCE, unroll } from './backward.js';
import { axisOf, hasAxis, project, sameAxes, showAxes, variable } from './build.js';
import { fail } from './errors.js';
import type { FixedPoint, Node, Solver, StopRule } from './node.js';
import { checkChoice, checkOptions } from './options.js';
import { type Tensor, typed } from './tensor.js';
import type { Said } from './wording.js';

/**
 * Each row stops by itself, when |step(x) - x| <= atol + rtol |x| (Euclidean norms; 1e-10 and 1e-5 unless given), or after
 * `maxSteps`. What float32 cannot reach is not reached: below 1e-7 of |x| there is only rounding.
 */
export interface PerRow {
  readonly per: 'row';
  readonly atol?: number;
  readonly rtol?: number;
  readonly maxSteps: number;
}
/** Every row takes this number of steps. */
export interface Fixed {
  readonly fixed: number;
  readonly per?: never;
  readonly atol?: never;
  readonly rtol?: never;
  readonly maxSteps?: never;
}

/** A K-step layer is not an equilibrium: the implicit function theorem says nothing about it. */
export type BackwardFor<S, B> = S extends Fixed
  ? B extends { readonly kind: 'implicit' }
    ? Said<
        'PC4006',
        `implicit differentiates an equilibrium, and a fixed number of steps need not reach one: use unroll, checkpoint or phantom, or stop per row`
      >
    : B
  : B;

/** How a fixed point is found, when a row stops, and how it is differentiated. */
export interface FixedPointOptions<S extends PerRow | Fixed, B extends FixedPoint['backward']> {
  /** `picard()` (default) or `anderson()`. */
  readonly solver?: Solver;
  readonly stop: S;
  /** `unroll` (default), `checkpoint(k)`, `phantom(...)`, or `implicit(...)` where rows stop by themselves. */
  readonly backward?: BackwardFor<S, B>;
}

/** What a fixed point gives, and how near it came, row by row. */
export interface Equilibrium<A extends string> {
  /** The point at which each row stopped. Axes: those of the start. */
  readonly value: Tensor<A>;
  /** |step(value) - value| of each row, measured at the value returned. */
  readonly residual: Tensor<'batch'>;
  /** The steps each row took. */
  readonly steps: Tensor<'batch', 'i32'>;
  /**
   * Whether the row met its tolerance: after a fixed number of steps, the usual one of `PerRow`. False for a row that is no
   * number. Under `implicit`, rows that did not, and rows whose adjoint solve did not, are counted in the training report.
   */
  readonly converged: Tensor<'batch', 'bool'>;
}

const ROWED = `a fixed point is found for each row of 'batch': give the start that axis (expand)`;
type Rowed<A extends string> = ['batch'] extends [A] ? Tensor<A> : Said<'PC4005', typeof ROWED>;

const KNOWN: Readonly<Record<keyof FixedPointOptions<Fixed, FixedPoint['backward']>, true>> = {
  solver: true,
  stop: true,
  backward: true,
};
const BACKWARDS: Readonly<Record<FixedPoint['backward']['kind'], true>> = {
  unroll: true,
  checkpoint: true,
  phantom: true,
  implicit: true,
};
const SOLVERS: Readonly<Record<Solver['kind'], true>> = { picard: true, anderson: true };
const stopRule = (stop: PerRow | Fixed): StopRule =>
  'fixed' in stop
    ? { kind: 'fixed', steps: checkedSteps('the fixed number of steps')(stop.fixed) }
    : {
        kind: 'row',
        ...checkedTolerance('stop', { atol: stop.atol ?? TOLERANCE.atol, rtol: stop.rtol ?? TOLERANCE.rtol }),
        maxSteps: checkedSteps('maxSteps')(stop.maxSteps),
      };

/**
 * The x with x = step(x), found from `init`. `step` is called once, with a variable of init's axes, and returns a tensor
 * of the same axes; one of them is `batch`. Unknown options, and `implicit` with a fixed number of steps, are errors.
 */
export const fixedPoint = <
  A extends string,
  const S extends PerRow | Fixed,
  B extends FixedPoint['backward'] = FixedPoint['backward'],
>(
  init: Rowed<A>,
  step: (x: Tensor<A>) => Tensor<NoInfer<A>>,
  options: FixedPointOptions<S, B>,
): Equilibrium<A> => {
  const start = init as unknown as Node;
  checkOptions('fixedPoint', options, KNOWN);
  const backward = (options.backward ?? unroll) as FixedPoint['backward'];
  const solver = options.solver ?? picard();
  checkChoice('fixedPoint', 'backward', backward.kind, BACKWARDS);
  checkChoice('fixedPoint', 'solver', solver.kind, SOLVERS);
  if ('fixed' in options.stop && backward.kind === 'implicit')
    fail('PC4006', 'implicit differentiates an equilibrium, and a fixed number of steps need not reach one');
  if (!hasAxis(start, 'batch')) fail('PC4005', ROWED);
  const rows: Axis = axisOf(start, 'batch');
  const x = variable('x', start.axes);
  const next: Node = step(typed<A>(x));
  if (!sameAxes(next.axes, start.axes))
    fail('PC4004', `a step keeps the axes: from ${showAxes(start.axes)} to ${showAxes(next.axes)}`);
  const node: FixedPoint = {
    op: 'fixedPoint',
    variable: x,
    step: next,
    init: start,
    solver,
    stop: stopRule(options.stop),
    backward,
    rows,
  };
  return {
    value: typed<A>(project(node, 'value')),
    residual: typed<'batch'>(project(node, 'residual')),
    steps: typed<'batch', 'i32'>(project(node, 'steps')),
    converged: typed<'batch', 'bool'>(project(node, 'converged')),
  };
};
