/**
 * The scalar functions as kernel source, total over `ScalarName`. Every target language here is float32 without promises
 * about infinities, so nothing may overflow on the way to a finite result: what a language does not have so is a helper function.
 */
import type { ScalarName } from '../../../dsl/scalar.js';
import type { HelperName } from './helpers.js';
import { call, help, integer, operation, type Piece } from './piece.js';

/** The code of a call from the code of its arguments. */
export type Write = (...args: readonly Piece[]) => Piece;
type Table = { readonly [F in ScalarName]: Write };

const infix =
  (operator: string): Write =>
  (a, b) =>
    operation`${a} ${operator} ${b}`;
const math =
  (fn: string): Write =>
  (...args) =>
    call(`Math.${fn}`, ...args);
const helper =
  (fn: HelperName): Write =>
  (...args) =>
    help(fn, ...args);

export const floats: Table = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  max: math('max'),
  min: math('min'),
  neg: (a) => operation`-${a}`,
  pow: helper('power'),
  exp: math('exp'),
  log: math('log'),
  log1p: helper('logOnePlus'),
  sqrt: math('sqrt'),
  rsqrt: (a) => operation`1 / ${math('sqrt')(a)}`,
  sin: (a) => help('wave', a, integer(0)),
  cos: (a) => help('wave', a, integer(1)),
  tanh: helper('hyperbolicTangent'),
  sigmoid: helper('sigmoid'),
  softplus: helper('softplus'),
  erf: helper('errorFunction'),
  abs: math('abs'),
  sign: helper('signOf'),
  floor: math('floor'),
  eq: infix('==='),
  ne: infix('!=='),
  lt: infix('<'),
  le: infix('<='),
  gt: infix('>'),
  ge: infix('>='),
  and: infix('&&'),
  or: infix('||'),
  not: (a) => operation`!${a}`,
  select: (p, a, b) => operation`${p} ? ${a} : ${b}`,
  toI32: helper('truncate'),
  /** Dividing is what makes a float of an integer in gpu.js; `* 1` would stay an integer. */
  toF32: (a) => operation`${a} / 1`,
};

/**
 * The same for conditions. gpu.js takes `a >= b`, `a <= b` and `a === b` to have the type of `a`, so a condition must never
 * stand where its type is asked for: as an operand of `===`, a branch of `?:`, the value of a `const`.
 */
export const conditions: Table = {
  ...floats,
  eq: (a, b) => operation`(${a} && ${b}) || (!${a} && !${b})`,
  ne: (a, b) => operation`(${a} && !${b}) || (!${a} && ${b})`,
  select: (p, a, b) => operation`(${p} && ${a}) || (!${p} && ${b})`,
};

/** The same for i32 in a gpu.js kernel, which takes a choice between integer literals to be what it is not, and mixes no types in GLSL: a choice is a float. */
export const counts: Table = { ...floats, select: (p, a, b) => operation`${p} ? ${a} / 1 : ${b} / 1` };

/** The same on the host for i32 values: two's complement, as WebAssembly and the reference have it. */
export const integers: Table = {
  ...floats,
  add: (a, b) => operation`${a} + ${b} | 0`,
  sub: (a, b) => operation`${a} - ${b} | 0`,
  mul: math('imul'),
  neg: (a) => operation`-${a} | 0`,
  toI32: (a) => operation`${math('max')(integer(-2147483648), math('min')(integer(2147483647), a))} | 0`,
};
