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

interface Step {
  readonly unit: Unit;
  readonly made: readonly string[];
  /** What others made, or nobody. */
  readonly reads: readonly string[];
  /** Bytes of what it makes. */
  readonly freed: number;
}

const stepOf = (unit: Unit, bytes: ReadonlyMap<string, number>): Step => {
  const made = unit.map((k) => k.output);
  const reads = [...new Set(unit.flatMap((k) => [...kernelReads(k)]))].filter((id) => !made.includes(id));
  return { unit, made, reads, freed: made.reduce((sum, id) => sum + bytes.get(id)!, 0) };
};

const reordered = (entry: Entry): readonly Kernel[] => {
  const bytes = new Map(
    entry.buffers.map((b) => [b.id, b.role === 'input' || b.role === 'state' ? 0 : cells(b.axes, typicalSizes)]),
  );
  // From the last to the first, which is how they are taken where nothing else decides.
  const steps = unitsOf(entry.kernels)
    .map((unit) => stepOf(unit, bytes))
    .reverse();
  const maker = new Map(steps.flatMap((step) => step.made.map((id) => [id, step] as const)));
  /** How many steps yet to be taken read what a step makes, each result of it by itself. */
  const waiting = new Map<Step, number>();
  const wait = (id: string, by: number): number => {
    const of = maker.get(id);
    if (of === undefined) return Infinity;
    const left = (waiting.get(of) ?? 0) + by;
    waiting.set(of, left);
    return left;
  };
  steps.forEach(({ reads }) => reads.forEach((id) => wait(id, 1)));
  const live = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
  const kept = ({ reads, freed }: Step): number =>
    reads.reduce((sum, id) => sum + (live.has(id) ? 0 : bytes.get(id)!), 0) - freed;
  const place = new Map(steps.map((step, i) => [step, i]));
  const ready = new Set(steps.filter((step) => (waiting.get(step) ?? 0) === 0));
  const order: Unit[] = [];
  while (ready.size > 0) {
    const next = [...ready]
      .map((step) => ({ step, kept: kept(step), at: place.get(step)! }))
      .reduce((best, one) => (one.kept < best.kept || (one.kept === best.kept && one.at < best.at) ? one : best)).step;
    ready.delete(next);
    order.push(next.unit);
    next.made.forEach((id) => live.delete(id));
    for (const id of next.reads) {
      if (wait(id, -1) === 0) ready.add(maker.get(id)!);
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
