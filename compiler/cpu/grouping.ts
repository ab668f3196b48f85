/** What is asked of a kernel when it is put in order, and beside others. */
import { isMath } from '../code/math.js';
import { nodes, readsOf } from '../loops/shape.js';
import { cellOf, domain, type Group, isReduce, isWalk, listsOf, rootsOf, type TiledJob } from './job.js';
import { keptOf } from './kernels.js';
import type { TiledKernels } from './vectorise.js';

/** Kernels in one function: more would only make it longer. */
const most = 8;

interface Facts {
  /** Buffers that it reads. */
  readonly needs: readonly string[];
  /** Of these, those of which it reads other rows than the one being computed. */
  readonly far: ReadonlySet<string>;
  /** The cells it loops over, as text. */
  readonly cells: string;
  readonly reduces: boolean;
  /** All that it sums are walks of lists. */
  readonly walks: boolean;
  /** Computes what has no instruction. */
  readonly long: boolean;
}

export interface Grouping {
  readonly isRow: (job: TiledJob) => boolean;
  readonly of: (job: TiledJob) => Facts;
  /** The kernels of its loop, in the order in which each position runs through them. */
  readonly members: (job: TiledJob) => Group;
  /** What must be there before a kernel runs, or the loop that it is part of. */
  readonly asked: (job: TiledJob) => { readonly needs: readonly string[]; readonly far: ReadonlySet<string> };
  /** Everything of `left` that runs over the same cells as `seed` and needs nothing but what is `known`. */
  readonly grown: (seed: TiledJob, left: readonly TiledJob[], known: (id: string) => boolean) => Group;
  /** Of a walk of lists, the one kernel that reads it, where that is over the same cells: together they need not store what it sums. */
  readonly onlyReader: (job: TiledJob) => TiledJob | undefined;
  /** Lists of inverses. */
  readonly lists: ReadonlySet<string>;
}

const memo = <A, B>(compute: (a: A) => B): ((a: A) => B) => {
  const known = new Map<A, B>();
  return (a) => {
    const found = known.get(a);
    if (found !== undefined) return found;
    const fresh = compute(a);
    known.set(a, fresh);
    return fresh;
  };
};

const facts =
  ({ world, buffers }: TiledKernels) =>
  (job: TiledJob): Facts => {
    const { rowsAxis } = world;
    const all = [...nodes(rootsOf(job))];
    const far = all.flatMap((e) => {
      const rows = e.kind === 'read' ? (buffers.get(e.buffer)?.axes.findIndex((a) => a.name === rowsAxis) ?? -1) : -1;
      if (e.kind !== 'read' || rows < 0) return [];
      const at = e.at[rows];
      return job.task?.name === rowsAxis && at?.kind === 'index' && at.axis === rowsAxis ? [] : [e.buffer];
    });
    return {
      needs: readsOf(rootsOf(job)).filter((id) => id !== job.output),
      far: new Set(far),
      reduces: all.some(isReduce),
      walks: all.filter(isReduce).every(isWalk),
      cells: `${job.tiling.lanes} of ${domain(job, world)
        .map((a) => `${a.name}:${a.size}${a.ragged?.lengths ?? ''}`)
        .join()}`,
      long: all.some((e) => e.kind === 'uniform' || (e.kind === 'apply' && isMath(e.fn))),
    };
  };

export const grouping = (k: TiledKernels): Grouping => {
  const { jobs, world } = k;
  const of = memo(facts(k));
  const members = (j: TiledJob): Group =>
    j.loop === undefined ? [j] : (jobs.filter((other) => other.loop?.id === j.loop!.id) as unknown as Group);
  const asked = memo((j: TiledJob) => {
    const all = members(j);
    const own = new Set(all.map((m) => m.output));
    return {
      needs: [...new Set(all.flatMap((m) => of(m).needs))].filter((id) => !own.has(id)),
      far: new Set(all.flatMap((m) => [...of(m).far])),
    };
  });
  /** Whether a kernel reads nothing of these but the cell that it computes itself. */
  const readsOwnCell = (j: TiledJob, group: readonly TiledJob[]): boolean =>
    group.every((g) => {
      const own = cellOf(g, world);
      return [...nodes(rootsOf(j))].every((e) => e.kind !== 'read' || e.buffer !== g.output || e === own);
    });
  /** One sum at most, which fills the registers, and beside it nothing that would empty them. Walks of lists fill none, and wait. */
  const fits = (group: readonly TiledJob[]): boolean => {
    const sums = group.filter((g) => of(g).reduces);
    if (sums.every((g) => of(g).walks)) return sums.length === 0 || !group.some((g) => of(g).long);
    // What has no instruction is faster apart, after the sum.
    return sums.length === 1 && sums[0]!.tiling.rows !== null && !group.some((g) => of(g).long && !of(g).reduces);
  };
  const sameCells = (a: TiledJob, b: TiledJob): boolean =>
    of(a).cells === of(b).cells && a.where === b.where && a.task?.name === b.task?.name;
  const grown = (seed: TiledJob, left: readonly TiledJob[], known: (id: string) => boolean): Group => {
    if (seed.loop !== undefined) return members(seed);
    let group: Group = [seed];
    if (seed.adds || seed.tiling.lanes === null) return group;
    /** The group and `j`, and before it what it waits for that can run in the group too; null where it cannot. */
    const joined = (before: Group, j: TiledJob): Group | null => {
      if (before.includes(j)) return before;
      if (j.adds || j.loop !== undefined || !sameCells(j, seed)) return null;
      const ready = of(j).needs.reduce<Group | null>((all, id) => {
        if (all === null || known(id) || all.some((g) => g.output === id)) return all;
        const maker = left.find((other) => other.output === id);
        return maker === undefined ? null : joined(all, maker);
      }, before);
      if (ready === null || ready.length >= most || !fits([...ready, j]) || !readsOwnCell(j, ready)) return null;
      return [...ready, j];
    };
    for (const j of left) {
      // Together only where one has what the other needs.
      if (of(j).needs.every((id) => !group.some((g) => g.output === id || of(g).needs.includes(id)))) continue;
      group = joined(group, j) ?? group;
    }
    return group;
  };
  const kept = keptOf(k);
  const onlyReader = memo((j: TiledJob): TiledJob | undefined => {
    if (!of(j).reduces || !of(j).walks || j.adds || j.loop !== undefined || kept.has(j.output)) return undefined;
    const [reader, ...others] = jobs.filter((other) => of(other).needs.includes(j.output));
    return reader !== undefined &&
      others.length === 0 &&
      sameCells(j, reader) &&
      fits([j, reader]) &&
      readsOwnCell(reader, [j])
      ? reader
      : undefined;
  });
  return {
    isRow: (j) => j.task?.name === world.rowsAxis,
    of,
    members,
    asked,
    grown,
    onlyReader,
    lists: new Set(k.inverses.flatMap(listsOf)),
  };
};
