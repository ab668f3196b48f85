/** When a request comes, and what happens where a model reads times that the data do not have. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { longestSpan } from '../../runtime/data/index.js';
import type { Inputs } from '../../runtime/job.js';
import { requestOf } from '../../runtime/requests.js';
import type { TensorInfo } from '../../runtime/contract/session.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from './toy.js';

/** The toy, whose entries ask for times too; what it was given is kept. */
const timed = (hyper: Readonly<Record<string, boolean>> = {}) => {
  const model = toy();
  const clocks: readonly TensorInfo[] = ['times', 'times.next'].map((name) => ({
    name,
    dtype: 'i32',
    axes: ['batch', 'seq'],
    shape: ['batch', 50],
  }));
  const { manifest } = model;
  const given: Inputs[] = [];
  const compiled: CompiledModel = {
    manifest: {
      ...manifest,
      hyper: { ...manifest.hyper, ...hyper },
      entries: Object.fromEntries(
        Object.entries(manifest.entries).map(([name, entry]) => [
          name,
          { ...entry, inputs: [...entry.inputs, ...clocks] },
        ]),
      ),
    },
    open: async (device, sizes) => {
      const opened = await model.open(device, sizes);
      return E.map((session: Extract<typeof opened, { _tag: 'Right' }>['right']) => ({
        ...session,
        run: (entry: string, inputs: Inputs, random: { readonly seed: number; readonly step: number }) => {
          given.push(inputs);
          const { times: _, 'times.next': __, ...rest } = inputs;
          return session.run(entry, rest, random);
        },
      }))(opened);
    },
  };
  return { given, ...trainer(compiled) };
};

