import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { right } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { topOf } from '../../runtime/measures/top.js';
import { requestOf, tallyText } from '../../runtime/requests.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from './toy.js';

let folder = '';
let data = '';
let out = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  data = join(folder, 'rings.txt');
  out = join(folder, 'run');
  await writeFile(
    data,
    Array.from(
      { length: 40 },
      (_, user) => `u${user} ${Array.from({ length: 8 }, (_, i) => `i${(user + i) % 25}`).join(' ')}\n`,
    ).join(''),
  );
  await trainer(toy()).train({ data, out, epochs: 3, batch: 16 });
});
afterAll(() => rm(folder, { recursive: true }));

/** The toy, and how often each thing was done to its sessions. */
const watched = (spoilt: { readonly write?: boolean } = {}) => {
  const done = { opened: 0, written: 0, run: 0, disposed: 0 };
  const model = toy();
  const compiled: CompiledModel = {
    manifest: model.manifest,
    open: async (device, sizes) => {
      const opened = await model.open(device, sizes);
      if (opened._tag === 'Left') return opened;
      const session = opened.right;
      done.opened++;
      return right({
        ...session,
        run: (...given) => {
          done.run++;
          return session.run(...given);
        },
        write: async (states) => {
          if (spoilt.write === true) throw new Error('out of memory');
          done.written++;
          await session.write(states);
        },
        dispose: () => {
          done.disposed++;
          return session.dispose();
        },
      });
    },
  };
  return { done, ...trainer(compiled) };
};

describe('an opened recommender', () => {
  const requests = [
    { user: 'u7' },
    { history: ['i3', 'i4'], top: 3 },
    { user: 'u39', top: 25 },
    { history: 'i0, i1,i24', top: 1 },
    { user: 'u7' },
  ];

  it('answers as `recommend` does, with its states placed once', async () => {
    const { done, recommend, recommender } = watched();
    const each = [];
    for (const request of requests) each.push(await recommend({ out, ...request }));
    expect(done).toEqual({ opened: 5, written: 5, run: 5, disposed: 5 });

    const opened = await recommender({ out });
    expect(opened.backend).toBe('toy (plain arithmetic)');
    const found = [];
    for (const request of requests) found.push(await opened.recommend(request));
    expect(found).toEqual(each);
    expect(await Promise.all(requests.map((request) => opened.recommend(request)))).toEqual(each);
    await opened.close();
    expect(done).toEqual({ opened: 6, written: 6, run: 15, disposed: 6 });
  });

  it('goes on after what it refuses', async () => {
    const opened = await watched().recommender({ out });
    await expect(opened.recommend({ user: 'u70' })).rejects.toThrow(
      /no user "u70" in the data rings; the nearest are u0, /,
    );
    await expect(opened.recommend({ history: 'i4, i400' })).rejects.toThrow(/knows no item "i400"/);
    await expect(opened.recommend({ history: [] })).rejects.toThrow(/history is empty/);
    await expect(opened.recommend({})).rejects.toThrow(/one of --user and --history/);
    await expect(opened.recommend({ user: 'u7', history: 'i4' })).rejects.toThrow(/one of --user and --history/);
    await expect(opened.recommend({ user: 'u7', top: 0 })).rejects.toThrow(/--top takes a whole number from 1/);
    expect((await opened.recommend({ user: 'u7' })).items).toHaveLength(10);
    await opened.close();
  });

  it('answers nothing when it is closed, which it may be twice', async () => {
    const { done, recommender } = watched();
    const opened = await recommender({ out });
    await opened.close();
    await opened.close();
    expect(done).toMatchObject({ opened: 1, disposed: 1, run: 0 });
    await expect(opened.recommend({ user: 'u7' })).rejects.toThrow('The recommender is closed: open another one.');
  });

  it('reads the data when a user is first asked for, keeps them, and asks again for what it could not read', async () => {
    const away = `${data}.away`;
    await rename(data, away);
    const opened = await watched().recommender({ out });
    expect((await opened.recommend({ history: 'i3' })).history).toEqual([{ id: 'i3', title: null }]);
    await expect(opened.recommend({ user: 'u1' })).rejects.toThrow(/no such file/);
    await rename(away, data);
    const first = await opened.recommend({ user: 'u1' });
    await rename(data, away);
    expect(await opened.recommend({ user: 'u1' })).toEqual(first);
    await rename(away, data);
    await opened.close();
  });

  it('shows titles that are named where one asks, and asks by them', async () => {
    const titles = join(folder, 'titles.csv');
    await writeFile(titles, 'item_id,title\ni3,Three\ni4,"Four, again"\n');
    const { recommend } = watched();
    const plain = await recommend({ out, history: ['i3', 'i4'], top: 2 });
    const named = await recommend({ out, history: ['three', 'Four, again'], top: 2, titles });
    expect(named.history).toEqual([
      { id: 'i3', title: 'Three' },
      { id: 'i4', title: 'Four, again' },
    ]);
    expect(named.items.map(({ id, score }) => [id, score])).toEqual(plain.items.map(({ id, score }) => [id, score]));
    await writeFile(titles, 'item_id,title\nx3,Three\n');
    await expect(recommend({ out, history: ['i3'], titles })).rejects.toThrow(
      'it has no title of any of the 25 items that the model knows',
    );
    await expect(recommend({ out, history: ['i3'], titles: join(folder, 'none.csv') })).rejects.toThrow('none.csv');
  });

  it('knows of a user only what the model knows', async () => {
    const grown = join(folder, 'grown.txt');
    await writeFile(grown, `${await readFile(data, 'utf8')}late i3 brandnew i4\n`);
    const opened = await watched().recommender({ out, data: grown });
    expect((await opened.recommend({ user: 'late' })).history.map(({ id }) => id)).toEqual(['i3', 'i4']);
    await opened.close();
  });

  it('gives the device back where it does not open, and says why', async () => {
    const { done, recommender } = watched({ write: true });
    await expect(recommender({ out })).rejects.toThrow(
      'The states could not be written to toy (plain arithmetic): out of memory.',
    );
    expect(done).toEqual({ opened: 1, written: 0, run: 0, disposed: 1 });
    await expect(watched().recommender({ out: join(folder, 'none') })).rejects.toThrow(
      /checkpoint .* cannot be used: there is no such file/,
    );
    await expect(watched().recommender({ out, device: 'webgpu' })).rejects.toThrow(/webgpu is not here/);
  });
});

