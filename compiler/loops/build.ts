/** Constructors of loop-level expressions; they fold the literals that would only be noise in generated code. */
import { type DType, type ScalarName, scalars } from '../../dsl/scalar.js';
import type { Expr } from './ir.js';

export const dtypeOf = (e: Expr): DType => {
  switch (e.kind) {
    case 'index':
    case 'extent':
      return 'i32';
    case 'uniform':
      return 'f32';
    default:
      return e.dtype;
  }
};

export const literal = (value: number, dtype: DType = 'f32'): Expr => ({ kind: 'literal', value, dtype });
export const integer = (value: number): Expr => literal(value, 'i32');
const isLiteral = (e: Expr, value: number): boolean => e.kind === 'literal' && e.value === value;

/** Rows that make an i32 expression shorter; floats are the simplifier's business. */
const folded = (fn: ScalarName, args: readonly Expr[]): Expr | null => {
  const [a, b] = args;
  if (a === undefined || b === undefined || dtypeOf(a) !== 'i32') return null;
  if (a.kind === 'literal' && b.kind === 'literal') {
    if (fn === 'add') return integer(a.value + b.value);
    if (fn === 'sub') return integer(a.value - b.value);
    if (fn === 'mul') return integer(a.value * b.value);
  }
  if ((fn === 'add' || fn === 'sub') && isLiteral(b, 0)) return a;
  if (fn === 'add' && isLiteral(a, 0)) return b;
  if (fn === 'mul' && (isLiteral(a, 0) || isLiteral(b, 1))) return a;
  if (fn === 'mul' && (isLiteral(b, 0) || isLiteral(a, 1))) return b;
  return null;
};

export const apply = (fn: ScalarName, ...args: readonly Expr[]): Expr => {
  const { result } = scalars[fn];
  return (
    folded(fn, args) ?? { kind: 'apply', fn, args, dtype: result === 'same' ? dtypeOf(args[args.length - 1]!) : result }
  );
};

export const all = (conditions: readonly Expr[]): Expr | null =>
  conditions.length === 0 ? null : conditions.reduce((a, b) => apply('and', a, b));

export const guard = (condition: Expr | null, then: Expr): Expr =>
  condition === null
    ? then
    : { kind: 'guard', condition, then, otherwise: literal(0, dtypeOf(then)), dtype: dtypeOf(then) };
