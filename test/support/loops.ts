/**
 * The loop-level program, cell by cell, in float64: dense buffers in memory order, loops as loops. It believes nothing
 * that the program does not say, and refuses a read out of range.
 */
import { unionAxes } from '../../dsl/build.js';
import { type Axis, bound } from '../../dsl/axis.js';
import {
  type Buffer,
  type Entry,
  type Expr,
  type Kernel,
  type LoopAxis,
  type ReduceAxis,
} from '../../compiler/loops/ir.js';
import { memoryOrder } from '../../compiler/lower/layout.js';
import { monoids } from '../../compiler/primitives/reduction.js';
import type { ScalarName } from '../../dsl/scalar.js';
import { worth } from '../../compiler/scalars.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';

type At = ReadonlyMap<string, number>;
/** Loop variables, and what is already known at them: shared expressions are evaluated once. */
interface Frame {
  readonly at: At;
  readonly known: Map<Expr, number>;
}
const frame = (at: At): Frame => ({ at, known: new Map() });
const inside = (f: Frame, name: string, position: number): Frame => frame(new Map(f.at).set(name, position));

export interface Run {
  readonly sizes: Environment['sizes'];
  /** Inputs, states and lengths by buffer id, in memory order. */
  readonly given: Readonly<Record<string, ArrayLike<number>>>;
  readonly random?: Environment['random'];
  /** What the float result of a function, a sum so far, a given number or one of the model's is kept as; float64 unless given (Math.fround, say). */
  readonly round?: (x: number, of: ScalarName | 'sum' | 'given') => number;
}

