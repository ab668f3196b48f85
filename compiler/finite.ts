/**
 * Which values are numbers whatever happens: neither infinite nor NaN. Sums and products of finite numbers count as finite
 * (a model whose products overflow has diverged); functions that make infinities of ordinary numbers do only where their
 * argument is known to keep away from there.
 */
import * as build from '../dsl/build.js';
import type { MapNode, Node } from '../dsl/node.js';
import { LOWEST } from './primitives/reduction.js';
import { table } from './scalars.js';

export interface Facts {
  readonly low: number;
  readonly high: number;
  /** Never NaN. */
  readonly number: boolean;
  readonly finite: boolean;
}
/** What is known of leaves: `trained`, that parameters are finite, as they are until training diverges; `none`, nothing. Inputs may hold anything. */
export type Contract = 'trained' | 'none';

const between = (low: number, high: number, finite = true, number = finite): Facts => ({ low, high, finite, number: number || finite });
const UNKNOWN = between(-Infinity, Infinity, false);
const FINITE = between(-Infinity, Infinity);
const hull = (a: Facts, b: Facts): Facts => between(Math.min(a.low, b.low), Math.max(a.high, b.high), a.finite && b.finite, a.number && b.number);
const ZERO = between(0, 0);
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
/** exp of more overflows float32. */
const MOST_EXPONENT = 88;

const rising = (f: (x: number) => number, a: Facts, finite: boolean): Facts => between(f(a.low), f(a.high), finite, a.number);
type Rule = (a: Facts, b: Facts, n: MapNode) => Facts;
const bounded = (low: number, high: number): Rule => (a) => between(low, high, a.number);
const rules: { readonly [F in MapNode['fn']]?: Rule } = {
  add: (a, b) => between(a.low + b.low, a.high + b.high, a.finite && b.finite),
  sub: (a, b) => between(a.low - b.high, a.high - b.low, a.finite && b.finite),
  mul: (a, b, n) => {
    const ends = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
    return between(n.args[0] === n.args[1] ? Math.max(0, Math.min(...ends)) : Math.min(...ends), Math.max(...ends), a.finite && b.finite);
  },
  div: (a, b) => {
    const away = b.low > 0 || b.high < 0;
    const low = a.low >= 0 && b.low >= 0 ? 0 : -Infinity;
    return between(low, low === 0 && b.low > 0 ? a.high / b.low : Infinity, a.finite && b.finite && away);
  },
  max: (a, b) => between(Math.max(a.low, b.low), Math.max(a.high, b.high), a.finite && b.finite, a.number && b.number),
  min: (a, b) => between(Math.min(a.low, b.low), Math.min(a.high, b.high), a.finite && b.finite, a.number && b.number),
  neg: (a) => between(-a.high, -a.low, a.finite, a.number),
  abs: (a) => between(Math.max(0, a.low), Math.max(-a.low, a.high), a.finite, a.number),
  exp: (a) => rising(Math.exp, a, a.number && a.high <= MOST_EXPONENT),
  log: (a) => rising((x) => (x > 0 ? Math.log(x) : -Infinity), a.low >= 0 ? a : UNKNOWN, a.finite && a.low > 0),
  log1p: (a) => rising((x) => (x > -1 ? Math.log1p(x) : -Infinity), a.low >= -1 ? a : UNKNOWN, a.finite && a.low > -1),
  sqrt: (a) => (a.low >= 0 ? rising(Math.sqrt, a, a.finite) : between(0, Infinity, false)),
  rsqrt: (a) => (a.low > 0 ? between(0, 1 / Math.sqrt(a.low), a.number) : between(0, Infinity, false)),
  pow: (a, b, n) => between(-Infinity, Infinity, a.finite && n.args[1]!.op === 'constant' && Number.isInteger(b.low) && b.low >= 0),
  sin: (a) => between(-1, 1, a.finite), cos: (a) => between(-1, 1, a.finite),
  tanh: bounded(-1, 1), sigmoid: bounded(0, 1), erf: bounded(-1, 1), sign: bounded(-1, 1),
  softplus: (a) => between(0, Infinity, a.finite, a.number), floor: (a) => between(a.low - 1, a.high, a.finite, a.number),
  toF32: (a) => a,
};

const strip = (n: Node): Node => (n.op === 'broadcast' || n.op === 'stop' || n.op === 'barrier' ? strip(n.arg) : n);
const isZero = (n: Node): boolean => { const x = strip(n); return x.op === 'constant' && x.value === 0; };
const conjuncts = (p: Node): readonly Node[] => (p.op === 'map' && p.fn === 'and' ? p.args.flatMap(conjuncts) : [p]);
/** Half the lowest number: rounding, and other names for minus infinity. */
const isLow = (n: Node): boolean => { const x = strip(n); return x.op === 'constant' && x.value <= LOWEST / 2; };

