/**
 * In which order, and together with what, kernels run. All that a row needs is computed row by row, one kernel after the
 * other, while the row is in a core's cache; the rest is divided among the threads kernel by kernel.
 */
import type { Entry } from '../../loops/ir.js';
import { nodes, readsOf } from '../gpu/shape.js';
import { type Group, type Job, cellOf, choose, domain, rootsOf } from './kernel.js';
import { math } from './math.js';
import type { Inverse, Prepared } from './prepare.js';

/** Between phases all threads meet. */
export interface Phase {
  /** Kernels run for each row in turn. */
  readonly rows: readonly Group[];
  /** Kernels that do not need one another. */
  readonly grids: readonly Group[];
  readonly inverses: readonly Inverse[];
}

export interface Schedule {
  readonly phases: readonly Phase[];
  /** Buffers of which each thread holds one row, and only while it works on it. */
  readonly local: ReadonlySet<string>;
}

/** Kernels in one function: more would only make it longer. */
const most = 8;

export const schedule = (entry: Entry, { jobs, inverses, world, buffers }: Prepared): Schedule => {
  const { rowsAxis } = world;
  const lists = new Map(inverses.flatMap((i) => [`${i.id}.starts`, ...i.axes.map((a) => `${i.id}.${a.name}`)].map((id) => [id, i] as const)));
  const producers = new Map(jobs.map((j) => [j.output, j]));
  const hasRows = (id: string): boolean => buffers.get(id)?.axes.some((a) => a.name === rowsAxis) ?? false;
  const isRowJob = (job: Job): boolean => job.task?.name === rowsAxis;
  const needs = new Map(jobs.map((j) => [j, readsOf(rootsOf(j)).filter((id) => id !== j.output)]));
  /** Reads of rows other than the one being computed. */
  const strays = (job: Job): ReadonlySet<string> => new Set([...nodes(rootsOf(job))].flatMap((e) => {
    if (e.kind !== 'read' || !hasRows(e.buffer)) return [];
    const at = e.at[buffers.get(e.buffer)!.axes.findIndex((a) => a.name === rowsAxis)];
    return isRowJob(job) && at?.kind === 'index' && at.axis === rowsAxis ? [] : [e.buffer];
  }));
  const far = new Map(jobs.map((j) => [j, strays(j)]));

  const reduces = new Map(jobs.map((j) => [j, rootsOf(j).some((r) => [...nodes([r])].some((e) => e.kind === 'reduce'))]));
  const long = new Map(jobs.map((j) => [j, rootsOf(j).some((r) => [...nodes([r])].some((e) => e.kind === 'uniform' || (e.kind === 'apply' && e.fn in math)))]));
  const choices = new Map(jobs.map((j) => [j, choose(j, world)]));
  const cells = new Map(jobs.map((j) => [j, `${choices.get(j)!.lanes} of ${domain(j, world).map((a) => `${a.name}:${a.size}${a.ragged?.lengths ?? ''}`).join()}`]));
  /** Whether a kernel reads nothing of these but the cell that it computes itself. */
  const readsOwnCell = (j: Job, group: readonly Job[]): boolean => group.every((g) => {
    const own = cellOf(g, world);
    return [...nodes(rootsOf(j))].every((e) => e.kind !== 'read' || e.buffer !== g.output || e === own);
  });
  /** The kernels of a loop, in the order in which each position runs through them. */
  const members = (j: Job): readonly Job[] => (j.loop === undefined ? [j] : jobs.filter((k) => k.loop?.id === j.loop!.id));
  /** What must be there before a kernel runs, or the loop that it is part of. */
  const asked = new Map(jobs.map((j) => {
    const all = members(j);
    const own = new Set(all.map((k) => k.output));
    return [j, { needs: [...new Set(all.flatMap((k) => needs.get(k)!))].filter((id) => !own.has(id)), far: new Set(all.flatMap((k) => [...far.get(k)!])) }] as const;
  }));
  /** Everything left that runs over the same cells as `seed` and needs nothing else; one sum at most, which fills the registers. */
  const grown = (seed: Job, left: readonly Job[], known: (id: string) => boolean): Group => {
    if (seed.loop !== undefined) return members(seed) as unknown as Group;
    const group: [Job, ...Job[]] = [seed];
    if (seed.adds || choices.get(seed)!.lanes === null) return group;
    for (const j of left) {
      if (group.length >= most) break;
      if (group.includes(j) || j.adds || j.loop !== undefined || cells.get(j) !== cells.get(seed) || j.where !== seed.where || j.task?.name !== seed.task?.name) continue;
      if (reduces.get(j)! && group.some((g) => reduces.get(g))) continue;
      // A sum without rows of its own walks lists: no tile.
      if ([...group, j].some((g) => reduces.get(g) && choices.get(g)!.rows === null)) continue;
      // What has no instruction empties the registers of a tile: on four lanes at a time, after it, it is faster.
      if ([...group, j].some((g) => reduces.get(g)) && [...group, j].some((g) => long.get(g) && !reduces.get(g))) continue;
      if (!needs.get(j)!.every((id) => known(id) || group.some((g) => g.output === id)) || !readsOwnCell(j, group)) continue;
      if (needs.get(j)!.every((id) => !group.some((g) => g.output === id || needs.get(g)!.includes(id)))) continue;
      group.push(j);
    }
    return group;
  };

  const done = new Set<string>([...buffers.keys()].filter((id) => !producers.has(id) && !lists.has(id)));
  let left = jobs;
  let open = inverses;
  const phases: Phase[] = [];
  while (left.length > 0 || open.length > 0) {
    const taken = new Set<Job>();
    const take = (group: Group): Group => {
      group.forEach((j) => taken.add(j));
      return group;
    };
    const rest = (rowJobs: boolean): readonly Job[] => left.filter((j) => isRowJob(j) === rowJobs && !taken.has(j));
    const grids: Group[] = [];
    for (const j of left) {
      if (isRowJob(j) || taken.has(j) || !asked.get(j)!.needs.every((id) => done.has(id))) continue;
      grids.push(take(grown(j, rest(false), (id) => done.has(id))));
    }
    const lookups = open.filter((i) => done.has(i.index));
    const rows: Group[] = [];
    // Lists that rows do not read are made beside them.
    if (grids.length === 0 && (lookups.length === 0 || !rest(true).some((j) => asked.get(j)!.needs.some((id) => lists.has(id))))) {
      const inside = new Set<string>();
      const known = (j: Job) => (id: string): boolean => done.has(id) || (inside.has(id) && !asked.get(j)!.far.has(id));
      for (let next: Job | undefined; (next = rest(true).find((j) => asked.get(j)!.needs.every(known(j)))) !== undefined;) {
        const seed = next;
        const near = rest(true).filter((j) => [...far.get(j)!].every((id) => done.has(id)));
        const group = take(grown(seed, near, (id) => done.has(id) || inside.has(id)));
        rows.push(group);
        group.forEach((j) => { if (!j.adds) inside.add(j.output); });
      }
      if (rows.length === 0 && lookups.length === 0) throw new Error(`The kernels of '${entry.name}' wait for one another: ${left.map((j) => j.name).join(', ')}.`);
    }
    phases.push({ rows, grids, inverses: lookups });
    taken.forEach((j) => done.add(j.output));
    lookups.forEach((i) => { done.add(`${i.id}.starts`); i.axes.forEach((a) => done.add(`${i.id}.${a.name}`)); });
    left = left.filter((j) => !taken.has(j));
    open = open.filter((i) => !lookups.includes(i));
  }

  const phaseOf = new Map(phases.flatMap((p, i) => [...p.rows, ...p.grids].flat().map((j) => [j, i] as const)));
  const kept = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates), ...inverses.map((i) => i.index)]);
  const local = new Set(jobs.filter((j) => {
    if (!isRowJob(j) || j.adds || kept.has(j.output)) return false;
    return jobs.every((user) => !needs.get(user)!.includes(j.output) || (isRowJob(user) && phaseOf.get(user) === phaseOf.get(j) && !far.get(user)!.has(j.output)));
  }).map((j) => j.output));
  return { phases, local };
};
