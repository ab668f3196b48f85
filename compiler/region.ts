/**
 * Where a value may be other than 0, as conditions: what a derivative is gated by. `lower/support.ts` asks the same of
 * positions alone, to narrow loops; here any condition counts, both branches of a choice, and what became of them in sums.
 */
import { type Axis, copied } from '../dsl/axis.js';
import * as build from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { conditions } from './softmax.js';
import { stored } from './stored.js';

/** One of these lists of conditions holds wherever the value is not 0. No list: it is 0 throughout. An empty one: anywhere. */
export type Region = readonly (readonly Node[])[];
export const EVERYWHERE: Region = [[]];
export const NOWHERE: Region = [];
export const isEverywhere = (r: Region): boolean => r.some((all) => all.length === 0);

/** More lists than these become one condition. */
const MOST = 4;
const { map, constant } = build;

/** Conditions that a sum over positions was made of: costlier to know than those that the model wrote. */
const derived = new WeakSet<Node>();
export const isPlain = (r: Region): boolean => r.every((all) => !all.some((p) => derived.has(p)));
/** The conditions that the model wrote and that hold throughout a region. */
export const plainOf = (r: Region): readonly Node[] =>
  (r[0] ?? []).filter((p) => !derived.has(p) && r.every((all) => all.includes(p)));
const marked = (p: Node, from: readonly Node[]): Node => {
  if (from.some((a) => derived.has(a))) derived.add(p);
  return p;
};

/** One node for each condition made of others, so that equal ones and opposites are recognised. */
const known = new WeakMap<Node, Map<string, WeakMap<Node, Node>>>();
const joined = (fn: 'and' | 'or' | 'not', a: Node, b: Node = a): Node => {
  const of = known.get(a) ?? new Map<string, WeakMap<Node, Node>>();
  const table = of.get(fn) ?? new WeakMap<Node, Node>();
  known.set(a, of.set(fn, table));
  const found = table.get(b) ?? marked(fn === 'not' ? map(fn, a) : map(fn, a, b), [a, b]);
  table.set(b, found);
  return found;
};
const not = (p: Node): Node => (p.op === 'map' && p.fn === 'not' ? p.args[0]! : joined('not', p));
const both = (all: readonly Node[]): Node => all.reduce((a, b) => joined('and', a, b));

/** What a region says as one condition; null where it says nothing. */
export const conditionOf = (r: Region): Node | null =>
  isEverywhere(r) ? null : r.length === 0 ? constant(0, 'bool') : r.map(both).reduce((a, b) => joined('or', a, b));

const includes = (all: readonly Node[], some: readonly Node[]): boolean => some.every((p) => all.includes(p));
/** p and q, or p and not q: p. */
const resolved = (a: readonly Node[], b: readonly Node[]): readonly Node[] | null => {
  if (a.length !== b.length) return null;
  const [own, ...more] = a.filter((p) => !b.includes(p));
  return own !== undefined && more.length === 0 && b.includes(not(own)) ? a.filter((p) => p !== own) : null;
};
const compact = (r: Region): Region => {
  const kept = r.filter(
    (all, i) => !r.some((other, j) => i !== j && includes(all, other) && (other.length < all.length || j < i)),
  );
  for (const [i, a] of kept.entries()) {
    for (const [j, b] of kept.entries()) {
      const one = i < j ? resolved(a, b) : null;
      if (one !== null) return compact([...kept.filter((_, k) => k !== i && k !== j), one]);
    }
  }
  if (kept.length <= MOST) return kept;
  const common = kept[0]!.filter((p) => kept.every((all) => all.includes(p)));
  const rest = conditionOf(kept.map((all) => all.filter((p) => !common.includes(p))));
  return [rest === null ? common : [...common, rest]];
};
export const either = (a: Region, b: Region): Region =>
  isEverywhere(a) || isEverywhere(b) ? EVERYWHERE : a.length === 0 ? b : b.length === 0 ? a : compact([...a, ...b]);
const meet = (a: Region, b: Region): Region =>
  isEverywhere(a)
    ? b
    : isEverywhere(b)
      ? a
      : a.length * b.length > MOST
        ? [[conditionOf(a)!, conditionOf(b)!]]
        : compact(a.flatMap((x) => b.map((y) => [...new Set([...x, ...y])])));

const ones = (p: Node): Node => map('select', p, constant(1), constant(0));
const some = (count: Node): Node => {
  const found = map('gt', stored(count), constant(0));
  derived.add(found);
  return found;
};

