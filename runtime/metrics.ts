/**
 * Figures of a full ranking, and the baseline that every model must beat. A rank counts from 1, the best; with one target a
 * user, NDCG@K is the mean of 1 / log2(1 + rank) over the ranks up to K, and MRR is not cut off.
 */
import { type Held, type Split, distinctVisitor, history, target, training } from './data/split.js';

const hit =
  (cutoff: number) =>
  (rank: number): number =>
    rank <= cutoff ? 1 : 0;
const gain =
  (cutoff: number) =>
  (rank: number): number =>
    rank <= cutoff ? 1 / Math.log2(1 + rank) : 0;

/** What one rank is worth under each measure. */
const measures = {
  'HR@10': hit(10),
  'NDCG@10': gain(10),
  'HR@50': hit(50),
  'NDCG@50': gain(50),
  MRR: (rank: number): number => 1 / rank,
} as const;

/** The name of a measure, as tables and JSON have it. */
export type Measure = keyof typeof measures;
/** Every measure by its name, a mean over users in [0, 1]. */
export type Metrics = Readonly<Record<Measure, number>>;

/** In the order in which they are printed. */
export const measureNames = Object.keys(measures) as readonly Measure[];

/** What each rank is worth under one measure: the figures of single users, of which `metrics` gives the means. */
export const worths = (measure: Measure, ranks: ArrayLike<number>): Float64Array =>
  Float64Array.from(ranks, measures[measure]);

/** Means over ranks (1 is the best), each in [0, 1]; NaN where there is no rank. */
export const metrics = (ranks: ArrayLike<number>): Metrics => {
  const mean = (worth: (rank: number) => number): number => {
    let sum = 0;
    for (let i = 0; i < ranks.length; i++) sum += worth(ranks[i]!);
    return sum / ranks.length;
  };
  return Object.fromEntries(measureNames.map((name) => [name, mean(measures[name])])) as Metrics;
};

/**
 * Ranks of the targets of all evaluated users, by user code, under `scores(user)`: [items], higher is better. Items the user
 * has seen are left out; ties count against the target: rank = 1 + the unseen other items that score at least as much.
 */
export const fullRanks = (split: Split, which: Held, scores: (user: number) => ArrayLike<number>): Float32Array => {
  const visit = distinctVisitor(split.dataset.items.length);
  return Float32Array.from(split.evaluated, (user) => {
    const of = scores(user);
    const wanted = target(split, which, user);
    // Not `score >= wanted`: an item with a score of NaN must count against the target too.
    const beats = (item: number): boolean => !(of[item]! < of[wanted]!);
    let rank = 0; // the target beats itself
    for (let item = 0; item < of.length; item++) if (beats(item)) rank++;
    visit(history(split, which, user), wanted, (item) => void (rank -= beats(item) ? 1 : 0));
    return rank;
  });
};

/** [items], how often each item occurs in training. */
export const counts = (split: Split): Int32Array => {
  const found = new Int32Array(split.dataset.items.length);
  split.dataset.users.forEach((_, user) => training(split, user).forEach((item) => void found[item]!++));
  return found;
};

/**
 * `fullRanks` of the scores that `counts` gives to everybody: [evaluated users]. One table of "how many items occur at least so
 * often" replaces the pass over all items a user.
 */
export const popularity = (split: Split, which: Held): Float32Array => {
  const count = counts(split);
  const most = count.reduce((a, b) => Math.max(a, b), 0);
  const atLeast = new Int32Array(most + 2);
  count.forEach((c) => void atLeast[c]!++);
  for (let c = most; c >= 0; c--) atLeast[c]! += atLeast[c + 1]!;

  const visit = distinctVisitor(split.dataset.items.length);
  return Float32Array.from(split.evaluated, (user) => {
    const wanted = target(split, which, user);
    let rank = atLeast[count[wanted]!]!;
    visit(history(split, which, user), wanted, (item) => void (rank -= count[item]! >= count[wanted]! ? 1 : 0));
    return rank;
  });
};
