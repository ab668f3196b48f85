/** `search` of a trainer: what it refuses before anything is compiled. That it searches is in `test/e2e/search.test.ts`. */
import { describe, expect, it } from 'vitest';
import type { SearchOptions } from '../../runtime/options.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from '../runtime/toy.js';

const { search, exportTo } = trainer(toy());
/** As JavaScript asks, which no type has seen. */
const ask = (options: unknown) => search(options as SearchOptions);

describe('search', () => {
  it.each([
    [{ space: 'rate=1|2', trails: 3 }, "search has no option 'trails': did you mean 'trials'?"],
    [{ space: 'rate=1|2', width: 8 }, 'width is a hyperparameter, compiled in as width=16'],
    [{ trials: 3 }, "search needs the option 'space'."],
    [{ space: { rate: [1, 2] } }, `The option 'space' of search is a string, not {"rate":[1,2]}.`],
    [{ space: 'rate=1|2', listen: 'me' }, "The option 'listen' of search is a function of events"],
    [{ space: 'rate=1|2', trials: 1 }, '--trials'],
    [{ space: 'rate=1|2', device: 'wsm' }, '--device takes one of auto,'],
    [{ space: 'rate=1|2', model: 'nowhere.ts' }, 'There is no model file nowhere.ts.'],
    [undefined, 'search takes an object of options'],
  ])('refuses %j', async (options, why) => {
    await expect(ask(options)).rejects.toThrow(why);
  });
});

it('is not alone in asking for what it cannot do without', async () => {
  await expect((exportTo as (options: object) => Promise<unknown>)({ top: 3 })).rejects.toThrow(
    "exportTo needs the option 'file'.",
  );
});
