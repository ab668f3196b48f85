/**
 * The scalar functions: meaning in float64, derivative, cost. Total over `ScalarName`: a function without one of them is
 * a type error. `vjp` gives each argument's share of the cotangent as an expression of the same functions, so that
 * derivatives can be differentiated again; null marks an argument that has none.
 */
import { constant, map } from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import type { DType, ScalarName } from '../dsl/scalar.js';
import { stored } from './stored.js';

export interface Scalar {
  readonly meaning: (...args: readonly number[]) => number;
  readonly vjp: (ct: Node, args: readonly Node[], result: Node) => readonly (Node | null)[];
  /** Operations counted for one evaluation. */
  readonly cost: number;
}

const c = (value: number): Node => constant(value);
const mul = (a: Node, b: Node): Node => map('mul', a, b);
const neg = (a: Node): Node => map('neg', a);
const where = (p: Node, a: Node, b: Node = zeroLike(a)): Node => map('select', p, a, b);
const zeroLike = (a: Node): Node => constant(0, a.dtype);

/** All to `a` where the comparison holds, all to `b` elsewhere. It is made once: of two, both might have it, or neither. */
const chosen = (fn: 'ge' | 'le', ct: Node, a: Node, b: Node): readonly [Node, Node] => {
  const test = map(fn, a, b);
  const first = [a, b].some((x) => x.op === 'constant') ? test : stored(test);
  return [where(first, ct), where(first, zeroLike(ct), ct)];
};

type Vjp1 = (ct: Node, x: Node, y: Node) => Node | null;
type Vjp2 = (ct: Node, a: Node, b: Node, y: Node) => readonly [Node | null, Node | null];
const unary = (meaning: (x: number) => number, cost: number, vjp: Vjp1): Scalar => ({
  meaning: (x) => meaning(x!),
  cost,
  vjp: (ct, [x], y) => [vjp(ct, x!, y)],
});
const binary = (meaning: (a: number, b: number) => number, cost: number, vjp: Vjp2): Scalar => ({
  meaning: (a, b) => meaning(a!, b!),
  cost,
  vjp: (ct, [a, b], y) => vjp(ct, a!, b!, y),
});
/** Piecewise constant: no derivative anywhere. */
const flat = (meaning: (...args: readonly number[]) => number): Scalar => ({
  meaning,
  cost: 1,
  vjp: (_, args) => args.map(() => null),
});
const test = (p: (a: number, b: number) => boolean): Scalar => flat((a, b) => (p(a!, b!) ? 1 : 0));

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** erf by its Taylor series below 2.5, and by the continued fraction of erfc above; absolute error below 1e-15. */
export const erf = (x: number): number => {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * total;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
};

/** Beyond this size neighbouring float32 numbers lie 256 apart, and a wave of them is noise: it is no number, on every target. */
export const WAVE_LIMIT = 2 ** 31;
const wave =
  (f: (x: number) => number) =>
  (x: number): number =>
    Math.abs(x) <= WAVE_LIMIT ? f(x) : NaN;
/** Towards zero, to the nearest i32 there is; 0 for what is no number. */
const saturated = (x: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) | 0;

/** d/da of a^b is b a^(b-1), for every a and b that have a power; at 0^0, where that is 0 times infinity, 0. */
const slopeInBase = (a: Node, b: Node): Node => {
  const less = map('sub', b, c(1));
  const constantly = b.op === 'constant' && b.value !== 0;
  return mul(
    b,
    map('pow', a, constantly ? less : where(map('and', map('eq', a, c(0)), map('eq', b, c(0))), c(1), less)),
  );
};
/** d/db of a^b is a^b log a for a > 0; elsewhere a power is of whole numbers only, or 0, and has none: 0. */
const slopeInExponent = (a: Node, y: Node): Node => {
  const above = map('gt', a, c(0));
  return where(above, mul(map('log', where(above, a, c(1))), y));
};

