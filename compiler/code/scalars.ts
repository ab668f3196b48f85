/**
 * The scalar functions as code, total over `ScalarName`: on one number, and on all lanes. A function that no processor has is a
 * call into `math`, on all lanes either way, so that a value does not depend on how its kernel was vectorised.
 */
import { lowest } from '../../dsl/lowest.js';
import type { DType, ScalarName } from '../../dsl/scalar.js';
import { call, int, lane, least, literal, most, op, select, splat, sub, toF32, toI32 } from './build.js';
import type { MathName } from './math.js';
import { type Code, hasLanes, type Op, type Type } from './tree.js';

/** From the code of its arguments; `inline` where few cells ask, so that a function is worth writing out. */
export type Apply = (args: readonly Code[], inline: boolean) => Code;

const plain =
  (name: Op): Apply =>
  ([first, ...rest]) =>
    op(name, first!, ...rest);
const of =
  (f: (...args: readonly Code[]) => Code): Apply =>
  (args) =>
    f(...args);
/** On lanes as the processor has it, on one number as `one` says. */
const apart =
  (one: Apply, lanes: Apply): Apply =>
  (args, inline) =>
    (hasLanes(args[0]!.type) ? lanes : one)(args, inline);

const onLanes =
  (name: MathName, ...more: readonly Code[]): Apply =>
  (args, inline) =>
    hasLanes(args[0]!.type)
      ? call(name, [...args, ...more], 'f32s', inline)
      : lane(call(name, [...args.map(splat), ...more], 'f32s', inline), 0);
const none =
  (name: string): Apply =>
  () => {
    throw new Error(`'${name}' has no such form.`);
  };

const smallestNormal = 2 ** -126;
/** A product takes a fraction of what a division does: divided by a constant, a number is multiplied, where both are numbers of full precision. */
const quotient: Apply = ([a, b]) => {
  if (b!.kind !== 'literal') return op('div', a!, b!);
  const inverse = 1 / Math.fround(b!.value);
  return [b!.value, inverse].every((x) => Math.abs(x) >= smallestNormal && Math.abs(x) < 1 / smallestNormal)
    ? op('mul', a!, literal(Math.fround(inverse), b!.type))
    : op('div', a!, b!);
};

type Row = { readonly [D in DType]: Apply };
const numbers = (f: Apply, i: Apply = none('a function of reals')): Row => ({
  f32: f,
  i32: i,
  bool: none('a function of numbers'),
});
const every = (apply: Apply): Row => ({ f32: apply, i32: apply, bool: apply });
const both = (name: Op): Row => numbers(plain(name), plain(name));
const logic = (name: Op): Row => ({ ...numbers(none(name)), bool: plain(name) });
const one = (x: Code): Code => literal(1, x.type);

/** By the element type of the last argument. */
export const functions: { readonly [F in ScalarName]: Row } = {
  add: both('add'),
  sub: both('sub'),
  mul: both('mul'),
  div: numbers(quotient),
  max: numbers(
    plain('max'),
    apart(
      of((a, b) => most(a!, b!)),
      plain('max'),
    ),
  ),
  min: numbers(
    plain('min'),
    apart(
      of((a, b) => least(a!, b!)),
      plain('min'),
    ),
  ),
  neg: numbers(
    plain('neg'),
    apart(
      of((a) => sub(int(0), a!)),
      plain('neg'),
    ),
  ),
  pow: numbers(onLanes('pow')),
  exp: numbers(onLanes('exp')),
  log: numbers(onLanes('log')),
  log1p: numbers(onLanes('log1p')),
  sqrt: numbers(plain('sqrt')),
  rsqrt: numbers(of((a) => op('div', one(a!), op('sqrt', a!)))),
  sin: numbers(onLanes('wave', literal(0, 'i32s'))),
  cos: numbers(onLanes('wave', literal(1, 'i32s'))),
  tanh: numbers(onLanes('tanh')),
  sigmoid: numbers(onLanes('sigmoid')),
  softplus: numbers(onLanes('softplus')),
  erf: numbers(onLanes('erf')),
  abs: numbers(plain('abs')),
  sign: numbers(onLanes('sign')),
  floor: numbers(plain('floor')),
  eq: every(plain('eq')),
  ne: every(plain('ne')),
  lt: every(plain('lt')),
  le: every(plain('le')),
  gt: every(plain('gt')),
  ge: every(plain('ge')),
  and: logic('and'),
  or: logic('or'),
  not: logic('not'),
  select: every(of((p, a, b) => select(p!, a!, b!))),
  toI32: numbers(of((x) => toI32(x!))),
  toF32: { ...numbers(none('toF32')), i32: of((x) => toF32(x!)) },
};

/** The type of a value of the element type in code; conditions are i32. */
export const typeOf = (dtype: DType, lanes: boolean): Type =>
  dtype === 'f32' ? (lanes ? 'f32s' : 'f32') : lanes ? 'i32s' : 'i32';

/** A literal as one number or on all lanes. */
export const constant = (value: number, dtype: DType, lanes: boolean): Code =>
  literal(
    dtype === 'f32' ? value : dtype === 'i32' ? value | 0 : value === 0 ? 0 : lanes ? -1 : 1,
    typeOf(dtype, lanes),
  );

/** One value on all lanes; a condition becomes a mask. */
export const onAllLanes = (x: Code, dtype: DType): Code => splat(dtype === 'bool' ? sub(int(0), x) : x);

/** What sums and maxima start from and how they go on. */
export const accumulation = {
  sum: {
    f32: { start: 0, step: functions.add.f32 },
    i32: { start: 0, step: functions.add.i32 },
    bool: { start: 0, step: functions.or.bool },
  },
  max: {
    f32: { start: lowest.f32, step: functions.max.f32 },
    i32: { start: lowest.i32, step: functions.max.i32 },
    bool: { start: 0, step: functions.or.bool },
  },
} as const;
