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
  const strides = extents.map((_, k) => extents.slice(k + 1).reduce((p, e) => p * e, 1));
  const coordinate = (position: number, k: number): number =>
    Math.floor(position / (strides[k] ?? 1)) % (extents[k] ?? 1);
  const limits = axes.flatMap((axis, k) => {
    const rows = axes.findIndex((a) => a.name === axis.ragged?.rows);
    const bound = axis.ragged === undefined || rows < 0 ? undefined : lengths(axis.ragged.lengths);
    return bound === undefined ? [] : [{ k, rows, bound }];
  });
  const existing = axes.map(
    ({ missing }, k) => (extents[k] ?? 0) - (missing === undefined ? 0 : (lengths(missing)?.[0] ?? 0)),
  );
  const target = (position: number): number => {
    const at = index[position] ?? -1;
    return at >= 0 &&
      at < targets &&
      existing.every((n, k) => coordinate(position, k) < n) &&
      limits.every(({ k, rows, bound }) => coordinate(position, k) < (bound[coordinate(position, rows)] ?? 0))
      ? at
      : -1;
  };

  const out = new Int32Array(targets + 1 + n * axes.length);
  const named = new Int32Array(n);
  for (let p = 0; p < n; p++) {
    const t = target(p);
    named[p] = t;
    if (t >= 0) out[t + 1] = (out[t + 1] ?? 0) + 1;
  }
  out[0] = targets + 1;
  for (let t = 1; t <= targets; t++) out[t] = (out[t] ?? 0) + (out[t - 1] ?? 0);
  const next = out.slice(0, targets);
  for (let p = 0; p < n; p++) {
    const t = named[p] ?? -1;
    if (t < 0) continue;
    const entry = next[t] ?? 0;
    next[t] = entry + 1;
    for (let k = 0; k < axes.length; k++) out[entry + k * n] = coordinate(p, k);
  }
  return out;
};
