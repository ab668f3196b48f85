/**
 * Sums, and sums of products as contractions: a matrix product where axes lie so that it is one, else what `Einsum` spells. The
 * compiler has ordered products already; what is left to say is which axes meet.
 */
import { type Axis, bound } from '../../../dsl/axis.js';
import { hasAxis } from '../../../dsl/build.js';
import { absorbed } from '../../exits/factors.js';
import { axisAt, namesOf } from '../../exits/varying.js';
import { cast } from './sheet.js';
import { arranged, mapped, type Pen, type Value } from './value.js';

const summed = (pen: Pen, v: Value, over: readonly string[]): Value => {
  const at = over.map((name) => axisAt(v, name)).sort((a, b) => a - b);
  return at.length === 0
    ? v
    : {
        ...v,
        id: pen.book.op('ReduceSum', [v.id, pen.book.numbers('i64', at, [at.length])], { keepdims: 0 }),
        axes: v.axes.filter((a) => !over.includes(a.name)),
      };
};

const einsum = (pen: Pen, factors: readonly Value[], out: readonly string[]): Value => {
  const all = [...new Set(factors.flatMap(namesOf))];
  const letters = (names: readonly string[]) =>
    names.map((name) => String.fromCharCode('a'.charCodeAt(0) + all.indexOf(name))).join('');
  const axes = new Map(factors.flatMap((f) => f.axes.map((a) => [a.name, a] as const)));
  return {
    id: pen.book.op(
      'Einsum',
      factors.map((f) => f.id),
      { equation: `${factors.map((f) => letters(namesOf(f))).join()}->${letters(out)}` },
    ),
    axes: out.map((name) => axes.get(name)!),
    dtype: factors[0]!.dtype,
  };
};

/** The product of two over their one shared axis that is summed, or null where it is no product of (stacked) matrices. */
const matrices = (pen: Pen, a: Value, b: Value, over: readonly string[]): Value | null => {
  const shared = namesOf(a).filter((name) => hasAxis(b, name));
  const [inner, ...more] = shared.filter((name) => over.includes(name));
  const stacked = shared.filter((name) => !over.includes(name));
  const [left, right] = [a, b].map((v) => namesOf(v).filter((name) => !shared.includes(name))) as [string[], string[]];
  if (inner === undefined || more.length > 0 || right.length !== 1) return null;
  if (stacked.length === 0 ? left.length === 0 : left.length !== 1) return null;
  const x = arranged(pen, a, [...stacked, ...left, inner]);
  const y = arranged(pen, b, [...stacked, inner, ...right]);
  return {
    id: pen.book.op('MatMul', [x.id, y.id]),
    axes: [...x.axes.slice(0, -1), y.axes.at(-1)!],
    dtype: a.dtype,
  };
};

const pair = (pen: Pen, a: Value, b: Value, over: readonly string[]): Value => {
  // What only one of them has is summed before they meet.
  const lone = (v: Value, other: Value) => namesOf(v).filter((name) => over.includes(name) && !hasAxis(other, name));
  const [x, y] = [summed(pen, a, lone(a, b)), summed(pen, b, lone(b, a))];
  const both = namesOf(x).filter((name) => over.includes(name));
  if (both.length === 0) return mapped(pen, 'mul', [x, y], x.dtype);
  return (
    matrices(pen, x, y, both) ??
    matrices(pen, y, x, both) ??
    einsum(pen, [x, y], [...new Set([...namesOf(x), ...namesOf(y)])].filter((name) => !over.includes(name)).sort())
  );
};

/** The sum of a product over `over`; an axis that no factor varies along counts its positions. */
export const contraction = (pen: Pen, given: readonly Value[], over: readonly Axis[]): Value => {
  const { dtype } = given[0]!;
  const counts = over
    .filter((a) => !given.some((f) => hasAxis(f, a.name)))
    .map((a): Value => {
      const size = bound(a);
      const id = typeof size === 'number' ? pen.book.number(size, dtype) : pen.sizes.count(a);
      return { id: typeof size === 'number' || dtype === 'i32' ? id : cast(pen.book, id, 'f32'), axes: [], dtype };
    });
  const factors = absorbed([...given, ...counts], (a, b) => mapped(pen, 'mul', [a, b], b.dtype));
  const names = over.map((a) => a.name).filter((name) => factors.some((f) => hasAxis(f, name)));
  const [a, b, ...more] = factors;
  if (b === undefined) return summed(pen, a!, names);
  if (more.length === 0) return pair(pen, a!, b, names);
  return einsum(pen, factors, [...new Set(factors.flatMap(namesOf))].filter((name) => !names.includes(name)).sort());
};
