/**
 * The primitives: a tensor expression is an immutable graph of these nodes. Everything else in the language is an
 * ordinary function that returns one of them; the compiler has exactly one record for each `op`.
 */
import type { InputRow } from '../runtime/contract/batch.js';
import type { ItemFeature } from '../runtime/contract/features.js';
import type { Axis } from './axis.js';
import type { DType, ScalarName } from './scalar.js';

/** How a reduction combines two values. The empty reduction gives 0 and the lowest value. */
export type Monoid = 'sum' | 'max';

/** How a parameter starts. `fan` names the axes summed over by its use (Xavier). */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'truncatedNormal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'xavierUniform'; readonly fanIn: readonly string[]; readonly fanOut: readonly string[] }
  /** Data give it once for all: no step changes it, and nothing is differentiated by it. */
  | { readonly kind: 'given'; readonly feature: ItemFeature };

interface Typed {
  /** Sorted by name. */
  readonly axes: readonly Axis[];
  readonly dtype: DType;
}

/** Data of the batch: item ids, times, targets. */
export interface Input extends Typed {
  readonly op: 'input';
  readonly name: string;
  /** What it is, where the table of inputs has no row of its name. */
  readonly row?: InputRow;
}
/** A trained tensor, a slot of the optimizer, or what data say of items; `path` names it in checkpoints. */
export interface Param extends Typed {
  readonly op: 'param';
  readonly path: string;
  readonly init: Init;
}
/** One value, without axes. */
export interface Constant extends Typed {
  readonly op: 'constant';
  readonly value: number;
}
/** The position along `axis`, from 0 (i32). */
export interface Index extends Typed {
  readonly op: 'index';
  readonly axis: Axis;
}
/** How many positions `axis` has (i32): for a ragged axis, one number for each row. */
export interface Extent extends Typed {
  readonly op: 'extent';
  readonly axis: Axis;
}
/** Uniform in [0, 1): a pure function of the run's seed, the step, `key` and the position. Equal keys are equal values. */
export interface Uniform extends Typed {
  readonly op: 'uniform';
  readonly key: string;
}
/** A scalar function at every position of the union of its arguments' axes. */
export interface MapNode extends Typed {
  readonly op: 'map';
  readonly fn: ScalarName;
  readonly args: readonly Node[];
}
/** Combines the positions that exist along `over` (axis names of `arg`). An empty sum is 0, an empty max the lowest value (`lowest.ts`). */
export interface Reduce extends Typed {
  readonly op: 'reduce';
  readonly monoid: Monoid;
  readonly over: readonly string[];
  readonly arg: Node;
}
/** The same value along further axes. */
export interface Broadcast extends Typed {
  readonly op: 'broadcast';
  readonly arg: Node;
}
/** table[... at ...]: `axis` of the table is replaced by the axes of `at`; shared axes run together. Out of range is 0. */
export interface Gather extends Typed {
  readonly op: 'gather';
  readonly table: Node;
  readonly at: Node;
  readonly axis: string;
}
/** out[... i ...] = sum over `over` of arg where at = i: the transpose of gather. `over` lists axes of `at` that vanish. */
export interface Scatter extends Typed {
  readonly op: 'scatter';
  readonly arg: Node;
  readonly at: Node;
  readonly axis: Axis;
  readonly over: readonly string[];
}
/** Axis `from` takes the name and identity of `to`. Where `arg` already has `to`, the diagonal is taken. */
export interface Rename extends Typed {
  readonly op: 'rename';
  readonly arg: Node;
  readonly from: string;
  readonly to: Axis;
}
/** out[t] = arg[t - by] along `axis`, 0 where that position does not exist. */
export interface Shift extends Typed {
  readonly op: 'shift';
  readonly arg: Node;
  readonly axis: string;
  readonly by: number;
}
/** Same value, no derivative. */
export interface Stop extends Typed {
  readonly op: 'stop';
  readonly arg: Node;
}
/** Same value and derivative, but never merged with an equal expression outside: what hangs on it is computed again (checkpointing). */
export interface Barrier extends Typed {
  readonly op: 'barrier';
  readonly arg: Node;
  readonly key: string;
}
/**
 * The value of an equilibrium `value` (a constant), with the derivative of the implicit function theorem: its cotangent is
 * solved for lambda = ct + (d through / d value)' lambda, and lambda is the cotangent of `through` = step(value).
 */
export interface Implicit extends Typed {
  readonly op: 'implicit';
  readonly value: Node;
  readonly through: Node;
  readonly of: FixedPoint;
}
/** A bound variable of `descend` or `fixedPoint`: identity is the object's. */
export interface Variable extends Typed {
  readonly op: 'variable';
  readonly name: string;
}
/**
 * What a state of a scan was at the position before (after, in `reverse`) along the axis `along`; 0 where there is none.
 * Bound by the scan that holds it: identity is the object's.
 */
