/** How wide a taste is: the mean distance of two events of a history. */
import type { FeatureColumns } from '../../runtime/data/index.js';

/** Of vectors, one a row of `width` numbers: 1 - cosine. Null for fewer than two events. */
export const spreadOfVectors = (history: ArrayLike<number>, vectors: Float32Array, width: number): number | null => {
  const n = history.length;
  if (n < 2) return null;
  const sum = new Float64Array(width);
  let own = 0;
  for (let i = 0; i < n; i++) {
    const row = vectors.subarray(history[i]! * width, (history[i]! + 1) * width);
    const norm = Math.hypot(...row);
    if (norm === 0) continue;
    own++;
    row.forEach((x, k) => (sum[k]! += x / norm));
  }
  // |sum|^2 is the cosines of all pairs, each event with itself among them.
  return 1 - (sum.reduce((all, x) => all + x * x, 0) - own) / (n * (n - 1));
};

/** What an item is said to be: sets of words, by item code. */
export type Kinds = readonly ReadonlySet<number>[];

/** The widest column of categories that is known of items, under its name; undefined where there is none. */
export const kindsOf = (features: FeatureColumns | undefined, items: number): readonly [string, Kinds] | undefined => {
  for (const [name, column] of features ?? [])
    if (column.kind === 'categories')
      return [
        name,
        Array.from(
          { length: items },
          (_, i) => new Set(column.values.subarray(column.offsets[i], column.offsets[i + 1])),
        ),
      ];
  return undefined;
};

/** Events that pairs are made of, the newest. */
const NEWEST = 50;

/** 1 - what two have in common of what both have (Jaccard), of items of which something is known. Null for fewer than two. */
export const spreadOfKinds = (history: ArrayLike<number>, kinds: Kinds): number | null => {
  const known = Array.from(history)
    .slice(-NEWEST)
    .map((item) => kinds[item]!)
    .filter(({ size }) => size > 0);
  let [sum, pairs] = [0, 0];
  known.forEach((a, i) =>
    known.slice(i + 1).forEach((b) => {
      const common = [...a].filter((word) => b.has(word)).length;
      sum += 1 - common / (a.size + b.size - common);
      pairs++;
    }),
  );
  return pairs === 0 ? null : sum / pairs;
};

/** Places of values in so many groups of equal size, the smallest values first; null is in none. */
export const grouped = (values: readonly (number | null)[], groups: number): readonly (readonly number[])[] => {
  const order = values
    .map((value, at) => ({ value, at }))
    .filter((one): one is { value: number; at: number } => one.value !== null)
    .sort((a, b) => a.value - b.value || a.at - b.at)
    .map(({ at }) => at);
  return Array.from({ length: groups }, (_, g) =>
    order.slice(Math.floor((g * order.length) / groups), Math.floor(((g + 1) * order.length) / groups)),
  ).filter((group) => group.length > 0);
};