describe('the best items', () => {
  /** Few values, so that many are equal. */
  const scores = fc
    .array(
      fc.oneof(
        fc.constantFrom(0, -0, 1, -1, 0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
        fc.float(),
      ),
      { maxLength: 200 },
    )
    .map((list) => Float32Array.from(list));
  const past = fc.array(fc.nat(220), { maxLength: 60 });
  const top = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 300 }));
  const unmet = (list: Float32Array, met: readonly number[]) =>
    Array.from(list.keys()).filter((at) => !met.includes(at));

  it('are the first of all, sorted', () => {
    fc.assert(
      fc.property(scores, past, top, (list, met, count) => {
        const rest = unmet(list, met);
        const numbers = rest.filter((at) => !Number.isNaN(list[at]));
        // Array.prototype.sort is stable: equal scores keep the order of the catalogue.
        const sorted = [
          ...numbers.sort((a, b) => (list[a] === list[b] ? 0 : (list[b] as number) > (list[a] as number) ? 1 : -1)),
          ...rest.filter((at) => Number.isNaN(list[at])),
        ];
        expect(topOf(list, met, count)).toEqual(sorted.slice(0, count));
      }),
      { numRuns: 500 },
    );
  });

  it('never are what is not a number, while there is a number left', () => {
    expect(topOf(Float32Array.of(Number.NaN, -5, Number.NaN, Number.NEGATIVE_INFINITY, 2), [], 3)).toEqual([4, 1, 3]);
    expect(topOf(Float32Array.of(Number.NaN, -5, Number.NaN, 2), [3], 4)).toEqual([1, 0, 2]);
    expect(topOf(new Float32Array(9).fill(Number.NaN), [0], 3)).toEqual([1, 2, 3]);
  });
});

describe('lines of requests', () => {
  it.each([
    ['12, 41', { history: '12, 41' }],
    [' Heat (1995)\r', { history: 'Heat (1995)' }],
    ['@7', { user: '7' }],
    ['\uFEFF@ 7 ', { user: '7' }],
    [',@home', { history: ',@home' }],
    ['', undefined],
    [' \t\r', undefined],
  ])('%j asks for %j', (line, request) => expect(requestOf(line)).toEqual(request));

  it('are summed up by times that occurred', () => {
    const times = Array.from({ length: 1000 }, (_, i) => (1 + ((i * 7) % 1000)) / 100);
    expect(tallyText({ times, failed: 0 })).toBe('1,000 requests: median 5.0 ms, 99th percentile 9.9 ms, once loaded.');
    expect(tallyText({ times: [0.25], failed: 2 })).toBe(
      '1 request: median 0.25 ms, 99th percentile 0.25 ms, once loaded; 2 requests could not be answered.',
    );
    expect(tallyText({ times: [], failed: 1 })).toBe('No request was answered; 1 request could not be answered.');
    expect(tallyText({ times: [], failed: 0 })).toBe('No request was answered.');
  });
});
