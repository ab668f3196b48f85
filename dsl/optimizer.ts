/** Optimizers are DSL expressions from a parameter, its gradient and its slots to their next values. */
import type { Node, Param } from './node.js';
import type { Tensor } from './tensor.js';

/** What one update gives. */
export interface Update {
  /** The parameter's next value. */
  readonly value: Node;
  /** The slots' next values, by the names in `slots`. */
  readonly slots: Readonly<Record<string, Node>>;
}

/** How a parameter changes at a step, as an expression; applied to every parameter of a model. */
export interface Optimizer {
  readonly name: string;
  /** Slots kept for every parameter (all start at 0): `m` and `v` for Adam. */
  readonly slots: readonly string[];
  /** `step` counts updates from 1 (f32 scalar input `step`). */
  readonly update: (
    parameter: Param,
    gradient: Node,
    slots: Readonly<Record<string, Node>>,
    step: Tensor<never>,
  ) => Update;
}
