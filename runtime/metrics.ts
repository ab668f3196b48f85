/** The figures that epochs are chosen by and comparisons made of: means over questions of what full ranks are worth. */
import { meanOf, ranked, single, worthsOf } from './measures/ranked.js';

export { counts, fullRanks, markov, popularity } from './measures/baselines.js';

const measures = {
  'HR@10': ranked.HR(10),
  'NDCG@10': ranked.NDCG(10),
  'HR@50': ranked.HR(50),
  'NDCG@50': ranked.NDCG(50),
  MRR: ranked.MRR(Infinity),
} as const;

/** The name of a measure, as tables and JSON have it. */
export type Measure = keyof typeof measures;
/** Every measure by its name, a mean over questions (users, where each is asked once) in [0, 1]. */
export type Metrics = Readonly<Record<Measure, number>>;

/** In the order in which they are printed. */
export const measureNames = Object.keys(measures) as readonly Measure[];

/**
 * What each question's ranks are worth under one measure: the figures of which `metrics` gives the means. `starts` says where the
 * rows of each question begin; without it each has one.
 */
export const worths = (measure: Measure, ranks: ArrayLike<number>, starts = single(ranks.length)): Float64Array =>
  worthsOf(measures[measure], ranks, starts);

/** Means over questions of their ranks (1 is the best), each in [0, 1]; NaN where there is none. `starts` as for `worths`. */
export const metrics = (ranks: ArrayLike<number>, starts = single(ranks.length)): Metrics =>
  Object.fromEntries(measureNames.map((name) => [name, meanOf(worths(name, ranks, starts))])) as Metrics;
