/**
 * A model that reads times ranks the same next item for the same user at the same moment, whether the moment is in the data
 * (evaluate) or in the request (recommend). Runs what `npm run build` left in dist.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import type { Trainer } from '../../runtime/trainer.js';

mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'times-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** After a day comes an item of the A's, after a minute one of the B's. */
const rows = Array.from({ length: 60 }, (_, user) => {
  let time = 1_600_000_000 + 977 * user;
  return Array.from({ length: 8 }, (_, i) => {
    const slow = (user * 7 + i * i * 5 + user * i) % 11 < 5;
    return { user: `u${user}`, item: `${slow ? 'A' : 'B'}${(user + i) % 12}`, time: (time += slow ? 86_400 : 60) };
  });
});
const text = (of: typeof rows): string =>
  `userId,movieId,rating,timestamp\n${of
    .flat()
    .map(({ user, item, time }) => `${user},${item},5,${time}\n`)
    .join('')}`;
const out = at('hstu');
let trainer: Trainer;

beforeAll(async () => {
  execFileSync(
    process.execPath,
    [
      join(packageRoot, 'dist/compiler/cli.js'),
      'models/hstu.ts',
      '--target',
      'wasm',
      '--out',
      out,
      ...['width=8', 'length=10', 'blocks=1', 'negatives=8', 'dropout=0', 'times=true', 'rate=0.01'].flatMap((set) => [
        '--set',
        set,
      ]),
    ],
    { cwd: packageRoot, stdio: 'pipe' },
  );
  writeFileSync(at('all.csv'), text(rows));
  writeFileSync(at('before.csv'), text(rows.map((of) => of.slice(0, -1))));
  writeFileSync(at('order.txt'), rows.map((of) => `${of[0]!.user} ${of.map(({ item }) => item).join(' ')}\n`).join(''));
  trainer = (await import(pathToFileURL(join(out, 'trainer.js')).href)) as Trainer;
}, 60_000);

describe('models/hstu.ts with times', () => {
  it('ranks the next item as evaluate does when the request comes at its time, and otherwise where the time differs', async () => {
    const { ranks } = await trainer.train({
      data: at('all.csv'),
      epochs: 25,
      patience: 25,
      batch: 16,
      device: 'wasm',
      threads: 1,
      out: at('runs'),
    });
    const opened = await trainer.recommender({ out: at('runs'), data: at('before.csv'), device: 'wasm' });
    const users = rows.map(([first]) => first!.user).toSorted();
    const rankOf = async (user: string, wait: (last: number, next: number) => number): Promise<number> => {
      const of = rows.find(([first]) => first!.user === user)!;
      const [before, next] = of.slice(-2);
      // An item that was met before is not recommended again; evaluate ranks it all the same.
      if (of.slice(0, -1).some(({ item }) => item === next!.item)) return Number.NaN;
      const { items, at: asked } = await opened.recommend({ user, top: 100, at: wait(before!.time, next!.time) });
      expect(asked?.from).toBe('request');
      return items.find(({ id }) => id === next!.item)!.rank;
    };
    const found: number[] = [];
    const hurried: number[] = [];
    for (const user of users) {
      found.push(await rankOf(user, (_, next) => next));
      hurried.push(await rankOf(user, (last) => last));
    }
    await opened.close();
    const known = found.flatMap((rank, i) => (Number.isNaN(rank) ? [] : [i]));
    expect(known.length).toBeGreaterThan(30);
    expect(known.map((i) => found[i])).toEqual(known.map((i) => ranks![i]));
    expect(known.some((i) => hurried[i] !== found[i])).toBe(true);
  }, 120_000);

  it('is told on the command line when it was asked, and refuses data without times', () => {
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [join(out, 'trainer.js'), ...args, '--device', 'wasm'], {
        cwd: folder,
        encoding: 'utf8',
      });
    const askedAt = (when: string) =>
      run('recommend', '--out', at('runs'), '--data', at('before.csv'), '--user', 'u3', '--at', when);
    const asked = askedAt('2021-01-01');
    expect(asked.stdout).toMatch(/\nAsked at 2021-01-01T00:00:00Z, 10\d days after the last event\.\n/);
    const early = askedAt('1999-01-01');
    expect([early.status, early.stderr]).toEqual([
      1,
      expect.stringMatching(/lies before the last event of the history, 2020-09-\S+: give that time or a later one/),
    ]);
    const none = run('--data', at('order.txt'), '--out', at('none'));
    expect([none.status, none.stderr]).toEqual([
      1,
      expect.stringMatching(/the data order have none: .* compile the model with --set times=false\.\n$/),
    ]);
    const evaluated = run('evaluate', '--out', at('runs'), '--data', at('order.txt'));
    expect(evaluated.status).toBe(1);
  });
});
