/** What an entry takes: operations and peak memory at given sizes. */
import type { Sizes } from '../runtime/contract/session.js';
import type { Cost } from './compiled.js';
import type { Buffer, Entry, Expr, Kernel, LoopAxis, Size } from './loops/ir.js';
import { readsOf } from './loops/shape.js';
import { table } from './scalars.js';

const sizeOf = (size: Size, sizes: Sizes): number => (typeof size === 'number' ? size : (sizes[size] ?? 0));
export const cells = (axes: readonly LoopAxis[], sizes: Sizes): number =>
  axes.reduce((n, a) => n * sizeOf(a.size, sizes), 1);
const bytes = (b: Buffer, sizes: Sizes): number => 4 * cells(b.axes, sizes);

/** Operations of one evaluation; shared subexpressions count once, narrowed loops as half of theirs. */
const operations = (root: Expr, sizes: Sizes): number => {
  const seen = new Set<Expr>();
  const visit = (e: Expr): number => {
    if (seen.has(e)) return 0;
    seen.add(e);
    switch (e.kind) {
      case 'literal':
      case 'index':
      case 'extent':
        return 0;
      case 'uniform':
        return 12;
      case 'read':
        return 0;
      case 'apply':
        return (
          (e.args.some((a) => a.kind !== 'index') && e.dtype === 'f32' ? table[e.fn].cost : 0) +
          e.args.map(visit).reduce((a, b) => a + b, 0)
        );
      case 'guard':
        return visit(e.then) + visit(e.otherwise);
      case 'reduce': {
        const n = e.over.reduce(
          (total, { axis, from, to }) =>
            total * sizeOf(axis.size, sizes) * (from === undefined && to === undefined ? 1 : 0.5),
          1,
        );
        return n * (visit(e.body) + 1);
      }
      // Each summand goes to exactly one target: the whole collection costs one pass over the summands.
      case 'collect':
        return visit(e.body);
    }
  };
  return visit(root);
};

/** The largest sum of buffers alive at once: a temporary lives from its kernel to its last reader. */
export const peakOf = (entry: Entry, sizes: Sizes): number => {
  const last = new Map<string, number>();
  entry.kernels.forEach((k, i) => kernelReads(k).forEach((id) => last.set(id, i)));
  const kept = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const size = new Map(entry.buffers.map((b) => [b.id, bytes(b, sizes)]));
  /** What is let go of after each kernel. */
  const freed = new Map<number, number>();
  for (const { id, role } of entry.buffers) {
    const at = last.get(id);
    if (role === 'temp' && !kept.has(id) && at !== undefined) freed.set(at, (freed.get(at) ?? 0) + size.get(id)!);
  }
  let live = entry.buffers
    .filter((b) => b.role === 'input' || b.role === 'state')
    .reduce((n, b) => n + size.get(b.id)!, 0);
  let most = live;
  entry.kernels.forEach((k, i) => {
    live += size.get(k.output)!;
    most = Math.max(most, live);
    live -= freed.get(i) ?? 0;
  });
  return most;
};

/** Buffers that a kernel reads. */
export const kernelReads = ({ body, where }: Kernel): readonly string[] =>
  readsOf(where === undefined ? [body] : [body, where]);

export const costOf =
  (entry: Entry) =>
  (sizes: Sizes): Cost => {
    const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
    return {
      peakBytes: peakOf(entry, sizes),
      operations: entry.kernels.reduce((total, k) => {
        const n = cells(buffers.get(k.output)!.axes, sizes) * (k.where === undefined ? 1 : 0.5);
        const collected =
          k.body.kind === 'collect'
            ? cells(
                k.body.over.map((o) => o.axis),
                sizes,
              )
            : n;
        return total + collected * Math.max(1, operations(k.body, sizes));
      }, 0),
    };
  };
