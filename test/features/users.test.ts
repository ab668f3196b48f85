/** Features of users and labels from the trainer's side: filled, learnt, trained, judged, kept, recommended by. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { isLeft, right } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventLabel } from '../../runtime/contract/batch.js';
import { labelRows, userRow } from '../../runtime/contract/features.js';
import type { Dataset } from '../../runtime/data/dataset.js';
import { datasets } from '../data/support.js';
import { actions, data, peopled, tastesOf } from './data.js';

let given: Dataset = peopled();
vi.mock('../../runtime/data/load.js', async (original) => ({
  ...(await original<object>()),
  load: async () => right(given),
}));

const { default: wukong } = await import('../../models/wukong.js');
const { evaluate: meaning } = await import('../../compiler/targets/reference.js');
const { parse } = await import('../../runtime/checkpoint.js');
const { evaluationBatches, leaveOneOut, seenMax, splitBy } = await import('../../runtime/data/index.js');
const { columnsOf, filled, nothingSeen } = await import('../../runtime/data/fill.js');
const { catalogued, learnt, sizesOf, userValues, withUsers } = await import('../../runtime/features.js');
const { feedOf } = await import('../../runtime/feed.js');
const { heldLabels, itemLogits, labelValues, withLabels } = await import('../../runtime/labels.js');
const { auc, logLoss } = await import('../../runtime/measures/labelled.js');
const { trainer } = await import('../../runtime/trainer.js');
const { environment, programs } = await import('../support/models.js');
const { compiled, ok } = await import('./compiled.js');

const small = { blocks: 1, hidden: 6, made: 2, kept: 2, rank: 3 } as const;
const read = {
  ...small,
  categories: 'genre',
  userCategories: 'gender',
  userNumbers: 'age',
  userLists: 'likes',
  userVectors: 'taste',
  eventCategories: 'action',
} as const;
const model = compiled(wukong, read);
const rated: EventLabel = { column: 'rating', test: { kind: 'atLeast', value: 4 } };
const bought: EventLabel = { column: 'action', test: { kind: 'among', values: ['buy', 'cart', 'never'] } };

describe('a batch', () => {
  it('says of each row what is known of its user, and of each event whether the label holds of the next', () => {
    const own = [
      userRow({ name: 'age', kind: 'number' }),
      userRow({ name: 'gender', kind: 'category' }),
      userRow({ name: 'taste', kind: 'vector' }),
      userRow({ name: 'likes', kind: 'categories' }),
      ...Object.values(labelRows(rated)),
    ];
    fc.assert(
      fc.property(datasets, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 8 }), (of, batch, length) => {
        const users = Int32Array.from(of.users.keys())
          .filter((u) => of.offsets[u + 1]! - of.offsets[u]! >= 2)
          .slice(0, batch);
        const ends = users.map((u) => of.offsets[u + 1]! - 1);
        const starts = ends.map((end, i) => Math.max(of.offsets[users[i]!]!, end - length));
        const told = Int32Array.from(of.sequence, (_, i) => i % 3);
        const got = filled(
          'train',
          {
            columns: { ...columnsOf(of), labels: new Map([['rating >= 4', told]]) },
            users: {
              codes: users,
              features: new Map([
                ['age', { width: 1, values: Float32Array.from(of.users, (_, u) => u + 0.5) }],
                ['gender', { width: 1, values: Float32Array.from(of.users, (_, u) => u % 4) }],
                ['taste', { width: 3, values: Float32Array.from({ length: 3 * of.users.length }, (_, i) => i + 0.25) }],
                ['likes', { width: 2, values: Float32Array.from({ length: 2 * of.users.length }, (_, i) => i % 5) }],
              ]),
            },
            starts,
            ends,
            batch,
            length,
            seen: nothingSeen,
          },
          own,
        );
        const rows = <A>(of: (row: number) => A, none: A): readonly A[] =>
          Array.from({ length: batch }, (_, row) => (row < users.length ? of(row) : none));
        expect([...got['user.age']!]).toEqual(rows((row) => users[row]! + 0.5, 0));
        expect([...got['user.gender']!]).toEqual(rows((row) => users[row]! % 4, 0));
        expect(got['user.gender']).toBeInstanceOf(Int32Array);
        expect([...got['user.taste']!]).toEqual(
          rows((row) => [0, 1, 2].map((i) => 3 * users[row]! + i + 0.25), [0, 0, 0]).flat(),
        );
        expect([...got['user.likes']!]).toEqual(
          rows((row) => [0, 1].map((i) => (2 * users[row]! + i) % 5), [0, 0]).flat(),
        );
        expect(got['user.likes']).toBeInstanceOf(Int32Array);
        expect([...got['label.asked.rating.from.4']!]).toEqual(rows((row) => told[ends[row]!]!, 0));
        expect([...got['label.next.rating.from.4']!]).toEqual(
          Array.from({ length: batch * length }, (_, cell) => {
            const [row, place] = [Math.floor(cell / length), cell % length];
            const event = (starts[row] ?? 0) + place;
            return row < users.length && event < ends[row]! ? told[event + 1]! : 0;
          }),
        );
        // Who asks for scores is told of users and of no label.
        const asked = Object.keys(
          filled('score', { columns: columnsOf(of), starts, ends, batch, length, seen: nothingSeen }, own),
        );
        expect(asked.filter((name) => /^(user|label)\./.test(name))).toEqual([
          'user.age',
          'user.gender',
          'user.taste',
          'user.likes',
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it('of an evaluation has the users of its questions', () => {
    const parts = leaveOneOut(catalogued(model.manifest, peopled()));
    const lexicon = ok(learnt(model.manifest, parts))!;
    const users = userValues(lexicon, parts.dataset.userFeatures);
    const own = { rows: model.manifest.rows!, features: new Map(), labels: new Map(), users };
    for (const batch of evaluationBatches(parts, 'test', { batch: 5, length: 6, seenMax: seenMax(parts), own })) {
      const age = (batch as unknown as Readonly<Record<string, Float32Array>>)['user.age']!;
      batch.users.forEach((user, row) => expect(age[row]).toBe(users.get('age')!.values[user]));
    }
  });
});

describe('labels of data', () => {
  const parts = leaveOneOut(data());
  const { events, sequence, items } = parts.dataset;
  const rating = (events!.get('rating') as { values: Float64Array }).values;
  const action = events!.get('action') as { vocabulary: readonly string[]; values: Int32Array };

  it('hold, do not, or are not known', () => {
    const values = labelValues({ rows: [], label: rated }, events).get('rating >= 4')!;
    expect([...values]).toEqual(Array.from(rating, (x) => (Number.isNaN(x) ? 0 : x >= 4 ? 2 : 1)));
    const done = labelValues({ rows: [], label: bought }, events).get('action in buy, cart, never')!;
    expect([...done]).toEqual(
      Array.from(action.values, (v) => (v === 0 ? 0 : ['buy', 'cart'].includes(actions[v - 1]!) ? 2 : 1)),
    );
  });

  it('are those of the events that are held out, whatever a question wants', () => {
    for (const split of [parts, splitBy(data(), { kind: 'last', count: 2 })]) {
      const { ends, starts, wanted } = split.held.test;
      const want = [...ends.keys()].flatMap((q) =>
        [...wanted.subarray(starts[q], starts[q + 1])].map((item) => {
          const at = sequence.indexOf(item, ends[q]);
          return Number.isNaN(rating[at]) ? 0 : rating[at]! >= 4 ? 2 : 1;
        }),
      );
      expect([...heldLabels(split, 'test', rated)]).toEqual(want);
    }
  });

  it('have a mean for each item, of training alone', () => {
    const [known, held] = [items.map(() => 0), items.map(() => 0)];
    parts.dataset.users.forEach((_, u) => {
      for (let i = parts.dataset.offsets[u]!; i < parts.trainingEnds[u]!; i++)
        if (!Number.isNaN(rating[i])) {
          known[sequence[i]!]!++;
          held[sequence[i]!]! += Number(rating[i]! >= 4);
        }
    });
    const sum = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);
    const all = (sum(held) + 1) / (sum(known) + 2);
    itemLogits(parts, rated).forEach((logit, item) =>
      expect(1 / (1 + Math.exp(-logit))).toBeCloseTo((held[item]! + all) / (known[item]! + 1), 12),
    );
  });
});

describe('what training finds of users', () => {
  it('is of those that train alone, by names and in no order of a file', () => {
    const of = peopled();
    const [validation, test] = [of.users[11]!, of.users[7]!];
    const parts = splitBy(of, { kind: 'users', validation: [validation], test: [test] });
    const found = ok(learnt(model.manifest, parts))!;
    // The eighth alone is an x, and does not train.
    expect(found.users!['gender']).toEqual({ kind: 'category', vocabulary: ['f', 'm'] });
    const ages = of.users.map((id, u) => ({ id, age: u === 4 ? Number.NaN : 20 + 3 * u }));
    const trained = ages.filter(({ id, age }) => ![validation, test].includes(id) && !Number.isNaN(age));
    expect(found.users!['age']).toMatchObject({
      mean: expect.closeTo(trained.reduce((sum, { age }) => sum + age, 0) / trained.length, 10),
    });
    expect(sizesOf(found)).toMatchObject({
      user_gender_values: 3,
      user_likes_values: 4,
      user_likes_most: 2,
      user_taste_width: 3,
    });
    const values = userValues(found, of.userFeatures);
    expect(values.get('gender')!.values[7]).toBe(0);
    expect(values.get('age')!.values[4]).toBe(0);
    // The second likes war and noir and has no vector, the third likes nothing.
    const { width, values: likes } = values.get('likes')!;
    expect([width, [...likes.subarray(2, 6)]]).toEqual([2, [2, 3, 0, 0]]);
    expect([...values.get('taste')!.values.subarray(3, 9)]).toEqual([0, 0, 0, ...tastesOf(2)]);

    const turned = peopled((names) => [...names].reverse());
    expect(turned.hash).toBe(of.hash);
    const again = ok(learnt(model.manifest, splitBy(turned, parts.rule)));
    expect(again).toEqual(found);
    expect([...userValues(again, turned.userFeatures)]).toEqual([...values]);
  });

  it('is asked for by name, and so is a label', () => {
    const none = withUsers(model.manifest, data());
    expect(isLeft(none) && none.left).toBe(
      "The model wukong reads the column 'age' of users as a number, and the table of users of small has none: give a table of users with that column (--users), or compile the model for other columns.",
    );
    const odd = withUsers(compiled(wukong, { ...small, userNumbers: 'gender' }).manifest, peopled());
    expect(isLeft(odd) && odd.left).toContain(
      "reads the column 'gender' of users as a number, and in small it is a category: say what it is (--user-columns gender:number)",
    );
    const stars = withLabels(compiled(wukong, { ...small, label: 'stars' }).manifest, peopled());
    expect(isLeft(stars) && stars.left).toContain("reads the column 'stars' of events as a number");
    const { manifest } = compiled(wukong, { ...small, label: 'rating', among: 'good' });
    const words = withLabels(manifest, peopled());
    expect(isLeft(words) && words.left).toContain("reads the column 'rating' of events as a category");
    expect(isLeft(feedOf(model.manifest, leaveOneOut(data()), { batch: 4, seed: 1 }))).toBe(true);
  });
});

it('a logit of an item is its score', () => {
  const [, , score, predict] = programs(wukong, { ...small, userNumbers: 'age' });
  const env = environment([score!, predict!]);
  const [scores] = meaning([score!.outputs['scores']!], env);
  const [logits] = meaning([predict!.outputs['logit']!], env);
  const items = env.sizes['items']!;
  expect(scores!.axes.map(({ name }) => name)).toEqual(['batch', 'item']);
  Array.from(env.inputs!['target']!, (item, row) =>
    expect(logits!.data[row]).toBeCloseTo(scores!.data[row * items + item]!, 10),
  );
});

describe('a run that predicts a label', () => {
  let folder = '';
  const out = (name: string): string => join(folder, name);
  const run = { epochs: 3, batch: 5, seed: 3 } as const;
  const judged = trainer(model);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
    given = peopled();
    await judged.train({ ...run, out: out('run') });
  });
  beforeEach(() => {
    given = peopled();
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('judges its epochs by AUC, tells how well it did beside the item mean, and goes on bit for bit', async () => {
    const told: string[] = [];
    await judged.train({
      ...run,
      epochs: 1,
      out: out('parts'),
      listen: (event) => void told.push(JSON.stringify(event)),
    });
    const { history, test } = await judged.train({ ...run, resume: true, out: out('parts') });
    expect(await readFile(join(out('parts'), 'last.safetensors'))).toEqual(
      await readFile(join(out('run'), 'last.safetensors')),
    );
    expect(told.some((text) => text.includes('"label":"rating >= 4"'))).toBe(true);
    for (const { metrics, label } of history) {
      expect(metrics).toBeNull();
      expect(Object.keys(label!)).toEqual(['AUC', 'GAUC', 'log loss']);
    }
    const parts = leaveOneOut(catalogued(model.manifest, peopled()));
    const labels = heldLabels(parts, 'test', rated);
    const known = [...labels.keys()].filter((row) => labels[row]! > 0);
    const holds = known.map((row) => Number(labels[row] === 2));
    expect(test!.label).toMatchObject({
      label: 'rating >= 4',
      events: known.length,
      holds: holds.filter((y) => y === 1).length,
    });
    const means = itemLogits(parts, rated);
    const logits = known.map((row) => means[parts.held.test.wanted[row]!]!);
    expect(test!.label!.items).toMatchObject({ AUC: auc({ logits, holds }), 'log loss': logLoss({ logits, holds }) });
    expect(test!.label!.model['log loss']).toBeGreaterThan(0);

    const found = await judged.evaluate({ out: out('run') });
    expect(found.label).toEqual(test!.label);
    // Nothing is ranked unless that is asked for.
    expect([found.ranks.length, found.model.MRR]).toEqual([0, Number.NaN]);
    const { figures, ranks, model: ranked, label } = await judged.evaluate({ out: out('run'), cutoffs: [5] });
    expect([ranks.length, label]).toEqual([found.users, found.label]);
    expect(ranked.MRR).toBeGreaterThan(0);
    const { apart } = await judged.evaluate({ out: out('run'), cold: true });
    expect(apart!.warm.targets + apart!.cold.targets).toBe(found.users);
    expect(figures!.filter(({ measure }) => measure === 'AUC')).toMatchObject([
      { of: 'model', count: known.length, value: found.label!.model.AUC },
      { of: 'item mean', value: found.label!.items.AUC },
    ]);
    const chosen = history.map(({ label }) => label!.AUC ?? -label!['log loss']!);
    expect(found.epoch).toBe(1 + chosen.indexOf(Math.max(...chosen)));
  });

  it('says in words what one kind of events cannot tell', async () => {
    const { events, hash: _, ...parts } = peopled();
    const loved = { kind: 'number', values: new Float64Array(parts.sequence.length).fill(5) } as const;
    const { dataset } = await import('../../runtime/data/index.js');
    given = dataset({ ...parts, events: new Map([...events!, ['rating', loved]]) });
    const { test } = await judged.train({ ...run, epochs: 1, out: out('loved') });
    expect([test!.label!.model.AUC, test!.label!.items.AUC, test!.label!.model.GAUC]).toEqual([null, null, null]);
    const { table } = await import('../../runtime/view.js');
    expect(table(test!, 'wukong')).toContain(
      'There is no AUC: of these events it holds of all or of none, so there is nothing to tell apart.',
    );
  });

  it('has no figures where nothing is held out', async () => {
    const { history, test } = await judged.train({ ...run, trainOn: 'all', out: out('all') });
    expect([test, ...history.map(({ label }) => label)]).toEqual([null, undefined, undefined, undefined]);
  });

  it('keeps what it learnt of users, and recommends to one of the data as to whoever says the same', async () => {
    const kept = ok(parse(model.manifest, await readFile(join(out('run'), 'best.safetensors'))));
    expect(kept.features!.users).toMatchObject({
      gender: { kind: 'category', vocabulary: ['f', 'm', 'x'] },
      age: { kind: 'number' },
      likes: { kind: 'categories', vocabulary: ['comedy', 'noir', 'war'], most: 2 },
      taste: { kind: 'vector', width: 3 },
    });
    const of = data();
    const user = 5;
    const [begin, end] = [of.offsets[user]!, of.offsets[user + 1]!];
    const action = of.events!.get('action') as { vocabulary: readonly string[]; values: Int32Array };
    const rating = of.events!.get('rating') as { values: Float64Array };
    const history = Array.from({ length: end - begin }, (_, i) => ({
      item: of.items[of.sequence[begin + i]!]!,
      ...(action.values[begin + i] === 0 ? {} : { action: action.vocabulary[action.values[begin + i]! - 1]! }),
      ...(Number.isNaN(rating.values[begin + i]!) ? {} : { rating: rating.values[begin + i]! }),
    }));
    const asked = (request: object) => judged.recommend({ out: out('run'), top: 4, ...request });
    const known = await asked({ user: of.users[user] });
    const about = { gender: 'm', age: 35, taste: [...tastesOf(user)] };
    expect((await asked({ history, about })).items).toEqual(known.items);
    expect(
      (
        await asked({
          history: JSON.stringify(history),
          about: { ...about, age: '35', taste: tastesOf(user).join(' ') },
        })
      ).items,
    ).toEqual(known.items);
    // Each column counts, and what is said goes before what the data say.
    for (const other of [{ gender: 'f' }, { age: 60 }, { likes: ['war', 'noir'] }, { taste: [9, -9, 9] }]) {
      const found = await asked({ history, about: { ...about, ...other } });
      expect(found.items).not.toEqual(known.items);
      expect((await asked({ user: of.users[user], about: other })).items).toEqual(found.items);
    }
    const { notes } = await asked({ history, about: { gender: 'z' } });
    expect(notes).toEqual([
      'The model reads the age of users, and the request does not say it: it is taken as missing.',
      ...['likes', 'taste'].map(
        (name) => `The model reads the ${name} of users, and the request does not say it: it is taken as missing.`,
      ),
      'Training met no user whose gender is "z": it is taken as missing.',
    ]);
    expect((await asked({ history, about: { ...about, likes: 'war|jazz' } })).notes).toEqual([
      'Training met no user whose likes has "jazz": it is taken as missing.',
    ]);
    for (const [wrong, why] of [
      [{ age: 'old' }, "The age of who asks is a number, not 'old'."],
      [{ gender: ['f', 'm'] }, 'The gender of who asks is one value, not ["f","m"].'],
      [{ taste: [1, 2] }, 'The taste of who asks is a list of 3 numbers, not [1,2].'],
    ] as const)
      await expect(asked({ history, about: wrong })).rejects.toThrow(why);
    await expect(asked({ history: [{ item: 'a', rating: 'good' }], about })).rejects.toThrow(
      'The rating of the item "a" in the history is a number, not \'good\'.',
    );
    await expect(asked({ history, about: { gendre: 'f' } })).rejects.toThrow(
      "The request says the gendre of who asks, which the model wukong does not read: did you mean 'gender'?",
    );
  });

  it('is asked by the command too, a column at a time', async () => {
    const { command } = await import('../../runtime/command.js');
    const { PassThrough } = await import('node:stream');
    const asked = async (...more: readonly string[]) => {
      let text = '';
      const sink = () => new PassThrough().on('data', (chunk: Buffer) => void (text += chunk.toString()));
      const [stdout, stderr] = [sink(), sink()];
      const world = {
        in: new PassThrough(),
        out: stdout,
        err: stderr,
        now: () => 0,
        exit: () => undefined,
        onSignal: () => () => undefined,
      };
      const code = await command(model, ['recommend', '--out', out('run'), '--history', 'a,b', ...more], world);
      return { code, text };
    };
    const { code, text } = await asked('--json', '--about', 'gender=m', '--about', 'age=35');
    const { items, notes } = await judged.recommend({
      out: out('run'),
      history: 'a,b',
      about: { gender: 'm', age: 35 },
    });
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ items, notes });
    const odd = await asked('--about', 'gender');
    expect([odd.code, odd.text]).toEqual([2, expect.stringContaining('It takes COLUMN=VALUE, not "gender".')]);
  });

  it('is refused what nobody could read of who asks', async () => {
    await expect(judged.recommend({ out: out('run'), history: 'a', about: ['gender'] as never })).rejects.toThrow(
      "The option 'about' of recommend is texts, numbers, or lists of them, by the names of columns",
    );
  });
});
