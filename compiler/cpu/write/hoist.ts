/** In which block a value is written: the outermost in which it may be, so that what a loop does not change is computed before it. */
import type { Expr } from '../../loops/ir.js';
import { children, nodes } from '../../loops/shape.js';
import type { Scope } from './scope.js';
import type { Tile } from './tile.js';

export const isPlain = (e: Expr): boolean => e.kind === 'index' || e.kind === 'literal';
const isAffine = (e: Expr): boolean =>
  e.kind === 'index' ||
  e.kind === 'literal' ||
  (e.kind === 'extent' && (e.row === undefined || isAffine(e.row))) ||
  (e.kind === 'apply' &&
    e.dtype === 'i32' &&
    (e.fn === 'add' || e.fn === 'sub' || e.fn === 'mul') &&
    e.args.every(isAffine));

/** What an expression reads: nothing, at loop variables, at sums of them, or anywhere. */
const reaches = ['nothing', 'plain', 'affine', 'any'] as const;
type Reach = (typeof reaches)[number];
const further = (a: Reach, b: Reach): Reach => (reaches.indexOf(b) > reaches.indexOf(a) ? b : a);
const ownReach = (e: Expr): Reach =>
  e.kind === 'reduce' || e.kind === 'collect' || e.kind === 'guard'
    ? 'any'
    : e.kind !== 'read'
      ? 'nothing'
      : e.at.every(isPlain)
        ? 'plain'
        : e.at.every(isAffine)
          ? 'affine'
          : 'any';

/** Reductions over what exists may move out of a loop that runs no times: they read what exists. */
const isSafe = (e: Expr): boolean =>
  e.kind === 'reduce' && [...nodes([e])].every((n) => n.kind !== 'read' || n.at.every(isAffine));

export interface Hoisting {
  readonly home: (e: Expr, s: Scope) => Scope;
  /** The value where it is written already, in this block or in one around it. */
  readonly lookup: (map: 'known' | 'wide', e: Expr, s: Scope) => Tile | undefined;
  /** The number of the innermost block around `s` that an expression hangs on. */
  readonly depth: (e: Expr, s: Scope) => number;
}

/** `changing`: reads of what the function adds to. They stand where they are asked for, even where each turn reads one cell. */
export const hoisting = (free: (e: Expr) => ReadonlySet<string>, changing: ReadonlySet<Expr>): Hoisting => {
  const known = new Map<Expr, Reach>();
  const reach = (e: Expr): Reach => {
    const found =
      known.get(e) ??
      children(e)
        .map(reach)
        .reduce(further, changing.has(e) ? 'any' : ownReach(e));
    known.set(e, found);
    return found;
  };
  const binds = (s: Scope, e: Expr): boolean => {
    for (const v of free(e)) if (s.variables.has(v)) return true;
    return false;
  };
  const leaves = (s: Scope, e: Expr): boolean => {
    if (s.parent === null || binds(s, e)) return false;
    const needs = reach(e);
    return s.kind === 'loop'
      ? needs !== 'any' || (!s.speculative && isSafe(e))
      : needs === 'nothing' || needs === 'plain';
  };
  const home = (e: Expr, s: Scope): Scope => (leaves(s, e) ? home(e, s.parent!) : s);
  const lookup = (map: 'known' | 'wide', e: Expr, s: Scope | null): Tile | undefined =>
    s === null ? undefined : (s[map].get(e) ?? (binds(s, e) ? undefined : lookup(map, e, s.parent)));
  const level = (s: Scope): number => (s.parent === null ? 0 : 1 + level(s.parent));
  const depth = (e: Expr, s: Scope): number => (s.parent === null ? 0 : binds(s, e) ? level(s) : depth(e, s.parent));
  return { home, lookup, depth };
};
