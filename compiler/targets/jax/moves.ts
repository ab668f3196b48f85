/** What moves positions: lookups, their transpose, renaming, shifting. What is looked for and does not exist is 0. */
import type { Axis } from '../../../dsl/axis.js';
import type { Of } from '../../primitives/record.js';
import { call } from './piece.js';
import { hasAxis } from '../../../dsl/build.js';
import { axisAt, namesOf } from '../../exits/varying.js';
import { arranged, mapped, type Pen, positions, scalar, type Value, whole } from './value.js';

export const gathered = (pen: Pen, table: Value, at: Value, axis: Axis): Value => {
  if (!hasAxis(table, axis.name))
    return mapped(pen, 'select', [inside(pen, at, axis), table, scalar(pen, 0, table.dtype)], table.dtype);
  const shared = namesOf(table).filter((name) => name !== axis.name && hasAxis(at, name));
  const rest = namesOf(table).filter((name) => name !== axis.name && !shared.includes(name));
  const own = namesOf(at).filter((name) => !shared.includes(name));
  const rows = arranged(table, [...shared, axis.name, ...rest]);
  const wanted = arranged(at, [...shared, ...own]);
  const count = shared.length === 0 ? [] : [`${shared.length}`];
  const piece = call(pen.uses('lookup'), rows.piece, indices(wanted), ...count);
  return { piece, axes: [...wanted.axes, ...rows.axes.slice(shared.length + 1)], dtype: table.dtype };
};

/** Positions as an array, even where one number is known. */
const indices = ({ piece }: Value) => (piece.known === true ? call('jnp.int32', piece) : piece);

/** Whether positions exist along an axis. */
const inside = (pen: Pen, at: Value, axis: Axis): Value => {
  const count: Value = { piece: pen.sizes.count(axis), axes: [], dtype: 'i32' };
  const from = mapped(pen, 'ge', [at, scalar(pen, 0, 'i32')], 'bool');
  return mapped(pen, 'and', [from, mapped(pen, 'lt', [at, count], 'bool')], 'bool');
};

/** Where the array has both axes, the cells at which they are equal. */
export const renamed = (v: Value, from: string, to: Axis): Value => {
  if (from === to.name || !hasAxis(v, from)) return v;
  if (!hasAxis(v, to.name)) return { ...v, axes: v.axes.map((a) => (a.name === from ? to : a)) };
  const piece = call('jnp.diagonal', v.piece, `axis1=${axisAt(v, from)}`, `axis2=${axisAt(v, to.name)}`);
  return { ...v, piece, axes: [...v.axes.filter((a) => a.name !== from && a.name !== to.name), to] };
};

export const shifted = (pen: Pen, v: Value, axis: Axis, by: number): Value => {
  if (by === 0) return v;
  if (!hasAxis(v, axis.name)) {
    const at = mapped(pen, 'sub', [positions(pen, axis), scalar(pen, by, 'i32')], 'i32');
    return mapped(pen, 'select', [inside(pen, at, axis), v, scalar(pen, 0, v.dtype)], v.dtype);
  }
  return { ...v, piece: call(pen.uses('shift'), v.piece, `${by}`, `${axisAt(v, axis.name)}`) };
};

/** out[... i ...]: sums of `arg` over `over` at the positions that `at` names. */
export const scattered = (pen: Pen, n: Of<'scatter'>, arg: Value, at: Value): Value => {
  const { axis, over } = n;
  if (over.length === 0) {
    const here = mapped(pen, 'eq', [at, positions(pen, axis)], 'bool');
    return mapped(pen, 'select', [here, arg, scalar(pen, 0, arg.dtype)], arg.dtype);
  }
  // What positions do not vary along goes with each as a row of its own, but for axes that are summed.
  const summed = n.at.axes.filter((a) => over.includes(a.name));
  const shared = at.axes.filter((a) => !over.includes(a.name));
  const rest = arg.axes.filter((a) => !over.includes(a.name) && !hasAxis(at, a.name));
  const wanted = whole(pen, at, [...shared, ...summed]);
  const values = whole(pen, arg, [...shared, ...summed, ...rest]);
  const count = shared.length === 0 ? [] : [`${shared.length}`];
  return {
    piece: call(pen.uses('accumulate'), values.piece, wanted.piece, pen.sizes.count(axis), ...count),
    axes: [...shared, axis, ...rest],
    dtype: arg.dtype,
  };
};
