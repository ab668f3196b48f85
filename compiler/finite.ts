/**
 * Which values are numbers whatever happens: neither infinite nor NaN. Sums and products of finite numbers count as finite
 * (a model whose products overflow has diverged); functions that make infinities of ordinary numbers do only where their
 * argument is known to keep away from there.
 */
import { rowOf } from '../dsl/batch.js';
import * as build from '../dsl/build.js';
import type { MapNode, Node } from '../dsl/node.js';
import { LOWEST } from '../dsl/lowest.js';
import { table } from './scalars.js';
import { conditions, isQuotient, isShare, isTotal } from './softmax.js';

export interface Facts {
  readonly low: number;
  readonly high: number;
  /** Never NaN. */
  readonly number: boolean;
  readonly finite: boolean;
}
/**
 * What is known of leaves: `trained`, that parameters are finite, as they are until training diverges; `moderate`, that their
 * exponentials are too; `none`, nothing. Inputs may hold anything, but those of a row are filled by the runtime, with numbers.
 */
export type Contract = 'moderate' | 'trained' | 'none';

const between = (low: number, high: number, finite = true, number = finite): Facts => ({
  low,
  high,
  finite,
  number: number || finite,
});
const UNKNOWN = between(-Infinity, Infinity, false);
const FINITE = between(-Infinity, Infinity);
const hull = (a: Facts, b: Facts): Facts =>
  between(Math.min(a.low, b.low), Math.max(a.high, b.high), a.finite && b.finite, a.number && b.number);
const ZERO = between(0, 0);
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
/** exp of more overflows float32. */
const MOST_EXPONENT = 88;

const rising = (f: (x: number) => number, a: Facts, finite: boolean): Facts =>
  between(f(a.low), f(a.high), finite, a.number);
/** Of two such numbers the product has a sign; that one of them is 0 and the other infinite is left out. */
const signed = (a: Facts): boolean => a.low >= 0 || a.high <= 0;
type Rule = (a: Facts, b: Facts, n: MapNode) => Facts;
const bounded =
  (low: number, high: number): Rule =>
  (a) =>
    between(low, high, a.number);
