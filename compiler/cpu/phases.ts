/**
 * In which order, and together with what, kernels run. All that a row needs is computed row by row, one kernel after the
 * other, while the row is in a core's cache; the rest is divided among the threads kernel by kernel.
 */
import { grouping, type Grouping } from './grouping.js';
import { type Group, type Inverse, listsOf, type TiledJob } from './job.js';
import { keptOf } from './kernels.js';
import { tilesRows } from './tail.js';
import type { TiledKernels } from './vectorise.js';

/** Rows that are computed together: as many as have no more than `most` positions by these lengths, and one in any case; without lengths `most` of them. */
export interface Gather {
  readonly lengths?: string;
  readonly most: number;
}

/** Between phases all threads meet. */
export interface Phase {
  /** Kernels run for each row in turn. */
  readonly rows: readonly Group[];
  /** Short rows that follow one another take turns together. */
  readonly gather?: Gather;
  /** Kernels that do not need one another. */
  readonly grids: readonly Group[];
  readonly inverses: readonly Inverse[];
}

export interface Scheduled extends TiledKernels {
  readonly phases: readonly Phase[];
}

/** What is left to run, and what is there. */
interface Progress {
  readonly left: readonly TiledJob[];
  readonly open: readonly Inverse[];
  readonly done: ReadonlySet<string>;
}

/** Kernels without rows that can run now, each with what runs over the same cells. */
const gridsOf = ({ isRow, asked, grown, onlyReader }: Grouping, { left, done }: Progress): readonly Group[] => {
  const taken = new Set<TiledJob>();
  const groups: Group[] = [];
  const ready = (j: TiledJob): boolean => asked(j).needs.every((id) => done.has(id));
  /** Still waits for something beside walks that it alone reads and that are ready: all of these may as well run with it. */
  const waits = (reader: TiledJob): boolean =>
    asked(reader).needs.some((id) => {
      const maker = left.find((other) => other.output === id);
      return !done.has(id) && (maker === undefined || onlyReader(maker) !== reader || !ready(maker));
    });
  for (const j of left) {
    if (isRow(j) || taken.has(j) || !ready(j)) continue;
    const group = grown(
      j,
      left.filter((other) => !isRow(other) && !taken.has(other)),
      (id) => done.has(id),
    );
    const reader = onlyReader(j);
    if (reader !== undefined && !group.includes(reader) && waits(reader)) continue;
    group.forEach((g) => taken.add(g));
    groups.push(group);
  }
  return groups;
};

/** All kernels of a row that can run one after the other: what one computes of its row the next may read. */
const rowsOf = ({ isRow, of, asked, grown }: Grouping, { left, done }: Progress): readonly Group[] => {
  const taken = new Set<TiledJob>();
  const inside = new Set<string>();
  const groups: Group[] = [];
  const rest = (): readonly TiledJob[] => left.filter((j) => isRow(j) && !taken.has(j));
  const ready = (j: TiledJob): boolean =>
    asked(j).needs.every((id) => done.has(id) || (inside.has(id) && !asked(j).far.has(id)));
  for (let seed: TiledJob | undefined; (seed = rest().find(ready)) !== undefined;) {
    const near = rest().filter((j) => [...of(j).far].every((id) => done.has(id)));
    const group = grown(seed, near, (id) => done.has(id) || inside.has(id));
    groups.push(group);
    group.forEach((j) => {
      taken.add(j);
      if (!j.adds) inside.add(j.output);
    });
  }
  return groups;
};

/** Kernels whose tiles are made of rows, and all that wait for one of them. */
const manyRowsOf = ({ jobs, world }: TiledKernels, { of }: Grouping): ReadonlySet<TiledJob> => {
  const found = new Set(jobs.filter((j) => tilesRows(j, world)));
  const made = new Set([...found].map((j) => j.output));
  const more = (): TiledJob | undefined => jobs.find((j) => !found.has(j) && of(j).needs.some((id) => made.has(id)));
  for (let next = more(); next !== undefined; next = more()) {
    found.add(next);
    made.add(next.output);
  }
  return found;
};

