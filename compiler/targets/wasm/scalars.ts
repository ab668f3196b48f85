/**
 * The scalar functions as WebAssembly, total over `ScalarName`: on one value, and on four lanes. A condition is 0 or 1 as a
 * value, and a mask of all ones in lanes. Functions without an instruction are calls into `math`, on four lanes either way,
 * so that a value does not depend on how its kernel was vectorised.
 */
import { lowest } from '../../../dsl/lowest.js';
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import type { MathName } from './math.js';

export type Lanes = 'one' | 'four';
export type Write = (...args: readonly string[]) => string;
export type Function = { readonly [L in Lanes]: Write };

const op = (name: string): Write => (...args) => `(${name} ${args.join(' ')})`;
const both = (one: string, four: string): Function => ({ one: op(one), four: op(four) });
const float = (name: string): Function => both(`f32.${name}`, `f32x4.${name}`);
const whole = (name: string): Function => both(`i32.${name}`, `i32x4.${name}`);
const splatF = (x: string): string => `(f32x4.splat ${x})`;
const first = (x: string): string => `(f32x4.extract_lane 0 ${x})`;
export const constant = (x: string): string => `(v128.const f32x4 ${x} ${x} ${x} ${x})`;

const call = (name: MathName): Function => ({
  one: (...args) => first(`(call $${name} ${args.map(splatF).join(' ')})`), four: (...args) => `(call $${name} ${args.join(' ')})`,
});
const wave = (turn: number): Function => {
  const at = `(v128.const i32x4 ${turn} ${turn} ${turn} ${turn})`;
  return { one: (x) => first(`(call $wave ${splatF(x!)} ${at})`), four: (x) => `(call $wave ${x} ${at})` };
};
const none = (name: string): Function => {
  const fail = (): never => { throw new Error(`'${name}' has no such form.`); };
  return { one: fail, four: fail };
};

type Row = { readonly [D in DType]: Function };
const numbers = (f: Function, i: Function = none('a function of reals')): Row => ({ f32: f, i32: i, bool: none('a function of numbers') });
const same = (one: string, f: string, i: string): Row => ({ f32: both(`f32.${f}`, `f32x4.${f}`), i32: both(`i32.${i}`, `i32x4.${i}`), bool: both(`i32.${one}`, `i32x4.${one}`) });
const select: Function = { one: (p, a, b) => `(select ${a} ${b} ${p})`, four: (p, a, b) => `(v128.bitselect ${a} ${b} ${p})` };
const logic = (name: string): Row => ({ ...numbers(none(name)), bool: both(`i32.${name}`, `v128.${name}`) });
const scalarMin = (compare: string): Write => (a, b) => `(select ${a} ${b} (${compare} ${a} ${b}))`;

/** By the element type of the last argument. */
export const functions: { readonly [F in ScalarName]: Row } = {
  add: numbers(float('add'), whole('add')), sub: numbers(float('sub'), whole('sub')), mul: numbers(float('mul'), whole('mul')),
  div: numbers(float('div')),
  max: numbers(float('max'), { one: scalarMin('i32.gt_s'), four: op('i32x4.max_s') }),
  min: numbers(float('min'), { one: scalarMin('i32.lt_s'), four: op('i32x4.min_s') }),
  neg: numbers(float('neg'), { one: (a) => `(i32.sub (i32.const 0) ${a})`, four: op('i32x4.neg') }),
  pow: numbers(call('pow')), exp: numbers(call('exp')), log: numbers(call('log')), log1p: numbers(call('log1p')),
  sqrt: numbers(float('sqrt')),
  rsqrt: numbers({ one: (a) => `(f32.div (f32.const 1) (f32.sqrt ${a}))`, four: (a) => `(f32x4.div ${constant('1')} (f32x4.sqrt ${a}))` }),
  sin: numbers(wave(0)), cos: numbers(wave(1)),
  tanh: numbers(call('tanh')), sigmoid: numbers(call('sigmoid')), softplus: numbers(call('softplus')), erf: numbers(call('erf')),
  abs: numbers(float('abs')), sign: numbers(call('sign')), floor: numbers(float('floor')),
  eq: same('eq', 'eq', 'eq'), ne: same('ne', 'ne', 'ne'),
  lt: same('lt_s', 'lt', 'lt_s'), le: same('le_s', 'le', 'le_s'), gt: same('gt_s', 'gt', 'gt_s'), ge: same('ge_s', 'ge', 'ge_s'),
  and: logic('and'), or: logic('or'), not: { ...numbers(none('not')), bool: { one: op('i32.eqz'), four: op('v128.not') } },
  select: { f32: select, i32: select, bool: select },
  toI32: numbers(both('i32.trunc_sat_f32_s', 'i32x4.trunc_sat_f32x4_s')),
  toF32: { ...numbers(none('toF32')), i32: both('f32.convert_i32_s', 'f32x4.convert_i32x4_s') },
};

/** One value on four lanes. */
export const splat: { readonly [D in DType]: Write } = {
  f32: op('f32x4.splat'), i32: op('i32x4.splat'), bool: (x) => `(i32x4.splat (i32.sub (i32.const 0) ${x}))`,
};

export const literalText = (value: number, dtype: DType): string => {
  if (dtype !== 'f32') return `(i32.const ${dtype === 'bool' ? Number(value !== 0) : value | 0})`;
  const text = Number.isNaN(value) ? 'nan' : Math.fround(value) === Infinity ? 'inf' : Math.fround(value) === -Infinity ? '-inf' : Object.is(value, -0) ? '-0' : `${value}`;
  return `(f32.const ${text})`;
};
export const literalLanes = (value: number, dtype: DType): string => {
  const text = dtype === 'bool' ? `${value !== 0 ? -1 : 0}` : dtype === 'i32' ? `${value | 0}` : literalText(value, dtype).slice(11, -1);
  return `(v128.const ${dtype === 'f32' ? 'f32x4' : 'i32x4'} ${text} ${text} ${text} ${text})`;
};

/** What sums and maxima start from and how they go on. */
export const accumulation = {
  sum: { f32: { start: 0, step: functions.add.f32 }, i32: { start: 0, step: functions.add.i32 }, bool: { start: 0, step: functions.or.bool } },
  max: { f32: { start: lowest.f32, step: functions.max.f32 }, i32: { start: lowest.i32, step: functions.max.i32 }, bool: { start: 0, step: functions.or.bool } },
} as const;