/** Whether `top` is no less than `x` wherever all of `where` hold: it is a maximum over positions that count x there. */
const isAbove = (top: Node, x: Node, where: readonly Node[]): boolean => {
  const t = strip(top);
  if (t === strip(x)) return true;
  if (t.op === 'map' && t.fn === 'max') return t.args.some((a) => isAbove(a, x, where));
  if (t.op !== 'reduce' || t.monoid !== 'max') return false;
  const m = strip(t.arg);
  return m === strip(x) || (m.op === 'map' && m.fn === 'select' && isLow(m.args[2]!) && strip(m.args[1]!) === strip(x) && conjuncts(m.args[0]!).every((p) => where.includes(p)));
};
/** exp(x - top), which is at most 1 where `where` holds. */
const isShare = (n: Node, where: readonly Node[], of: (n: Node) => Facts): boolean => {
  const e = strip(n);
  const d = e.op === 'map' && e.fn === 'exp' ? strip(e.args[0]!) : undefined;
  return d?.op === 'map' && d.fn === 'sub' && of(d.args[0]!).finite && isAbove(d.args[1]!, d.args[0]!, where);
};
/** A share over the sum of the shares: one of them is 1. */
const isQuotient = (n: Node, where: readonly Node[], of: (n: Node) => Facts): boolean => {
  if (n.op !== 'map' || n.fn !== 'div' || !isShare(n.args[0]!, where, of)) return false;
  const total = strip(n.args[1]!);
  if (total.op !== 'reduce' || total.monoid !== 'sum') return false;
  const [own, summed] = [strip(n.args[0]!), strip(total.arg)];
  return own === summed || (summed.op === 'map' && summed.fn === 'select' && isZero(summed.args[2]!) && strip(summed.args[1]!) === own && conjuncts(summed.args[0]!).every((p) => where.includes(p)));
};

const mapFacts = (n: MapNode, of: (n: Node) => Facts): Facts => {
  if (n.fn === 'select') {
    const where = conjuncts(n.args[0]!);
    const chosen = isShare(n.args[1]!, where, of) || isQuotient(strip(n.args[1]!), where, of) ? between(0, 1) : of(n.args[1]!);
    return hull(chosen, of(n.args[2]!));
  }
  if (n.dtype !== 'f32') return FINITE;
  if (isShare(n, [], of) || isQuotient(n, [], of)) return between(0, 1);
  return rules[n.fn]?.(of(n.args[0]!), n.args.length > 1 ? of(n.args[1]!) : ZERO, n) ?? UNKNOWN;
};

const factsOf = (n: Node, of: (n: Node) => Facts, contract: Contract): Facts => {
  switch (n.op) {
    case 'constant': return between(n.value, n.value, Number.isFinite(n.value), !Number.isNaN(n.value));
    case 'index': case 'extent': return between(0, Infinity);
    case 'uniform': return between(0, 1);
    case 'param': case 'variable': case 'carry': return contract === 'trained' ? FINITE : UNKNOWN;
    case 'input': return n.dtype === 'f32' ? UNKNOWN : FINITE;
    case 'map': return mapFacts(n, of);
    case 'reduce': {
      const a = of(n.arg);
      return n.monoid === 'max' ? between(LOWEST, a.high, a.finite, a.number) : between(a.low >= 0 ? 0 : -Infinity, a.high <= 0 ? 0 : Infinity, a.finite);
    }
    case 'scatter': { const a = of(n.arg); return between(a.low >= 0 ? 0 : -Infinity, a.high <= 0 ? 0 : Infinity, a.finite); }
    case 'gather': return hull(of(n.table), ZERO);
    case 'shift': return hull(of(n.arg), ZERO);
    case 'broadcast': case 'rename': case 'stop': case 'barrier': return of(n.arg);
    case 'implicit': return of(n.value);
    case 'scan': return between(-Infinity, Infinity, n.next.every((x) => of(x).finite));
    case 'project': return UNKNOWN;
  }
};

/** Memoised over one program. */
export const finiteness = (contract: Contract): ((node: Node) => boolean) => {
  const memo = new Map<Node, Facts>();
  const of = (node: Node): Facts => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const found = factsOf(node, of, contract);
    memo.set(node, found);
    return found;
  };
  return (node) => of(node).finite;
};

/**
 * Of each argument of a map, whether its share of a cotangent that is 0 is sure to be 0: where nothing that the cotangent
 * is multiplied by can be infinite or no number.
 */
export const steady = (finite: (n: Node) => boolean) => (n: MapNode): readonly boolean[] =>
  table[n.fn].vjp(build.broadcast(build.constant(1), n.axes), n.args, n).map((slope) => slope === null || finite(slope));
