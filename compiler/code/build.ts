/** Constructors of code. They know types, so that what is built is well typed where the text would not tell. */
import type { Amount, Block, Code, Global, Local, Op, Statement, Type } from './tree.js';
import { hasLanes } from './tree.js';

export const local = (wanted: string, type: Type): Local => ({ wanted, type });
/** A local that is read once, where its value may as well be computed. */
export const passing = (wanted: string, type: Type): Local => ({ wanted, type, once: true });
export const get = (of: Local): Code => ({ kind: 'local', local: of, type: of.type });
export const set = (of: Local, value: Code): Statement => ({ kind: 'set', local: of, value });
export const literal = (value: number, type: Type): Code => ({ kind: 'literal', value, type });
export const int = (value: number): Code => literal(value, 'i32');
export const ramp = (from: Amount): Code => ({ kind: 'ramp', from, type: 'i32s' });
/** `count` registers of numbers, and `more`. */
export const registers = (count: number, more = 0): Amount => (count === 0 ? more : { plain: more, lanes: count });
export const scaled = (amount: Amount, by: number): Amount =>
  typeof amount === 'number' ? amount * by : { plain: by * amount.plain, lanes: by * amount.lanes };
export const amount = (of: Amount): Code =>
  typeof of === 'number' ? int(of) : { kind: 'amount', amount: of, type: 'i32' };
const global = (of: Global): Code => ({ kind: 'global', global: of, type: of.kind === 'size' ? 'i32' : 'at' });
export const size = (symbol: string): Code => global({ kind: 'size', symbol });
export const base = (buffer: string): Code => global({ kind: 'base', buffer });
export const end: Code = global({ kind: 'end' });

const condition: Readonly<Partial<Record<Op, true>>> = {
  eq: true,
  ne: true,
  lt: true,
  le: true,
  gt: true,
  ge: true,
  ltUnsigned: true,
};
/** What a comparison of numbers of a type is. */
const masks: { readonly [T in Type]: Type } = {
  f32: 'i32',
  i32: 'i32',
  at: 'i32',
  f32s: 'i32s',
  i32s: 'i32s',
  f64s: 'i64s',
  i64s: 'i64s',
};
/** An operation whose result has the type of its first argument, so a place and a number of bytes make a place; a comparison's is a condition. */
export const op = (name: Op, ...args: readonly [Code, ...Code[]]): Code => {
  const [{ type }] = args;
  return { kind: 'op', op: name, args, type: condition[name] === true ? masks[type] : type };
};
const into = (name: Op, type: Type, arg: Code): Code => ({ kind: 'op', op: name, args: [arg], type });
const alike = (of: Type, lanes: boolean): Type =>
  of === 'f32' || of === 'f32s' ? (lanes ? 'f32s' : 'f32') : lanes ? 'i32s' : 'i32';

export const add = (a: Code, b: Code): Code => op('add', a, b);
export const sub = (a: Code, b: Code): Code => op('sub', a, b);
export const mul = (a: Code, b: Code): Code => op('mul', a, b);
export const select = (test: Code, yes: Code, no: Code): Code => ({
  kind: 'op',
  op: 'select',
  args: [test, yes, no],
  type: yes.type,
});
export const fma = (a: Code, b: Code, c: Code): Code => op('fma', a, b, c);
export const splat = (one: Code): Code => into('splat', alike(one.type, true), one);
export const toI32 = (x: Code): Code => into('toI32', alike('i32', hasLanes(x.type)), x);
export const toF32 = (x: Code): Code => into('toF32', alike('f32', hasLanes(x.type)), x);
/** Half of f32 lanes with the digits of f64, and back into the lower half. */
export const lowerHalf = (x: Code): Code => into('lowerHalf', 'f64s', x);
export const upperHalf = (x: Code): Code => into('upperHalf', 'f64s', x);
export const narrow = (x: Code): Code => into('narrow', 'f32s', x);
export const narrowI32 = (x: Code): Code => into('narrowI32', 'i32s', x);
export const join = (low: Code, high: Code): Code => op('join', low, high);
/** The same bits as another type. */
export const bits = (type: Type, x: Code): Code => (x.type === type ? x : into('bits', type, x));
export const lane = (of: Code, at: number): Code => ({
  kind: 'lane',
  lane: at,
  of,
  type: of.type === 'f32s' ? 'f32' : 'i32',
});
export const foldLanes = (monoid: 'sum' | 'max', x: Code): Code => into(`${monoid}Lanes`, alike(x.type, false), x);
export const call = (fn: string, args: readonly Code[], type: Type, inline: boolean): Code => ({
  kind: 'call',
  fn,
  args,
  type,
  inline,
});

const isSame = (a: Code, b: Code): boolean =>
  a === b ||
  (a.kind === 'local' && b.kind === 'local' && a.local === b.local) ||
  (a.kind === 'literal' && b.kind === 'literal' && a.value === b.value);
/** Of two i32 numbers. */
export const least = (a: Code, b: Code): Code => (isSame(a, b) ? a : select(op('lt', a, b), a, b));
export const most = (a: Code, b: Code): Code => (isSame(a, b) ? a : select(op('gt', a, b), a, b));

/** Of the first lanes alone, where it is given. */
const onFirst = (first: Code | undefined): { readonly first?: Code } => (first === undefined ? {} : { first });
const loading =
  <T extends Type>(apart: number) =>
  (address: Code, offset: Amount, type: T, first?: Code): Code => ({
    kind: 'load',
    address,
    offset,
    type,
    apart,
    ...onFirst(first),
  });
export const load = loading<Type>(4);
export const spread = loading<'f32s' | 'i32s'>(0);
/** Lanes a number of bytes from one another. */
export const strided = (apart: number): typeof spread => loading(apart);
export const gather = (addresses: Code, offset: Amount, type: 'f32s' | 'i32s', first?: Code): Code => ({
  kind: 'gather',
  addresses,
  offset,
  type,
  ...onFirst(first),
});
export const store = (address: Code, offset: Amount, value: Code, first?: Code): Statement => ({
  kind: 'store',
  address,
  offset,
  value,
  ...onFirst(first),
});

export const when = (test: Code, then: Block, otherwise: Block | null = null): Statement => ({
  kind: 'if',
  condition: test,
  then,
  otherwise,
});
/** From where `variable` is, where `from` is null. */
export const loop = (variable: Local, from: Code | null, to: Code, step: Amount, body: Block): Statement => ({
  kind: 'loop',
  variable,
  from,
  to,
  step,
  body,
});

/** Costs nothing to say twice. */
export const isSimple = (code: Code): boolean =>
  (code.kind === 'local' && code.local.once !== true) ||
  code.kind === 'global' ||
  code.kind === 'literal' ||
  code.kind === 'amount';
