/**
 * In which order, and together with what, kernels run. All that a row needs is computed row by row, one kernel after the
 * other, while the row is in a core's cache; the rest is divided among the threads kernel by kernel.
 */
import type { Entry, Expr } from '../../loops/ir.js';
import { nodes, readsOf } from '../gpu/shape.js';
import type { Job } from './kernel.js';
import { offsetsId } from './layout.js';
import type { Inverse, Prepared } from './prepare.js';

/** Between phases all threads meet. */
export interface Phase {
  /** Kernels run for each row in turn. */
  readonly rows: readonly Job[];
  /** Kernels that do not need one another. */
  readonly grids: readonly Job[];
  readonly inverses: readonly Inverse[];
}

export interface Schedule {
  readonly phases: readonly Phase[];
  /** Buffers of which each thread holds one row, and only while it works on it. */
  readonly local: ReadonlySet<string>;
}

const rootsOf = (job: Job): readonly Expr[] => (job.where === undefined ? [job.body] : [job.body, job.where]);

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

  const done = new Set<string>([...buffers.keys()].filter((id) => !producers.has(id) && !lists.has(id)));
  let left = jobs;
  let open = inverses;
  const phases: Phase[] = [];
  while (left.length > 0 || open.length > 0) {
    const ready = left.filter((j) => !isRowJob(j) && needs.get(j)!.every((id) => done.has(id)));
    const lookups = open.filter((i) => done.has(i.index));
    const rows: Job[] = [];
    if (ready.length === 0 && lookups.length === 0) {
      const inside = new Set<string>();
      for (const j of left) {
        if (!isRowJob(j) || !needs.get(j)!.every((id) => done.has(id) || (inside.has(id) && !far.get(j)!.has(id)))) continue;
        rows.push(j);
        if (!j.adds) inside.add(j.output);
      }
      if (rows.length === 0) throw new Error(`The kernels of '${entry.name}' wait for one another: ${left.map((j) => j.name).join(', ')}.`);
    }
    phases.push({ rows, grids: ready, inverses: lookups });
    [...rows, ...ready].forEach((j) => done.add(j.output));
    lookups.forEach((i) => { done.add(`${i.id}.starts`); i.axes.forEach((a) => done.add(`${i.id}.${a.name}`)); });
    const taken = new Set([...rows, ...ready]);
    left = left.filter((j) => !taken.has(j));
    open = open.filter((i) => !lookups.includes(i));
  }

  const phaseOf = new Map(phases.flatMap((p, i) => [...p.rows, ...p.grids].map((j) => [j, i] as const)));
  const kept = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates), ...inverses.map((i) => i.index)]);
  const local = new Set(jobs.filter((j) => {
    if (!isRowJob(j) || j.adds || kept.has(j.output)) return false;
    return jobs.every((user) => !needs.get(user)!.includes(j.output) || (isRowJob(user) && phaseOf.get(user) === phaseOf.get(j) && !far.get(user)!.has(j.output)));
  }).map((j) => j.output));
  return { phases, local };
};

export { offsetsId };
