/** Between a caller's dense row-major arrays and packed memory. */
import type { Data, Sizes } from '../contract/session.js';
import { type PlanBuffer, extents } from '../contract/cpu-plan.js';

/** Which positions exist: the length of a row by the buffer of lengths, and how many rows. */
export interface Existing {
  readonly length: (id: string, row: number) => number;
  readonly rows: number;
}

/**
 * Calls `each(dense, packed)` for every run of neighbours: the first cell in a dense array, the first in memory relative to
 * the buffer's base, how many, and the step between them in the dense array. `only`: rows that lie there alone.
 */
const runs = (
  b: PlanBuffer,
  sizes: Sizes,
  exist: Existing,
  only: readonly [number, number] | null,
  each: (dense: number, memory: number, count: number, step: number) => void,
): void => {
  const size = extents(b, sizes);
  const dense = size.map((_, k) => size.slice(k + 1).reduce((n, e) => n * e, 1));
  const rowsAxis = b.rows === undefined ? undefined : b.axes[b.rows.at]!.name;
  /** What says how long an inner axis is in each row, where it is ragged. */
  const lengths = b.inner.map((k) => {
    const { ragged } = b.axes[k]!;
    return ragged !== undefined && ragged.rows === rowsAxis ? ragged.lengths : null;
  });
  const steps = b.inner.map((k) => dense[k]!);
  const last = b.inner.length - 1;
  const row = (r: number | null, before: number): number => {
    const own = lengths.map((id, k) => (id === null || r === null ? size[b.inner[k]!]! : exist.length(id, r)));
    const room = own.map((n, depth) => (depth === last ? (b.pitch ?? n) : n));
    const cells = room.reduce((n, e) => n * e, 1);
    const start = r === null ? 0 : r * dense[b.rows!.at]!;
    const walk = (depth: number, from: number, to: number): void => {
      if (depth >= last) {
        each(from, before + to, depth === last ? own[last]! : 1, depth === last ? steps[last]! : 1);
        return;
      }
      for (let i = 0; i < own[depth]!; i++) walk(depth + 1, from + i * steps[depth]!, (to + i) * room[depth + 1]!);
    };
    if (cells > 0) walk(0, start, 0);
    return before + cells;
  };
  if (b.rows === undefined) {
    row(null, 0);
    return;
  }
  if (only !== null) {
    const [first, past] = only;
    for (let r = first, before = 0; r < past; r++) before = row(r, before);
    return;
  }
  const end = Math.min(size[b.rows.at]!, exist.rows);
  const apart = dense[b.rows.at]!;
  let before = 0;
  // Most inputs hold a number or a list for each row: nothing is made for one of them.
  if (last < 0) {
    each(0, 0, end, apart);
    return;
  }
  if (last === 0) {
    const [id, step] = [lengths[0]!, steps[0]!];
    for (let r = 0; r < end; r++) {
      const own = id === null ? size[b.inner[0]!]! : exist.length(id, r);
      each(r * apart, before, own, step);
      before += b.pitch ?? own;
    }
    return;
  }
  for (let r = 0; r < end; r++) before = row(r, before);
};

/** So many numbers are copied as fast one by one as together. */
const few = 64;

/** `memory` is the view of the element type; `at` the buffer's base in cells. */
export const pack = (b: PlanBuffer, sizes: Sizes, exist: Existing, from: Data, memory: Data, at: number): void =>
  runs(b, sizes, exist, null, (dense, packed, count, step) => {
    if (step === 1 && count > few) memory.set(from.subarray(dense, dense + count), at + packed);
    else for (let i = 0; i < count; i++) memory[at + packed + i] = from[dense + i * step]!;
  });

/** `only`: the rows that a local buffer holds. Cells that no row has are left as they are in `into`. */
export const unpack = (
  b: PlanBuffer,
  sizes: Sizes,
  exist: Existing,
  memory: Data,
  at: number,
  into: Data,
  only: readonly [number, number] | null = null,
): void =>
  runs(b, sizes, exist, only, (dense, packed, count, step) => {
    if (step === 1 && count > few) into.set(memory.subarray(at + packed, at + packed + count), dense);
    else for (let i = 0; i < count; i++) into[dense + i * step] = memory[at + packed + i]!;
  });