/** The values of all buffers after a run. */
export const runLoops = (
  entry: Entry,
  { sizes, given, random, round = (x) => x }: Run,
): ReadonlyMap<string, Float64Array> => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const values = new Map<string, Float64Array>();
  const size = (axis: LoopAxis): number => {
    const n = typeof axis.size === 'number' ? axis.size : sizes[axis.size];
    if (n === undefined) throw new Error(`the size '${axis.size}' is not bound`);
    return n;
  };
  const cells = (b: Buffer): number => b.axes.reduce((n, a) => n * size(a), 1);
  const existing = (axis: LoopAxis): number =>
    size(axis) - (axis.missing === undefined ? 0 : (values.get(axis.missing)?.[0] ?? 0));
  const read = (id: string, at: readonly number[]): number => {
    const buffer = buffers.get(id);
    const data = values.get(id);
    if (buffer === undefined || data === undefined) throw new Error(`'${id}' is read before it is written`);
    if (at.length !== buffer.axes.length) throw new Error(`'${id}' has ${buffer.axes.length} axes, not ${at.length}`);
    return data[
      buffer.axes.reduce((flat, axis, i) => {
        const p = at[i]!;
        if (!(Number.isInteger(p) && p >= 0 && p < existing(axis)))
          throw new Error(`${id}[${at.join(', ')}] is out of range`);
        return flat * size(axis) + p;
      }, 0)
    ]!;
  };
  const length = (axis: LoopAxis, row: number | undefined): number =>
    axis.ragged === undefined || row === undefined ? existing(axis) : read(axis.ragged.lengths, [row]);

  /** Visits the positions of nested loops, outermost first. */
  const loop = (over: readonly ReduceAxis[], f: Frame, visit: (f: Frame) => void): void => {
    const [first, ...rest] = over;
    if (first === undefined) return visit(f);
    const from = first.from === undefined ? 0 : value(first.from, f);
    const to =
      first.to === undefined
        ? length(first.axis, first.row === undefined ? undefined : value(first.row, f))
        : value(first.to, f);
    for (let p = from; p < to; p++) loop(rest, inside(f, first.axis.name, p), visit);
  };
  const value = (e: Expr, f: Frame): number => {
    const known = f.known.get(e);
    if (known !== undefined) return known;
    const result = compute(e, f);
    f.known.set(e, result);
    return result;
  };
  const compute = (e: Expr, f: Frame): number => {
    switch (e.kind) {
      case 'literal':
        return e.dtype === 'f32' ? round(e.value, 'given') : e.value;
      case 'index': {
        const p = f.at.get(e.axis);
        if (p === undefined) throw new Error(`there is no loop '${e.axis}' here`);
        return p;
      }
      case 'extent':
        return length(e.axis, e.row === undefined ? undefined : value(e.row, f));
      case 'read':
        return read(
          e.buffer,
          e.at.map((x) => value(x, f)),
        );
      case 'apply': {
        const result = worth(e.fn, e.dtype)(...e.args.map((x) => value(x, f)));
        return e.dtype === 'f32' ? round(result, e.fn) : result;
      }
      case 'guard':
        return value(value(e.condition, f) !== 0 ? e.then : e.otherwise, f);
      case 'reduce': {
        const { unit, combine } = monoids[e.monoid];
        let total = unit[e.dtype];
        // The largest of some numbers is one of them: nothing is rounded.
        const keep = e.dtype === 'f32' && e.monoid === 'sum' ? (x: number) => round(x, 'sum') : (x: number) => x;
        loop(e.over, f, (g) => void (total = keep(combine(total, value(e.body, g)))));
        return total;
      }
      case 'collect': {
        const target = value(e.target, f);
        const index = buffers.get(e.index)!;
        let total = 0;
        loop(e.over, f, (g) => {
          // The buffer's axes are the loops' axes, each under its own name.
          const at = index.axes.map((a) => g.at.get(a.name)!);
          if (read(e.index, at) === target) total = round(total + value(e.body, g), 'sum');
        });
        return total;
      }
      case 'uniform':
        return uniformAt(stream(random?.seed ?? 0, random?.step ?? 0, e.key), value(e.counter, f));
    }
  };
  for (const b of entry.buffers) {
    const data = given[b.id];
    if (data === undefined) continue;
    if (data.length !== cells(b)) throw new Error(`'${b.id}' has ${data.length} numbers, not ${cells(b)}`);
    values.set(
      b.id,
      Float64Array.from(data, (v) => (b.dtype === 'f32' ? round(v, 'given') : v)),
    );
  }
  /** Fills a kernel's cells: all of them, or those at one position of an axis. */
  const fillKernel = (kernel: Kernel, only?: { readonly axis: string; readonly at: number }): void => {
    const buffer = buffers.get(kernel.output)!;
    const result = values.get(buffer.id)!;
    const fill = (axes: readonly LoopAxis[], flat: number, at: At): void => {
      const [first, ...rest] = axes;
      if (first !== undefined) {
        const [from, to] = first.name === only?.axis ? [only.at, only.at + 1] : [0, existing(first)];
        for (let p = from; p < to; p++) fill(rest, flat * size(first) + p, new Map(at).set(first.name, p));
        return;
      }
      const beyond = buffer.axes.some(
        (a) =>
          a.ragged !== undefined &&
          at.has(a.ragged.rows) &&
          at.get(a.name)! >= read(a.ragged.lengths, [at.get(a.ragged.rows)!]),
      );
      if (beyond) return;
      const f = frame(at);
      if (kernel.where !== undefined && value(kernel.where, f) === 0) return;
      result[flat] = value(kernel.body, f);
    };
    fill(buffer.axes, 0, new Map());
  };
  const loops = new Set<number>();
  for (const kernel of entry.kernels) {
    const { loop } = kernel;
    const members = loop === undefined ? [kernel] : entry.kernels.filter((k) => k.loop?.id === loop.id);
    if (loop !== undefined && loops.has(loop.id)) continue;
    for (const k of members) values.set(k.output, new Float64Array(cells(buffers.get(k.output)!)));
    if (loop === undefined) {
      fillKernel(kernel);
      continue;
    }
    loops.add(loop.id);
    const along = buffers.get(kernel.output)!.axes.find((a) => a.name === loop.axis)!;
    const positions = Array.from({ length: size(along) }, (_, i) => i);
    for (const at of loop.reverse ? positions.reverse() : positions)
      members.forEach((k) => fillKernel(k, { axis: loop.axis, at }));
  }
  return values;
};

/** An array over axes sorted by name, in memory order; or back, with `back`. */
export const reorder = (
  data: ArrayLike<number>,
  axes: readonly Axis[],
  sizes: Environment['sizes'],
  back = false,
): Float64Array => {
  const size = (a: Axis): number => {
    const n = bound(a);
    return typeof n === 'number' ? n : sizes[n]!;
  };
  const sorted = unionAxes(axes);
  const memory = memoryOrder(axes);
  const result = new Float64Array(data.length);
  const go = (i: number, flat: number, at: ReadonlyMap<string, number>): void => {
    const axis = sorted[i];
    if (axis === undefined) {
      const other = memory.reduce((n, a) => n * size(a) + at.get(a.name)!, 0);
      if (back) result[flat] = data[other]!;
      else result[other] = data[flat]!;
      return;
    }
    for (let p = 0; p < size(axis); p++) go(i + 1, flat * size(axis) + p, new Map(at).set(axis.name, p));
  };
  go(0, 0, new Map());
  return result;
};
