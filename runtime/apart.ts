/** An evaluation by whether training met the item that is asked for: what a model knows of items that are new to it. */
import type { Part } from './events.js';
import type { Feed } from './job.js';
import { popularity } from './measures/baselines.js';
import { type Metrics, measureNames, metrics } from './metrics.js';

/** What the ranks of some targets are worth: means over these; NaN where there are none. */
export interface Worth {
  readonly metrics: Metrics;
  /** Of the ranks; 1 is the best. */
  readonly median: number;
}
/** The targets that training met (`warm`) or did not (`cold`), ranked by the model and by popularity. A target is one wanted item of one user. */
export type Apart = {
  readonly [K in 'warm' | 'cold']: { readonly targets: number; readonly model: Worth; readonly popularity: Worth };
} & {
  /** How many items are ranked. */
  readonly items: number;
  /** What to expect of an order of these by chance. */
  readonly chance: Worth;
};

const worthOf = (ranks: Float32Array): Worth => {
  const sorted = ranks.toSorted();
  const middle = sorted.subarray(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return { metrics: metrics(ranks), median: middle.reduce((sum, rank) => sum + rank, 0) / middle.length };
};

export const apartOf = (feed: Feed, part: Part, ranks: Float32Array): Apart => {
  const [warm, popular] = [feed.warm(part), popularity(feed.split, part)];
  const items = feed.split.dataset.items.length;
  const group = (met: number): Apart['warm'] => {
    const own = (all: Float32Array): Float32Array => all.filter((_, i) => warm[i] === met);
    return { targets: own(ranks).length, model: worthOf(own(ranks)), popularity: worthOf(own(popular)) };
  };
  // By chance every rank is as likely as any other.
  const chance = worthOf(Float32Array.from({ length: items }, (_, i) => i + 1));
  return { warm: group(1), cold: group(0), items, chance };
};

const text = ({ metrics: found, median }: Worth): string =>
  [...measureNames.map((measure) => `${measure} ${found[measure].toFixed(4)}`), `median rank ${median}`].join(', ');

/** A line each for those that training met and those that it did not, and what to expect by chance. */
export const apartText = ({ warm, cold, items, chance }: Apart): string =>
  [
    ...[
      { of: warm, whose: 'met' },
      { of: cold, whose: 'never met' },
    ].map(
      ({ of: { targets, model }, whose }) =>
        `Targets that training ${whose}: ${targets}${targets === 0 ? '' : `, ${text(model)}`}.`,
    ),
    `Any order of the ${items} items, by chance: ${text(chance)}.`,
  ].join('\n');
