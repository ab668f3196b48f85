/** What moves positions: lookups, their transpose, renaming, shifting. What is looked for and does not exist is 0. */
import type { Axis } from '../../../dsl/axis.js';
import type { Of } from '../../primitives/record.js';
import { hasAxis } from '../../../dsl/build.js';
import { axisAt, namesOf } from '../../exits/varying.js';
import { cast } from './sheet.js';
import { arranged, mapped, type Pen, positions, scalar, union, type Value, whole, zero } from './value.js';

/** Whether positions exist along an axis. */
const inside = (pen: Pen, at: Value, axis: Axis): Value => {
  const count: Value = { id: pen.sizes.count(axis), axes: [], dtype: 'i32' };
  return mapped(
    pen,
    'and',
    [mapped(pen, 'ge', [at, zero(pen, 'i32')], 'bool'), mapped(pen, 'lt', [at, count], 'bool')],
    'bool',
  );
};
/** The nearest positions that do. */
const clamped = (pen: Pen, at: Value, axis: Axis): Value => {
  const last: Value = {
    id: pen.book.op('Sub', [pen.sizes.count(axis), pen.book.number(1, 'i32')]),
    axes: [],
    dtype: 'i32',
  };
  return mapped(pen, 'min', [mapped(pen, 'max', [at, zero(pen, 'i32')], 'i32'), last], 'i32');
};

const where = (pen: Pen, condition: Value, v: Value): Value =>
  mapped(pen, 'select', [condition, v, zero(pen, v.dtype)], v.dtype);

/** What the table holds at positions that exist. */
const picked = (pen: Pen, table: Value, at: Value, axis: string): Value => {
  const { book } = pen;
  const along = axisAt(table, axis);
  if (along < 0) return table;
  const shared = namesOf(table).filter((name) => name !== axis && hasAxis(at, name));
  if (shared.length === 0)
    return {
      id: book.op('Gather', [table.id, at.id], { axis: along }),
      axes: [...table.axes.slice(0, along), ...at.axes, ...table.axes.slice(along + 1)],
      dtype: table.dtype,
    };
  const rest = namesOf(table).filter((name) => name !== axis && !shared.includes(name));
  const own = namesOf(at).filter((name) => !shared.includes(name));
  const rows = arranged(pen, table, [...shared, axis, ...rest]);
  const wanted = arranged(pen, at, [...shared, ...own]);
  const last = book.numbers('i64', [-1], [1]);
  const index = book.op('Unsqueeze', [cast(pen.book, wanted.id, 'i64'), last]);
  return {
    id: book.op('GatherND', [rows.id, index], { batch_dims: shared.length }),
    axes: [...wanted.axes, ...rows.axes.slice(shared.length + 1)],
    dtype: table.dtype,
  };
};

export const gathered = (pen: Pen, table: Value, at: Value, axis: Axis): Value =>
  where(pen, inside(pen, at, axis), picked(pen, table, clamped(pen, at, axis), axis.name));

/** Where the table has both axes, the cells at which they are equal. */
export const renamed = (pen: Pen, v: Value, from: string, to: Axis): Value => {
  if (from === to.name || !hasAxis(v, from)) return v;
  return hasAxis(v, to.name)
    ? picked(pen, v, positions(pen, to), from)
    : { ...v, axes: v.axes.map((a) => (a.name === from ? to : a)) };
};

export const shifted = (pen: Pen, v: Value, axis: Axis, by: number): Value => {
  const { book } = pen;
  const along = axisAt(v, axis.name);
  if (by === 0) return v;
  if (along < 0) {
    const from = mapped(pen, 'sub', [positions(pen, axis), scalar(pen, by, 'i32')], 'i32');
    return where(pen, inside(pen, from, axis), v);
  }
  const one = (n: number) => book.numbers('i64', [n], [1]);
  const at = one(along);
  const ends = [by, -by].flatMap((n) => v.axes.map((_, i) => (i === along ? Math.max(n, 0) : 0)));
  const longer = book.op('Pad', [v.id, book.numbers('i64', ends, [ends.length]), book.number(0, v.dtype)]);
  const bounds = by > 0 ? [one(0), one(-by)] : [one(-by), one(2 ** 31 - 1)];
  return { ...v, id: book.op('Slice', [longer, ...bounds, at]) };
};

/** out[... i ...]: sums of `arg` over `over` at the positions that `at` names. */
export const scattered = (pen: Pen, n: Of<'scatter'>, arg: Value, at: Value): Value => {
  const { book, sizes } = pen;
  if (n.over.length === 0) {
    const here = mapped(pen, 'eq', [at, positions(pen, n.axis)], 'bool');
    return where(pen, here, arg);
  }
  const over = n.at.axes.filter((a) => n.over.includes(a.name));
  const outer = union([arg, at]).filter((a) => !n.over.includes(a.name));
  const rows = (v: Value): string => {
    const { id } = whole(pen, v, [...outer, ...over]);
    if (over.length === 1) return id;
    const flat = book.numbers('i64', [-1], [1]);
    const shape = outer.length === 0 ? flat : book.op('Concat', [sizes.shape(outer), flat], { axis: 0 });
    return book.op('Reshape', [id, shape]);
  };
  const axes = [...outer, n.axis];
  const empty = whole(pen, zero(pen, arg.dtype), axes).id;
  const summands = rows(where(pen, inside(pen, at, n.axis), arg));
  return {
    id: book.op('ScatterElements', [empty, rows(clamped(pen, at, n.axis)), summands], {
      axis: outer.length,
      reduction: 'add',
    }),
    axes,
    dtype: arg.dtype,
  };
};
