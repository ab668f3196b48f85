/**
 * The scalar functions that `map` may apply: arity and element types. Their meaning, derivative and code are in the
 * compiler's table, which is total over these names; their ranges stand at the public functions (`elementwise.ts`), and the tests'
 * table (test/support/ranges.ts) holds every target to them.
 */
export type DType = 'f32' | 'i32' | 'bool';

type Signature = { readonly args: readonly (DType | 'same')[]; readonly result: DType | 'same' };
const signature = <const S extends Signature>(s: S): S => s;

const unary = signature({ args: ['f32'], result: 'f32' });
const binary = signature({ args: ['same', 'same'], result: 'same' });
const comparison = signature({ args: ['same', 'same'], result: 'bool' });
const logical = signature({ args: ['bool', 'bool'], result: 'bool' });

/** `same` stands for one element type, equal wherever it appears in the row (f32 or i32, for `select` any). */
export const scalars = {
  add: binary,
  sub: binary,
  mul: binary,
  max: binary,
  min: binary,
  neg: signature({ args: ['same'], result: 'same' }),
  div: signature({ args: ['f32', 'f32'], result: 'f32' }),
  pow: signature({ args: ['f32', 'f32'], result: 'f32' }),
  exp: unary,
  log: unary,
  log1p: unary,
  sqrt: unary,
  rsqrt: unary,
  sin: unary,
  cos: unary,
  tanh: unary,
  sigmoid: unary,
  softplus: unary,
  erf: unary,
  abs: unary,
  sign: unary,
  floor: unary,
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
  and: logical,
  or: logical,
  not: signature({ args: ['bool'], result: 'bool' }),
  /** select(condition, then, else): only the chosen branch contributes a value or a derivative. */
  select: signature({ args: ['bool', 'same', 'same'], result: 'same' }),
  /** Truncates towards zero; beyond i32 the nearest i32, 0 for what is no number. */
  toI32: signature({ args: ['f32'], result: 'i32' }),
  /** i32 to the nearest f32, exact up to 2^24. */
  toF32: signature({ args: ['i32'], result: 'f32' }),
} as const;

/** The name of a scalar function. */
export type ScalarName = keyof typeof scalars;
