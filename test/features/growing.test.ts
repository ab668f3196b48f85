/** Models with features that grow: new items, new values, new users; what was learned stays where it was and means what it meant. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sasrecf from '../../models/sasrecf.js';
import { type Checkpoint, parse } from '../../runtime/checkpoint.js';
import type { StateInfo } from '../../runtime/contract/session.js';
import { sizesOf } from '../../runtime/features.js';
import { shapeOf } from '../../runtime/init.js';
import type { TrainOptions } from '../../runtime/options.js';
import { trainer } from '../../runtime/trainer.js';
import { columns, ofEvents } from '../support/models.js';
import { compiled, ok } from './compiled.js';

const model = compiled(sasrecf, { ...columns, ...ofEvents, blocks: 1, width: 8, length: 8, negatives: 8 });
const { manifest } = model;
const { train, evaluate, recommend } = trainer(model);

let folder = '';
let counter = 0;
const at = (name: string): string => join(folder, name);
const fresh = (): string => at(`run-${counter++}`);

interface Item {
  readonly genre?: string;
  readonly tags?: readonly string[];
  readonly year?: number;
  readonly text?: readonly number[];
}
/** A table of items as JSON lines. */
const table = (items: Readonly<Record<string, Item>>): string =>
  Object.entries(items)
    .map(([item, of]) => `${JSON.stringify({ item, ...of })}\n`)
    .join('');
const made = (id: string, i: number, genres: readonly string[], year: number): readonly [string, Item] => [
  id,
  {
    ...(i % 5 === 4 ? {} : { genre: genres[i % genres.length]! }),
    tags: genres.filter((_, g) => (i + g) % 2 === 0).slice(0, 2),
    ...(i % 6 === 5 ? {} : { year: year + i }),
    text: [Math.sin(i), Math.cos(i), i / 10],
  },
];
const old = [...'bdfhjlnp'];
/** Between the old ones, so that codes move. */
const young = [...'ackmq'];
const before = Object.fromEntries([...old, 'y', 'z'].map((id, i) => made(id, i, ['war', 'comedy'], 1990)));
/** `d` is in no event any more, and neither `d` nor `z` in the table; one new item has more tags than any old one. */
const after = Object.fromEntries([
  ...Object.entries(before).filter(([id]) => id !== 'd' && id !== 'z'),
  ...young.map((id, i) => made(id, i, ['noir', 'comedy', 'art'], 3000)),
  ['q', { genre: 'art', tags: ['noir', 'war', 'art', 'comedy'], year: 3000, text: [1, 2, 3] }],
]);
const events = (users: number, steps: number, items: readonly string[], actions: readonly string[]): string =>
  `user,item,ts,action,rating\n${Array.from({ length: users * steps }, (_, row) => {
    const [user, i] = [Math.floor(row / steps), row % steps];
    return `u${user},${items[(user * 3 + i * (1 + (user % 2))) % items.length]},${1_700_000_000 + 3000 * i + user},${actions[(user + i) % actions.length]},${1 + ((user * i) % 5)}\n`;
  }).join('')}`;

const settings = { columns: 'action,rating', epochs: 3, batch: 8, seed: 3 } as const;
const first = () => ({ data: at('before.csv'), items: at('before.jsonl') });
const then = () => ({ data: at('after.csv'), items: at('after.jsonl') });
const kept = async (path: string): Promise<Checkpoint> => ok(parse(manifest, await readFile(path)));
/** What is saved before the first step is what a run begins with. */
const begun = async (options: TrainOptions): Promise<string> => {
  const controller = new AbortController();
  controller.abort();
  return (await train({ ...settings, ...options, out: fresh(), signal: controller.signal })).last;
};

let [base, grownAt] = ['', ''];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  await writeFile(at('before.csv'), events(16, 7, old, ['view', 'buy']));
  await writeFile(at('before.jsonl'), table(before));
  await writeFile(
    at('after.csv'),
    events(21, 9, [...old.filter((id) => id !== 'd'), ...young], ['view', 'gift', 'buy', 'ask']),
  );
  await writeFile(at('after.jsonl'), table(after));
  base = (await train({ ...settings, ...first(), out: fresh() })).last;
  grownAt = await begun({ ...then(), from: base });
});
afterAll(() => rm(folder, { recursive: true }));

