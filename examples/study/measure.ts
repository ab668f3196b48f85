/**
 * A process that measures one model once, and ends: seconds of a training step, seconds of ranking all items for a user, the most memory that it had.
 * Its only argument is a `Measuring` in JSON; it prints a `Measured`.
 */
import { pathToFileURL } from 'node:url';
import { firstStates } from '../../runtime/begin.js';
import { newSettings } from '../../runtime/contract/settings.js';
import { load } from '../../runtime/data/index.js';
import { split } from '../../runtime/data/split.js';
import { call, scalars } from '../../runtime/entries.js';
import { feedOf } from '../../runtime/feed.js';
import type { Session } from '../../runtime/contract/session.js';
import { orThrow } from './carried.js';
import type { Measured, Measuring } from './cost.js';
import type { Emitted } from '../../runtime/compare/compiler.js';

const seconds = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

const measure = async ({ trainer, source, batch, device, threads, steps }: Measuring): Promise<Measured> => {
  const { compiled } = (await import(pathToFileURL(trainer).href)) as Emitted;
  const { manifest } = compiled;
  const data = orThrow(await load(source, {}));
  const settings = orThrow(newSettings(manifest, { batch, seed: 1 }));
  const feed = orThrow(feedOf(manifest, split(data), settings));
  const sizes = { batch: settings.batch, items: data.items.length, seen: feed.seen, ...feed.features.sizes };
  const opened = async (settled: boolean): Promise<Session> => {
    const session = orThrow(await compiled.open(device, sizes, { threads, settled }));
    await session.write(orThrow(firstStates(manifest, settings, feed, data)));
    return session;
  };

  const training = await opened(false);
  const taken: number[] = [];
  for (const inputs of feed.training(0, 0)) {
    if (taken.length > steps) break;
    const step = taken.length + 1;
    const run = call(
      { manifest, session: training },
      'train',
      { ...inputs, ...scalars({ settings, feed }, step) },
      { seed: 1, step },
    );
    taken.push(await seconds(async () => void orThrow(await run())));
  }
  const { backend } = training;
  await training.dispose();

  const ranking = await opened(true);
  const asked: { readonly seconds: number; readonly rows: number }[] = [];
  for (const { inputs, rows } of feed.evaluation('test').all) {
    if (asked.length > steps) break;
    const run = call({ manifest, session: ranking }, 'rank', inputs, { seed: 1, step: 0 });
    asked.push({ seconds: await seconds(async () => void orThrow(await run())), rows });
  }
  await ranking.dispose();

  // The first of each warms the code up.
  const [warm, ranked] = [taken.length > 1 ? taken.slice(1) : taken, asked.length > 1 ? asked.slice(1) : asked];
  return {
    step: warm.reduce((a, b) => a + b, 0) / warm.length,
    batches: feed.batches,
    user: ranked.reduce((n, one) => n + one.seconds, 0) / ranked.reduce((n, { rows }) => n + rows, 0),
    resident: 1024 * process.resourceUsage().maxRSS,
    backend,
    sizes: { batch: sizes.batch, items: sizes.items, seen: sizes.seen },
  };
};

process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as Measuring)));
process.exit(0);