const rules: { readonly [F in MapNode['fn']]?: Rule } = {
  add: (a, b) => between(a.low + b.low, a.high + b.high, a.finite && b.finite),
  sub: (a, b) => between(a.low - b.high, a.high - b.low, a.finite && b.finite),
  mul: (a, b, n) => {
    const ends = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
    return between(
      n.args[0] === n.args[1] ? Math.max(0, Math.min(...ends)) : Math.min(...ends),
      Math.max(...ends),
      a.finite && b.finite,
      (a.finite && b.finite) || (a.number && b.number && signed(a) && signed(b)),
    );
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
  pow: (a, b, n) =>
    between(-Infinity, Infinity, a.finite && n.args[1]!.op === 'constant' && Number.isInteger(b.low) && b.low >= 0),
  sin: (a) => between(-1, 1, a.finite),
  cos: (a) => between(-1, 1, a.finite),
  tanh: bounded(-1, 1),
  sigmoid: bounded(0, 1),
  erf: bounded(-1, 1),
  sign: bounded(-1, 1),
  softplus: (a) => between(0, Infinity, a.finite, a.number),
  floor: (a) => between(a.low - 1, a.high, a.finite, a.number),
  toF32: (a) => a,
};

const SHARE = between(0, 1);
const TOTAL = between(1, Infinity);
/** What is known of a softmax's parts where all of `where` hold, as long as its exponents are finite. */
const ofShares = (n: Node, where: readonly Node[]): Facts | null =>
  isShare(n, where) || isQuotient(n, where) ? SHARE : isTotal(n, where) ? TOTAL : null;

/** What a comparison with a constant says of the value compared. */
const compared = (x: Node, facts: Facts, where: readonly Node[]): Facts =>
  where.reduce((f, p) => {
    const [of, by] = p.op === 'map' && (p.fn === 'gt' || p.fn === 'ge') ? p.args : [];
    return of === x && by?.op === 'constant' ? { ...f, low: Math.max(f.low, by.value) } : f;
  }, facts);
/** Below a choice so many maps are looked at once more, knowing what was chosen. */
const DEPTH = 6;
/** A branch of a choice, where it is taken. Choices inside it are known as they are anywhere. */
const branch = (root: Node, where: readonly Node[], of: (n: Node) => Facts): Facts => {
  const memo = new Map<Node, Facts>();
  const look = (n: Node, depth: number): Facts => {
    const known = compared(n, of(n), where);
    return known.finite || depth === 0 || n.op !== 'map' || n.fn === 'select'
      ? known
      : mapFacts(n, (x) => go(x, depth - 1));
  };
  const go = (n: Node, depth: number): Facts => {
    const found = memo.get(n) ?? ofShares(n, where) ?? look(n, depth);
    memo.set(n, found);
    return found;
  };
  return go(root, DEPTH);
};

const mapFacts = (n: MapNode, of: (n: Node) => Facts): Facts => {
  const [a, b, c] = n.args as readonly [Node, Node, Node];
  if (n.fn === 'select') return hull(branch(b, conditions(a), of), of(c));
  if (n.dtype !== 'f32') return FINITE;
  return ofShares(n, []) ?? rules[n.fn]?.(of(a), b === undefined ? ZERO : of(b), n) ?? UNKNOWN;
};

const parameters: { readonly [C in Contract]: Facts } = {
  moderate: between(-MOST_EXPONENT, MOST_EXPONENT),
  trained: FINITE,
  none: UNKNOWN,
};

const factsOf = (n: Node, of: (n: Node) => Facts, contract: Contract): Facts => {
  switch (n.op) {
    case 'constant':
      return between(n.value, n.value, Number.isFinite(n.value), !Number.isNaN(n.value));
    case 'index':
    case 'extent':
      return between(0, Infinity);
    case 'uniform':
      return between(0, 1);
    case 'param':
    case 'variable':
    case 'carry':
      return parameters[contract];
    case 'input':
      return n.dtype === 'f32' && (contract === 'none' || rowOf(n) === undefined) ? UNKNOWN : FINITE;
    case 'map':
      return mapFacts(n, of);
    case 'reduce': {
      const a = of(n.arg);
      if (isTotal(n, [])) return TOTAL;
      return n.monoid === 'max'
        ? between(LOWEST, a.high, a.finite, a.number)
        : between(a.low >= 0 ? 0 : -Infinity, a.high <= 0 ? 0 : Infinity, a.finite);
    }
    case 'scatter': {
      const a = of(n.arg);
      return between(a.low >= 0 ? 0 : -Infinity, a.high <= 0 ? 0 : Infinity, a.finite);
    }
    case 'gather':
      return hull(of(n.table), ZERO);
    case 'shift':
      return hull(of(n.arg), ZERO);
    case 'broadcast':
    case 'rename':
    case 'stop':
    case 'barrier':
      return of(n.arg);
    case 'implicit':
      return of(n.value);
    case 'scan':
      return between(
        -Infinity,
        Infinity,
        n.next.every((x) => of(x).finite),
      );
    case 'project':
      return UNKNOWN;
  }
};

export interface Finiteness {
  readonly of: (node: Node) => boolean;
  /** For each argument of a map: whether nothing that a cotangent is multiplied by on the way to it can be infinite or no number, where all of `where` hold. */
  readonly steady: (n: MapNode, where?: readonly Node[]) => readonly boolean[];
}

/** Memoised over one program. */
export const finiteness = (contract: Contract): Finiteness => {
  const memo = new Map<Node, Facts>();
  const of = (node: Node): Facts => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const found = factsOf(node, of, contract);
    memo.set(node, found);
    return found;
  };
  /** The map itself and its arguments, where `where` holds; what they are made of, anywhere. */
  const there = (n: MapNode, where: readonly Node[]) => {
    const own = new Map<Node, Facts>();
    const go = (x: Node): Facts => {
      const known = own.get(x);
      if (known !== undefined) return known;
      const found =
        contract === 'none'
          ? of(x)
          : (ofShares(x, where) ??
            (x === n
              ? branch(n, where, of)
              : n.args.includes(x)
                ? compared(x, of(x), where)
                : factsOf(x, go, contract)));
      own.set(x, found);
      return found;
    };
    return go;
  };
  return {
    of: (node) => of(node).finite,
    steady: (n, where = []) => {
      const facts = where.length === 0 ? of : there(n, where);
      return table[n.fn]
        .vjp(build.broadcast(build.constant(1), n.axes), n.args, n)
        .map((slope) => slope === null || facts(slope).finite);
    },
  };
};
