/**
 * `fixedPoint` as plain expressions: x = step(x), row by row. A row that has converged is frozen, so that its result does
 * not depend on the rows beside it; the residual is measured at the point that is returned.
 */
import * as build from '../../dsl/build.js';
import type { FixedPoint, Node } from '../../dsl/node.js';
import { substitute } from '../graph.js';
import { end, start } from '../recompute.js';

const { map, constant, reduce } = build;
const c = (value: number): Node => constant(value);
const add = (a: Node, b: Node): Node => map('add', a, b);
const sub = (a: Node, b: Node): Node => map('sub', a, b);
const mul = (a: Node, b: Node): Node => map('mul', a, b);
const select = (p: Node, a: Node, b: Node): Node => map('select', p, a, b);

/** Inner product and Euclidean norm of each row. */
const inner = (a: Node, b: Node, rows: string): Node => {
  const product = mul(a, b);
  return reduce('sum', product, product.axes.map((x) => x.name).filter((x) => x !== rows));
};
const norm = (a: Node, rows: string): Node => map('sqrt', inner(a, a, rows));

/** The next point from the points so far and their images, newest last. */
type Mix = (points: readonly Node[], images: readonly Node[]) => Node;

const picard = (damping: number): Mix => (points, images) => {
  const x = points[points.length - 1]!;
  return add(x, mul(c(1 - damping), sub(images[images.length - 1]!, x)));
};

/** Solves H a = 1 for a symmetric positive definite H of row scalars by elimination without pivots. */
const solveOnes = (h: readonly (readonly Node[])[]): readonly Node[] => {
  const n = h.length;
  const rows = h.map((row) => [...row, c(1)]);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const factor = map('div', rows[j]![i]!, rows[i]![i]!);
      rows[j] = rows[j]!.map((x, k) => (k < i ? x : sub(x, mul(factor, rows[i]![k]!))));
    }
  }
  const a: Node[] = new Array<Node>(n);
  for (let i = n - 1; i >= 0; i--) {
    const rest = a.slice(i + 1).reduce<Node>((sum, x, k) => sub(sum, mul(rows[i]![i + 1 + k]!, x)), rows[i]![n]!);
    a[i] = map('div', rest, rows[i]![i]!);
  }
  return a;
};

/**
 * Anderson (1965) mixing, type II, in the form of Walker and Ni (2011): weights alpha minimise || sum alpha_i f_i ||^2
 * + ridge tr(F'F)/m |alpha|^2 with sum alpha_i = 1, f_i = step(x_i) - x_i; the next point is sum alpha_i step(x_i).
 */
const anderson = (memory: number, ridge: number, rows: string): Mix => (points, images) => {
  const xs = points.slice(-memory);
  const gs = images.slice(-memory);
  const f = gs.map((g, i) => sub(g, xs[i]!));
  const gram = f.map((a) => f.map((b) => inner(a, b, rows)));
  const trace = gram.map((row, i) => row[i]!).reduce(add);
  const floor = add(mul(c(ridge / f.length), trace), c(1e-30));
  const alpha = solveOnes(gram.map((row, i) => row.map((x, j) => (i === j ? add(x, floor) : x))));
  const total = alpha.reduce(add);
  return gs.map((g, i) => mul(map('div', alpha[i]!, total), g)).reduce(add);
};

export interface Found {
  readonly value: Node;
  readonly residual: Node;
  readonly steps: Node;
  readonly converged: Node;
}

/** A fixed step count claims no tolerance of its own: converged means || step(x) - x || <= 1e-5 (1 + ||x||). */
const FIXED = { atol: 1e-5, rtol: 1e-5 };

const iterate = (f: FixedPoint, step: (x: Node) => Node, init: Node, name: string): Found => {
  const rows = f.rows.name;
  const mix = f.solver.kind === 'picard' ? picard(f.solver.damping) : anderson(f.solver.memory, f.solver.ridge, rows);
  const { atol, rtol } = f.stop.kind === 'row' ? f.stop : FIXED;
  const count = f.stop.kind === 'row' ? f.stop.maxSteps : f.stop.steps;
  const settled = (x: Node, residual: Node): Node => map('le', residual, add(c(atol), mul(c(rtol), norm(x, rows))));
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

/** `name` tells the stretches between checkpoints from those of another fixed point. */
export const unrollFixedPoint = (f: FixedPoint, name: string): Found => {
  const step = (x: Node): Node => substitute([f.step], new Map([[f.variable, x]]))[0]!;
  const found = iterate(f, step, f.init, name);
  switch (f.backward.kind) {
    case 'unroll': case 'checkpoint': return found;
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
 * of each row, to the tolerance that `implicit` declares.
 */
export const adjointProblem = (f: FixedPoint, ct: Node, pullback: (lambda: Node) => Node): { readonly lambda: Node; readonly converged: Node } => {
  if (f.backward.kind !== 'implicit') throw new Error('only implicit differentiation solves an adjoint');
  const { solve, atol, maxSteps } = f.backward;
  const problem: FixedPoint = {
    ...f,
    solver: solve === 'picard' ? { kind: 'picard', damping: 0 } : { kind: 'anderson', memory: 5, ridge: 1e-10 },
    stop: { kind: 'row', atol, rtol: 0, maxSteps },
  };
  const { value, converged } = iterate(problem, (x) => add(ct, pullback(x)), ct, 'adjoint');
  return { lambda: value, converged };
};
