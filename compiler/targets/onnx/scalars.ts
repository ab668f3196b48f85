/** The scalar functions as ONNX has them, or as a few of its own make them. Total over `ScalarName`. */
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import { WAVE_LIMIT } from '../../scalars.js';
import { type Book, cast } from './sheet.js';

type Rule = (b: Book, args: readonly string[], dtype: DType) => string;
const plain =
  (op: string): Rule =>
  (b, args) =>
    b.op(op, args);
const f32 = (b: Book, value: number): string => b.number(value, 'f32');

/** Beyond 2^31 no number, as everywhere. */
const wave =
  (op: string): Rule =>
  (b, [x]) =>
    b.op('Where', [b.op('LessOrEqual', [b.op('Abs', [x!]), f32(b, WAVE_LIMIT)]), b.op(op, [x!]), f32(b, Number.NaN)]);

/** x log(1 + x) / ((1 + x) - 1) has all digits where 1 + x has lost some of x's (Higham 2002, section 1.14.1). */
const log1p: Rule = (b, [x]) => {
  const one = f32(b, 1);
  const sum = b.op('Add', [one, x!]);
  const log = b.op('Log', [sum]);
  const lost = b.op('Sub', [sum, one]);
  const same = b.op('Equal', [lost, f32(b, 0)]);
  const exact = b.op('Div', [b.op('Mul', [x!, log]), b.op('Where', [same, one, lost])]);
  const small = b.op('Less', [b.op('Abs', [x!]), f32(b, 0.5)]);
  return b.op('Where', [small, b.op('Where', [same, x!, exact]), log]);
};

/** Casts say nothing of numbers that do not fit: these are the nearest that do, and 0 for what is no number. */
const toI32: Rule = (b, [x]) => {
  const fits = b.op('Less', [b.op('Abs', [x!]), f32(b, 2 ** 31)]);
  const inner = cast(b, b.op('Where', [fits, x!, f32(b, 0)]), 'i32');
  const ends = b.op('Where', [
    b.op('Less', [x!, f32(b, 0)]),
    b.number(-(2 ** 31), 'i32'),
    b.op('Where', [b.op('Greater', [x!, f32(b, 0)]), b.number(2 ** 31 - 1, 'i32'), b.number(0, 'i32')]),
  ]);
  return b.op('Where', [fits, inner, ends]);
};

/** C says that 1 is every power of 1, and of -1 the infinite ones; here what has no one limit is no number. */
const pow: Rule = (b, [x, y]) => {
  const endless = b.op('Not', [b.op('LessOrEqual', [b.op('Abs', [y!]), f32(b, 3.4028234663852886e38)])]);
  const one = b.op('Equal', [b.op('Abs', [x!]), f32(b, 1)]);
  return b.op('Where', [b.op('And', [one, endless]), f32(b, Number.NaN), b.op('Pow', [x!, y!])]);
};

/** ONNX Runtime's Where knows no truth values. */
const select: Rule = (b, [p, x, y], dtype) =>
  dtype === 'bool'
    ? b.op('Or', [b.op('And', [p!, x!]), b.op('And', [b.op('Not', [p!]), y!])])
    : b.op('Where', [p!, x!, y!]);

const table: { readonly [F in ScalarName]: Rule } = {
  add: plain('Add'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('Div'),
  max: plain('Max'),
  min: plain('Min'),
  pow,
  neg: plain('Neg'),
  exp: plain('Exp'),
  log: plain('Log'),
  log1p,
  sqrt: plain('Sqrt'),
  rsqrt: (b, [x]) => b.op('Reciprocal', [b.op('Sqrt', [x!])]),
  sin: wave('Sin'),
  cos: wave('Cos'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softplus: plain('Softplus'),
  erf: plain('Erf'),
  abs: plain('Abs'),
  sign: plain('Sign'),
  floor: plain('Floor'),
  eq: plain('Equal'),
  ne: (b, args) => b.op('Not', [b.op('Equal', args)]),
  lt: plain('Less'),
  le: plain('LessOrEqual'),
  gt: plain('Greater'),
  ge: plain('GreaterOrEqual'),
  and: plain('And'),
  or: plain('Or'),
  not: plain('Not'),
  select,
  toI32,
  toF32: (b, [x]) => cast(b, x!, 'f32'),
};

/** A scalar function of arrays that broadcast; `dtype` is the result's. */
export const applied = (fn: ScalarName, b: Book, args: readonly string[], dtype: DType): string =>
  table[fn](b, args, dtype);
