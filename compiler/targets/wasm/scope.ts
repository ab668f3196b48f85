/** Blocks of an emitted function, the loop variables they bind, and what a kernel's writer knows of its world. */
import type { DType } from '../../../dsl/scalar.js';
import type { Expr } from '../../loops/ir.js';
import type { Address } from './address.js';
import type { Intern } from './intern.js';
import type { Layout } from './layout.js';

export type Binding =
  | { readonly kind: 'one'; readonly code: string }
  | { readonly kind: 'rows'; readonly base: string; readonly count: number }
  | { readonly kind: 'lanes'; readonly base: string; readonly vectors: number };

export interface Scope {
  readonly kind: 'root' | 'loop' | 'branch';
  readonly parent: Scope | null;
  readonly variables: ReadonlyMap<string, Binding>;
  readonly lines: string[];
  readonly known: Map<Expr, Tile>;
  readonly wide: Map<Expr, Tile>;
  /** Conditions differ between the cells of a tile here: reads may be out of range, and their values are dropped. */
  readonly speculative: boolean;
}

/** Code for every cell: one part a row (or one for all), one a vector (none: one value for all lanes). */
export interface Tile {
  readonly vectors: number;
  readonly parts: readonly (readonly string[])[];
}

export const scope = (kind: Scope['kind'], parent: Scope | null, variables: Iterable<readonly [string, Binding]> = [], speculative = parent?.speculative ?? false): Scope =>
  ({ kind, parent, variables: new Map(variables), lines: [], known: new Map(), wide: new Map(), speculative });

export const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

/** The name under which the first of a tile's rows or lanes is bound. */
export const baseOf = (axis: string): string => `${axis}@`;
export const one = (code: string): Binding => ({ kind: 'one', code });
export const bindRows = (axis: string, base: string, count: number): readonly (readonly [string, Binding])[] =>
  [[axis, count === 1 ? one(base) : { kind: 'rows', base, count }], [baseOf(axis), one(base)]];
export const bindLanes = (axis: string, base: string, vectors: number): readonly (readonly [string, Binding])[] =>
  [[axis, vectors === 0 ? one(base) : { kind: 'lanes', base, vectors }], [baseOf(axis), one(base)]];

export interface Writer {
  readonly local: (wanted: string, type: string) => string;
  readonly value: (e: Expr, s: Scope) => Tile;
  /** The same cells in locals. */
  readonly named: (t: Tile, wanted: string, dtype: DType, s: Scope) => Tile;
  readonly wide: (e: Expr, s: Scope) => Tile;
  /** Code of one value; the expression must not depend on rows or lanes. */
  readonly single: (e: Expr, s: Scope, name?: string) => string;
  /** Code of the address of a cell for each row (and lane, where lanes are no neighbours), and its constant part. */
  readonly address: (a: Address, s: Scope) => { readonly tile: Tile; readonly offset: (row: number, vector: number) => string; readonly near: boolean };
  readonly addressOf: (id: string, at: readonly Expr[]) => Address;
  readonly loop: (name: string, from: string, to: string, step: number, body: readonly string[], preset?: boolean) => readonly string[];
  readonly part: (t: Tile, row: number, vector: number) => string;
  readonly locals: () => readonly string[];
  readonly globals: ReadonlySet<string>;
}

export interface World {
  readonly layouts: ReadonlyMap<string, Layout>;
  readonly intern: Intern;
  /** The place of each key's stream. */
  readonly streams: ReadonlyMap<string, number>;
  /** The axis whose positions are independent of one another and go to threads: the users of a batch. */
  readonly rowsAxis: string;
  /** The loop that computes a buffer, where one does. */
  readonly loops: ReadonlyMap<string, number>;
  /** What a buffer or a kernel is called in the module, where entries stand side by side. */
  readonly name: (id: string) => string;
  /** The state in whose place a buffer is, where it has none of its own. */
  readonly places: ReadonlyMap<string, string>;
}

export const streamsId = 'streams';
