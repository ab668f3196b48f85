/**
 * The order of kernels, for the least memory alive at once. Built from the end: of the kernels whose results are asked for
 * only later, the one comes last that needs the least to be kept for it. A derivative's recomputed stretch thus runs just
 * before it is read, and an optimizer's update as soon as its gradient is there.
 */
import { cells, kernelReads, peakOf } from '../cost.js';
import type { Entry, Kernel } from '../loops/ir.js';
import { typicalSizes } from '../sizes.js';

/** Kernels that run one after the other whatever the order: one, or those of a loop. */
type Unit = readonly [Kernel, ...Kernel[]];

const unitsOf = (kernels: readonly Kernel[]): readonly Unit[] =>
  kernels.reduce<readonly Unit[]>((units, k) => {
    const last = units[units.length - 1];
    return last !== undefined && k.loop !== undefined && last[0].loop?.id === k.loop.id
      ? [...units.slice(0, -1), [...last, k]]
      : [...units, [k]];
  }, []);

const reordered = (entry: Entry): readonly Kernel[] => {
  const bytes = new Map(
    entry.buffers.map((b) => [b.id, b.role === 'input' || b.role === 'state' ? 0 : cells(b.axes, typicalSizes)]),
  );
  const units = unitsOf(entry.kernels);
  const made = (u: Unit): readonly string[] => u.map((k) => k.output);
  const reads = new Map(
    units.map((u) => [u, [...new Set(u.flatMap((k) => [...kernelReads(k)]))].filter((id) => !made(u).includes(id))]),
  );
  const waiting = new Map<string, number>();
  for (const ids of reads.values()) for (const id of ids) waiting.set(id, (waiting.get(id) ?? 0) + 1);
  const live = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const left = [...units].reverse();
  const order: Unit[] = [];
  while (left.length > 0) {
    let best = -1;
    let least = Infinity;
    left.forEach((u, i) => {
      if (made(u).some((id) => (waiting.get(id) ?? 0) > 0)) return;
      const freed = made(u).reduce((sum, id) => sum + bytes.get(id)!, 0);
      const kept = reads.get(u)!.reduce((sum, id) => sum + (live.has(id) ? 0 : bytes.get(id)!), 0) - freed;
      if (kept < least) {
        least = kept;
        best = i;
      }
    });
    const [next] = left.splice(best, 1) as [Unit];
    order.push(next);
    made(next).forEach((id) => live.delete(id));
    for (const id of reads.get(next)!) {
      waiting.set(id, waiting.get(id)! - 1);
      live.add(id);
    }
  }
  return order.reverse().flat();
};

/** The better of the two orders, at typical sizes. */
export const schedule = (entry: Entry): Entry => {
  const candidate = { ...entry, kernels: reordered(entry) };
  return peakOf(candidate, typicalSizes) < peakOf(entry, typicalSizes) ? candidate : entry;
};
