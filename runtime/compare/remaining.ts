/** How long the rest of a comparison takes, about. */
import type { Past } from './events.js';

export const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, x) => sum + x, 0) / values.length;

/**
 * Seconds that are left: runs to come are taken to train as many epochs as those of their model did, else as those of any model,
 * else all that are allowed; seconds an epoch likewise. `present` is the run that goes on: its epochs done, perhaps a part of one,
 * and what one takes, if that is known. Null while nothing is known.
 */
export const timeLeft = (
  past: readonly Past[],
  present: Past,
  future: readonly string[],
  atMost: number,
): number | null => {
  const known = [...past, ...(present.seconds === null ? [] : [present])];
  const typical = (model: string, list: readonly Past[], value: (run: Past) => number | null): number | null => {
    const values = (runs: readonly Past[]): readonly number[] => runs.flatMap((run) => value(run) ?? []);
    return mean(values(list.filter((run) => run.model === model))) ?? mean(values(list));
  };
  const epochs = (model: string): number => typical(model, past, (run) => run.epochs) ?? atMost;
  const seconds = (model: string): number | null => typical(model, known, (run) => run.seconds);
  const here = present.seconds ?? seconds(present.model);
  const later = future.map((model) => ({ model, each: seconds(model) }));
  if (here === null || later.some(({ each }) => each === null)) return null;
  // A run that has outlasted its like goes on for an epoch at least.
  const rest = Math.min(atMost, Math.max(epochs(present.model), present.epochs + 1)) - present.epochs;
  return here * Math.max(0, rest) + later.reduce((sum, { model, each }) => sum + (each ?? 0) * epochs(model), 0);
};
