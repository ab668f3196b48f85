/** What the threads of a session do of each entry: its phases, as pieces of work with their addresses. */
import { type PlanEntry, type PlanPhase, cellsOf, chunks, countedRows, extents, sizeOf } from '../contract/cpu-plan.js';
import type { Sizes } from '../contract/session.js';
import type { PhaseTasks } from './thread.js';

/** Pieces of a kernel's range: a number that does not depend on the number of threads. */
export const pieces = (n: number): readonly (readonly [number, number])[] => {
  const step = Math.max(1, Math.ceil(n / 32 / 16) * 16);
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => [i * step, Math.min(n, (i + 1) * step)] as const);
};

/** `settled`: what states alone decide is there already. */
export const tasksOf = (
  entry: PlanEntry,
  sizes: Sizes,
  at: ReadonlyMap<string, number>,
  settled = false,
): readonly PhaseTasks[] => {
  const infos = new Map(entry.buffers.map((b) => [b.id, b]));
  const address = (id: string): number => {
    const found = at.get(id);
    if (found === undefined) throw new Error(`Nothing is called '${id}'.`);
    return found;
  };
  const rows = entry.rowsAxis === null ? 0 : sizeOf(entry.rowsAxis, sizes);
  const parts = (count: number, each: number): PhaseTasks['shares'] =>
    Array.from({ length: count }, (_, c) => [Math.min(rows, c * each), Math.min(rows, (c + 1) * each)] as const);
  /** Of rows that are counted none adds to a share, and any may go together. */
  const sharesOf = (p: PlanPhase): PhaseTasks['shares'] => {
    const most = countedRows(p);
    return most === undefined ? parts(chunks, Math.ceil(rows / chunks)) : parts(Math.ceil(rows / most), most);
  };
  const all = entry.phases.map((p): PhaseTasks => ({
    ...(p.together === undefined ? {} : { together: p.together }),
    ...(p.gather === undefined
      ? {}
      : {
          gather: {
            before: p.gather.before === undefined ? null : address(p.gather.before),
            most: p.gather.most,
          },
        }),
    rows: p.rows.map((j) => j.run),
    shares: p.rows.length === 0 ? [] : sharesOf(p),
    batch: { rows, missing: entry.missing === undefined ? null : address(entry.missing) },
    sums: p.rows
      .filter((j) => j.adds)
      .flatMap((j) =>
        j.outputs.map((id) => ({ at: address(id), bytes: (4 * cellsOf(infos.get(id)!, sizes)) / chunks })),
      ),
    grids: p.grids
      .filter((j) => !settled || j.settled !== true)
      .flatMap((j) =>
        j.task === null
          ? [{ run: j.run, from: 0, to: 1 }]
          : pieces(sizeOf(j.task, sizes)).map(([from, to]) => ({ run: j.run, from, to })),
      ),
    inverses: p.inverses.map((i) => {
      const index = infos.get(i.index)!;
      const rows = index.rows === undefined ? undefined : index.axes[index.rows.at]!.name;
      // As the index lies in memory; axes of one position are nowhere.
      const places = [...(index.rows === undefined ? [] : [index.rows.at]), ...index.inner];
      const axes = [...places, ...index.axes.keys()].filter((k, n, all) => all.indexOf(k) === n).map((k) => i.axes[k]!);
      return {
        starts: address(`${i.id}.starts`),
        coordinates: axes.map((a) => address(`${i.id}.${a.name}`)),
        targets: sizeOf(i.targets, sizes),
        index: address(i.index),
        extents: extents({ axes }, sizes),
        missing: axes.map((a) => (a.missing === undefined ? null : address(a.missing))),
        packed:
          index.rows === undefined || index.rows.lengths.length === 0
            ? null
            : {
                offsets: address(`${index.rows.lengths.join('*')}.before`),
                lengths: axes.map((a) =>
                  a.ragged !== undefined && a.ragged.rows === rows ? address(a.ragged.lengths) : null,
                ),
              },
      };
    }),
    copies: [],
  }));
  const phases = all.filter((p) => !settled || p.rows.length + p.grids.length + p.inverses.length > 0);
  const copies = Object.entries(entry.updates)
    .filter(([, id]) => infos.get(id)?.over === undefined)
    .map(([state, id]) => [address(state), address(id), 4 * cellsOf(infos.get(state)!, sizes)] as const);
  return copies.length === 0
    ? phases
    : [...phases, { rows: [], shares: [], batch: { rows, missing: null }, sums: [], grids: [], inverses: [], copies }];
};