let folder = '';
const at = (...path: readonly string[]) => join(folder, ...path);
const day = 86400;
const start = Date.UTC(2024, 0, 1) / 1000;
const table = (time: (user: number, i: number) => number | string) =>
  `user,item,rating,time\n${Array.from({ length: 12 }, (_, user) => Array.from({ length: 6 }, (_, i) => `u${user},i${(user + i) % 9},5,${time(user, i)}\n`).join('')).join('')}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  await writeFile(
    at('dates.csv'),
    table((user, i) => (start + user * day + i * 60) * 1000),
  );
  await writeFile(
    at('counts.csv'),
    table((_, i) => i),
  );
  await writeFile(
    at('order.txt'),
    Array.from(
      { length: 12 },
      (_, user) => `u${user} ${Array.from({ length: 6 }, (_, i) => `i${(user + i) % 9}`).join(' ')}\n`,
    ).join(''),
  );
  for (const name of ['dates', 'counts']) await timed().train({ data: at(`${name}.csv`), out: at(name), epochs: 1 });
  await trainer(toy()).train({ data: at('dates.csv'), out: at('plain'), epochs: 1 });
});
afterEach(() => void vi.useRealTimers());
afterAll(() => rm(folder, { recursive: true }));

const asked = async (
  out: string,
  request: { readonly user?: string; readonly history?: string; readonly at?: string | number },
  data?: string,
) => {
  const { given, recommender } = timed();
  const opened = await recommender({ out: at(out), ...(data === undefined ? {} : { data: at(data) }) });
  const found = await opened.recommend(request);
  await opened.close();
  const [inputs] = given;
  return {
    ...found,
    times: Array.from(inputs!['times']!.slice(0, found.history.length)),
    next: Array.from(inputs!['times.next']!.slice(0, found.history.length)),
  };
};

describe('a request', () => {
  const last = start + 3 * day + 300; // of u3

  it.each([
    ['2024-01-04T01:05:00Z'],
    [last + 3600],
    [(last + 3600) * 1000],
    [String((last + 3600) * 1000)],
    ['2024-01-04 02:05:00+01:00'],
  ])('comes when it says: %s', async (when) => {
    const found = await asked('dates', { user: 'u3', at: when });
    expect(found).toMatchObject({
      at: { seconds: last + 3600, from: 'request' },
      times: [0, 60, 120, 180, 240, 300],
      next: [60, 120, 180, 240, 300, 3900],
    });
    expect(found.notes).toEqual(['Asked at 2024-01-04T01:05:00Z, 1 h 00 min after the last event.']);
  });

  it('comes now where it does not say, and the times are dates', async () => {
    vi.useFakeTimers({ now: (last + 50) * 1000, toFake: ['Date'] });
    const found = await asked('dates', { user: 'u3' });
    expect(found).toMatchObject({ at: { seconds: last + 50, from: 'now' }, next: [60, 120, 180, 240, 300, 350] });
    expect(found.notes).toEqual([
      expect.stringMatching(
        /^Asked at 2024-01-04T00:05:50Z, which is now, 50 s after the last event; --at \(or `at`\) sets another time\.$/,
      ),
    ]);
  });

  it('is told that the model never met so long a wait', async () => {
    vi.useFakeTimers({ now: (last + 800 * day) * 1000, toFake: ['Date'] });
    expect((await asked('dates', { user: 'u3' })).notes[0]).toMatch(
      /which is now, 800 days after the last event; .* longer than any time between two events of the data \(1 min 00 s\)/,
    );
  });

  it('comes at the last event where now cannot be: it is earlier, or the times are no dates', async () => {
    vi.useFakeTimers({ now: (last - 50) * 1000, toFake: ['Date'] });
    const early = await asked('dates', { user: 'u3' });
    expect(early).toMatchObject({ at: { seconds: last, from: 'last event' }, next: [60, 120, 180, 240, 300, 300] });
    expect(early.notes[0]).toMatch(/the time of the last event, as if no time had passed; --at/);
    vi.useRealTimers();
    expect(await asked('counts', { user: 'u3' })).toMatchObject({
      at: { seconds: 5, from: 'last event' },
      next: [1, 2, 3, 4, 5, 5],
    });
    expect(await asked('counts', { user: 'u3', at: 9 })).toMatchObject({
      at: { seconds: 9, from: 'request' },
      next: [1, 2, 3, 4, 5, 9],
    });
  });

  it.each([
    [
      { user: 'u3', at: last - 1 },
      /lies before the last event of the history, 2024-01-04T00:05:00Z: give that time or a later one/,
    ],
    [{ user: 'u3', at: last + longestSpan + 1 }, /more than 68 years after the last event/],
    [{ user: 'u3', at: last + longestSpan }, /more than 68 years after the first event/],
    [{ user: 'u3', at: 'tomorrow' }, /--at takes a time, a number .* or ISO 8601 .*, not "tomorrow"/],
    [{ user: 'u3', at: Number.NaN }, /--at takes a time/],
    [{ history: 'i1', at: last }, /--at has no meaning beside a --history whose items have no times/],
  ])('%j is refused', async (request, says) => expect(asked('dates', request)).rejects.toThrow(says));

  it('after a history that is written down has no time, and says so', async () => {
    const found = await asked('dates', { history: 'i1,i2' });
    expect(found).toMatchObject({ at: { seconds: null, from: 'nothing' }, times: [0, 0], next: [0, 0] });
    expect(found.notes).toEqual([expect.stringContaining('a history that is written down has none')]);
  });

  it('to a model without times has none', async () => {
    const { recommend } = trainer(toy());
    expect(await recommend({ out: at('plain'), user: 'u3' })).toMatchObject({ at: null, notes: [] });
    expect(await recommend({ out: at('plain'), user: 'u3', at: 7 })).toMatchObject({
      at: null,
      notes: ['The model reads no times, so --at (or `at`) changes nothing.'],
    });
  });

  it('on a line may have its time', () => {
    expect(requestOf('@7 at 2020-09-13T12:26:40Z')).toEqual({ user: '7', at: '2020-09-13T12:26:40Z' });
    expect(requestOf('@ New York at 2020-09-13 12:26:40 ')).toEqual({ user: 'New York', at: '2020-09-13 12:26:40' });
    expect(requestOf('@7 at 1600000000')).toEqual({ user: '7', at: '1600000000' });
    expect(requestOf('@cat at home')).toEqual({ user: 'cat at home' });
    expect(requestOf('@at 5')).toEqual({ user: 'at 5' });
  });
});

describe('data without times', () => {
  const none =
    /reads the times of events, and the data order have none: what it made of them would be false\. Give data with a column of times, or/;
  it('are refused for a model that reads them, with the remedy', async () => {
    await expect(timed().train({ data: at('order.txt'), out: at('none'), epochs: 1 })).rejects.toThrow(none);
    await expect(timed({ times: true }).train({ data: at('order.txt'), out: at('none'), epochs: 1 })).rejects.toThrow(
      /compile the model with --set times=false\.$/,
    );
    await expect(asked('dates', { user: 'u3' }, 'order.txt')).rejects.toThrow(none);
  });

  it('do for a model that reads none, which says how it read them', async () => {
    const said: unknown[] = [];
    await trainer(toy()).train({
      data: at('order.txt'),
      out: at('order'),
      epochs: 1,
      listen: (event) => void said.push(event),
    });
    expect(said).toContainEqual(
      expect.objectContaining({
        kind: 'start',
        reading: [
          'Read as sequences: user, then items in order of time.',
          'Times: none; the order of a line is taken for the order in time.',
        ],
      }),
    );
  });

  it('of several units are warned of before training', async () => {
    await writeFile(
      at('mixed.csv'),
      table((user, i) => (user === 5 ? 1000 * (start + i) : start + i)),
    );
    const said: unknown[] = [];
    await trainer(toy()).train({
      data: at('mixed.csv'),
      out: at('mixed'),
      epochs: 1,
      listen: (event) => void said.push(event),
    });
    expect(said).toContainEqual({
      kind: 'warning',
      message: expect.stringContaining("seconds (user 'u0'), milliseconds (user 'u5')"),
    });
  });
});
