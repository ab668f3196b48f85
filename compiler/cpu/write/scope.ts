/** Blocks of a function while it is written, and the loop variables that they bind. */
import type { Code, Statement } from '../../code/tree.js';
import type { Expr } from '../../loops/ir.js';
import type { Tile } from './tile.js';

/** What a loop variable is here: one position, a position for each row of a tile, or one for each lane, of which maybe only the `first` of each register exist. */
export type Binding =
  | { readonly kind: 'one'; readonly code: Code }
  | { readonly kind: 'rows'; readonly base: Code; readonly count: number }
  | { readonly kind: 'lanes'; readonly base: Code; readonly vectors: number; readonly first?: readonly Code[] };

export interface Scope {
  readonly kind: 'root' | 'loop' | 'branch';
  readonly parent: Scope | null;
  readonly variables: ReadonlyMap<string, Binding>;
  readonly code: Statement[];
  readonly known: Map<Expr, Tile>;
  readonly wide: Map<Expr, Tile>;
  /** Conditions differ between the cells of a tile here: reads may be out of range, and their values are dropped. */
  readonly speculative: boolean;
}

type Bindings = readonly (readonly [string, Binding])[];

export const scope = (
  kind: Scope['kind'],
  parent: Scope | null,
  variables: Bindings = [],
  speculative = parent?.speculative ?? false,
): Scope => ({ kind, parent, variables: new Map(variables), code: [], known: new Map(), wide: new Map(), speculative });

/** The variable that is bound to the first of a tile's rows or lanes. No axis is called so. */
export const baseOf = (axis: string): string => `${axis}@`;
/** Variables that say which cells of overlapping tiles are done. */
export const doneLanes = 'lanes done@';
export const doneRows = 'rows done@';

export const one = (code: Code): Binding => ({ kind: 'one', code });
export const bindOne = (axis: string, at: Code): Bindings => [
  [axis, one(at)],
  [baseOf(axis), one(at)],
];
export const bindRows = (axis: string, base: Code, count: number): Bindings => [
  [axis, count === 1 ? one(base) : { kind: 'rows', base, count }],
  [baseOf(axis), one(base)],
];
export const bindLanes = (axis: string, base: Code, vectors: number, first?: readonly Code[]): Bindings => [
  [axis, vectors === 0 ? one(base) : { kind: 'lanes', base, vectors, ...(first === undefined ? {} : { first }) }],
  [baseOf(axis), one(base)],
];

/** What a variable is bound to, and the scope that binds it. */
export const bindingOf = (
  variable: string,
  s: Scope | null,
): { readonly binding: Binding; readonly owner: Scope } | undefined => {
  for (let at = s; at !== null; at = at.parent) {
    const binding = at.variables.get(variable);
    if (binding !== undefined) return { binding, owner: at };
  }
  return undefined;
};

export const bound = (variable: string, s: Scope): { readonly binding: Binding; readonly owner: Scope } => {
  const found = bindingOf(variable, s);
  if (found === undefined) throw new Error(`No loop runs over the axis '${variable}'.`);
  return found;
};

/** How many lanes of each register exist along an axis, where that may be fewer than it has. */
export const firstOf = (axis: string | null | undefined, s: Scope): readonly Code[] | undefined => {
  const binding = axis === null || axis === undefined ? undefined : bindingOf(axis, s)?.binding;
  return binding?.kind === 'lanes' ? binding.first : undefined;
};
