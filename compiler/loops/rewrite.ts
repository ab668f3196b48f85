/** Rebuilds expressions bottom up; nodes shared before are shared after. */
import type { Expr } from './ir.js';
import { children } from './shape.js';

const axisParts = <A extends { readonly from?: Expr; readonly to?: Expr; readonly row?: Expr }>(
  over: readonly A[],
  go: (e: Expr) => Expr,
): readonly A[] =>
  over.map((a) => ({
    ...a,
    ...(a.from === undefined ? {} : { from: go(a.from) }),
    ...(a.to === undefined ? {} : { to: go(a.to) }),
    ...(a.row === undefined ? {} : { row: go(a.row) }),
  }));

const rebuild = (e: Expr, go: (e: Expr) => Expr): Expr => {
  if (!children(e).some((child) => go(child) !== child)) return e;
  switch (e.kind) {
    case 'literal':
    case 'index':
      return e;
    case 'extent':
      return e.row === undefined ? e : { ...e, row: go(e.row) };
    case 'read':
      return { ...e, at: e.at.map(go) };
    case 'apply':
      return { ...e, args: e.args.map(go) };
    case 'guard':
      return { ...e, condition: go(e.condition), then: go(e.then), otherwise: go(e.otherwise) };
    case 'reduce':
      return { ...e, over: axisParts(e.over, go), body: go(e.body) };
    case 'collect':
      return { ...e, over: axisParts(e.over, go), target: go(e.target), body: go(e.body) };
    case 'uniform':
      return { ...e, counter: go(e.counter) };
  }
};

/** `replace` answers for a node, or null to look below it. */
export const rewrite = (replace: (e: Expr) => Expr | null): ((e: Expr) => Expr) => {
  const done = new Map<Expr, Expr>();
  const go = (e: Expr): Expr => {
    const known = done.get(e);
    if (known !== undefined) return known;
    const result = replace(e) ?? rebuild(e, go);
    done.set(e, result);
    return result;
  };
  return go;
};

/** Replaces loop variables by expressions. Names bound inside are unique, so nothing can be captured. */
export const substitute = (values: ReadonlyMap<string, Expr>): ((e: Expr) => Expr) =>
  rewrite((e) => (e.kind === 'index' ? (values.get(e.axis) ?? null) : null));
