import { left } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type Held,
  type Split,
  history,
  leaveOneOut,
  load,
  sample,
  statistics,
  titleOf,
  training,
} from '../../runtime/data/index.js';
import { counts, fullRanks, metrics, popularity } from '../../runtime/metrics.js';
import { valueOf } from './support.js';

/** First-order Markov: how often each item followed the last one in training, popularity deciding between equals. */
const markov = (of: Split, which: Held): Float32Array => {
  const items = of.dataset.items.length;
  const popular = counts(of);
  const follows = new Map<number, Float64Array>();
  of.dataset.users.forEach((_, user) => {
    const sequence = training(of, user);
    sequence.subarray(1).forEach((next, i) => {
      const row = follows.get(sequence[i]!) ?? new Float64Array(items);
      row[next]!++;
      follows.set(sequence[i]!, row);
    });
  });
  return fullRanks(of, which, (user) => {
    const row = follows.get(history(of, which, user).at(-1)!);
    return Float64Array.from(popular, (count, item) => (row?.[item] ?? 0) + count * 1e-6);
  });
};

describe('the sample', () => {
  const data = sample();
  const parts = leaveOneOut(data);

  it('is the same bytes every time, and what load gives for its name', async () => {
    expect(sample().hash).toBe(data.hash);
    expect(valueOf(await load('sample'))).toEqual(data);
    expect(data.hash).toMatchInlineSnapshot(`"c8663a0014ca29283a6fbb5068c9cd0c6f1fcbee7180c0412ffb5df9cbaf7c26"`);
  });

  it('knows the genre of every item, of those too that nobody read, forty and one of each', () => {
    const genre = data.features!.get('genre')!;
    if (genre.kind !== 'category') return expect.fail('a genre is a category');
    expect([data.items.length, data.unmet!.length]).toEqual([400, 10]);
    const counts = genre.vocabulary.map((_, place) => genre.values.filter((code) => code === place + 1).length);
    expect(counts).toEqual(Array.from({ length: 10 }, () => 41));
  });

  it('takes nothing that is said of a file', async () => {
    expect(await load('sample', { titles: '/nowhere' })).toEqual(
      left(
        "the data 'sample' are generated and take no --titles: leave it out, or give the file that it belongs to with --data",
      ),
    );
    expect(await load('sample', { format: 'csv' })).toEqual(
      left(
        "the data 'sample' are generated and take no --format: leave it out, or give the file that it belongs to with --data",
      ),
    );
  });

  it('has the size of a small real data set', () => {
    const { users, items, meanLength } = statistics(data);
    expect(users).toBe(600);
    expect(items).toBeGreaterThan(380);
    expect(items).toBeLessThanOrEqual(400);
    expect(meanLength).toBeGreaterThan(20);
    expect(meanLength).toBeLessThan(25);
  });

  it('has a title for every item, all different, and times that ascend', () => {
    const titles = data.items.map((_, item) => titleOf(data, item));
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^The [A-Z][a-z]+ [A-Z][a-z]+( I{2,3}| IV| VI?)?$/);
    data.users.forEach((_, user) => {
      const times = [...data.times!.subarray(data.offsets[user], data.offsets[user + 1])];
      times.slice(1).forEach((time, i) => expect(time).toBeGreaterThan(times[i]!));
    });
  });

  it('has a long tail: a fifth of the items gets more than two fifths of the interactions, and the last fifth under a twelfth', () => {
    const sorted = [...counts(parts)].sort((a, b) => b - a);
    const share = (from: number, to: number) =>
      sorted.slice(from, to).reduce((a, b) => a + b, 0) / sorted.reduce((a, b) => a + b, 0);
    const fifth = Math.floor(sorted.length / 5);
    expect(share(0, fifth)).toBeGreaterThan(0.4);
    expect(share(sorted.length - fifth, sorted.length)).toBeLessThan(1 / 12);
  });

  it.each(['validation', 'test'] as const)(
    'rewards order: on %s, Markov beats popularity, and popularity beats chance',
    (which) => {
      const popular = metrics(popularity(parts, which));
      // 10 of some 380 unseen items.
      expect(popular['HR@10']).toBeGreaterThan(3 * (10 / 380));
      expect(popular['NDCG@10']).toBeLessThan(0.1);
      expect(metrics(markov(parts, which))['NDCG@10']).toBeGreaterThan(4 * popular['NDCG@10']);
    },
  );
});
