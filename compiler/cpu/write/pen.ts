/** What the parts of a writer ask of one another. */
import type { Machine } from '../../code/machine.js';
import type { Amount, Code } from '../../code/tree.js';
import type { DType } from '../../../dsl/scalar.js';
import type { Expr } from '../../loops/ir.js';
import type { Address } from '../address.js';
import type { Layout } from '../layout.js';
import type { World } from '../world.js';
import type { Scope } from './scope.js';
import type { Tile } from './tile.js';

/** Over which rows and lanes of a tile an expression differs. */
export interface Shape {
  readonly rows: number;
  readonly vectors: number;
  readonly rowAxis?: string;
  readonly laneAxis?: string;
}

export type Of<K extends Expr['kind']> = Extract<Expr, { kind: K }>;
/** How each kind of expression is written, where nothing was written already. */
export type Kinds = { readonly [K in Expr['kind']]: (e: Of<K>, s: Scope) => Tile };

/** A cell's address in a buffer; `plain`: made of loop variables alone, so that it exists wherever they do. */
export interface Place {
  readonly buffer: string;
  readonly address: Address;
  readonly plain: boolean;
}

/** Code of the address of a cell for each row (and lane, where lanes are no neighbours), and its constant part. */
export interface Reached {
  readonly tile: Tile;
  readonly offset: (row: number, vector: number) => Amount;
  /** Loads the lanes of a register. */
  readonly fetch: (at: Code, offset: Amount, lanes: 'f32s' | 'i32s', vector: number) => Code;
}

export interface Memory {
  readonly layout: (id: string) => Layout;
  readonly dtype: (e: Of<'read'>) => DType;
  readonly placeOfRead: (e: Of<'read'>) => Place;
  readonly place: (buffer: string, at: readonly Expr[]) => Place;
  readonly reach: (place: Place, s: Scope) => Reached;
  /** One number for each row, onto all lanes where it is `spread`; or lanes, where the read differs along them. */
  readonly loads: (e: Of<'read'>, s: Scope, alone: 'one' | 'spread') => Tile;
  /** The code of an expression that stands for the address of a buffer, and what it is called. */
  readonly start: (e: Expr) => Code | undefined;
  readonly called: (e: Expr) => string | undefined;
}

export interface Writer {
  readonly world: World;
  readonly machine: Machine;
  readonly shape: (e: Expr, s: Scope) => Shape;
  readonly value: (e: Expr, s: Scope) => Tile;
  /** The value as something that may stand more than once. */
  readonly named: (e: Expr, s: Scope) => Tile;
  /** The value in lanes. */
  readonly wide: (e: Expr, s: Scope) => Tile;
  /** Code of one value; the expression must not depend on rows or lanes. */
  readonly single: (e: Expr, s: Scope) => Code;
  /** What a value is called where it needs a name. */
  readonly called: (e: Expr) => string;
  readonly depth: (e: Expr, s: Scope) => number;
  readonly memory: Memory;
}
