/**
 * Arrays of an ONNX graph. One has the axes along which it varies, in an order of its own, and none of those along which it is
 * the same: what is broadcast costs nothing, and what is renamed is transposed where it must be and not before.
 */
import type { Axis } from '../../../dsl/axis.js';
import type { DType } from '../../../dsl/scalar.js';
import { axisAt } from '../../exits/varying.js';
import { applied } from './scalars.js';
import type { Book } from './sheet.js';
import type { Sizes } from './sizes.js';

export interface Value {
  readonly id: string;
  readonly axes: readonly Axis[];
  readonly dtype: DType;
}

/** What is written with. */
export interface Pen {
  readonly book: Book;
  readonly sizes: Sizes;
}

/** The same array with its axes in the order of `names`, which has them all and perhaps others. */
export const arranged = ({ book }: Pen, v: Value, names: readonly string[]): Value => {
  const order = names.flatMap((name) => {
    const at = axisAt(v, name);
    return at < 0 ? [] : [at];
  });
  return order.every((from, to) => from === to)
    ? v
    : { ...v, id: book.op('Transpose', [v.id], { perm: order }), axes: order.map((at) => v.axes[at]!) };
};

/** The array with an axis of one position for each that it has not, so that it broadcasts against arrays over `axes`. */
export const spread = (pen: Pen, v: Value, axes: readonly Axis[]): string => {
  const { id, axes: own } = arranged(
    pen,
    v,
    axes.map((a) => a.name),
  );
  const first = axes.findIndex((a) => a.name === own[0]?.name);
  if (first < 0) return id;
  const lacking = axes.slice(first).flatMap((a, i) => (own.some((o) => o.name === a.name) ? [] : [i]));
  return lacking.length === 0 ? id : pen.book.op('Unsqueeze', [id, pen.book.numbers('i64', lacking, [lacking.length])]);
};

/** All axes of some arrays: in the order of one that has them all, where there is one. */
export const union = (values: readonly Value[]): readonly Axis[] => {
  const all = new Map(values.flatMap((v) => v.axes.map((a) => [a.name, a] as const)));
  return (
    values.find((v) => v.axes.length === all.size)?.axes ?? [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  );
};

/** A scalar function at every position. */
export const mapped = (pen: Pen, fn: Parameters<typeof applied>[0], args: readonly Value[], dtype: DType): Value => {
  const axes = union(args);
  return {
    id: applied(
      fn,
      pen.book,
      args.map((v) => spread(pen, v, axes)),
      dtype,
    ),
    axes,
    dtype,
  };
};

export const scalar = ({ book }: Pen, value: number, dtype: DType): Value => ({
  id: book.number(value, dtype),
  axes: [],
  dtype,
});
export const zero = (pen: Pen, dtype: DType): Value => scalar(pen, 0, dtype);

/** Along all of `axes`, in that order. */
export const whole = (pen: Pen, v: Value, axes: readonly Axis[]): Value => {
  if (v.axes.length === axes.length && v.axes.every((a, i) => a.name === axes[i]!.name)) return v;
  const id = spread(pen, v, axes);
  return v.axes.length === axes.length
    ? { ...v, id, axes }
    : { ...v, id: pen.book.op('Expand', [id, pen.sizes.shape(axes)]), axes };
};

/** Positions along an axis. */
export const positions = ({ sizes }: Pen, axis: Axis): Value => ({ id: sizes.range(axis), axes: [axis], dtype: 'i32' });
