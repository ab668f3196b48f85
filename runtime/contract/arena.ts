/**
 * Where buffers lie in memory: states first and for good, with what they alone decide where that is kept, then one arena for all entries, in
 * which buffers whose lives do not meet share a place, then for each thread the rows it works on. A pure function of the plan and the sizes.
 */
import type { Sizes } from './session.js';
import { type CpuPlan, type PlanBuffer, type PlanEntry, cellsOf } from './cpu-plan.js';

const align = 64;
const up = (bytes: number): number => Math.ceil(bytes / align) * align;
/** Lanes may be read past the end of a buffer. */
const slack = 64;

export interface Item {
  readonly id: string;
  readonly bytes: number;
  readonly life: readonly [number, number];
}

/** First fit, in order of first use, then largest first. */
export const firstFit = (
  items: readonly Item[],
): { readonly at: ReadonlyMap<string, number>; readonly bytes: number } => {
  const placed: { readonly item: Item; readonly from: number; readonly to: number }[] = [];
  const order = [...items].sort((a, b) => a.life[0] - b.life[0] || b.bytes - a.bytes);
  for (const item of order) {
    const alive = placed
      .filter((p) => p.item.life[0] <= item.life[1] && item.life[0] <= p.item.life[1])
      .sort((a, b) => a.from - b.from);
    const bytes = up(item.bytes + slack);
    let from = 0;
    for (const p of alive) {
      if (p.from - from >= bytes) break;
      from = Math.max(from, p.to);
    }
    placed.push({ item, from, to: from + bytes });
  }
  return {
    at: new Map(placed.map((p) => [p.item.id, p.from])),
    bytes: placed.reduce((most, p) => Math.max(most, p.to), 0),
  };
};

export interface Arena {
  /** Bytes of the whole memory. */
  readonly bytes: number;
  readonly states: ReadonlyMap<string, number>;
  /** By entry; local buffers as seen by the first thread. */
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** From one thread's rows to the next's. */
  readonly slab: number;
  readonly streams: number;
  /** The last address at which a vector can be read. */
  readonly end: number;
  /** Most bytes alive at once, margins left out. */
  readonly peak: number;
}

/** Room for the threads' meeting point; see thread. */
export const controlBytes = 4096;
/** Speculative reads stray by no more than a row. */
const margin = 1 << 20;

const lives = (b: PlanBuffer, sizes: Sizes): Item => ({ id: b.id, bytes: 4 * cellsOf(b, sizes), life: b.life });

/** `settled` keeps what states alone decide from run to run. */
export const arrange = (
  { entries, streams }: Pick<CpuPlan, 'entries' | 'streams'>,
  sizes: Sizes,
  threads: number,
  settled = false,
): Arena => {
  const states = new Map<string, number>();
  let next = up(controlBytes + 4 * streams.length + slack) + margin;
  for (const b of entries.flatMap((e) => e.buffers)) {
    if (b.role !== 'state' || states.has(b.id)) continue;
    states.set(b.id, next);
    next += up(4 * cellsOf(b, sizes) + slack);
  }
  const stays = (b: PlanBuffer): boolean => settled && b.settled === true;
  const kept = entries.map((e) => {
    const at = new Map<string, number>();
    for (const b of e.buffers.filter(stays)) {
      at.set(b.id, next);
      next += up(4 * cellsOf(b, sizes) + slack);
    }
    return at;
  });
  const stateBytes = next;
  const shared = entries.map((e) =>
    firstFit(
      e.buffers
        .filter((b) => b.role !== 'state' && b.over === undefined && !b.local && !stays(b))
        .map((b) => lives(b, sizes)),
    ),
  );
  const arenaBytes = Math.max(0, ...shared.map((s) => s.bytes));
  const rows = entries.map((e) => {
    const phases = [...new Set(e.buffers.flatMap((b) => (b.local ? [b.phase ?? 0] : [])))];
    const fits = phases.map((p) =>
      firstFit(e.buffers.filter((b) => b.local && b.phase === p).map((b) => lives(b, sizes))),
    );
    return { at: new Map(fits.flatMap((f) => [...f.at])), bytes: Math.max(0, ...fits.map((f) => f.bytes)) };
  });
  const slab = up(Math.max(0, ...rows.map((r) => r.bytes)) + 4096);
  const slabs = stateBytes + arenaBytes;
  const end = slabs + slab * threads;
  return {
    states,
    slab,
    streams: controlBytes,
    entries: new Map(
      entries.map((e: PlanEntry, i) => [
        e.name,
        new Map([
          ...e.buffers.flatMap((b) => (b.over === undefined ? [] : [[b.id, states.get(b.over)!] as const])),
          ...kept[i]!,
          ...[...shared[i]!.at].map(([id, at]) => [id, stateBytes + at] as const),
          ...[...rows[i]!.at].map(([id, at]) => [id, slabs + at] as const),
        ]),
      ]),
    ),
    bytes: end + margin + 64,
    end: end + margin,
    peak: end - margin,
  };
};
