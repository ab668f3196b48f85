/** Runs under splits of every kind: what is trained, judged, kept and refused. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { type Dataset, history, load, ruled, type Split, splitBy, wanted } from '../../runtime/data/index.js';
import type { Event } from '../../runtime/events.js';
import { decode } from '../../runtime/safetensors.js';
import type { EvaluateOptions, TrainOptions } from '../../runtime/options.js';
import { trainer } from '../../runtime/trainer.js';
import { valueOf } from '../data/support.js';
import { toy } from './toy.js';

let folder = '';
let data = '';
let counter = 0;
const fresh = () => join(folder, `run-${counter++}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  data = join(folder, 'walks.csv');
  // Users who begin one after the other and walk along a ring of 24 items, sometimes jumping.
  const random = stream(5, 0, 'walks');
  let drawn = 0;
  const draw = (n: number) => Math.floor(uniformAt(random, drawn++) * n);
  const rows = Array.from({ length: 50 }, (_, user) => {
    let at = draw(24);
    return Array.from({ length: 14 }, (_x, i) => {
      at = draw(5) === 0 ? draw(24) : (at + 1) % 24;
      return `${user + 1},${at + 1},5,${1_500_000_000 + 86_400 * (user + 3 * i)}`;
    });
  }).flat();
  await writeFile(data, `userId,movieId,rating,timestamp\n${rows.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const { train: trainToy, evaluate: evaluateToy, recommend } = trainer(toy({ width: 8 }));
const train = (options: TrainOptions = {}) => trainToy({ data, epochs: 3, batch: 16, ...options });
const evaluate = (options: EvaluateOptions) => evaluateToy(options);
const bytes = (path: string) => readFile(path);
const loaded = async (): Promise<Dataset> => valueOf(await load(data));

/** Ranks by the definition, from the parameters in a checkpoint: the toy scores the next item from the last. */
const ranksBy = async (path: string, of: Split, which: 'validation' | 'test') => {
  const { tensors } = valueOf(decode(await bytes(path)));
  const [a, b, c] = ['a', 'b', 'c'].map((name) => tensors[name]!.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const width = 8;
  const score = (from: number, to: number) => {
    let sum = c[to]!;
    for (let k = 0; k < width; k++) sum += a[from * width + k]! * b[to * width + k]!;
    return Math.fround(sum);
  };
  return [...of.held[which].users].flatMap((_, q) => {
    const [past, own] = [history(of, which, q), wanted(of, which, q)];
    const scores = of.dataset.items.map((_x, to) => score(past.at(-1)!, to));
    const listed = scores.map((_x, item) => item).filter((item) => own.includes(item) || !past.includes(item));
    return [...own].map((t) => 1 + listed.filter((item) => item !== t && scores[item]! >= scores[t]!).length);
  });
};

describe('a run under a split', () => {
  it.each(['last:3', 'time:0.8', 'time:2017-08-20', 'user:0.2'])(
    'of the rule %s ranks what it holds out, the same again from its file and its checkpoint',
    async (text) => {
      const out = fresh();
      const events: Event[] = [];
      const { test, ranks, best } = await train({ out, split: text, listen: (e) => events.push(e) });
      const of = splitBy(await loaded(), valueOf(ruled(text, await loaded())));
      expect([...ranks!]).toEqual(await ranksBy(best, of, 'test'));
      expect(test!.users).toBe(of.held.test.users.length);
      // HR is of questions and not of rows.
      const hits = [...of.held.test.users].map((_, q) => {
        const own = [...ranks!].slice(of.held.test.starts[q], of.held.test.starts[q + 1]);
        return own.some((rank) => rank <= 10) ? 1 : 0;
      });
      expect(test!.model['HR@10']).toBeCloseTo(hits.reduce<number>((x, y) => x + y, 0) / hits.length, 12);
      const [start] = events;
      expect(start?.kind === 'start' && start.reading.some((line) => line.startsWith('Split: '))).toBe(true);

      const file = join(out, 'split.json');
      const again = await train({ out: fresh(), split: file });
      expect(again.ranks).toEqual(ranks);
      const { ranks: evaluated, model } = await evaluate({ out });
      expect(evaluated).toEqual(ranks);
      expect(model).toEqual(test!.model);
    },
  );

  it('goes on after an interruption to the same bytes, and under no other split', async () => {
    const whole = await train({ out: fresh(), split: 'time:0.8' });
    const out = fresh();
    const controller = new AbortController();
    const listen = (e: Event) => void (e.kind === 'step' && e.step === 5 && controller.abort());
    await train({ out, split: 'time:0.8', signal: controller.signal, listen });
    await expect(train({ out, resume: true, split: 'last:2' })).rejects.toThrow('trained under the split time:0.8');
    const rest = await train({ out, resume: true });
    expect((await bytes(rest.last)).equals(await bytes(whole.last))).toBe(true);
    expect(rest.ranks).toEqual(whole.ranks);
  });

  it('needs its file again, wherever that has moved, and no other', async () => {
    const [first, second] = [fresh(), fresh()];
    await train({ out: first, split: 'user:0.2', epochs: 1 });
    const [file, moved] = [join(first, 'split.json'), join(folder, 'moved.json')];
    const { ranks } = await train({ out: second, split: file, epochs: 1 });
    await rename(file, moved);
    await expect(evaluate({ out: second })).rejects.toThrow(`The split ${file} cannot be used: `);
    expect((await evaluate({ out: second, split: moved })).ranks).toEqual(ranks);
    await expect(evaluate({ out: second, split: 'user:0.1' })).rejects.toThrow('leave --split out, or give that one');
    await writeFile(moved, (await readFile(moved, 'utf8')).replace('"test":["', '"test":["1","'));
    await expect(evaluate({ out: second, split: moved })).rejects.toThrow(
      /cannot be used: .*(changed by hand|its `rule`)/,
    );
  });

  it('is not told apart from today where none is asked for: `leave-one-out` gives the same ranks and parameters', async () => {
    const [plain, said] = [await train({ out: fresh() }), await train({ out: fresh(), split: 'leave-one-out' })];
    expect(said.ranks).toEqual(plain.ranks);
    const states = async (path: string) => valueOf(decode(await bytes(path))).tensors;
    expect(await states(said.last)).toEqual(await states(plain.last));
    expect(JSON.parse(valueOf(decode(await bytes(plain.last))).metadata['data']!)).not.toHaveProperty('split');
  });

  it.each([
    [{ split: 'time:0.5', protocol: 'hstu' }, '--protocol hstu says itself what is held out'],
    [{ split: 'time:0.5', trainOn: 'all' }, '--train-on all holds nothing out'],
    [{ trainOn: 'all', patience: 2 }, '--train-on all holds nothing out'],
    [{ split: 'last:9' }, 'holds nothing for validation where the last 9 items'],
    [{ split: '/no/such' }, 'The split /no/such cannot be used'],
    [{ split: 'lest:1' }, 'there is no such file; --split takes leave-one-out, last:K'],
    [{ resume: true, from: '/no/such' }, 'leave one of them out'],
    [{ trainOn: 'some' as 'all' }, '--train-on takes one of all'],
  ] as const)('refuses %j', async (options, why) => {
    await expect(train({ out: fresh(), ...options })).rejects.toThrow(why);
  });
});

describe('a run that holds nothing out', () => {
  it('trains for all its epochs, keeps the last, says that there are no figures, and is not evaluated', async () => {
    const out = fresh();
    const events: Event[] = [];
    const {
      test,
      ranks,
      interrupted,
      history: epochs,
      best,
      last,
    } = await train({
      out,
      trainOn: 'all',
      listen: (e) => events.push(e),
    });
    expect([test, ranks, interrupted, epochs.length]).toEqual([null, null, false, 3]);
    expect(epochs.every(({ metrics }) => metrics === null)).toBe(true);
    expect((await bytes(best)).equals(await bytes(last))).toBe(true);
    expect(events.some(({ kind }) => kind === 'evaluating' || kind === 'result')).toBe(false);
    expect(events.at(-1)).toMatchObject({ kind: 'trained', epoch: 3, checkpoint: best });
    await expect(evaluate({ out })).rejects.toThrow('there is nothing held out to evaluate it on');
    expect((await recommend({ out, user: '3' })).items).toHaveLength(10);
  });

  it('goes on after an interruption to the same bytes', async () => {
    const whole = await train({ out: fresh(), trainOn: 'all' });
    const out = fresh();
    const controller = new AbortController();
    const listen = (e: Event) => void (e.kind === 'step' && e.step === 6 && controller.abort());
    expect((await train({ out, trainOn: 'all', signal: controller.signal, listen })).interrupted).toBe(true);
    await expect(train({ out, resume: true, patience: 2 })).rejects.toThrow('--train-on all');
    await expect(train({ out, resume: true, split: 'last:1' })).rejects.toThrow('holds nothing out: leave it out');
    const rest = await train({ out, resume: true });
    expect(rest.interrupted).toBe(false);
    expect((await bytes(rest.last)).equals(await bytes(whole.last))).toBe(true);
  });
});

describe('an evaluation', () => {
  it('has all the figures that are asked for, for the model and both baselines, in its result and as CSV', async () => {
    const out = fresh();
    const { ranks, test } = await train({ out, split: 'last:2' });
    const csv = join(folder, 'figures.csv');
    const found = await evaluate({
      out,
      csv,
      cutoffs: [20, 5, 10],
      lists: true,
      buckets: true,
      measures: { second: ({ list, ranks: own }) => (list!.length <= 20 && own.includes(2) ? 1 : 0) },
    });
    const value = (of: string, measure: string, cutoff: number | null) =>
      found.figures!.find((f) => f.of === of && f.measure === measure && f.cutoff === cutoff && f.by === 'all')?.value;
    expect(value('model', 'HR', 10)).toBe(test!.model['HR@10']);
    expect(value('model', 'MRR', null)).toBe(test!.model.MRR);
    expect(value('markov', 'NDCG', 10)).toBe(test!.markov['NDCG@10']);
    expect(value('popularity', 'NDCG', 10)).toBe(test!.popularity['NDCG@10']);
    expect(value('model', 'second', null)).toBeCloseTo(
      [...ranks!].filter((rank) => rank === 2).length / test!.users,
      12,
    );
    for (const of of ['model', 'popularity', 'markov'])
      for (const measure of ['HR', 'Recall', 'NDCG', 'MRR', 'MAP', 'coverage', 'novelty', 'popular', 'repeats'])
        for (const cutoff of [5, 10, 20]) expect(value(of, measure, cutoff)).toEqual(expect.any(Number));
    expect((await readFile(csv, 'utf8')).trimEnd().split('\r\n')).toHaveLength(found.figures!.length + 1);
  });

  it('draws the lists that the ranks are of: a wanted item stands at its rank, if no other has its score', async () => {
    const out = fresh();
    await train({ out, split: 'last:2' });
    const places: number[] = [];
    const { ranks } = await evaluate({
      out,
      cutoffs: [24],
      lists: true,
      batch: 7,
      measures: {
        place: ({ list, wanted: own }) => void places.push(...own.map((id) => 1 + list!.indexOf(id))),
      },
    });
    // Three contenders, the model first.
    expect(places.slice(0, ranks.length)).toEqual([...ranks]);
  });

  it('refuses what is no cut-off', async () => {
    const out = fresh();
    await train({ out, epochs: 1 });
    await expect(evaluate({ out, cutoffs: [0] })).rejects.toThrow('--cutoffs takes a whole number from 1');
    await expect(evaluate({ out, cutoffs: [] })).rejects.toThrow('--cutoffs takes lengths of lists');
    await expect(evaluate({ out, measures: { x: 1 } as never })).rejects.toThrow(
      "'measures' of evaluate is functions by name",
    );
  });
});
