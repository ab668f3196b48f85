/** What is asked of an expression: its parts, its free loop variables, what it reads. */
import type { Expr, LoopAxis, ReduceAxis } from './ir.js';

const loopParts = (axes: readonly ReduceAxis[]): readonly Expr[] =>
  axes.flatMap(({ from, to, row }) => [from, to, row].filter((e) => e !== undefined));

const parts: { readonly [K in Expr['kind']]: (e: Extract<Expr, { kind: K }>) => readonly Expr[] } = {
  literal: () => [],
  index: () => [],
  extent: ({ row }) => (row === undefined ? [] : [row]),
  read: ({ at }) => at,
  apply: ({ args }) => args,
  guard: ({ condition, then, otherwise }) => [condition, then, otherwise],
  reduce: ({ over, body }) => [...loopParts(over), body],
  collect: ({ over, target, body }) => [target, ...loopParts(over), body],
  uniform: ({ counter }) => [counter],
};

export const children = (e: Expr): readonly Expr[] => (parts[e.kind] as (e: Expr) => readonly Expr[])(e);

/** Every distinct node below and including `roots`, each once. */
export const nodes = (roots: readonly Expr[]): ReadonlySet<Expr> => {
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    seen.add(e);
    children(e).forEach(visit);
  };
  roots.forEach(visit);
  return seen;
};

/** The number 0. */
export const isZero = (e: Expr): boolean => e.kind === 'literal' && e.value === 0;

/** How often each node is used by the nodes above it. */
export const uses = (roots: readonly Expr[]): ReadonlyMap<Expr, number> => {
  const count = new Map<Expr, number>();
  const use = (e: Expr): void => void count.set(e, (count.get(e) ?? 0) + 1);
  roots.forEach(use);
  nodes(roots).forEach((e) => children(e).forEach(use));
  return count;
};

const bound = (e: Expr): readonly ReduceAxis[] => (e.kind === 'reduce' || e.kind === 'collect' ? e.over : []);

/** The loop variables an expression needs from outside, remembered by node. */
export const freeVariables = (): ((e: Expr) => ReadonlySet<string>) => {
  const known = new Map<Expr, ReadonlySet<string>>();
  const free = (e: Expr): ReadonlySet<string> => {
    const found = known.get(e);
    if (found !== undefined) return found;
    const result = new Set<string>(e.kind === 'index' ? [e.axis] : []);
    const take = (of: Expr, hidden: ReadonlySet<string>): void =>
      free(of).forEach((axis) => {
        if (!hidden.has(axis)) result.add(axis);
      });
    if (e.kind === 'reduce' || e.kind === 'collect') {
      // An axis is in scope for the bounds of the axes after it, and for the body.
      const hidden = new Set<string>();
      for (const axis of e.over) {
        loopParts([axis]).forEach((part) => take(part, hidden));
        hidden.add(axis.axis.name);
      }
      take(e.body, hidden);
      if (e.kind === 'collect') take(e.target, new Set());
    } else {
      children(e).forEach((part) => take(part, new Set()));
    }
    known.set(e, result);
    return result;
  };
  return free;
};

/** All axes that loops inside `e` run over, by name. */
export const loopAxes = (roots: readonly Expr[]): ReadonlyMap<string, LoopAxis> =>
  new Map([...nodes(roots)].flatMap(bound).map(({ axis }) => [axis.name, axis]));

/** Buffers read directly, through a collect's index, or to know which positions exist. */
export const readsOf = (roots: readonly Expr[]): readonly string[] => {
  const missing = ({ missing: id }: LoopAxis): readonly string[] => (id === undefined ? [] : [id]);
  const lengths = (axis: LoopAxis): readonly string[] => (axis.ragged === undefined ? [] : [axis.ragged.lengths]);
  const own = (e: Expr): readonly string[] =>
    e.kind === 'read'
      ? [e.buffer]
      : // A sequence without its rows is as long as its bound.
        e.kind === 'collect'
        ? [
            e.index,
            ...e.over.flatMap(({ axis, row }) => [
              ...(row !== undefined || e.over.some((o) => o.axis.name === axis.ragged?.rows) ? lengths(axis) : []),
              ...missing(axis),
            ]),
          ]
        : e.kind === 'reduce'
          ? e.over.flatMap(({ axis, row }) => [...(row === undefined ? [] : lengths(axis)), ...missing(axis)])
          : e.kind === 'extent'
            ? [...(e.row === undefined ? [] : lengths(e.axis)), ...missing(e.axis)]
            : [];
  return [...new Set([...nodes(roots)].flatMap(own))];
};

/** Whether a loop variable stands anywhere in an expression. */
export const mentions = (e: Expr, axis: string): boolean => {
  const seen = new Set<Expr>();
  const visit = (x: Expr): boolean => {
    if (seen.has(x)) return false;
    seen.add(x);
    return (x.kind === 'index' && x.axis === axis) || children(x).some(visit);
  };
  return visit(e);
};
