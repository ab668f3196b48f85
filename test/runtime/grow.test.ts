/** Models that grow: `--from` on more data. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withKnown, fromHistories, history, leaveOneOut, titleOf } from '../../runtime/data/index.js';
import type { FeatureColumn } from '../../runtime/data/columns.js';
import { grown } from '../../runtime/grow.js';
import { initialStates } from '../../runtime/init.js';
import type { Event } from '../../runtime/events.js';
import type { Manifest } from '../../runtime/contract/session.js';
import type { TrainOptions } from '../../runtime/options.js';
import { decode } from '../../runtime/safetensors.js';
import { trainer } from '../../runtime/trainer.js';
import { datasets, errorOf, valueOf } from '../data/support.js';
import { toy } from './toy.js';

describe('a catalogue with the items that a model knew', () => {
  it('has them all in order, and the same events by raw id', () => {
    fc.assert(
      fc.property(datasets, fc.uniqueArray(fc.nat({ max: 40 }).map(String), { maxLength: 12 }), (data, known) => {
        const all = withKnown(data, { items: known, titles: null });
        expect(new Set(all.items)).toEqual(new Set([...data.items, ...known]));
        expect([...all.items]).toEqual([...all.items].sort((a, b) => Number(a) - Number(b)));
        expect([...all.sequence].map((item) => all.items[item])).toEqual(
          [...data.sequence].map((item) => data.items[item]),
        );
        expect([all.offsets, all.users, all.times]).toEqual([data.offsets, data.users, data.times]);
        if (known.every((id) => data.items.includes(id))) expect(all).toBe(data);
      }),
    );
  });

  it('keeps titles and columns of items, which the others lack', () => {
    const features = new Map<string, FeatureColumn>([
      ['one', { kind: 'category', vocabulary: ['x', 'y'], values: Int32Array.of(2, 1) }],
      [
        'some',
        { kind: 'categories', vocabulary: ['x', 'y'], offsets: Int32Array.of(0, 2, 3), values: Int32Array.of(1, 2, 2) },
      ],
      ['size', { kind: 'number', values: Float64Array.of(5, 7) }],
      ['place', { kind: 'vector', width: 2, values: Float32Array.of(1, 2, 3, 4) }],
      ['words', { kind: 'text', values: ['p', undefined] }],
    ]);
    const data = { ...fromHistories('two', [{ user: 'u', items: ['2', '4'] }], new Map([['2', 'Two']])), features };
    const all = withKnown(data, { items: ['3', '2', '1'], titles: ['Three', 'Old', 'One'] });
    expect(all.items).toEqual(['1', '2', '3', '4']);
    expect(all.items.map((_, i) => titleOf(all, i))).toEqual(['One', 'Two', 'Three', '4']);
    expect(Object.fromEntries(all.features!)).toEqual({
      one: { kind: 'category', vocabulary: ['x', 'y'], values: Int32Array.of(0, 2, 0, 1) },
      some: {
        kind: 'categories',
        vocabulary: ['x', 'y'],
        offsets: Int32Array.of(0, 0, 2, 2, 3),
        values: Int32Array.of(1, 2, 2),
      },
      size: { kind: 'number', values: Float64Array.of(NaN, 5, NaN, 7) },
      place: { kind: 'vector', width: 2, values: Float32Array.of(0, 0, 1, 2, 0, 0, 3, 4) },
      words: { kind: 'text', values: [undefined, 'p', undefined, undefined] },
    });
  });

  it('knows of items that nobody met, and that a model knew, what the table of items says', () => {
    const data = {
      ...fromHistories('one', [{ user: 'u', items: ['2', '2'] }]),
      unmet: ['3', '9'],
      features: new Map<string, FeatureColumn>([['size', { kind: 'number', values: Float64Array.of(20, 30, 90) }]]),
    };
    const all = withKnown(data, { items: ['1', '3'], titles: null });
    expect([all.items, all.unmet]).toEqual([['1', '2', '3'], ['9']]);
    expect(all.features!.get('size')).toEqual({ kind: 'number', values: Float64Array.of(NaN, 20, 30, 90) });
    expect([...all.sequence]).toEqual([1, 1]);
  });
});

describe('states that grow', () => {
  const state = (name: string, ...shape: readonly (number | string)[]): Manifest['states'][number] => ({
    name,
    role: 'parameter',
    dtype: 'f32',
    axes: shape.map((_, i) => `axis${i}`),
    shape,
    init: { kind: 'normal', std: 1 },
  });
  const manifest = {
    states: [state('first', 'items', 3), state('last', 2, 'items'), state('none', 4)],
  } as unknown as Manifest;

  it('keep what was learned of each known item, and begin new ones as a new run does, along any axis', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat({ max: 30 }).map(String), { minLength: 1, maxLength: 12 }),
        fc.nat({ max: 12 }),
        fc.nat({ max: 99 }),
        (all, few, seed) => {
          const known = all.slice(0, Math.max(1, few % (all.length + 1))).toReversed();
          const states = valueOf(initialStates(1, { items: known.length }, manifest.states));
          const begun = valueOf(initialStates(seed, { items: all.length }, manifest.states));
          const kept = structuredClone(begun);
          const found = valueOf(grown(manifest, { items: known, states }, { items: all }, begun));
          expect(begun).toEqual(kept);
          all.forEach((id, item) => {
            const before = known.indexOf(id);
            const [from, count, at] = before < 0 ? [begun, all.length, item] : [states, known.length, before];
            expect([...found['first']!.subarray(item * 3, item * 3 + 3)]).toEqual([
              ...from['first']!.subarray(at * 3, at * 3 + 3),
            ]);
            for (const row of [0, 1])
              expect(found['last']![row * all.length + item]).toBe(from['last']![row * count + at]);
          });
          expect(found['none']).toEqual(states['none']);
        },
      ),
    );
  });

  it('are refused for tables of pairs, and where the catalogue has lost an item', () => {
    const pairs = { states: [state('pairs', 'items', 'items')] } as unknown as Manifest;
    expect(
      errorOf(
        grown(
          pairs,
          { items: ['1'], states: { pairs: Float32Array.of(1) } },
          { items: ['1', '2'] },
          {
            pairs: new Float32Array(4),
          },
        ),
      ),
    ).toContain('`pairs` has a value for each pair of items');
    expect(errorOf(grown(manifest, { items: ['7'], states: {} }, { items: ['1'] }, {}))).toContain(
      'lacks the item "7"',
    );
  });
});

let folder = '';
let counter = 0;
const fresh = () => join(folder, `run-${counter++}`);
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  // Users walk along a ring; later data have longer walks, more users and more items, and one item fewer.
  const walk = (user: number, steps: number, ring: number, first: number) =>
    Array.from({ length: steps }, (_, i) => first + ((user * 7 + i * (1 + (user % 3))) % ring));
  const text = (users: number, steps: number, ring: number, first: number) =>
    Array.from({ length: users }, (_, user) => `u${user} ${walk(user, steps, ring, first).join(' ')}\n`).join('');
  await writeFile(at('before.txt'), text(40, 8, 20, 1));
  await writeFile(at('after.txt'), text(55, 11, 26, 2));
});
afterAll(() => rm(folder, { recursive: true }));

const { train: trainToy, evaluate, recommend } = trainer(toy({ width: 8 }));
const train = (options: TrainOptions = {}) => trainToy({ format: 'sequences', epochs: 2, batch: 16, ...options });
const read = async (path: string) => valueOf(decode(await readFile(path)));
const items = async (path: string) => JSON.parse((await read(path)).metadata['items']!) as string[];

describe('a run from a checkpoint', () => {
  it('begins with the rows and slots of known items, counts steps on, and serves old and new items', async () => {
    const before = await train({ data: at('before.txt'), out: fresh() });
    const out = fresh();
    // What is saved before the first step is what the run begins with.
    const controller = new AbortController();
    controller.abort();
    const begun = await train({ data: at('after.txt'), out, from: before.last, signal: controller.signal });
    const [old, now] = [await read(before.last), await read(begun.last)];
    const [known, all] = [await items(before.last), await items(begun.last)];
    expect(all).toEqual(Array.from({ length: 27 }, (_, i) => `${i + 1}`));
    expect(known).toHaveLength(20);
    for (const name of ['a', 'a.g', 'b', 'b.g', 'c', 'c.g']) {
      const width = name.startsWith('c') ? 1 : 8;
      known.forEach((id, i) => {
        const to = all.indexOf(id);
        expect([...now.tensors[name]!.data.subarray(to * width, (to + 1) * width)]).toEqual([
          ...old.tensors[name]!.data.subarray(i * width, (i + 1) * width),
        ]);
      });
    }
    const steps = (text: string | undefined) => (JSON.parse(text!) as { step: number }).step;
    expect(steps(now.metadata['progress'])).toBe(steps(old.metadata['progress']));
    expect(JSON.parse(now.metadata['settings']!)).toMatchObject({ before: steps(old.metadata['progress']), seed: 42 });

    const done = await train({ out, resume: true });
    expect(done.history).toHaveLength(2);
    expect((await evaluate({ out })).ranks).toEqual(done.ranks);
    // 1 is in no event any more, and 27 came with the new ones.
    expect((await recommend({ out, history: ['1', '27'], top: 3 })).items).toHaveLength(3);
  });

  it('ends in the same bytes whether it was interrupted or not', async () => {
    const before = await train({ data: at('before.txt'), out: fresh() });
    const whole = await train({ data: at('after.txt'), out: fresh(), from: before.best });
    const out = fresh();
    const controller = new AbortController();
    const base = whole.history[0]!.step;
    const listen = (e: Event) => void (e.kind === 'step' && e.step === base && controller.abort());
    await train({ data: at('after.txt'), out, from: before.best, signal: controller.signal, listen });
    const rest = await train({ out, resume: true });
    expect((await readFile(rest.last)).equals(await readFile(whole.last))).toBe(true);
    expect(rest.ranks).toEqual(whole.ranks);
  });

  it('has learned something already: its first epoch is better than that of a new run', async () => {
    const before = await train({ data: at('before.txt'), out: fresh(), epochs: 10 });
    const [from, anew] = [
      await train({ data: at('after.txt'), out: fresh(), from: before.best, epochs: 1 }),
      await train({ data: at('after.txt'), out: fresh(), epochs: 1 }),
    ];
    expect(from.history[0]!.loss).toBeLessThan(anew.history[0]!.loss);
  });

  it('says where it may have learned what it is now tested on', async () => {
    const warnings = async (options: TrainOptions, from: string) => {
      const found: string[] = [];
      await train({
        data: at('after.txt'),
        out: fresh(),
        epochs: 1,
        from,
        listen: (e) => void (e.kind === 'warning' && found.push(e.message)),
        ...options,
      });
      return found.filter((message) => message.includes('optimistic'));
    };
    const [fair, whole] = [
      await train({ data: at('before.txt'), out: fresh(), epochs: 1 }),
      await train({ data: at('before.txt'), out: fresh(), epochs: 1, trainOn: 'all' }),
    ];
    expect(await warnings({}, fair.last)).toEqual([]);
    expect(await warnings({ trainOn: 'all' }, whole.last)).toEqual([]);
    expect(await warnings({ split: 'last:2' }, fair.last)).toHaveLength(1);
    expect(await warnings({}, whole.last)).toEqual([expect.stringContaining('trained under --train-on all')]);
  });
});

it('a run that left one out has not learned what a longer file tests', () => {
  const of = (n: number) =>
    leaveOneOut(fromHistories('x', [{ user: 'u', items: Array.from({ length: n }, (_, i) => `${i}`) }]));
  for (let long = 3; long < 9; long++)
    for (let short = 1; short <= long; short++)
      expect(of(short).trainingEnds[0]).toBeLessThanOrEqual(history(of(long), 'test', 0).length);
});