const sizes = ({ items, features }: Checkpoint) => ({ items: items.length, ...sizesOf(features) });
interface Found {
  readonly vocabulary: readonly string[];
  readonly most: number;
  readonly mean: number;
  readonly deviation: number;
}
/** What a checkpoint learned of a column of items, whatever its kind. */
const learntOf = ({ features }: Checkpoint, name: string): Found => features!.items[name] as unknown as Found;

/** Each cell of an old state and of the new one at the place that means the same. */
const pairs = (info: StateInfo, from: Checkpoint, to: Checkpoint): readonly (readonly [number, number])[] => {
  const [shape, wider] = [ok(shapeOf(info, sizes(from))), ok(shapeOf(info, sizes(to)))];
  return Array.from(from.states[info.name]!, (value, cell) => {
    let [rest, place, stride] = [cell, 0, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const i = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      place += stride * (info.shape[axis] === 'items' ? to.items.indexOf(from.items[i]!) : i);
      stride *= wider[axis]!;
    }
    return [value, to.states[info.name]![place]!] as const;
  });
};

describe('a model that goes on, on data with more of everything', () => {
  it('has the values that it knew in their places, new ones after them, and the scalings that it had', async () => {
    const [was, is] = [await kept(base), await kept(grownAt)];
    expect(was.features!.items).toMatchObject({ genre: { vocabulary: ['comedy', 'war'] }, tags: { most: 1 } });
    expect(is.features).toEqual({
      items: {
        genre: { kind: 'category', vocabulary: ['comedy', 'war', 'art', 'noir'] },
        tags: {
          kind: 'categories',
          vocabulary: [...learntOf(was, 'tags').vocabulary, 'art', 'noir'],
          most: 4,
        },
        year: was.features!.items['year'],
        text: { kind: 'vector', width: 3 },
      },
      events: {
        action: { kind: 'category', vocabulary: ['buy', 'view', 'ask', 'gift'] },
        rating: was.features!.events['rating'],
      },
    });
  });

  it('begins with every row and every slot of what it knew, to the bit', async () => {
    const [was, is] = [await kept(base), await kept(grownAt)];
    const learned = manifest.states.filter(({ role }) => role !== 'given');
    const tables = learned.filter(({ shape }) => shape.some((size) => typeof size === 'string'));
    // The items' own vectors, those of three vocabularies, and two slots of each at least.
    expect(tables.length).toBeGreaterThanOrEqual(12);
    for (const info of manifest.states.filter(({ init }) => init.kind !== 'given')) {
      const all = pairs(info, was, is);
      expect([info.name, all.map(([, now]) => now)]).toEqual([info.name, all.map(([then_]) => then_)]);
    }
    // What is new begins as in a new run: it is not what was there before, nor nothing.
    const genre = manifest.states.find(({ name, role }) => role === 'parameter' && /genre/.test(name))!;
    expect(is.states[genre.name]!.length).toBe((was.states[genre.name]!.length / 3) * 5);
    expect(is.states[genre.name]!.slice(-8).every((x) => x !== 0)).toBe(true);
  });

  it('knows of each item what the new table says, and of items that it does not list what was known', async () => {
    const is = await kept(grownAt);
    const words = (id: string): readonly unknown[] => {
      const i = is.items.indexOf(id);
      const [genre, tags, year] = ['genre', 'tags', 'year'].map((name) => learntOf(is, name));
      const own = is.states['item.tags']!.subarray(i * tags!.most, (i + 1) * tags!.most);
      return [
        genre!.vocabulary[is.states['item.genre']![i]! - 1],
        [...own]
          .filter((code) => code > 0)
          .map((code) => tags!.vocabulary[code - 1])
          .sort(),
        Math.round(is.states['item.year']![i]! * year!.deviation + year!.mean),
        [...is.states['item.text']!.subarray(3 * i, 3 * i + 3)],
      ];
    };
    for (const [id, { genre, tags, year, text }] of Object.entries({ ...before, ...after }) as [string, Item][]) {
      const mean = Math.round(learntOf(is, 'year').mean);
      expect([id, ...words(id)]).toEqual([id, genre, [...tags!].sort(), year ?? mean, text!.map(Math.fround)]);
    }
    expect(is.items).toEqual([...old, ...young, 'y', 'z'].sort());
    const met = (id: string): number => is.states['items.met']![is.items.indexOf(id)]!;
    expect([met('d'), met('b'), met('k'), met('y'), met('z')]).toEqual([1, 1, 1, 0, 0]);
  });

  it('answers as before, before it trains', async () => {
    const request = {
      history: [
        { item: 'd', time: 1_700_000_000, action: 'view', rating: 4 },
        { item: 'b', time: 1_700_004_000, action: 'buy', rating: 2 },
      ],
      at: 1_700_009_000,
      top: 50,
      only: [...old.filter((id) => id !== 'd' && id !== 'b'), 'z'],
    };
    const [was, is] = [
      await recommend({ ...request, ...first(), columns: settings.columns, checkpoint: base }),
      await recommend({ ...request, ...then(), columns: settings.columns, checkpoint: grownAt }),
    ];
    expect(was.items).toHaveLength(7);
    expect(is.items).toEqual(was.items);
    // New items and new actions have answers too.
    const more = await recommend({
      ...request,
      ...then(),
      history: [{ item: 'k', time: 1_700_000_000, action: 'gift', rating: 4 }],
      only: ['q', 'a'],
      columns: settings.columns,
      checkpoint: grownAt,
    });
    expect(more.items.map(({ id }) => id).sort()).toEqual(['a', 'q']);
    expect(more.notes.filter((note) => note.includes('missing'))).toEqual([]);
  });

  it('learns what is new, evaluates, and ends in the same bytes whether it was interrupted or not', async () => {
    const whole = await train({ ...settings, ...then(), out: fresh(), from: base });
    const [is, done] = [await kept(grownAt), await kept(whole.last)];
    const genre = manifest.states.find(({ name, role }) => role === 'parameter' && /genre/.test(name))!;
    expect(done.features).toEqual(is.features);
    const rows = (of: Checkpoint): Float32Array => of.states[genre.name]!.slice(-16);
    expect(rows(done)).not.toEqual(rows(is));
    expect((await evaluate({ checkpoint: whole.best })).ranks).toEqual(whole.ranks);
    const out = fresh();
    const controller = new AbortController();
    await train({
      ...settings,
      ...then(),
      out,
      from: base,
      signal: controller.signal,
      listen: (e) => void (e.kind === 'epoch' && controller.abort()),
    });
    const rest = await train({ out, resume: true });
    expect((await readFile(rest.last)).equals(await readFile(whole.last))).toBe(true);
  });

  it('goes on once more, and on the same data changes nothing', async () => {
    const [was, again] = [await kept(grownAt), await kept(await begun({ ...then(), from: grownAt }))];
    expect(again.features).toEqual(was.features);
    expect(again.states).toEqual(was.states);
  });

  it('is refused vectors of another width, and data without a column that it reads', async () => {
    await writeFile(
      at('wide.jsonl'),
      table(Object.fromEntries(Object.entries(after).map(([id, of]) => [id, { ...of, text: [1, 2, 3, 4] }]))),
    );
    await expect(train({ ...settings, ...then(), items: at('wide.jsonl'), out: fresh(), from: base })).rejects.toThrow(
      "The vectors 'text' are of 4 numbers, and the checkpoint learned those of 3: give vectors of the same make, or train anew.",
    );
    await expect(train({ ...settings, ...then(), columns: 'rating', out: fresh(), from: base })).rejects.toThrow(
      "reads the column 'action' of events as a category",
    );
  });
});