export const table: { readonly [F in ScalarName]: Scalar } = {
  add: binary(
    (a, b) => a + b,
    1,
    (ct) => [ct, ct],
  ),
  sub: binary(
    (a, b) => a - b,
    1,
    (ct) => [ct, neg(ct)],
  ),
  mul: binary(
    (a, b) => a * b,
    1,
    (ct, a, b) => [mul(ct, b), mul(ct, a)],
  ),
  div: binary(
    (a, b) => a / b,
    4,
    (ct, _, b, y) => [map('div', ct, b), neg(map('div', mul(ct, y), b))],
  ),
  max: binary(Math.max, 1, (ct, a, b) => chosen('ge', ct, a, b)),
  min: binary(Math.min, 1, (ct, a, b) => chosen('le', ct, a, b)),
  pow: binary(Math.pow, 20, (ct, a, b, y) => [mul(ct, slopeInBase(a, b)), mul(ct, slopeInExponent(a, y))]),
  neg: unary(
    (x) => -x,
    1,
    (ct) => neg(ct),
  ),
  exp: unary(Math.exp, 10, (ct, _, y) => mul(ct, y)),
  log: unary(Math.log, 10, (ct, x) => map('div', ct, x)),
  log1p: unary(Math.log1p, 12, (ct, x) => map('div', ct, map('add', c(1), x))),
  /** At 0 the slope is said to be 0, as that of |x| is: so a norm has slope 0 at 0, and to any order. */
  sqrt: unary(Math.sqrt, 4, (ct, _, y) => where(map('eq', y, c(0)), zeroLike(ct), map('div', ct, mul(c(2), y)))),
  rsqrt: unary(
    (x) => 1 / Math.sqrt(x),
    4,
    (ct, _, y) => mul(ct, mul(c(-0.5), mul(y, mul(y, y)))),
  ),
  sin: unary(wave(Math.sin), 15, (ct, x) => mul(ct, map('cos', x))),
  cos: unary(wave(Math.cos), 15, (ct, x) => neg(mul(ct, map('sin', x)))),
  tanh: unary(Math.tanh, 12, (ct, _, y) => mul(ct, map('sub', c(1), mul(y, y)))),
  sigmoid: unary(sigmoid, 12, (ct, _, y) => mul(ct, mul(y, map('sub', c(1), y)))),
  softplus: unary(softplus, 20, (ct, x) => mul(ct, map('sigmoid', x))),
  erf: unary(erf, 20, (ct, x) => mul(ct, mul(c(2 / Math.sqrt(Math.PI)), map('exp', neg(mul(x, x)))))),
  abs: unary(Math.abs, 1, (ct, x) => mul(ct, map('sign', x))),
  sign: flat((x) => Math.sign(x!)),
  floor: flat((x) => Math.floor(x!)),
  eq: test((a, b) => a === b),
  ne: test((a, b) => a !== b),
  lt: test((a, b) => a < b),
  le: test((a, b) => a <= b),
  gt: test((a, b) => a > b),
  ge: test((a, b) => a >= b),
  and: test((a, b) => a !== 0 && b !== 0),
  or: test((a, b) => a !== 0 || b !== 0),
  not: flat((a) => (a === 0 ? 1 : 0)),
  select: {
    meaning: (p, a, b) => (p !== 0 ? a! : b!),
    cost: 1,
    vjp: (ct, [p]) => [null, where(p!, ct), map('select', p!, zeroLike(ct), ct)],
  },
  toI32: flat((x) => saturated(x!)),
  toF32: { meaning: (x) => x!, cost: 1, vjp: () => [null] },
};

/** Where i32 differs: products keep their low 32 bits. */
const whole: { readonly [F in ScalarName]?: Scalar['meaning'] } = { mul: (a, b) => Math.imul(a!, b!) };
/** Results as each element type keeps them: an i32 overflows as two's complement does. */
const kept: { readonly [D in DType]: (x: number) => number } = {
  f32: (x) => x,
  i32: (x) => x | 0,
  bool: (x) => (x !== 0 ? 1 : 0),
};
/** What a function of these numbers is worth, as a value of the element type `dtype` of its result. */
export const worth = (fn: ScalarName, dtype: DType): Scalar['meaning'] => {
  const meaning = dtype === 'i32' ? (whole[fn] ?? table[fn].meaning) : table[fn].meaning;
  return (...args) => kept[dtype](meaning(...args));
};
