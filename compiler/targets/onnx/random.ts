/** Uniform numbers as `runtime/contract/random.ts` defines them, of whole numbers that overflow as ours do. */
import type { Of } from '../../primitives/record.js';
import { hashKey, mixing } from '../../../runtime/contract/random.js';
import { draw } from '../../../runtime/contract/onnx.js';
import { cast } from './sheet.js';
import { mapped, type Pen, positions, type Value, zero } from './value.js';

const number = ({ book }: Pen, value: number): string => book.number(value | 0, 'i32');
const xor = ({ book }: Pen, a: string, b: string): string => book.op('BitwiseXor', [a, b]);
/** Zeros come in from the left, as they do of numbers without a sign alone. */
const unsigned = (pen: Pen, x: string, by: number): string =>
  pen.book.op('BitShift', [cast(pen.book, x, 'u32'), pen.book.numbers('u32', [by])], { direction: 'RIGHT' });

const mixed = (pen: Pen, x: string): string => {
  const round = (h: string, { shift, factor }: (typeof mixing)[number]): string => {
    const folded = xor(pen, h, cast(pen.book, unsigned(pen, h, shift), 'i32'));
    return factor === 1 ? folded : pen.book.op('Mul', [folded, number(pen, factor)]);
  };
  return mixing.reduce(round, x);
};

/** The number at each position: of a counter that runs over the axes in the order of their names. */
export const uniform = (n: Of<'uniform'>, pen: Pen): Value => {
  const counter = n.axes.reduce(
    (sofar, axis) => {
      const size: Value = { id: pen.sizes.count(axis), axes: [], dtype: 'i32' };
      return mapped(pen, 'add', [mapped(pen, 'mul', [sofar, size], 'i32'), positions(pen, axis)], 'i32');
    },
    zero(pen, 'i32'),
  );
  const stream = mixed(
    pen,
    xor(pen, mixed(pen, xor(pen, mixed(pen, draw.seed), draw.step)), number(pen, hashKey(n.key))),
  );
  const spun = pen.book.op('Mul', [counter.id, number(pen, 0x9e3779b9)]);
  const bits = unsigned(pen, mixed(pen, xor(pen, spun, stream)), 8);
  return {
    id: pen.book.op('Mul', [cast(pen.book, bits, 'f32'), pen.book.number(2 ** -24, 'f32')]),
    axes: counter.axes,
    dtype: 'f32',
  };
};
