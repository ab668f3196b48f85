/** Features from the trainer's side: trained, kept, restored, recommended by. The data are those of `data.ts`, which no file has. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { right } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../../runtime/data/dataset.js';
import { data, genres, plainData } from './data.js';

let given: Dataset = data();
vi.mock('../../runtime/data/load.js', async (original) => ({
  ...(await original<object>()),
  load: async () => right(given),
}));

const { default: sasrecf } = await import('../../models/sasrecf.js');
const { default: sasrec } = await import('../../models/sasrec.js');
const { trainer } = await import('../../runtime/trainer.js');
const { parse } = await import('../../runtime/checkpoint.js');
const { requestOf } = await import('../../runtime/requests.js');
const { columns } = await import('../support/models.js');
const { compiled, eventful, ok } = await import('./compiled.js');

let folder = '';
const out = (name: string): string => join(folder, name);
const items = trainer(compiled(sasrecf, { ...columns, blocks: 1 }));
const events = compiled(eventful);
const run = { epochs: 3, batch: 5, seed: 3 } as const;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  await items.train({ ...run, out: out('items') });
  await trainer(events).train({ ...run, out: out('events') });
});
beforeEach(() => {
  given = data();
});
afterAll(() => rm(folder, { recursive: true }));

describe('a run with features of items', () => {
  it('knows the whole catalogue, keeps what it read, and goes on bit for bit', async () => {
    const { manifest } = compiled(sasrecf, { ...columns, blocks: 1 });
    const kept = ok(parse(manifest, await readFile(join(out('items'), 'last.safetensors'))));
    expect(kept.items).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'k', 'y', 'z']);
    expect(kept.features).toEqual({
      items: {
        genre: { kind: 'category', vocabulary: [...genres].sort() },
        tags: { kind: 'categories', vocabulary: [...genres].sort(), most: 2 },
        text: { kind: 'vector', width: 3 },
        year: { kind: 'number', mean: expect.any(Number) as number, deviation: expect.any(Number) as number },
      },
      events: {},
    });
    // Codes by the sorted vocabulary: comedy, noir, space, war.
    const genre = data().features!.get('genre') as { values: Int32Array };
    expect([...kept.states['item.genre']!]).toEqual(
      [...genre.values].map((v) => (v === 0 ? 0 : 1 + [...genres].sort().indexOf(genres[v - 1]!))),
    );
    expect(kept.states['items.met']!.slice(-4)).toEqual(Float32Array.of(1, 0, 0, 0));

    await items.train({ ...run, epochs: 1, out: out('parts') });
    await items.train({ ...run, resume: true, out: out('parts') });
    expect(await readFile(join(out('parts'), 'last.safetensors'))).toEqual(
      await readFile(join(out('items'), 'last.safetensors')),
    );
  });

  it('does not change by a bit where the vocabulary is in another order', async () => {
    given = data((names) => [...names].reverse());
    await items.train({ ...run, out: out('reversed') });
    expect(await readFile(join(out('reversed'), 'best.safetensors'))).toEqual(
      await readFile(join(out('items'), 'best.safetensors')),
    );
    const found = await items.evaluate({ out: out('items') });
    given = data();
    expect((await items.evaluate({ out: out('items') })).ranks).toEqual(found.ranks);
  });

  it('says apart what it makes of targets that training met and of those that it did not', async () => {
    const { apart, model, users } = await items.evaluate({ out: out('items'), cold: true });
    const { warm, cold, chance } = apart!;
    expect(warm.targets + cold.targets).toBe(users);
    expect(cold.targets).toBe(1);
    const mean = (warm.targets * warm.model.metrics.MRR + cold.targets * cold.model.metrics.MRR) / users;
    expect(mean).toBeCloseTo(model.MRR, 6);
    expect(1 / cold.model.median).toBeCloseTo(cold.model.metrics.MRR, 9);
    // Eleven items: a target stands at each rank as often.
    expect([apart!.items, chance.median, chance.metrics['HR@10']]).toEqual([11, 6, 10 / 11]);
    expect(await items.evaluate({ out: out('items') })).not.toHaveProperty('apart');
  });

  it('scores items that nobody met, by what is known of them', async () => {
    const { items: found } = await items.recommend({ out: out('items'), history: 'a,b', top: 20 });
    expect(found.map(({ id }) => id).sort()).toEqual(['c', 'd', 'e', 'f', 'g', 'h', 'k', 'y', 'z']);
    expect(found.every(({ score }) => Number.isFinite(score))).toBe(true);
    const plain = trainer(compiled(sasrec, { blocks: 1 }));
    await plain.train({ ...run, out: out('plain') });
    const { items: known } = await plain.recommend({ out: out('plain'), history: 'a,b', top: 20 });
    expect(known.map(({ id }) => id).sort()).toEqual(['c', 'd', 'e', 'f', 'g', 'h', 'k']);
  });

  it('is refused data without the columns, which it names', async () => {
    given = plainData();
    await expect(items.train({ ...run, out: out('none') })).rejects.toThrow(
      "The model sasrecf reads the column 'genre' of items as a category, and the table of items of small has none",
    );
    await expect(trainer(events).train({ ...run, out: out('none') })).rejects.toThrow(
      "The model eventful reads the column 'action' of events as a category, and the table of events of small has none",
    );
  });
});

describe('candidates', () => {
  const ids = async (request: object): Promise<readonly string[]> =>
    (await items.recommend({ out: out('items'), history: 'a', top: 20, ...request })).items.map(({ id }) => id).sort();

  it('are those of a list, without those of another, of a category', async () => {
    expect(await ids({ only: 'c,z' })).toEqual(['c', 'z']);
    expect(await ids({ only: ['z'], except: 'c' })).toEqual(['z']);
    expect(await ids({ except: ['b', 'c', 'd'] })).toEqual(['e', 'f', 'g', 'h', 'k', 'y', 'z']);
    const genre = (id: string): string | undefined => (id === 'c' ? undefined : genres[id.charCodeAt(0) % 4]);
    const all = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'k', 'y', 'z'];
    expect(await ids({ where: 'genre=noir' })).toEqual(all.filter((id) => genre(id) === 'noir'));
    expect(await ids({ where: ['genre=noir', 'genre=war'] })).toEqual(
      all.filter((id) => ['noir', 'war'].includes(genre(id) ?? '')),
    );
    const tagged = await ids({ where: 'tags=war' });
    expect(tagged).toEqual(all.filter((id) => id !== 'd' && id.charCodeAt(0) % 3 === 0));
    expect(await ids({ where: ['genre=comedy', 'tags=war'] })).toEqual(tagged.filter((id) => genre(id) === 'comedy'));
  });

  it('are found in the data where the model does not read the column', async () => {
    const plain = trainer(compiled(sasrec, { blocks: 1 }));
    const found = await plain.recommend({ out: out('plain'), history: 'a', top: 20, where: 'genre=noir' });
    expect(found.items.map(({ id }) => id).sort()).toEqual(['e']);
  });

  it('are refused where nobody could tell them, or none is left', async () => {
    await expect(ids({ where: 'genre=wars' })).rejects.toThrow('No item has the genre "wars": did you mean \'war\'?');
    await expect(ids({ where: 'brand=x' })).rejects.toThrow(
      '--where asks for the brand of items, and no column of small tells it: columns of categories: genre, tags',
    );
    await expect(ids({ where: 'war' })).rejects.toThrow('--where takes COLUMN=VALUE, not "war".');
    await expect(ids({ only: 'q' })).rejects.toThrow('The model knows no item "q"');
    await expect(ids({ only: 'b', except: 'b' })).rejects.toThrow('No item is left by --only, --except and --where');
  });
});

describe('a run with features of events', () => {
  const model = trainer(events);
  const from = { out: out('events'), top: 3 };
  const at = 1_700_900_000;

  it('keeps what it learnt of them, and recommends to a user as after the same history, written down', async () => {
    const kept = ok(parse(events.manifest, await readFile(join(out('events'), 'best.safetensors'))));
    expect(kept.features!.events).toMatchObject({
      action: { kind: 'category', vocabulary: ['cart', 'view'] },
      rating: { kind: 'number' },
    });
    expect(kept.items).toHaveLength(9);
    const of = data();
    const [begin, end] = [of.offsets[4]!, of.offsets[5]!];
    const action = of.events!.get('action') as { vocabulary: readonly string[]; values: Int32Array };
    const rating = of.events!.get('rating') as { values: Float64Array };
    const history = Array.from({ length: end - begin }, (_, i) => ({
      item: of.items[of.sequence[begin + i]!]!,
      time: of.times![begin + i]!,
      ...(action.values[begin + i] === 0 ? {} : { action: action.vocabulary[action.values[begin + i]! - 1]! }),
      ...(Number.isNaN(rating.values[begin + i]!) ? {} : { rating: rating.values[begin + i]! }),
    }));
    const user = await model.recommend({ out: out('events'), top: 5, user: of.users[4]!, at });
    for (const told of [history, JSON.stringify(history)]) {
      const found = await model.recommend({ out: out('events'), top: 5, history: told, at });
      expect(found.items).toEqual(user.items);
      expect(found.at).toEqual({ seconds: at, from: 'request' });
    }
    // Each column counts.
    for (const less of [{ action: undefined }, { rating: 9 }]) {
      const other = await model.recommend({
        out: out('events'),
        top: 5,
        history: history.map((e) => ({ ...e, ...less })),
        at,
      });
      expect(other.items).not.toEqual(user.items);
    }
    const later = await model.recommend({ out: out('events'), top: 5, user: of.users[4]!, at: at + 7200 * 40 });
    expect(later.items).not.toEqual(user.items);
  });

  it('says what it assumes of a history that tells less', async () => {
    const { notes } = await model.recommend({ ...from, out: out('events'), history: 'a,b' });
    expect(notes).toEqual([
      expect.stringContaining('a history that is written down has none'),
      'The model reads the action of events, and the history tells none: it is taken as missing.',
      'The model reads the rating of events, and the history tells none: it is taken as missing.',
    ]);
    const strange = await model.recommend({ out: out('events'), history: [{ item: 'a', action: 'stole', rating: 3 }] });
    expect(strange.notes).toContain('Training met no event whose action is "stole": it is taken as missing.');
  });

  it('refuses events that are none, and times that contradict each other', async () => {
    const asked = (history: unknown) => model.recommend({ out: out('events'), history: history as never });
    await expect(asked([{ item: 'a', acton: 'buy' }])).rejects.toThrow(
      "An event of the history has 'acton', which the model eventful does not read: did you mean 'action'?",
    );
    await expect(asked([{ title: 'a' }])).rejects.toThrow('An event of the history is an object with an item');
    await expect(asked([{ item: 'a', time: 5 }, { item: 'b' }])).rejects.toThrow('but not of the item "b"');
    await expect(
      asked([
        { item: 'a', time: 5 },
        { item: 'b', time: 4 },
      ]),
    ).rejects.toThrow('runs backwards at the item "b"');
    await expect(asked([{ item: 'a', time: 'noon' }])).rejects.toThrow('The time of the item "a" in the history is');
  });

  it('takes requests in JSON, a line each', () => {
    const request = { history: [{ item: 'a', time: 5, action: 'buy' }], where: 'genre=war', top: 2 };
    expect(requestOf(JSON.stringify(request))).toEqual(request);
    expect(requestOf('{curly}, a')).toEqual({ history: '{curly}, a' });
  });
});