const nextPhase = (g: Grouping, together: ReadonlySet<TiledJob>, progress: Progress, entry: string): Phase => {
  const { left, open, done } = progress;
  const grids = gridsOf(g, progress);
  const inverses = open.filter((i) => done.has(i.index));
  // Lists that rows do not read are made beside them.
  const free =
    grids.length === 0 &&
    (inverses.length === 0 || !left.some((j) => g.isRow(j) && g.asked(j).needs.some((id) => g.lists.has(id))));
  // Rows that run together wait until all are ready that run one after the other.
  const alone = free ? rowsOf(g, { ...progress, left: left.filter((j) => !together.has(j)) }) : [];
  const rows = free && alone.length === 0 ? rowsOf(g, progress) : alone;
  if (free && rows.length === 0 && inverses.length === 0)
    throw new Error(`The kernels of '${entry}' wait for one another: ${left.map((j) => j.name).join(', ')}.`);
  return { rows, grids, inverses };
};

const phasesOf = (k: TiledKernels, g: Grouping): readonly Phase[] => {
  const made = new Set(k.jobs.map((j) => j.output));
  const together = manyRowsOf(k, g);
  const phases: Phase[] = [];
  let progress: Progress = {
    left: k.jobs,
    open: k.inverses,
    done: new Set([...k.buffers.keys()].filter((id) => !made.has(id) && !g.lists.has(id))),
  };
  while (progress.left.length > 0 || progress.open.length > 0) {
    const phase = nextPhase(g, together, progress, k.entry.name);
    phases.push(phase);
    const taken = new Set([...phase.rows, ...phase.grids].flat());
    progress = {
      left: progress.left.filter((j) => !taken.has(j)),
      open: progress.open.filter((i) => !phase.inverses.includes(i)),
      done: new Set([...progress.done, ...[...taken].map((j) => j.output), ...phase.inverses.flatMap(listsOf)]),
    };
  }
  return phases;
};

/** Buffers of which each thread holds one row, and only while it works on it: nobody reads them in another phase, or other rows of them. */
const localOf = (k: TiledKernels, g: Grouping, phases: readonly Phase[]): ReadonlySet<string> => {
  const phaseOf = new Map(phases.flatMap((p, i) => [...p.rows, ...p.grids].flat().map((j) => [j, i] as const)));
  const kept = keptOf(k);
  return new Set(
    k.jobs
      .filter(
        (j) =>
          g.isRow(j) &&
          !j.adds &&
          !kept.has(j.output) &&
          k.jobs.every(
            (user) =>
              !g.of(user).needs.includes(j.output) ||
              (g.isRow(user) && phaseOf.get(user) === phaseOf.get(j) && !g.of(user).far.has(j.output)),
          ),
      )
      .map((j) => j.output),
  );
};

/** The group, whose kernels know what of them nobody else reads. */
const passing = (group: Group, readElsewhere: (id: string, group: Group) => boolean): Group =>
  group[0].loop !== undefined
    ? group
    : (group.map((j) => (j.adds || readElsewhere(j.output, group) ? j : { ...j, passing: true })) as unknown as Group);

const withPassing = (k: TiledKernels, g: Grouping, phases: readonly Phase[]): readonly Phase[] => {
  const kept = keptOf(k);
  const readers = new Map<string, Set<Group>>();
  for (const group of phases.flatMap((p) => [...p.rows, ...p.grids]))
    group.flatMap((j) => g.of(j).needs).forEach((id) => readers.set(id, (readers.get(id) ?? new Set()).add(group)));
  const elsewhere = (id: string, group: Group): boolean =>
    kept.has(id) || [...(readers.get(id) ?? [])].some((reader) => reader !== group);
  const all = (groups: readonly Group[]): readonly Group[] => groups.map((group) => passing(group, elsewhere));
  return phases.map((p) => ({ ...p, rows: all(p.rows), grids: all(p.grids) }));
};

export const schedule = (k: TiledKernels): Scheduled => {
  const g = grouping(k);
  const found = phasesOf(k, g);
  const phases = withPassing(k, g, found);
  const local = localOf(k, g, found);
  return {
    ...k,
    phases,
    world: {
      ...k.world,
      layouts: new Map([...k.world.layouts].map(([id, l]) => [id, { ...l, local: local.has(id) }])),
    },
  };
};
