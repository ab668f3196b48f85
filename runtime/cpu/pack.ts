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
 * the buffer's base, how many, and the step between them in the dense array.
 */
const runs = (
  b: PlanBuffer,
  sizes: Sizes,
  exist: Existing,
  only: number | null,
  each: (dense: number, memory: number, count: number, step: number) => void,
): void => {
  const size = extents(b, sizes);
  const dense = size.map((_, k) => size.slice(k + 1).reduce((n, e) => n * e, 1));
  const row = (r: number | null, before: number): number => {
    const own = b.inner.map((k) => {
      const { ragged } = b.axes[k]!;
      const packed =
        r !== null && b.rows !== undefined && ragged !== undefined && ragged.rows === b.axes[b.rows.at]!.name;
      return packed ? exist.length(ragged.lengths, r) : size[k]!;
    });
    const last = b.inner.length - 1;
    const room = own.map((n, depth) => (depth === last ? (b.pitch ?? n) : n));
    const cells = room.reduce((n, e) => n * e, 1);
    const start = r === null ? 0 : r * dense[b.rows!.at]!;
    const walk = (depth: number, from: number, to: number): void => {
      if (depth >= last) {
        each(from, before + to, depth === last ? own[last]! : 1, depth === last ? dense[b.inner[last]!]! : 1);
        return;
      }
      for (let i = 0; i < own[depth]!; i++)
        walk(depth + 1, from + i * dense[b.inner[depth]!]!, (to + i) * room[depth + 1]!);
    };
    if (cells > 0) walk(0, start, 0);
    return before + cells;
  };
  if (b.rows === undefined) {
    row(null, 0);
    return;
  }
  if (only !== null) {
    row(only, 0);
    return;
  }
  let before = 0;
  for (let r = 0; r < Math.min(size[b.rows.at]!, exist.rows); r++) before = row(r, before);
};

/** `memory` is the view of the element type; `at` the buffer's base in cells. */
export const pack = (b: PlanBuffer, sizes: Sizes, exist: Existing, from: Data, memory: Data, at: number): void =>
  runs(b, sizes, exist, null, (dense, packed, count, step) => {
    if (step === 1) memory.set(from.subarray(dense, dense + count), at + packed);
    else for (let i = 0; i < count; i++) memory[at + packed + i] = from[dense + i * step]!;
  });

/** `only`: the one row that a local buffer holds. Cells that no row has are left as they are in `into`. */
export const unpack = (
  b: PlanBuffer,
  sizes: Sizes,
  exist: Existing,
  memory: Data,
  at: number,
  into: Data,
  only: number | null = null,
): void =>
  runs(b, sizes, exist, only, (dense, packed, count, step) => {
    if (step === 1) into.set(memory.subarray(at + packed, at + packed + count), dense);
    else for (let i = 0; i < count; i++) into[dense + i * step] = memory[at + packed + i]!;
  });
