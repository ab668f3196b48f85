/** The scalar functions as jax.numpy and lax have them, or as helpers of the module make them. Total over `ScalarName`. */
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import { lowest } from '../../../dsl/lowest.js';
import { type Helper } from './helpers.js';
import { atom, call, infix, known, number, type Piece, prefix, suffixed } from './piece.js';

/** Writes a helper into the module and gives its name. */
export type Uses = (helper: Helper) => string;
type Rule = (args: readonly Piece[], uses: Uses) => Piece;
const plain =
  (name: string): Rule =>
  (args) =>
    call(name, ...args);
const binary =
  (...of: Parameters<typeof infix>): Rule =>
  ([a, b]) =>
    infix(...of)(a!, b!);
const helped =
  (helper: Helper): Rule =>
  (args, uses) =>
    call(uses(helper), ...args);

/** Of a base of size 1 alone does C say what has no one limit. */
const pow: Rule = ([x, y], uses) =>
  (x!.number !== undefined && Math.abs(x!.number) !== 1) || Number.isFinite(y!.number)
    ? call('jnp.power', x!, y!)
    : call(uses('power'), x!, y!);
const cast =
  (type: string): Rule =>
  ([x]) =>
    x!.known === true ? call(`jnp.${type}`, x!) : suffixed(x!, `.astype(jnp.${type})`);

const table: { readonly [F in ScalarName]: Rule } = {
  add: binary('+', 'sum'),
  sub: binary('-', 'sum'),
  mul: binary('*', 'product'),
  div: binary('/', 'product'),
  max: plain('jnp.maximum'),
  min: plain('jnp.minimum'),
  pow,
  neg: ([x]) => prefix('-')(x!),
  exp: plain('jnp.exp'),
  log: plain('jnp.log'),
  log1p: plain('jnp.log1p'),
  sqrt: plain('jnp.sqrt'),
  rsqrt: plain('lax.rsqrt'),
  sin: helped('sine'),
  cos: helped('cosine'),
  tanh: plain('jnp.tanh'),
  sigmoid: plain('lax.logistic'),
  softplus: ([x]) => call('jnp.logaddexp', x!, '0.0'),
  erf: plain('lax.erf'),
  abs: plain('jnp.abs'),
  sign: plain('jnp.sign'),
  floor: plain('jnp.floor'),
  eq: binary('==', 'comparison'),
  ne: binary('!=', 'comparison'),
  lt: binary('<', 'comparison'),
  le: binary('<=', 'comparison'),
  gt: binary('>', 'comparison'),
  ge: binary('>=', 'comparison'),
  and: binary('&', 'and'),
  or: binary('|', 'or'),
  not: ([x]) => prefix('~')(x!),
  select: plain('jnp.where'),
  /** XLA's casts saturate, and make 0 of what is no number. */
  toI32: cast('int32'),
  toF32: cast('float32'),
};

export const types: { readonly [D in DType]: string } = { f32: 'float32', i32: 'int32', bool: 'bool_' };

const f32 = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'jnp.nan' : value < 0 ? '-jnp.inf' : 'jnp.inf';
  const text = Object.is(value, -0) ? '-0' : `${value}`;
  return text.includes('.') || text.includes('e') ? text : `${text}.0`;
};

/** A number as it stands in the text; the least of all by the name that it has there. */
export const literal = (value: number, dtype: DType, uses: Uses): Piece =>
  dtype === 'bool'
    ? known(value === 0 ? 'False' : 'True')
    : dtype === 'f32' && value === lowest.f32
      ? known(uses('LOWEST'))
      : number(value, dtype === 'f32' ? f32(value) : `${value}`);

/** A scalar function of arrays that broadcast. Of nothing but numbers it is an array all the same. */
export const applied = (
  fn: ScalarName,
  args: readonly { readonly piece: Piece; readonly dtype: DType }[],
  uses: Uses,
) => {
  const pieces = args.map((a) => a.piece);
  const sized = fn === 'add' || fn === 'sub' || fn === 'mul';
  if (!pieces.every((p) => p.known === true) || (sized && args[0]!.dtype === 'i32') || fn === 'toF32' || fn === 'toI32')
    return table[fn](pieces, uses);
  return table[fn]([arrayOf(args[0]!), ...pieces.slice(1)], uses);
};

/** A value that Python knows as one of JAX. */
export const arrayOf = ({ piece, dtype }: { readonly piece: Piece; readonly dtype: DType }): Piece =>
  piece.known === true ? atom(`jnp.${types[dtype]}(${piece.text})`) : piece;
