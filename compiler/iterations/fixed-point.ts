/**
 * `fixedPoint` as plain expressions: x = step(x), row by row. A row that has converged is frozen, so that its result does
 * not depend on the rows beside it; the residual is measured at the point that is returned.
 */
import * as build from '../../dsl/build.js';
import { anderson, picard, TOLERANCE, type Tolerance } from '../../dsl/backward.js';
import { LOWEST } from '../../dsl/lowest.js';
import type { FixedPoint, Node } from '../../dsl/node.js';
import { substitute } from '../graph.js';
import { end, start } from './recompute.js';
import { add, mixOf, mul, norm, select, sub } from './solvers.js';

const { map, constant } = build;
const c = (value: number): Node => constant(value);

/** A fixed number of steps claims no tolerance of its own: `converged` then means the usual one. */
const toleranceOf = ({ stop }: Pick<FixedPoint, 'stop'>): Tolerance => (stop.kind === 'row' ? stop : TOLERANCE);

export interface Found {
  readonly value: Node;
  readonly residual: Node;
  readonly steps: Node;
  readonly converged: Node;
}

/** A residual of infinity is within no tolerance, an infinite one included. */
const FINITE = -LOWEST;
/** Whether rows of this residual may stop: |residual| <= atol + rtol |of|. What is no number is not within it. */
const within = (residual: Node, { atol, rtol }: Tolerance, of: Node, rows: string): Node =>
  map('le', residual, map('min', add(c(atol), mul(c(rtol), norm(of, rows))), c(FINITE)));

interface Problem {
  readonly f: Pick<FixedPoint, 'rows' | 'solver' | 'stop' | 'backward'>;
  readonly step: (x: Node) => Node;
  readonly init: Node;
  /** Whether a row has arrived: its point and its residual. */
  readonly settled: (x: Node, residual: Node) => Node;
  /** Tells the stretches between checkpoints from those of another iteration. */
  readonly name: string;
}
const iterate = ({ f, step, init, settled, name }: Problem): Found => {
  const rows = f.rows.name;
  const mix = mixOf(f.solver, rows);
  const count = f.stop.kind === 'row' ? f.stop.maxSteps : f.stop.steps;
  const zero = build.broadcast(constant(0, 'i32'), [f.rows]);
  let points = [init];
  let images: Node[] = [];
  let steps: Node = zero;
  for (let k = 0; k < count; k++) {
    if (f.backward.kind === 'checkpoint' && k % f.backward.every === 0) {
      points = [...start(points, `${name} ${k}`)];
      images = [...start(images, `${name} ${k}`)];
    }
    const x = points[points.length - 1]!;
    const image = step(x);
    images.push(image);
    const next = mix(points, images);
    if (f.stop.kind === 'fixed') {
      points.push(next);
      steps = map('add', steps, constant(1, 'i32'));
      continue;
    }
    const done = settled(x, norm(sub(image, x), rows));
    points.push(select(done, x, next));
    steps = map('add', steps, select(done, constant(0, 'i32'), constant(1, 'i32')));
  }
  const last = points[points.length - 1]!;
  const value = f.backward.kind === 'checkpoint' ? end([last])[0]! : last;
  const residual = norm(sub(step(value), value), rows);
  return { value, residual, steps, converged: settled(value, residual) };
};

export const unrollFixedPoint = (f: FixedPoint, name: string): Found => {
  const step = (x: Node): Node => substitute([f.step], new Map([[f.variable, x]]))[0]!;
  const settled = (x: Node, residual: Node): Node => within(residual, toleranceOf(f), x, f.rows.name);
  const found = iterate({ f, step, init: f.init, settled, name });
  switch (f.backward.kind) {
    case 'unroll':
    case 'checkpoint':
      return found;
    case 'phantom': {
      // The value is the point found; the derivative is that of a few damped steps from it (Geng et al. 2021).
      const { steps, damping } = f.backward;
      const start = build.stop(found.value);
      let x: Node = start;
      for (let k = 0; k < steps; k++) x = add(mul(c(damping), x), mul(c(1 - damping), step(x)));
      return { ...found, value: add(start, sub(x, build.stop(x))) };
    }
    case 'implicit': {
      const start = build.stop(found.value);
      return { ...found, value: build.implicit(start, step(start), f) };
    }
  }
};

/**
 * The adjoint of an equilibrium (implicit function theorem): lambda = ct + (d step / d x)' lambda, itself a fixed point
 * of each row. Its tolerance is relative to the cotangent, so that a loss times a number has that many times the gradient.
 * `solved`: rows whose adjoint was found, at a point that is an equilibrium; elsewhere the theorem says nothing.
 */
export const adjointProblem = (
  f: FixedPoint,
  at: { readonly value: Node; readonly image: Node },
  ct: Node,
  pullback: (lambda: Node) => Node,
): { readonly lambda: Node; readonly solved: Node } => {
  if (f.backward.kind !== 'implicit') throw new Error('only implicit differentiation solves an adjoint');
  const { solve, maxSteps, atol, rtol } = f.backward;
  const rows = f.rows.name;
  const problem = {
    rows: f.rows,
    solver: solve === 'picard' ? picard() : anderson(),
    stop: { kind: 'row', atol, rtol, maxSteps },
    backward: f.backward,
  } as const;
  const settled = (_: Node, residual: Node): Node => within(residual, { atol, rtol }, ct, rows);
  const { value, converged } = iterate({
    f: problem,
    step: (x) => add(ct, pullback(x)),
    init: ct,
    settled,
    name: 'adjoint',
  });
  return {
    lambda: value,
    solved: map('and', within(norm(sub(at.image, at.value), rows), toleranceOf(f), at.value, rows), converged),
  };
};
