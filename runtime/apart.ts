/** An evaluation by whether training met the item that is asked for: what a model knows of items that are new to it. */
import type { Part } from './events.js';
import type { Feed } from './job.js';
import { popularity } from './measures/baselines.js';
import { type Metrics, measureNames, metrics } from './metrics.js';
import { plural } from './contract/words.js';

/** The users whose target training met (`warm`) or did not (`cold`), and the means over them; NaN where there are none. */
export type Apart = {
  readonly [K in 'warm' | 'cold']: { readonly users: number; readonly model: Metrics; readonly popularity: Metrics };
};

export const apartOf = (feed: Feed, part: Part, ranks: Float32Array): Apart => {
  const [warm, popular] = [feed.warm(part), popularity(feed.split, part)];
  const group = (met: number): Apart['warm'] => {
    const own = (all: Float32Array): Float32Array => all.filter((_, i) => warm[i] === met);
    return { users: own(ranks).length, model: metrics(own(ranks)), popularity: metrics(own(popular)) };
  };
  return { warm: group(1), cold: group(0) };
};

/** Two lines: who they are, and the model's measures. */
export const apartText = (apart: Apart): string =>
  (['warm', 'cold'] as const)
    .map((name) => {
      const { users, model } = apart[name];
      const figures = measureNames.map((measure) => `${measure} ${model[measure].toFixed(4)}`).join(', ');
      const whose = `Targets that training ${name === 'warm' ? 'met' : 'never met'}: ${plural(users, 'user')}`;
      return users === 0 ? `${whose}.` : `${whose}, ${figures}.`;
    })
    .join('\n');
