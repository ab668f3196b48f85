/**
 * What states alone decide: kernels that read nothing else give the same in every run until a state is written. A session whose states
 * stay runs them once.
 */
import { nodes, readsOf } from '../loops/shape.js';
import { type Group, type Job, rootsOf, storedBy } from './job.js';
import { keptOf } from './kernels.js';
import type { Scheduled } from './phases.js';
import { streamsId } from './world.js';

export interface Settled {
  /** Whether the kernels of a group are such. */
  readonly is: (group: Group) => boolean;
  /** Buffers of such kernels that others read, or that are asked for. */
  readonly kept: ReadonlySet<string>;
}

/** Random numbers are other ones in each run, and so are the rows of a batch. */
const constant = (j: Job, { world: { layouts, rowsAxis } }: Scheduled): boolean =>
  !j.adds &&
  j.scatter === undefined &&
  layouts.get(j.output)!.buffer.axes.every((a) => a.name !== rowsAxis && a.missing === undefined) &&
  [...nodes(rootsOf(j))].every((e) => e.kind !== 'uniform' && (e.kind !== 'read' || e.buffer !== streamsId));

/** An entry that changes states settles nothing. */
export const settledOf = (s: Scheduled): Settled => {
  const { entry, buffers, phases } = s;
  const known = new Set([...buffers.values()].flatMap((b) => (b.role === 'state' ? [b.id] : [])));
  const found = new Set<Group>();
  if (Object.keys(entry.updates).length === 0)
    for (const group of phases.flatMap((p) => p.grids)) {
      const own = new Set(group.map((j) => j.output));
      const reads = readsOf(group.flatMap(rootsOf));
      if (!group.every((j) => constant(j, s)) || !reads.every((id) => known.has(id) || own.has(id))) continue;
      found.add(group);
      storedBy(group).forEach((id) => known.add(id));
    }
  const others = phases.flatMap((p) => [...p.rows, ...p.grids.filter((g) => !found.has(g))]);
  const asked = new Set([...others.flatMap((g) => readsOf(g.flatMap(rootsOf))), ...keptOf(s)]);
  return {
    is: (group) => found.has(group),
    kept: new Set([...found].flatMap(storedBy).filter((id) => asked.has(id))),
  };
};
