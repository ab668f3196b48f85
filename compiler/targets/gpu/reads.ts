/** What a kernel for gpu.js reads. */
import type { Buffer, Expr, Kernel, LoopAxis } from '../../loops/ir.js';
import { nodes, readsOf } from '../../loops/shape.js';

/** In the order in which they are written. */
export const rootsOf = ({ body, where }: Kernel): readonly Expr[] => (where === undefined ? [body] : [where, body]);
export const uniformsOf = (kernel: Kernel) =>
  [...nodes(rootsOf(kernel))].flatMap((e) => (e.kind === 'uniform' ? [e] : []));

/** What says which positions of these axes exist. */
export const existence = (axes: readonly LoopAxis[]): readonly string[] =>
  axes.flatMap(({ ragged, missing }) => [
    ...(ragged !== undefined && axes.some((a) => a.name === ragged.rows) ? [ragged.lengths] : []),
    ...(missing === undefined ? [] : [missing]),
  ]);

export const kernelReads = (kernel: Kernel, buffers: ReadonlyMap<string, Buffer>): readonly string[] => [
  ...new Set([...existence(buffers.get(kernel.output)?.axes ?? []), ...readsOf(rootsOf(kernel))]),
];
