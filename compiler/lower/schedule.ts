/**
 * The order of kernels, for the least memory alive at once. Built from the end: of the kernels whose results are asked for
 * only later, the one comes last that needs the least to be kept for it. A derivative's recomputed stretch thus runs just
 * before it is read, and an optimizer's update as soon as its gradient is there.
 */
import { cells, peakOf, readsOf } from '../cost.js';
import type { Entry, Kernel } from '../loops/ir.js';
import { typicalSizes } from '../passes/sizes.js';

const reordered = (entry: Entry): readonly Kernel[] => {
  const bytes = new Map(entry.buffers.map((b) => [b.id, b.role === 'input' || b.role === 'state' ? 0 : cells(b.axes, typicalSizes)]));
  const reads = new Map(entry.kernels.map((k) => [k, [...readsOf(k)]]));
  const waiting = new Map<string, number>();
  for (const ids of reads.values()) for (const id of ids) waiting.set(id, (waiting.get(id) ?? 0) + 1);
  const live = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const left = [...entry.kernels].reverse();
  const order: Kernel[] = [];
  while (left.length > 0) {
    let best = -1;
    let least = Infinity;
    left.forEach((k, i) => {
      if ((waiting.get(k.output) ?? 0) > 0) return;
      const kept = reads.get(k)!.reduce((sum, id) => sum + (live.has(id) ? 0 : bytes.get(id)!), 0) - bytes.get(k.output)!;
      if (kept < least) {
        least = kept;
        best = i;
      }
    });
    const [next] = left.splice(best, 1) as [Kernel];
    order.push(next);
    live.delete(next.output);
    for (const id of reads.get(next)!) {
      waiting.set(id, waiting.get(id)! - 1);
      live.add(id);
    }
  }
  return order.reverse();
};

/** The better of the two orders, at typical sizes. */
export const schedule = (entry: Entry): Entry => {
  const candidate = { ...entry, kernels: reordered(entry) };
  return peakOf(candidate, typicalSizes) < peakOf(entry, typicalSizes) ? candidate : entry;
};
