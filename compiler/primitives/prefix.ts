/** A sequence that ends early: what primitives say of the values of a prefix (`restricted` of their records). */
import type { Axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';

export interface Prefix {
  /** The prefix's last position. */
  readonly end: Node;
  /** Whether an axis is the sequence, or a copy of it. */
  readonly isCopy: (axis: Axis) => boolean;
}

/** Whether a position lies in the prefix. */
export const upTo = (position: Node, { end }: Prefix): Node => build.map('le', position, end);

/** `value` where a position lies in the prefix, else what it is where there is none. */
export const found = (value: Node, position: Node, prefix: Prefix, outside = 0): Node =>
  build.map('select', upTo(position, prefix), value, build.constant(outside, value.dtype));

/** `arg` where its positions along `over` lie in the prefix, else `outside`; `axes` are those that are run over. */
export const within = (arg: Node, axes: readonly Axis[], over: readonly string[], prefix: Prefix, outside = 0): Node =>
  axes
    .filter((a) => over.includes(a.name) && prefix.isCopy(a))
    .reduce((x, a) => found(x, build.index(a), prefix, outside), arg);

/** Of primitives whose every cell reads the cell of its arguments where it is itself: they mix nothing, and end with what they read. */
export const cellwise = { mixes: (): null => null, restricted: <N extends Node>(n: N): Node => n } as const;
