/**
 * What the compiler must know of a primitive, beside its axis rule (`rebuild.ts`). The table in `index.ts` is total: a missing
 * field is a type error.
 */
import type { Axis } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import type { Facts, Flow } from '../dependence/flow.js';
import type { Gates } from '../gate.js';
import type { Expr, LoopAxis, ReduceAxis } from '../loops/ir.js';
import type { Prefix } from './prefix.js';

/** Position along each axis, by name. */
export type At = Readonly<Record<string, number>>;

/** A float64 array over `axes`, row-major; positions that do not exist hold 0. */
export interface Value {
  readonly axes: readonly Axis[];
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What a reference meaning may ask for. */
export interface Evaluation {
  readonly value: (node: Node) => Value;
  /** The entry at the positions of `at`; 0 where one of them does not exist. */
  readonly read: (value: Value, at: At) => number;
  /** A value over `axes` with `cell` at each position that exists. */
  readonly fill: (axes: readonly Axis[], cell: (at: At) => number) => Value;
  /** Visits each position of `axes` that exists beside those of `at`. */
  readonly each: (axes: readonly Axis[], at: At, visit: (at: At) => void) => void;
  /** The number of positions of an axis that exist: of the row in `at` where it is ragged and the row is known. */
  readonly extent: (axis: Axis, at: At) => number;
  /** The number of positions that an axis has at most. */
  readonly bound: (axis: Axis) => number;
  /** The values of `roots` where what hangs on `places` is worked out anew, as often as one likes, from the values given for them. */
  readonly again: (roots: readonly Node[], places: readonly Node[]) => (given: readonly Value[]) => readonly Value[];
  readonly leaf: (node: Extract<Node, { op: 'input' | 'param' | 'variable' }>) => Value;
  readonly uniform: (key: string, counter: number) => number;
}

/**
 * Loop positions of an expression's own axes, predicates (as text of expressions) known to hold, and the loop variables
 * around, which a further loop must not hide. A ragged axis whose rows have no position here is as long as its bound.
 */
export interface Scope {
  readonly at: ReadonlyMap<string, Expr>;
  readonly known: ReadonlySet<string>;
  readonly live: ReadonlySet<string>;
}

/** What a lowering rule may ask for. */
export interface Lowering {
  readonly expr: (node: Node, scope: Scope) => Expr;
  readonly axis: (axis: Axis) => LoopAxis;
  /** The position of `axis` in scope. */
  readonly position: (scope: Scope, axis: string) => Expr;
  /** Number of positions: the row's where known. */
  readonly extent: (axis: Axis, scope: Scope) => Expr;
  /** Null where the scope's position of `axis` provably exists; else the condition that says so. */
  readonly inRange: (axis: Axis, scope: Scope) => Expr | null;
  /**
   * Loops along those of `axes` that are named in `over`, the others having positions in `scope`; narrowed by the predicates
   * outside which the body is known to be zero. `guards` says which of the positions visited exist and are not zero.
   */
  readonly loops: (
    axes: readonly Axis[],
    over: readonly string[],
    scope: Scope,
    zeroOutside: readonly Node[],
  ) => { readonly over: readonly ReduceAxis[]; readonly scope: Scope; readonly guards: readonly Expr[] };
  readonly support: (node: Node) => readonly Node[];
  /** The buffer of a state that a carry holds. */
  readonly carried: (carry: Extract<Node, { op: 'carry' }>, scope: Scope) => Expr;
  /** The buffer of a node that has been given one. */
  readonly buffer: (node: Node) => string | undefined;
}

/** What a derivative rule may ask for. */
export interface Differentiation {
  /** The cotangents of the other states of the same scan, by their numbers. */
  readonly beside: ReadonlyMap<number, Node>;
  /** A rule that solves a system says of each row whether it succeeded. */
  readonly check: (solved: Node) => void;
  /** Where a cotangent may be other than 0, and what it may be multiplied by. */
  readonly gates: Gates;
  readonly mixes: Mixes;
  /** The derivative of the sum of all entries of a node by others. */
  readonly gradient: (of: Node, wrt: readonly Node[]) => readonly Node[];
}

export interface Primitive<N extends Node = Node> {
  /** The meaning, in float64. */
  readonly reference: (node: N, e: Evaluation) => Value;
  /**
   * The cotangent of each argument (in `argsOf` order) with that argument's axes; null where there is none.
   */
  readonly vjp: (ct: Node, node: N, d: Differentiation) => readonly (Node | null)[];
  /** Operations for one cell, its arguments given. */
  readonly cost: (node: N, size: (axis: Axis) => number) => number;
  readonly lower: (node: N, scope: Scope, l: Lowering) => Expr;
  /** Predicates outside which the value is 0, over the node's own axes. */
  readonly support: (node: N, of: (node: Node) => readonly Node[]) => readonly Node[];
  /** Which cells of its arguments a cell reads, and what is known of its value from positions alone. */
  readonly dependence: (node: N, of: (node: Node) => Facts, mixes: Mixes) => Flow;
  /** How a node combines positions of an axis, in words; null where what it is at one of them reads its arguments there alone. */
  readonly mixes: (node: N, axis: string) => string | null;
  /** The node as if the sequence ended with the prefix, its arguments being so already: what lies beyond is neither summed nor found. */
  readonly restricted: (node: N, prefix: Prefix) => Node;
}
export type Mixes = (node: Node, axis: string) => string | null;

export type Of<O extends Node['op']> = Extract<Node, { op: O }>;
