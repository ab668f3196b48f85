/** Typical sizes, for the passes that weigh one form against another. No result depends on them. */
import { type Axis, bound } from '../dsl/axis.js';
import type { Node } from '../dsl/node.js';
import type { BoundSizes } from '../runtime/contract/batch.js';

export const typicalSizes: Readonly<Record<string, number>> = {
  batch: 128,
  items: 4000,
  seen: 200,
} satisfies BoundSizes;

/** Ragged rows are taken to be half full. */
export const typical = (axis: Axis): number => {
  const size = bound(axis);
  const n = typeof size === 'number' ? size : (typicalSizes[size] ?? 256);
  return axis.extent.kind === 'ragged' ? Math.max(1, n / 2) : n;
};

export const cells = (node: { readonly axes: Node['axes'] }): number => node.axes.reduce((n, a) => n * typical(a), 1);
