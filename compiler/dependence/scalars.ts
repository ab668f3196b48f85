/** Scalar functions: where each argument is read, and what follows of the result. Total over `ScalarName`. */
import type { ScalarName } from '../../dsl/scalar.js';
import { ANYTHING, difference, type Facts, type Linear, negative, whereAtMostZero } from './flow.js';
import { EVERYWHERE, join, meet, type Zone } from './zone.js';

export interface ScalarFlow {
  /** For each argument, outside what it has no say in the result. */
  readonly reads: readonly Zone[];
  readonly facts: Facts;
}
type Rule = (...args: readonly Facts[]) => ScalarFlow;

const everywhere = (args: readonly Facts[]): readonly Zone[] => args.map(() => EVERYWHERE);
const opaque: Rule = (...args) => ({ reads: everywhere(args), facts: ANYTHING });
/** f(0) = 0. */
const odd: Rule = (...args) => ({ reads: everywhere(args), facts: { ...ANYTHING, nonzero: args[0]!.nonzero } });
/** f(0, 0) = 0. */
const joint: Rule = (a, b) => ({ reads: [EVERYWHERE, EVERYWHERE], facts: { ...ANYTHING, nonzero: join(a!.nonzero, b!.nonzero) } });

/** Beyond this, sums of whole numbers are not sure to be exact in every element type. */
const EXACT = 2 ** 23;
const linear = (f: (a: Linear, b: Linear) => Linear): Rule => (a, b) => {
  const value = a!.linear === null || b!.linear === null ? null : f(a!.linear, b!.linear);
  return {
    reads: [EVERYWHERE, EVERYWHERE],
    facts: { zero: EVERYWHERE, nonzero: join(a!.nonzero, b!.nonzero), linear: value !== null && Math.abs(value.constant) <= EXACT ? value : null },
  };
};
const same: Rule = (a) => ({ reads: [EVERYWHERE], facts: a! });

/** A test of two whole numbers: where `holds` and `fails` are at most 0 it may hold, or fail. */
const test = (holds: (d: Linear) => readonly Linear[], fails: (d: Linear) => readonly Linear[]): Rule => (a, b) => {
  if (a!.linear === null || b!.linear === null) return { reads: [EVERYWHERE, EVERYWHERE], facts: ANYTHING };
  const d = difference(a!.linear, b!.linear);
  return { reads: [EVERYWHERE, EVERYWHERE], facts: { nonzero: whereAtMostZero(...holds(d)), zero: whereAtMostZero(...fails(d)), linear: null } };
};
const below = (d: Linear): Linear => ({ ...d, constant: d.constant + 1 });
const le = (d: Linear): readonly Linear[] => [d];
const lt = (d: Linear): readonly Linear[] => [below(d)];
const ge = (d: Linear): readonly Linear[] => [negative(d)];
const gt = (d: Linear): readonly Linear[] => [below(negative(d))];
const eq = (d: Linear): readonly Linear[] => [d, negative(d)];
const either = (): readonly Linear[] => [];

export const scalarFlow: { readonly [F in ScalarName]: Rule } = {
  add: linear((a, b) => difference(a, negative(b))),
  sub: linear(difference),
  // 0 * x = 0 for finite x: where one factor is 0 by position, the other has no say.
  mul: (a, b) => {
    const nonzero = meet(a!.nonzero, b!.nonzero);
    return { reads: [nonzero, nonzero], facts: { ...ANYTHING, nonzero } };
  },
  div: odd, max: joint, min: joint, pow: opaque,
  neg: (a) => ({ reads: [EVERYWHERE], facts: { ...a!, linear: a!.linear === null ? null : negative(a!.linear) } }),
  exp: opaque, log: opaque, log1p: odd, sqrt: odd, rsqrt: opaque, sin: odd, cos: opaque, tanh: odd, sigmoid: opaque, softplus: opaque, erf: odd,
  abs: odd, sign: odd, floor: odd,
  eq: test(eq, either), ne: test(either, eq), lt: test(lt, ge), le: test(le, gt), gt: test(gt, le), ge: test(ge, lt),
  and: (a, b) => {
    const nonzero = meet(a!.nonzero, b!.nonzero);
    return { reads: [nonzero, nonzero], facts: { nonzero, zero: join(a!.zero, b!.zero), linear: null } };
  },
  or: (a, b) => {
    const zero = meet(a!.zero, b!.zero);
    return { reads: [b!.zero, a!.zero], facts: { nonzero: join(a!.nonzero, b!.nonzero), zero, linear: null } };
  },
  not: (a) => ({ reads: [EVERYWHERE], facts: { nonzero: a!.zero, zero: a!.nonzero, linear: null } }),
  select: (p, a, b) => {
    const nonzero = join(meet(p!.nonzero, a!.nonzero), meet(p!.zero, b!.nonzero));
    const zero = join(meet(p!.nonzero, a!.zero), meet(p!.zero, b!.zero));
    // Where both are 0 it does not matter which is taken.
    return { reads: [join(a!.nonzero, b!.nonzero), p!.nonzero, p!.zero], facts: { nonzero, zero, linear: null } };
  },
  // A fraction becomes 0.
  toI32: (a) => ({ reads: [EVERYWHERE], facts: { ...a!, zero: EVERYWHERE } }),
  toF32: same,
};

