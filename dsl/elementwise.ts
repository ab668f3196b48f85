/**
 * Operations at every position. Operands broadcast: the result has the union of their axes. A number stands for itself at
 * every position, in the element type of the other operand. Every binary operation reads both ways:
 * `sub(a, b)` and `pipe(a, sub(b))` are a - b.
 *
 * Values are float32. Where nothing else is said, a function takes every number there is: what overflows is infinite, what has
 * no value (the root or logarithm of a negative number, 0 / 0) is no number, NaN, and what is computed from NaN is NaN; a comparison
 * with it fails, `ne` holds. On `wasm`, `webasm` and `cpu` results are within 1e-6 of the true ones, relatively, and these
 * rules hold to the letter (test/support/ranges.ts is the table); shading languages (`webgpu`, `webgl2`) promise nothing of
 * infinities, NaN and numbers below 1.2e-38, and exp, log and pow to 2e-5. i32 wraps around as two's complement does.
 */
import { constant, map } from './build.js';
import type { Node } from './node.js';
import type { DType, ScalarName } from './scalar.js';
import { type Tensor, typed } from './tensor.js';

/** The element types that one can calculate with. */
export type NumberType = 'f32' | 'i32';
/** A tensor, or a number that takes the element type of what it meets. */
export type Operand<A extends string, D extends DType = 'f32'> = Tensor<A, D> | number;

/** Numbers take the element type of the first tensor among the operands (f32 where there is none). */
const lift = (operands: readonly (Node | number)[]): readonly Node[] => {
  const dtype = operands.find((x) => typeof x !== 'number')?.dtype ?? 'f32';
  return operands.map((x) => (typeof x === 'number' ? constant(x, dtype) : x));
};

// The data-last forms come first: where a call has errors, tsc goes on with the first form that takes as many arguments.
// NoInfer keeps a result's expected type from deciding what the operands are.
interface Arithmetic<N extends DType> {
  (b: number): <A extends string, D extends N>(a: Tensor<A, D>) => Tensor<A, D>;
  <B extends string, D extends N>(b: Tensor<B, D>): <A extends string>(a: Tensor<A, D>) => Tensor<NoInfer<A | B>, D>;
  <A extends string = never, B extends string = never, D extends N = Extract<'f32', N>>(
    a: Operand<A, D>,
    b: Operand<B, D>,
  ): Tensor<NoInfer<A | B>, D>;
}
interface Comparison {
  (b: number): <A extends string, D extends NumberType>(a: Tensor<A, D>) => Tensor<A, 'bool'>;
  <B extends string, D extends NumberType>(
    b: Tensor<B, D>,
  ): <A extends string>(a: Tensor<A, D>) => Tensor<NoInfer<A | B>, 'bool'>;
  <A extends string = never, B extends string = never, D extends NumberType = 'f32'>(
    a: Operand<A, D>,
    b: Operand<B, D>,
  ): Tensor<NoInfer<A | B>, 'bool'>;
}
interface Logical {
  <B extends string>(b: Tensor<B, 'bool'>): <A extends string>(a: Tensor<A, 'bool'>) => Tensor<NoInfer<A | B>, 'bool'>;
  <A extends string, B extends string>(a: Tensor<A, 'bool'>, b: Tensor<B, 'bool'>): Tensor<NoInfer<A | B>, 'bool'>;
}

const binary =
  (fn: ScalarName) =>
  (...operands: readonly (Node | number)[]): unknown =>
    operands.length === 1 ? (a: Node) => map(fn, ...lift([a, ...operands])) : map(fn, ...lift(operands));
const arithmetic = (fn: ScalarName) => binary(fn) as Arithmetic<NumberType>;
const real = (fn: ScalarName) => binary(fn) as Arithmetic<'f32'>;
const comparison = (fn: ScalarName) => binary(fn) as Comparison;
const logical = (fn: ScalarName) => binary(fn) as Logical;
const unary =
  (fn: ScalarName) =>
  <A extends string>(x: Tensor<A>): Tensor<A> =>
    typed<A>(map(fn, x));

/** a + b. Axes: the union; i32 modulo 2^32. */
export const add = arithmetic('add');
/** a - b. Axes: the union; i32 modulo 2^32. */
export const sub = arithmetic('sub');
/** a * b, entry by entry (`dot` is the product that sums). Axes: the union; i32 modulo 2^32. */
export const mul = arithmetic('mul');
/** a / b, f32 only: cast whole numbers first (`toF32`). a / 0 is infinite, 0 / 0 NaN. Axes: the union. */
export const div = real('div');
/**
 * a^b for a >= 0, and for a < 0 with a whole b; else NaN. a^0 is 1, 0^b infinite for b < 0. The derivative by a is b a^(b-1)
 * wherever there is a power (at 0, infinite for b < 1); that by b is a^b log a for a > 0, and 0 elsewhere. On `webgpu` and `webgl2`
 * the relative error grows by 5e-7 for each unit of |b|.
 */
