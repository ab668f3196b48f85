/** The blocks of an emitted function, and in which of them a value is written. */
import type { Expr } from '../../loops/ir.js';
import type { Line } from '../../code/lines.js';
import { nodes } from '../../loops/shape.js';
import type { Piece } from './piece.js';

/**
 * root: the cell itself. loop: runs at least once, so leaving it early is free. narrow: may run no times at all.
 * branch: only where a condition holds; nothing leaves it.
 */
type ScopeKind = 'root' | 'loop' | 'narrow' | 'branch';

export interface Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | null;
  /** Loop variables bound here, by axis. */
  readonly variables: ReadonlyMap<string, Piece>;
  readonly lines: Line[];
  readonly known: Map<Expr, Piece>;
}

export const scope = (
  kind: ScopeKind,
  parent: Scope | null,
  variables: Iterable<readonly [string, Piece]> = [],
): Scope => ({ kind, parent, variables: new Map(variables), lines: [], known: new Map() });

/** `head { lines }` */
export const block = (head: string, { lines }: Scope): readonly Line[] => [`${head} {`, lines, '}'];

export const variable = (axis: string, s: Scope | null): Piece => {
  if (s === null) throw new Error(`No loop runs over the axis '${axis}'.`);
  return s.variables.get(axis) ?? variable(axis, s.parent);
};

/** Reads at loop variables alone cannot leave their range in a loop that runs no times. */
const harmless = (e: Expr): boolean =>
  [...nodes([e])].every((n) => n.kind !== 'read' || n.at.every((i) => i.kind === 'index' || i.kind === 'literal'));

export interface Places {
  /** The outermost block in which a value may be written. */
  readonly home: (e: Expr, s: Scope) => Scope;
  /** What is there already, seen from a block. */
  readonly known: (e: Expr, s: Scope | null) => Piece | undefined;
}

/** `needs`: the loop variables that an expression needs. */
export const places = (needs: (e: Expr) => ReadonlySet<string>): Places => {
  const binds = (s: Scope, e: Expr): boolean => [...needs(e)].some((axis) => s.variables.has(axis));
  const home: Places['home'] = (e, s) =>
    s.parent !== null && (s.kind === 'loop' || (s.kind === 'narrow' && harmless(e))) && !binds(s, e)
      ? home(e, s.parent)
      : s;
  const known: Places['known'] = (e, s) =>
    s === null ? undefined : (s.known.get(e) ?? (binds(s, e) ? undefined : known(e, s.parent)));
  return { home, known };
};
