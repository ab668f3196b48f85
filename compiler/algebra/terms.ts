/**
 * A sum of products, seen flat: what a tree of sums, products, additions, masks and renamings says, as terms
 *
 *     coefficient * sum over `over` of [masks] factor * factor * ...
 *
 * so that the products may be taken in another order.
 */
import { type Axis, copied } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../graph.js';
import { isIndexPredicate } from '../lower/support.js';

export interface Term {
  readonly coefficient: number;
  readonly factors: readonly Node[];
  /** Predicates on positions: where one fails, the summand is 0. */
  readonly masks: readonly Node[];
  readonly over: readonly Axis[];
}

/** What the axes of a node below are called above. */
type Names = ReadonlyMap<string, Axis>;

export interface Flattening {
  /** Whether a node may be opened; what is not opened is a factor. */
  readonly opens: (node: Node) => boolean;
  /** More terms than this are not worth it: null. */
  readonly limit: number;
}

const one = (factor: Node): Term => ({ coefficient: 1, factors: [factor], masks: [], over: [] });
const scale =
  (by: number) =>
  (t: Term): Term => ({ ...t, coefficient: t.coefficient * by });
const times = (a: Term, b: Term): Term => ({
  coefficient: a.coefficient * b.coefficient,
  factors: [...a.factors, ...b.factors],
  masks: [...a.masks, ...b.masks],
  over: [...a.over, ...b.over],
});

/** Renames all axes at once, through spare names where two would meet on the way. */
export const renameAll = (node: Node, names: Names): Node => {
  const moves = node.axes
    .map((a) => ({ from: a, to: names.get(a.name) ?? a }))
    .filter(({ from, to }) => from.name !== to.name);
  const sources = new Set(node.axes.map((a) => a.name));
  const clash = moves.some(({ to }) => sources.has(to.name));
  const taken = new Set([...sources, ...moves.map(({ to }) => to.name)]);
  const spare = (name: string): string => {
    const free = taken.has(name) ? spare(`${name}'`) : name;
    taken.add(free);
    return free;
  };
  const staged = clash
    ? moves.map(({ from, to }) => ({ from, by: copied(spare(`${from.name}'`), from), to }))
    : moves.map((m) => ({ ...m, by: m.to }));
  const first = staged.reduce((n, { from, by }) => build.rename(n, from.name, by), node);
  return clash ? staged.reduce((n, { by, to }) => build.rename(n, by.name, to), first) : first;
};

class TooMany extends Error {}

const rowsMemo = new WeakMap<Node, ReadonlySet<string>>();
/** The rows' axes of all ragged axes inside. They keep their names: a ragged axis knows its rows by name. */
const rowsWithin = (root: Node): ReadonlySet<string> => {
  if (rowsMemo.has(root)) return rowsMemo.get(root)!;
  for (const node of topological([root])) {
    if (rowsMemo.has(node)) continue;
    const own = node.axes.flatMap(({ extent }) => (extent.kind === 'ragged' ? [extent.rows] : []));
    rowsMemo.set(node, new Set([...own, ...build.argsOf(node).flatMap((a) => [...rowsMemo.get(a)!])]));
  }
  return rowsMemo.get(root)!;
};

