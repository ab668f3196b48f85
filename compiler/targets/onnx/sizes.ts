/**
 * How many positions axes have: numbers, or what the shape of a given array says when the model runs. A size that no array has is
 * given as a number (`sizeName`).
 */
import { type Axis, bound, type Size } from '../../../dsl/axis.js';
import { sizeName } from '../../../runtime/contract/onnx.js';
import { type Book, cast } from './sheet.js';

export interface Sizes {
  /** The shape of arrays over these axes: i64. */
  readonly shape: (axes: readonly Axis[]) => string;
  /** The number of positions of an axis: i32, without axes. */
  readonly count: (axis: Axis) => string;
  /** Its positions from 0: i32. */
  readonly range: (axis: Axis) => string;
  /** The symbols that no array tells and that were asked for: the graph is to be given them, i64 of one number each. */
  readonly asked: ReadonlySet<string>;
}

/** An array that the graph is given, and its axes. */
export interface Given {
  readonly id: string;
  readonly axes: readonly Axis[];
}

/** By symbols: the first array that is as long, and along which of its axes. */
const carriers = (given: readonly Given[]): ReadonlyMap<Size, readonly [string, number]> =>
  new Map(given.flatMap(({ id, axes }) => axes.map((a, at) => [bound(a), [id, at] as const] as const)).reverse());

export const sizesOf = (book: Book, given: readonly Given[]): Sizes => {
  const found = carriers(given);
  const asked = new Set<string>();
  /** A vector of one number. */
  const measured = (size: string): string => {
    const carrier = found.get(size);
    if (carrier === undefined) {
      asked.add(size);
      return sizeName(size);
    }
    const [id, at] = carrier;
    return book.op('Shape', [id], { start: at, end: at + 1 });
  };
  const shape: Sizes['shape'] = (axes) => {
    const all = axes.map(bound);
    const numbers = all.filter((size) => typeof size === 'number');
    if (numbers.length === all.length) return book.numbers('i64', numbers, [numbers.length]);
    const parts = all.map((size) => (typeof size === 'number' ? book.numbers('i64', [size], [1]) : measured(size)));
    return parts.length === 1 ? parts[0]! : book.op('Concat', parts, { axis: 0 });
  };
  const count: Sizes['count'] = (axis) => {
    const size = bound(axis);
    if (typeof size === 'number') return book.number(size, 'i32');
    const whole = book.op('Squeeze', [measured(size), book.numbers('i64', [0], [1])]);
    return cast(book, whole, 'i32');
  };
  return {
    asked,
    shape,
    count,
    range: (axis) => {
      const size = bound(axis);
      return typeof size === 'number'
        ? book.numbers(
            'i32',
            Array.from({ length: size }, (_, i) => i),
            [size],
          )
        : book.op('Range', [book.number(0, 'i32'), count(axis), book.number(1, 'i32')]);
    },
  };
};
