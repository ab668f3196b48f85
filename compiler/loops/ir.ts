/**
 * The loop-level program: what every target consumes. A kernel computes one tensor, cell by cell; its body says what one
 * cell is. Which cells run together, and in what order, is the target's affair.
 *
 * Sizes may be symbols (`batch`, `items`) that the trainer binds when it starts. Everything here is plain JSON.
 */
import type { DType, ScalarName } from '../../dsl/scalar.js';
import type { Monoid } from '../../dsl/node.js';
import type { PlanAxis, PlanBuffer, Size } from '../../runtime/contract/plan.js';

export type { Size };

export interface LoopAxis extends PlanAxis {
  /** An axis that no model has: the entries of a list of positions, or the shares of a batch. */
  readonly made?: 'entry' | 'share';
}

/** A ragged axis is stored up to its bound here; a target may pack it instead. A state's new value is a temp or output named by `Entry.updates`. */
export interface Buffer extends PlanBuffer {
  readonly axes: readonly LoopAxis[];
}

/** `expr` at loop variables: evaluated once for each cell; shared subexpressions are shared objects. */
export type Expr =
  | { readonly kind: 'literal'; readonly value: number; readonly dtype: DType }
  /** The loop variable of an output axis or of an enclosing reduction (i32). */
  | { readonly kind: 'index'; readonly axis: string }
  /** The number of positions of an axis (i32): the row's length where it is ragged, less what is missing. `row` is the position along its rows axis. */
  | { readonly kind: 'extent'; readonly axis: LoopAxis; readonly row?: Expr }
  /** One i32 expression for each axis of the buffer, in its memory order. In range by construction. */
  | { readonly kind: 'read'; readonly buffer: string; readonly at: readonly Expr[]; readonly dtype: DType }
  | { readonly kind: 'apply'; readonly fn: ScalarName; readonly args: readonly Expr[]; readonly dtype: DType }
  /** Evaluates `then` only where `condition` holds, else `otherwise`: no out-of-range read happens in the branch not taken. */
  | {
      readonly kind: 'guard';
      readonly condition: Expr;
      readonly then: Expr;
      readonly otherwise: Expr;
      readonly dtype: DType;
    }
  | {
      readonly kind: 'reduce';
      readonly monoid: Monoid;
      readonly over: readonly ReduceAxis[];
      readonly body: Expr;
      readonly dtype: DType;
    }
  /**
   * The sum of `body` over those positions of `over` at which the i32 buffer `index` equals `target`: the transpose of a
   * gather. `index` has exactly the axes `over`, in its memory order; `body` uses them as loop variables.
   */
  | {
      readonly kind: 'collect';
      readonly index: string;
      readonly over: readonly ReduceAxis[];
      readonly target: Expr;
      readonly body: Expr;
      readonly dtype: DType;
    }
  /** Uniform in [0, 1) from (seed, step, key, counter), see runtime/contract/random. `counter` is an i32 expression. */
  | { readonly kind: 'uniform'; readonly key: string; readonly counter: Expr };

/** A loop from `from` (0) up to, not including, `to` (the axis's size less what is missing, or the row's length). */
export interface ReduceAxis {
  readonly axis: LoopAxis;
  readonly from?: Expr;
  readonly to?: Expr;
  /** The position along the rows axis of a ragged axis, where a row is known; without it the loop runs to the bound. */
  readonly row?: Expr;
}

/** A place in a model's project; lines and columns count from 1. */
export interface Source {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A loop along an axis that all its kernels' outputs have; `id` tells loops of an entry apart. */
export interface Loop {
  readonly id: number;
  readonly axis: string;
  /** From the last position that exists to the first. */
  readonly reverse: boolean;
}

/** A loop nest over the cells of one buffer: each is the value of `body` at that cell. */
export interface Kernel {
  /** The model's own name for what is computed (`scores`), made unique: an identifier. */
  readonly name: string;
  readonly source?: Source;
  /** The buffer it fills; the output axes are that buffer's axes. Cells beyond a row's length are left 0; those at missing positions hold anything. */
  readonly output: string;
  readonly body: Expr;
  /** Where this condition on output axes fails the cell is 0 and the body is not evaluated (the masked half of attention). */
  readonly where?: Expr;
  /**
   * Kernels of one loop stand side by side, and run in turn for each position of its axis, the cells of that position alone;
   * they read what others of the loop (and they themselves) computed at positions before.
   */
  readonly loop?: Loop;
  /** One line a person can read: the expression in the DSL's terms. */
  readonly comment: string;
}

/** One program the trainer can run: `train`, `rank`, `score`. Kernels in an order that respects their reads. */
export interface Entry {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  readonly kernels: readonly Kernel[];
  /** Output name to buffer id. */
  readonly outputs: Readonly<Record<string, string>>;
  /** State buffer id to the buffer that holds its new value after the run. */
  readonly updates: Readonly<Record<string, string>>;
}

/** A model as loops, plain JSON: what every target reads. */
export interface LoopProgram {
  readonly model: string;
  readonly entries: readonly Entry[];
}
