/** Which new values of states are written over the old ones: what nobody else reads any more needs no place of its own. */
import { nodes } from '../loops/shape.js';
import { cellOf, type Group, type Job, rootsOf } from './job.js';
import type { Scheduled } from './phases.js';

/** By the buffer of a new value, the state whose place it takes. */
const placesOf = ({ entry, phases, world }: Scheduled): ReadonlyMap<string, string> => {
  const { layouts, intern } = world;
  const groups = phases.flatMap((p, phase) => [
    ...p.rows.map((group) => ({ group, phase, grid: false })),
    ...p.grids.map((group) => ({ group, phase, grid: true })),
  ]);
  const jobs = groups.flatMap((g) => g.group.map((job, at) => ({ ...g, job, at })));
  const results = Object.values(entry.updates);
  const sameLayout = (a: string, b: string): boolean => {
    const [x, y] = [layouts.get(a)!, layouts.get(b)!];
    return JSON.stringify([x.inner, x.pitch, x.buffer.axes]) === JSON.stringify([y.inner, y.pitch, y.buffer.axes]);
  };
  /** Reads a state at the cell that it computes, and nowhere else. */
  const atOwnCell = (job: Job, state: string): boolean => {
    const own = intern({ ...cellOf(job, world), buffer: state });
    return [...nodes(rootsOf(job))].every((e) => e.kind !== 'read' || e.buffer !== state || e === own);
  };
  return new Map(
    Object.entries(entry.updates).flatMap(([state, id]): readonly (readonly [string, string])[] => {
      const maker = jobs.find(({ job }) => job.output === id);
      if (
        maker === undefined ||
        !maker.grid ||
        maker.job.adds ||
        maker.job.where !== undefined ||
        !sameLayout(state, id)
      )
        return [];
      if (
        results.filter((r) => r === id).length > 1 ||
        Object.values(entry.outputs).includes(id) ||
        phases.some((p) => p.inverses.some((i) => i.index === state))
      )
        return [];
      const readers = jobs.filter(({ job }) =>
        [...nodes(rootsOf(job))].some((e) => e.kind === 'read' && e.buffer === state),
      );
      const free = readers.every(
        (r) => r.phase < maker.phase || (r.group === maker.group && r.at <= maker.at && atOwnCell(r.job, state)),
      );
      return free ? [[id, state]] : [];
    }),
  );
};

/**
 * The group, its kernels told which of them read what is written over, by themselves or by another of the group: where tiles overlap
 * they would read the new value.
 */
const overwriting = (group: Group, places: ReadonlyMap<string, string>): Group => {
  const gone = new Set(group.flatMap(({ output }) => places.get(output) ?? []));
  const reads = (job: Job): boolean => [...nodes(rootsOf(job))].some((e) => e.kind === 'read' && gone.has(e.buffer));
  return group.map((j) => (places.has(j.output) || reads(j) ? { ...j, overwrites: true } : j)) as unknown as Group;
};

export const inPlace = (s: Scheduled): Scheduled => {
  const places = placesOf(s);
  return {
    ...s,
    world: { ...s.world, places },
    phases: s.phases.map((p) => ({ ...p, grids: p.grids.map((g) => overwriting(g, places)) })),
  };
};