/** The terms of `root` (a sum), or null where there are too many. */
export const flatten = (
  root: Extract<Node, { op: 'reduce' }>,
  { opens, limit }: Flattening,
): readonly Term[] | null => {
  const fresh = (axis: Axis, taken: ReadonlySet<string>): Axis => {
    let name = axis.name;
    for (let i = 2; taken.has(name); i++) name = `${axis.name}${i}`;
    return copied(name, axis);
  };
  const summedIn = (terms: readonly Term[]): readonly string[] => terms.flatMap((t) => t.over.map((a) => a.name));
  const capped = (terms: readonly Term[]): readonly Term[] => {
    if (terms.length > limit) throw new TooMany();
    return terms;
  };
  // `taken` are the names that a sum below may not use for its axes: those of the factors beside it, not of other terms.
  const go = (node: Node, names: Names, taken: ReadonlySet<string>): readonly Term[] => {
    if (node.op === 'constant' && node.dtype === 'f32')
      return [{ coefficient: node.value, factors: [], masks: [], over: [] }];
    if (node !== root && !opens(node)) return [one(renameAll(node, names))];
    switch (node.op) {
      case 'map': {
        const [a, b] = node.args as readonly [Node, Node];
        switch (node.fn) {
          case 'add':
            return capped([...go(a, names, taken), ...go(b, names, taken)]);
          case 'sub':
            return capped([...go(a, names, taken), ...go(b, names, taken).map(scale(-1))]);
          case 'neg':
            return go(a, names, taken).map(scale(-1));
          case 'mul': {
            const left = go(a, names, taken);
            const right = go(b, names, new Set([...taken, ...summedIn(left)]));
            return capped(left.flatMap((x) => right.map((y) => times(x, y))));
          }
          case 'div':
            return b.op === 'constant' ? go(a, names, taken).map(scale(1 / b.value)) : [one(renameAll(node, names))];
          case 'select': {
            const mask = renameAll(a, names);
            return go(b, names, taken).map((t) => ({ ...t, masks: [...t.masks, mask] }));
          }
          default:
            return [one(renameAll(node, names))];
        }
      }
      case 'broadcast':
        return go(node.arg, names, taken);
      case 'rename':
        if (rowsWithin(node.arg).has(node.from)) return [one(renameAll(node, names))];
        return go(node.arg, new Map(names).set(node.from, names.get(node.to.name) ?? node.to), taken);
      case 'reduce': {
        const inner = new Map(names);
        const below = new Set(taken);
        const clashes = (a: Axis): boolean =>
          node !== root && fresh(a, taken).name !== a.name && rowsWithin(node.arg).has(a.name);
        const summed = node.arg.axes.filter((a) => node.over.includes(a.name));
        if (summed.some(clashes)) return [one(renameAll(node, names))];
        const over = summed.map((a) => {
          const axis = node === root ? a : fresh(a, below);
          inner.set(a.name, axis);
          below.add(axis.name);
          return axis;
        });
        return go(node.arg, inner, below).map((t) => ({ ...t, over: [...t.over, ...over] }));
      }
      default:
        return [one(renameAll(node, names))];
    }
  };
  try {
    return merged(go(root, new Map(), new Set(root.arg.axes.map((a) => a.name))));
  } catch (e) {
    if (e instanceof TooMany) return null;
    throw e;
  }
};

/** Operations that a sum of products is made of. A ragged sum whose rows are not in sight means something else. */
export const isLinear = (node: Node): boolean => {
  switch (node.op) {
    case 'map':
      return (
        node.dtype === 'f32' &&
        (['add', 'sub', 'neg', 'mul'].includes(node.fn) ||
          (node.fn === 'div' && node.args[1]!.op === 'constant') ||
          (node.fn === 'select' &&
            isIndexPredicate(node.args[0]!) &&
            node.args[2]!.op === 'constant' &&
            node.args[2]!.value === 0))
      );
    case 'broadcast':
      return node.dtype === 'f32';
    case 'rename':
      return node.dtype === 'f32' && !build.hasAxis(node.arg, node.to.name);
    case 'reduce':
      // Nor may rows be summed beside a sequence of theirs: which rows count then depends on the position.
      return (
        node.dtype === 'f32' &&
        node.monoid === 'sum' &&
        node.arg.axes.every(
          ({ name, extent }) =>
            extent.kind === 'fixed' ||
            (!node.over.includes(extent.rows) && (!node.over.includes(name) || build.hasAxis(node.arg, extent.rows))),
        )
      );
    default:
      return false;
  }
};

/** Equal products once, with their coefficients added. Factors are compared as interned nodes or by shape of their renaming. */
const merged = (terms: readonly Term[]): readonly Term[] => {
  const groups = new Map<string, Term>();
  const ids = new Map<Node, number>();
  const id = (n: Node): string => {
    if (n.op === 'rename') return `${id(n.arg)}(${n.from}>${n.to.name})`;
    if (n.op === 'map' && n.dtype === 'bool') return `${n.fn}(${n.args.map(id).join()})`;
    if (n.op === 'index') return n.axis.name;
    const known = ids.get(n) ?? ids.size;
    ids.set(n, known);
    return `#${known}`;
  };
  for (const t of terms) {
    const key = [
      t.factors.map(id).sort().join('*'),
      [...new Set(t.masks.map(id))].sort().join('&'),
      t.over
        .map((a) => a.name)
        .sort()
        .join(),
    ].join('|');
    const sofar = groups.get(key);
    groups.set(key, sofar === undefined ? t : { ...sofar, coefficient: sofar.coefficient + t.coefficient });
  }
  return [...groups.values()].filter((t) => t.coefficient !== 0);
};