/** Whether a condition holds at any position of `over`, of the positions that `within` has. */
const anywhere = (p: Node, over: readonly string[], within: Node): Node => {
  // How long a row is is known beside the row alone.
  const rows = p.axes.flatMap(({ name, extent }) =>
    extent.kind === 'ragged' && over.includes(name) ? within.axes.filter((a) => a.name === extent.rows) : [],
  );
  const whole = build.broadcast(p, rows);
  return some(
    build.reduce(
      'sum',
      ones(whole),
      over.filter((name) => build.hasAxis(whole, name)),
    ),
  );
};

/** The region of a sum over some axes. */
export const summed = (r: Region, over: readonly string[], within: Node): Region => {
  const isInside = (p: Node): boolean => over.some((name) => build.hasAxis(p, name));
  return compact(
    r.map((all) => {
      const inside = all.filter(isInside);
      return inside.length === 0 ? all : [...all.filter((p) => !isInside(p)), anywhere(both(inside), over, within)];
    }),
  );
};

const each = (r: Region, change: (p: Node) => Node): Region => r.map((all) => all.map((p) => marked(change(p), [p])));

/** Of what is added up at the positions that `at` names: those that are named at all. */
const scattered = (n: Extract<Node, { op: 'scatter' }>, r: Region): Region => {
  const condition = conditionOf(r) ?? constant(1, 'bool');
  const axes = build.unionAxes(condition.axes, n.at.axes);
  return [[some(build.scatter(build.broadcast(ones(condition), axes), n.at, n.axis, n.over))]];
};

const zeroAtZero: ReadonlySet<string> = new Set([
  'neg',
  'abs',
  'sign',
  'floor',
  'sqrt',
  'tanh',
  'sin',
  'erf',
  'log1p',
  'div',
]);

const regionOf = (n: Node, of: (n: Node) => Region): Region => {
  switch (n.op) {
    case 'constant':
      return n.value === 0 ? NOWHERE : EVERYWHERE;
    case 'map': {
      const [a, b, c] = n.args as readonly [Node, Node, Node];
      if (n.fn === 'select') return either(meet([conditions(a)], of(b)), meet([[not(a)]], of(c)));
      if (n.fn === 'mul') return meet(of(a), of(b));
      if (n.fn === 'add' || n.fn === 'sub' || n.fn === 'max' || n.fn === 'min') return either(of(a), of(b));
      return zeroAtZero.has(n.fn) ? of(a) : EVERYWHERE;
    }
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return of(n.arg);
    case 'reduce':
      return n.monoid === 'sum' ? summed(of(n.arg), n.over, n.arg) : EVERYWHERE;
    case 'rename':
      return each(of(n.arg), (p) => (build.hasAxis(p, n.from) ? build.rename(p, n.from, n.to) : p));
    case 'shift':
      return each(of(n.arg), (p) => (build.hasAxis(p, n.axis) ? build.shift(p, n.axis, n.by) : p));
    case 'gather':
      return each(of(n.table), (p) => (build.hasAxis(p, n.axis) ? build.gather(p, n.at, n.axis) : p));
    case 'scatter':
      return scattered(n, of(n.arg));
    default:
      return EVERYWHERE;
  }
};

/** Of a value that depends on all positions of `axis` from its own on (up to its own, in `reverse`): where any of them is asked for. */
export const onwards = (r: Region, axis: Axis, reverse: boolean): Region => {
  const condition = conditionOf(r);
  if (condition === null || condition.op === 'constant') return r;
  const other = copied(`${axis.name}'`, axis);
  const there = build.rename(build.broadcast(condition, [axis]), axis.name, other);
  const [first, last] = reverse ? [other, axis] : [axis, other];
  const later = joined('and', map('le', build.index(first), build.index(last)), there);
  return summed([[marked(later, [condition])]], [other.name], later);
};

export interface Regions {
  readonly of: (node: Node) => Region;
  /** What only who made a value knows of it. */
  readonly declare: (node: Node, region: Region) => void;
}

/** Memoised over one derivative. */
export const regions = (): Regions => {
  const memo = new Map<Node, Region>();
  const of = (node: Node): Region => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const found = regionOf(node, of);
    memo.set(node, found);
    return found;
  };
  return { of, declare: (node, region) => void memo.set(node, region) };
};