export interface Carry extends Typed {
  readonly op: 'carry';
  readonly name: string;
  readonly along: string;
  readonly reverse: boolean;
}
/**
 * State number `result` of the recurrence next = step(carry), at every position of the axis that the carries run along: the
 * only x with x[t] = next[t] where carry[t] = x[t - 1]. `next` has a carry's axes, and along that axis reads its own position.
 */
export interface Scan extends Typed {
  readonly op: 'scan';
  readonly carries: readonly Carry[];
  readonly next: readonly Node[];
  readonly result: number;
  /** What the derivative reads: the states as they were computed, or computed once more. */
  readonly backward: 'store' | 'recompute';
  /** One position after the other, or in log2(length) sweeps over all (steps that are affine in the carry, entry by entry). */
  readonly form: 'sequential' | 'associative';
}
/** One result of a node with several. */
export interface Project extends Typed {
  readonly op: 'project';
  readonly of: Descend | FixedPoint | Gradient | Rebind;
  readonly result: string;
}

/** The derivative of `of` (summed over all its axes) with respect to each of `wrt`: results '0', '1', ... */
export interface Gradient {
  readonly op: 'gradient';
  readonly of: Node;
  readonly wrt: readonly Node[];
}

/**
 * The expressions `of` with other values in the place of the parameters `paths`: results '0', '1', ... A value has its
 * parameter's axes and perhaps `rows`, which the results have anyway.
 */
export interface Rebind {
  readonly op: 'rebind';
  readonly of: readonly Node[];
  readonly paths: readonly string[];
  readonly values: readonly Node[];
  /** The axis whose positions are independent users. */
  readonly rows: Axis;
}

/** How a derivative passes through an iteration: see `backward.ts`. */
export type Backward =
  | { readonly kind: 'unroll' }
  | { readonly kind: 'checkpoint'; readonly every: number }
  | { readonly kind: 'lastSteps'; readonly steps: number }
  | { readonly kind: 'stopGradient' }
  | { readonly kind: 'phantom'; readonly steps: number; readonly damping: number }
  | {
      readonly kind: 'implicit';
      readonly solve: 'picard' | 'anderson';
      readonly atol: number;
      readonly rtol: number;
      readonly maxSteps: number;
    };

/** states <- states - rate * d energy / d states, `steps` times. Results '0', '1', ... are the states, 'energy' the last energy. */
export interface Descend {
  readonly op: 'descend';
  readonly variables: readonly Variable[];
  readonly energy: Node;
  readonly init: readonly Node[];
  readonly rate: readonly Node[];
  readonly clamp: readonly boolean[];
  readonly steps: number;
  readonly order: 'jacobi' | 'sweepUp' | 'sweepDown';
  /** `prefix`: position t of `axis` descends the energy of positions up to t alone. `whole`: every position the same energy. */
  readonly horizon: { readonly kind: 'whole' } | { readonly kind: 'prefix'; readonly axis: Axis };
  readonly backward: Extract<Backward, { kind: 'unroll' | 'checkpoint' | 'lastSteps' | 'stopGradient' }>;
  /** The axis whose positions are independent users. */
  readonly rows: Axis;
}

/** How a fixed point is looked for: see `picard` and `anderson`. */
export type Solver =
  | { readonly kind: 'picard'; readonly damping: number }
  | { readonly kind: 'anderson'; readonly memory: number; readonly ridge: number };

/** When an iteration of `fixedPoint` ends, for each row or for all. */
export type StopRule =
  | { readonly kind: 'row'; readonly atol: number; readonly rtol: number; readonly maxSteps: number }
  | { readonly kind: 'fixed'; readonly steps: number };

/** x = step(x). Results 'value', 'residual', 'steps', 'converged'. */
export interface FixedPoint {
  readonly op: 'fixedPoint';
  readonly variable: Variable;
  readonly step: Node;
  readonly init: Node;
  readonly solver: Solver;
  readonly stop: StopRule;
  readonly backward: Exclude<Backward, { kind: 'lastSteps' | 'stopGradient' }>;
  readonly rows: Axis;
}

/** A primitive and its arguments. */
export type Node =
  | Input
  | Param
  | Constant
  | Index
  | Extent
  | Uniform
  | MapNode
  | Reduce
  | Broadcast
  | Gather
  | Scatter
  | Rename
  | Shift
  | Stop
  | Barrier
  | Implicit
  | Carry
  | Scan
  | Variable
  | Project;

/** The name of a primitive. */
export type Op = Node['op'];
