/**
 * How the next point of a fixed-point iteration is chosen, in expressions of each row. Everything here is meant for float32:
 * no square leaves its range, no small system is singular, and a row times a power of two takes the same steps, bit for bit.
 */
import * as build from '../../dsl/build.js';
import type { Node, Solver } from '../../dsl/node.js';

const { map, constant, reduce } = build;
const c = (value: number): Node => constant(value);
export const add = (a: Node, b: Node): Node => map('add', a, b);
export const sub = (a: Node, b: Node): Node => map('sub', a, b);
export const mul = (a: Node, b: Node): Node => map('mul', a, b);
const div = (a: Node, b: Node): Node => map('div', a, b);
export const select = (p: Node, a: Node, b: Node): Node => map('select', p, a, b);

/** Over every axis but that of the rows. */
const within = (monoid: 'sum' | 'max', x: Node, rows: string): Node => {
  const over = x.axes.map((a) => a.name).filter((name) => name !== rows);
  return over.length === 0 ? x : reduce(monoid, x, over);
};
const inner = (a: Node, b: Node, rows: string): Node => within('sum', mul(a, b), rows);

/**
 * A row's vector as its Euclidean norm times a direction. Entries are divided by the largest before they are squared: float32
 * has no squares of 1e20 or 1e-23. That factor cancels, so it is held constant. A row of zeros has norm 0, direction 0, and
 * a norm whose derivative is 0.
 */
export const polar = (v: Node, rows: string): { readonly norm: Node; readonly direction: Node } => {
  const largest = build.stop(within('max', map('abs', v), rows));
  const none = map('le', largest, c(0));
  const scaled = div(v, select(none, c(1), largest));
  const size = map('sqrt', select(none, c(1), inner(scaled, scaled, rows)));
  return { norm: select(none, c(0), mul(largest, size)), direction: div(scaled, size) };
};
export const norm = (v: Node, rows: string): Node => polar(v, rows).norm;

/** The next point from the points so far and their images, newest last. */
export type Mix = (points: readonly Node[], images: readonly Node[]) => Node;
const newest = (list: readonly Node[]): Node => list[list.length - 1]!;

const picard =
  (damping: number): Mix =>
  (points, images) => {
    const x = newest(points);
    return add(x, mul(c(1 - damping), sub(newest(images), x)));
  };

/**
 * Solves H a = b for a symmetric H of row scalars whose pivots are known to be at least `least`: one that rounding brought
 * below it counts as that.
 */
const eliminate = (h: readonly (readonly Node[])[], b: readonly Node[], least: number): readonly Node[] => {
  const n = h.length;
  const rows = h.map((row, i) => [...row, b[i]!]);
  for (let i = 0; i < n; i++) {
    rows[i]![i] = map('max', rows[i]![i]!, c(least));
    for (let j = i + 1; j < n; j++) {
      const factor = div(rows[j]![i]!, rows[i]![i]!);
      rows[j] = rows[j]!.map((x, k) => (k <= i ? x : sub(x, mul(factor, rows[i]![k]!))));
    }
  }
  const a: Node[] = new Array<Node>(n);
  for (let i = n - 1; i >= 0; i--) {
    const rest = a.slice(i + 1).reduce<Node>((sum, x, k) => sub(sum, mul(rows[i]![i + 1 + k]!, x)), rows[i]![n]!);
    a[i] = div(rest, rows[i]![i]!);
  }
  return a;
};

/**
 * Anderson (1965) mixing, type II, in differences (Walker and Ni 2011, eq. 2.3): with f_k = step(x_k) - x_k the next point is
 * step(x_k) - sum_i w_i (step(x_{i+1}) - step(x_i)), where w minimises |f_k - sum_i w_i (f_{i+1} - f_i)|^2 over the last
 * `memory` points. Differences enter by their directions: the Gram matrix has a diagonal of ones, to which `ridge` is added
 * (so it is relative to each difference), and no pivot may be less. A difference of 0 has weight 0: with nothing to go by,
 * the step is a plain one.
 */
const anderson =
  (memory: number, ridge: number, rows: string): Mix =>
  (points, images) => {
    const gs = images.slice(-memory);
    const f = gs.map((g, i) => sub(g, points[points.length - gs.length + i]!));
    const now = polar(newest(f), rows);
    const steps = f.slice(1).map((x, i) => ({ ...polar(sub(x, f[i]!), rows), image: sub(gs[i + 1]!, gs[i]!) }));
    const gram = steps.map((a, i) =>
      steps.map((b, j) =>
        i === j ? c(1 + ridge) : i < j ? inner(a.direction, b.direction, rows) : inner(b.direction, a.direction, rows),
      ),
    );
    const weights = eliminate(
      gram,
      steps.map((s) => inner(s.direction, now.direction, rows)),
      ridge,
    );
    return steps.reduce((x, s, i) => {
      const still = map('le', s.norm, c(0));
      return sub(x, mul(mul(weights[i]!, select(still, c(0), div(now.norm, select(still, c(1), s.norm)))), s.image));
    }, newest(gs));
  };

export const mixOf = (solver: Solver, rows: string): Mix =>
  solver.kind === 'picard' ? picard(solver.damping) : anderson(solver.memory, solver.ridge, rows);
