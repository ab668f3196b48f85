/**
 * What a primitive says of dependence: which cells of its arguments a cell of its own reads, and what is known of its values
 * from positions alone. Names in zones are axes; `~axis` is an argument's position along an axis that the result has too,
 * `@axis` the position read in an input.
 */
import type { Axis } from '../../dsl/axis.js';
import { LOWEST } from '../../dsl/lowest.js';
import type { Node } from '../../dsl/node.js';
import { type Constraint, EVERYWHERE, NOWHERE, ORIGIN, type Zone, zone } from './zone.js';

export const fresh = (axis: string): string => `~${axis}`;
export const inInput = (axis: string): string => `@${axis}`;

/** A value that is sum(plus) - sum(minus) + constant of positions. */
export interface Linear {
  readonly plus: readonly string[];
  readonly minus: readonly string[];
  readonly constant: number;
}

/** What is known of a tensor's values, whatever the data. */
export interface Facts {
  /** Outside this the value is 0 (or false). */
  readonly nonzero: Zone;
  /** Outside this the value is not 0 (or is true). */
  readonly zero: Zone;
  readonly linear: Linear | null;
  /** Outside this the value stands for minus infinity, as what a mask keeps out of a maximum does. */
  readonly real: Zone;
  /** Outside this it does not; data is taken not to. */
  readonly low: Zone;
}
export const ANYTHING: Facts = { nonzero: EVERYWHERE, zero: EVERYWHERE, linear: null, real: EVERYWHERE, low: NOWHERE };
/** Of a value made of these. */
export const madeOf = (...args: readonly Facts[]): Facts =>
  args.every(({ low }) => low === NOWHERE) ? ANYTHING : { ...ANYTHING, low: EVERYWHERE };

/**
 * A cell reads the cells of `arg` at its own position along the axes that both have, and at any position along the others;
 * of these only those in `where`, a zone over the axes of both.
 */
export interface Edge {
  readonly arg: Node;
  readonly where?: Zone;
  /** Axes of both along which another position is read than one's own: `where` calls the argument's position `~axis`. */
  readonly moved?: readonly string[];
  /** The axes whose positions are gone through, where they are more than those of `arg`: only positions that exist count. */
  readonly through?: readonly Axis[];
}

export interface Flow {
  readonly edges: readonly Edge[];
  readonly facts: Facts;
  /** What the node itself reads: the name of an input, and the zone over `@axis` and its own axes. */
  readonly input?: { readonly name: string; readonly where: Zone };
}

const without = (from: readonly string[], what: readonly string[]): readonly string[] => {
  const left = [...what];
  return from.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
};

/** a - b. */
export const difference = (a: Linear, b: Linear): Linear => {
  const plus = [...a.plus, ...b.minus];
  const minus = [...a.minus, ...b.plus];
  return { plus: without(plus, minus), minus: without(minus, plus), constant: a.constant - b.constant };
};
export const negative = ({ plus, minus, constant }: Linear): Linear => ({
  plus: minus,
  minus: plus,
  constant: 0 - constant,
});

/** Where x <= 0, as far as a difference of two positions can say. */
export const atMostZero = ({ plus, minus, constant }: Linear): readonly Constraint[] | null =>
  plus.length <= 1 && minus.length <= 1 ? [[plus[0] ?? ORIGIN, minus[0] ?? ORIGIN, 0 - constant]] : null;

/** Where all of these linear values are at most 0. */
export const whereAtMostZero = (...values: readonly Linear[]): Zone =>
  zone(...values.flatMap((v) => atMostZero(v) ?? []));

export const constantFacts = (value: number): Facts => ({
  nonzero: value === 0 ? NOWHERE : EVERYWHERE,
  zero: value === 0 ? EVERYWHERE : NOWHERE,
  real: value <= LOWEST ? NOWHERE : EVERYWHERE,
  low: value <= LOWEST ? EVERYWHERE : NOWHERE,
  linear: Number.isInteger(value) && Math.abs(value) <= 2 ** 23 ? { plus: [], minus: [], constant: value } : null,
});

/** The position `axis` is where `value` says, if it says it in terms of one position. */
export const positionIs = (axis: string, value: Linear | null): Zone => {
  if (value === null) return EVERYWHERE;
  const beyond = difference({ plus: [axis], minus: [], constant: 0 }, value);
  return whereAtMostZero(beyond, negative(beyond));
};
