/**
 * The inverse of an index buffer: which positions name each target, so that a sum over them (the gradient of an embedding)
 * is a gather and needs no atomics. One flat array serves as one kernel argument:
 *
 *   [0 .. targets]            where each target's list starts, in this same array
 *   [targets + 1 .. ]         the first coordinate of every listed position, by target, then by position
 *   [targets + 1 + n .. ]     the second coordinate, and so on, n positions apart
 */
import type { Sizes } from '../contract/session.js';
import { type Numbers, cells, extent } from '../contract/gpu-plan.js';
import type { PlanAxis } from '../contract/plan.js';

/** Positions that do not exist and targets out of range are left out. Imperative: one counting sort. */
export const invert = (
  index: Numbers,
  axes: readonly PlanAxis[],
  targets: number,
  sizes: Sizes,
  lengths: (id: string) => Numbers | undefined,
): Int32Array => {
  const n = cells(axes, sizes);
  const extents = axes.map((a) => extent(a.size, sizes));
  const limits = axes.flatMap((axis, k) => {
    const rows = axes.findIndex((a) => a.name === axis.ragged?.rows);
    const bound = axis.ragged === undefined || rows < 0 ? undefined : lengths(axis.ragged.lengths);
    return bound === undefined ? [] : [{ k, rows, bound }];
  });
  const existing = axes.map(
    ({ missing }, k) => (extents[k] ?? 0) - (missing === undefined ? 0 : (lengths(missing)?.[0] ?? 0)),
  );

  /** The coordinates of the position that a walk is at, one after the other. */
  const at = new Int32Array(axes.length);
  const advance = (): void => {
    for (let k = axes.length - 1; k >= 0; k--) {
      at[k] = at[k]! + 1;
      if (at[k]! < extents[k]!) return;
      at[k] = 0;
    }
  };
  const exists = (): boolean => {
    for (let k = 0; k < existing.length; k++) if (at[k]! >= existing[k]!) return false;
    for (const { k, rows, bound } of limits) if (at[k]! >= (bound[at[rows]!] ?? 0)) return false;
    return true;
  };

  const out = new Int32Array(targets + 1 + n * axes.length);
  const named = new Int32Array(n);
  for (let p = 0; p < n; p++, advance()) {
    const asked = index[p] ?? -1;
    const t = asked >= 0 && asked < targets && exists() ? asked : -1;
    named[p] = t;
    if (t >= 0) out[t + 1] = (out[t + 1] ?? 0) + 1;
  }
  out[0] = targets + 1;
  for (let t = 1; t <= targets; t++) out[t] = (out[t] ?? 0) + (out[t - 1] ?? 0);
  const next = out.slice(0, targets);
  at.fill(0);
  for (let p = 0; p < n; p++, advance()) {
    const t = named[p] ?? -1;
    if (t < 0) continue;
    const entry = next[t] ?? 0;
    next[t] = entry + 1;
    for (let k = 0; k < axes.length; k++) out[entry + k * n] = at[k]!;
  }
  return out;
};
