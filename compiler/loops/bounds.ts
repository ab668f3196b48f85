/** What conditions made of positions say of a loop: where it begins and ends. */
import { apply, integer } from './build.js';
import type { Expr } from './ir.js';
import { mentions } from './shape.js';

/** The conditions that hold together where `e` holds; none where nothing is asked. */
export const conjuncts = (e: Expr | undefined): readonly Expr[] =>
  e === undefined ? [] : e.kind === 'apply' && e.fn === 'and' ? e.args.flatMap(conjuncts) : [e];

export interface Bounds {
  readonly from?: Expr;
  readonly to?: Expr;
}

/** A comparison with a loop variable on its left, by what it says of that variable. */
const sides: Readonly<Record<string, (e: Expr) => Bounds>> = {
  le: (e) => ({ to: apply('add', e, integer(1)) }),
  lt: (e) => ({ to: e }),
  ge: (e) => ({ from: e }),
  gt: (e) => ({ from: apply('add', e, integer(1)) }),
  eq: (e) => ({ from: e, to: apply('add', e, integer(1)) }),
};
/** The same comparison read from its right. */
const flipped: Readonly<Record<string, string>> = { le: 'ge', lt: 'gt', ge: 'le', gt: 'lt', eq: 'eq' };

/** Made of positions and sizes alone: known before a loop begins. */
const positional = (e: Expr): boolean =>
  e.kind === 'index' ||
  e.kind === 'literal' ||
  (e.kind === 'extent' && (e.row === undefined || positional(e.row))) ||
  (e.kind === 'apply' && e.dtype === 'i32' && e.args.every(positional));

/** A comparison of positions: what is known of a scope is made of these. */
export const isPositional = (e: Expr): boolean =>
  e.kind === 'apply' && flipped[e.fn] !== undefined && e.args.every(positional);

/** The bounds that a condition sets to a loop variable; null where it sets none. */
export const narrowed = (p: Expr, variable: string): Bounds | null => {
  if (p.kind !== 'apply' || flipped[p.fn] === undefined) return null;
  const [a, b] = p.args as readonly [Expr, Expr];
  const is = (e: Expr): boolean => e.kind === 'index' && e.axis === variable;
  const bounds = (e: Expr): boolean => positional(e) && !mentions(e, variable);
  if (is(a) && bounds(b)) return sides[p.fn]!(b);
  if (is(b) && bounds(a)) return sides[flipped[p.fn]!]!(a);
  return null;
};