export const pow = real('pow');
/** The larger of two values at each position (`max` is the reduction); NaN if either is. Axes: the union. */
export const maximum = arithmetic('max');
/** The smaller of two values at each position; NaN if either is. Axes: the union. */
export const minimum = arithmetic('min');

/** Whether a = b, as bool; without a derivative, like all comparisons. Axes: the union. */
export const eq = comparison('eq');
/** Whether a and b differ, which NaN does from everything. Axes: the union. */
export const ne = comparison('ne');
/** Whether a < b. `pipe(a, lt(b))` is the same. Axes: the union. */
export const lt = comparison('lt');
/** Whether a <= b. Axes: the union. */
export const le = comparison('le');
/** Whether a > b. Axes: the union. */
export const gt = comparison('gt');
/** Whether a >= b. Axes: the union. */
export const ge = comparison('ge');

/** Whether both hold. Axes: the union; bool. */
export const and = logical('and');
/** Whether one of the two holds, or both. Axes: the union; bool. */
export const or = logical('or');
/** Whether it does not hold; bool. */
export const not = <A extends string>(x: Tensor<A, 'bool'>): Tensor<A, 'bool'> => typed<A, 'bool'>(map('not', x));

/** -x, of f32 or i32. */
export const neg = <A extends string, D extends NumberType>(x: Tensor<A, D>): Tensor<A, D> =>
  typed<A, D>(map('neg', x));
/** e^x: infinite from 88.73, 0 below -104. */
export const exp = unary('exp');
/** The natural logarithm of x > 0; log 0 is -Infinity, NaN below. */
export const log = unary('log');
/** log(1 + x) for x > -1, exact near 0; -Infinity at -1, NaN below. */
export const log1p = unary('log1p');
/** The square root of x >= 0, else NaN. The derivative at 0 is said to be 0. */
export const sqrt = unary('sqrt');
/** 1 / sqrt(x) for x > 0; infinite at 0, NaN below. */
export const rsqrt = unary('rsqrt');
/**
 * The sine of an angle in radians, for |x| <= 2^31, to 1e-6 of the sine of the float32 number x; NaN beyond, where neighbouring numbers lie 256 apart.
 * Seconds lose the time of day long before: float32 counts them by 128 around today's dates. Subtract a start first.
 */
export const sin = unary('sin');
/** The cosine of an angle in radians, in the range of `sin`. */
export const cos = unary('cos');
/** The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; in [-1, 1]. */
export const erf = unary('erf');
/** |x|. The derivative at 0 is 0. */
export const abs = unary('abs');
/** The sign: -1, 0 or 1. The derivative is 0 everywhere. */
export const sign = unary('sign');
/** The largest whole number that is not above x. The derivative is 0 everywhere. */
export const floor = unary('floor');
/** x^2, with the derivative 2x. */
export const square = <A extends string>(x: Tensor<A>): Tensor<A> => typed<A>(map('mul', x, x));

/** Truncates towards zero; beyond i32 the nearest i32, 0 for NaN. Without a derivative. */
export const toI32 = <A extends string>(x: Tensor<A>): Tensor<A, 'i32'> => typed<A, 'i32'>(map('toI32', x));
/** As f32, the nearest there is: exact up to 2^24. Without a derivative. */
export const toF32 = <A extends string>(x: Tensor<A, 'i32'>): Tensor<A> => typed<A>(map('toF32', x));

/** The value everywhere; axes none. Operations accept plain numbers, so this is needed only where a tensor is asked for. */
export const scalar = (value: number): Tensor<never> => typed<never>(constant(value));

interface Where {
  <C extends string>(
    condition: Tensor<C, 'bool'>,
    otherwise?: number,
  ): <A extends string, D extends NumberType>(then: Tensor<A, D>) => Tensor<NoInfer<A | C>, D>;
  <C extends string, B extends string, D extends DType>(
    condition: Tensor<C, 'bool'>,
    otherwise: Tensor<B, D>,
  ): <A extends string>(then: Tensor<A, D>) => Tensor<NoInfer<A | B | C>, D>;
  <C extends string, A extends string = never, B extends string = never, D extends DType = 'f32'>(
    condition: Tensor<C, 'bool'>,
    then: Operand<A, D>,
    otherwise: Operand<B, D>,
  ): Tensor<NoInfer<A | B | C>, D>;
}
/**
 * `where(condition, then, otherwise)`, or `pipe(then, where(condition))` with `otherwise` 0. Only the chosen branch
 * contributes a value or a derivative, and a condition on positions (`causal(seq, key)`) shortens the loops that read it.
 */
export const where = ((condition: Node, ...rest: readonly (Node | number)[]): unknown =>
  rest.length === 2
    ? map('select', condition, ...lift(rest))
    : (then: Node) => map('select', condition, ...lift([then, rest[0] ?? 0]))) as Where;
