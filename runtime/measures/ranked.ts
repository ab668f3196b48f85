/**
 * What the ranks of the wanted items are worth, question by question. Ranks count from 1, the best; ties count against what is
 * wanted, so the i-th best of a question's ranks is at least i. Each measure is in [0, 1], and 1 where nothing could be better.
 */

/** From a question's ranks, ascending, to what they are worth. */
type Worth = (ranks: ArrayLike<number>) => number;

const hits = (ranks: ArrayLike<number>, cutoff: number): number => {
  let count = 0;
  while (count < ranks.length && ranks[count]! <= cutoff) count++;
  return count;
};
const sum = (count: number, of: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += of(i);
  return total;
};
const discount = (rank: number): number => 1 / Math.log2(1 + rank);
const most = (ranks: ArrayLike<number>, cutoff: number): number => Math.min(ranks.length, cutoff);

/** By name, from a cut-off (Infinity: none) to the worth. Of one wanted item Recall is HR, and MAP is MRR. */
export const ranked = {
  /** Whether any wanted item is in the list. */
  HR: (cutoff) => (ranks) => (ranks[0]! <= cutoff ? 1 : 0),
  /** The share of the wanted items that is. */
  Recall: (cutoff) => (ranks) => hits(ranks, cutoff) / ranks.length,
  /** Their gains 1 / log2(1 + rank), of the most that a list of this length could have (Järvelin and Kekäläinen 2002). */
  NDCG: (cutoff) => (ranks) =>
    sum(hits(ranks, cutoff), (i) => discount(ranks[i]!)) / sum(most(ranks, cutoff), (i) => discount(i + 1)),
  /** One over the best rank; 0 beyond the cut-off. */
  MRR: (cutoff) => (ranks) => (ranks[0]! <= cutoff ? 1 / ranks[0]! : 0),
  /** Precision at each wanted item in the list, over as many as there could be (average precision). */
  MAP: (cutoff) => (ranks) => sum(hits(ranks, cutoff), (i) => (i + 1) / ranks[i]!) / most(ranks, cutoff),
} as const satisfies Readonly<Record<string, (cutoff: number) => Worth>>;
/** A measure of ranks that takes a cut-off. */
export type RankedName = keyof typeof ranked;
export const rankedNames = Object.keys(ranked) as readonly RankedName[];

/** Where the rows of each question begin, if each has one. */
export const single = (questions: number): Int32Array => Int32Array.from({ length: questions + 1 }, (_, q) => q);

/** [questions], what each question's rows `starts[q] .. starts[q + 1])` are worth. */
export const worthsOf = (worth: Worth, ranks: ArrayLike<number>, starts: Int32Array): Float64Array => {
  const found = new Float64Array(starts.length - 1);
  for (let q = 0; q < found.length; q++) {
    const own = Float64Array.from({ length: starts[q + 1]! - starts[q]! }, (_, i) => ranks[starts[q]! + i]!);
    found[q] = worth(own.length > 1 ? own.sort() : own);
  }
  return found;
};

/** NaN where there is nothing. */
export const meanOf = (values: ArrayLike<number>): number => sum(values.length, (i) => values[i]!) / values.length;
