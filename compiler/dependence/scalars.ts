/** Scalar functions: where each argument is read, and what follows of the result. Total over `ScalarName`. */
import type { ScalarName } from '../../dsl/scalar.js';
import { difference, type Facts, type Linear, madeOf, negative, whereAtMostZero } from './flow.js';
import { EVERYWHERE, join, meet, type Zone } from './zone.js';

export interface ScalarFlow {
  /** For each argument, outside what it has no say in the result. */
  readonly reads: readonly Zone[];
  readonly facts: Facts;
}
/** What a rule does not say of a result follows from what it is made of. */
type Rule = (...args: readonly Facts[]) => { readonly reads: readonly Zone[]; readonly facts: Partial<Facts> };

const everywhere = (args: readonly Facts[]): readonly Zone[] => args.map(() => EVERYWHERE);
const opaque: Rule = (...args) => ({ reads: everywhere(args), facts: {} });
/** f(0) = 0. */
const odd: Rule = (...args) => ({ reads: everywhere(args), facts: { nonzero: args[0]!.nonzero } });
/** f(0, 0) = 0. */
const joint: Rule = (a, b) => ({ reads: [EVERYWHERE, EVERYWHERE], facts: { nonzero: join(a!.nonzero, b!.nonzero) } });

/** Beyond this, sums of whole numbers are not sure to be exact in every element type. */
const EXACT = 2 ** 23;
const linear =
  (f: (a: Linear, b: Linear) => Linear): Rule =>
  (a, b) => {
    const value = a!.linear === null || b!.linear === null ? null : f(a!.linear, b!.linear);
    return {
      reads: [EVERYWHERE, EVERYWHERE],
      facts: {
        nonzero: join(a!.nonzero, b!.nonzero),
        linear: value !== null && Math.abs(value.constant) <= EXACT ? value : null,
      },
    };
  };
const same: Rule = (a) => ({ reads: [EVERYWHERE], facts: a! });

/** A test of two whole numbers: where `holds` and `fails` are at most 0 it may hold, or fail. */
const test =
  (holds: (d: Linear) => readonly Linear[], fails: (d: Linear) => readonly Linear[]): Rule =>
  (a, b) => {
    if (a!.linear === null || b!.linear === null) return { reads: [EVERYWHERE, EVERYWHERE], facts: {} };
    const d = difference(a!.linear, b!.linear);
    return {
      reads: [EVERYWHERE, EVERYWHERE],
      facts: { nonzero: whereAtMostZero(...holds(d)), zero: whereAtMostZero(...fails(d)) },
    };
  };
const below = (d: Linear): Linear => ({ ...d, constant: d.constant + 1 });
const le = (d: Linear): readonly Linear[] => [d];
const lt = (d: Linear): readonly Linear[] => [below(d)];
const ge = (d: Linear): readonly Linear[] => [negative(d)];
const gt = (d: Linear): readonly Linear[] => [below(negative(d))];
const eq = (d: Linear): readonly Linear[] => [d, negative(d)];
const unknown = (): readonly Linear[] => [];

const rules: { readonly [F in ScalarName]: Rule } = {
  add: linear((a, b) => difference(a, negative(b))),
  sub: linear(difference),
  // 0 * x = 0 for finite x: where one factor is 0 by position, the other has no say.
  mul: (a, b) => {
    const nonzero = meet(a!.nonzero, b!.nonzero);
    return { reads: [nonzero, nonzero], facts: { nonzero } };
  },
  max: (a, b) => ({
    reads: [EVERYWHERE, EVERYWHERE],
    facts: { nonzero: join(a!.nonzero, b!.nonzero), real: join(a!.real, b!.real), low: meet(a!.low, b!.low) },
  }),
  div: odd,
  min: joint,
  pow: opaque,
  neg: (a) => ({
    reads: [EVERYWHERE],
    facts: { nonzero: a!.nonzero, zero: a!.zero, linear: a!.linear === null ? null : negative(a!.linear) },
  }),
  exp: opaque,
  log: opaque,
  log1p: odd,
  sqrt: odd,
  rsqrt: opaque,
  sin: odd,
  cos: opaque,
  tanh: odd,
  sigmoid: opaque,
  softplus: opaque,
  erf: odd,
  abs: odd,
  sign: odd,
  floor: odd,
  eq: test(eq, unknown),
  ne: test(unknown, eq),
  lt: test(lt, ge),
  le: test(le, gt),
  gt: test(gt, le),
  ge: test(ge, lt),
  and: (a, b) => {
    const nonzero = meet(a!.nonzero, b!.nonzero);
    return { reads: [nonzero, nonzero], facts: { nonzero, zero: join(a!.zero, b!.zero) } };
  },
  or: (a, b) => {
    const zero = meet(a!.zero, b!.zero);
    return { reads: [b!.zero, a!.zero], facts: { nonzero: join(a!.nonzero, b!.nonzero), zero } };
  },
  not: (a) => ({ reads: [EVERYWHERE], facts: { nonzero: a!.zero, zero: a!.nonzero } }),
  select: (p, a, b) => {
    const either = (of: 'nonzero' | 'zero' | 'real' | 'low'): Zone =>
      join(meet(p!.nonzero, a![of]), meet(p!.zero, b![of]));
    // Where both are 0 it does not matter which is taken.
    return {
      reads: [join(a!.nonzero, b!.nonzero), p!.nonzero, p!.zero],
      facts: { nonzero: either('nonzero'), zero: either('zero'), real: either('real'), low: either('low') },
    };
  },
  // A fraction becomes 0.
  toI32: (a) => ({ reads: [EVERYWHERE], facts: { ...a!, zero: EVERYWHERE } }),
  toF32: same,
};

export const scalarFlow = (fn: ScalarName, args: readonly Facts[]): ScalarFlow => {
  const { reads, facts } = rules[fn](...args);
  return { reads, facts: { ...madeOf(...args), ...facts } };
};
