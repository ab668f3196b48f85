import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHistories, history, leaveOneOut, wanted } from '../../runtime/data/index.js';
import { baselineLists } from '../../runtime/judging.js';
import { chain, counts, popular } from '../../runtime/measures/baselines.js';
import { type Figure, figuresCsv, figuresOf } from '../../runtime/measures/figures.js';
import { figuresText } from '../../runtime/measures/table.js';
import { held, splits } from './support.js';

const contendersOf = (of: Parameters<typeof popular>[0], which: 'validation' | 'test', top: number) =>
  [popular(of), chain(of)].map((baseline, i) => ({
    of: ['popularity', 'markov'][i]!,
    ranks: baseline.ranks(which),
    lists: baselineLists(of, which, baseline, top),
  }));
const wish = { cutoffs: [1, 3], buckets: true, measures: {} };

describe('figures', () => {
  it('by bucket are the figures of the questions, or wanted items, that are in it, and come together to those of all', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), (of, which) => {
        const { users } = of.held[which];
        if (users.length === 0) return;
        const all = figuresOf(of, which, contendersOf(of, which, 3), wish);
        const questions = Array.from(users, (_, q) => q);
        const items = questions.flatMap((q) => [...wanted(of, which, q)]);
        const count = counts(of);
        const within = ({ from, to }: Figure, value: number) => value >= from! && value <= (to ?? Infinity);
        for (const figure of all.filter(({ by }) => by === 'history'))
          expect(figure.count).toBe(questions.filter((q) => within(figure, history(of, which, q).length)).length);
        for (const figure of all.filter(({ by }) => by === 'popularity'))
          expect(figure.count).toBe(items.filter((item) => within(figure, count[item]!)).length);
        const whole = (figure: Figure) =>
          all.find(
            (f) => f.by === 'all' && f.of === figure.of && f.measure === figure.measure && f.cutoff === figure.cutoff,
          )!;
        for (const total of all.filter(
          (f) => f.by === 'all' && all.some((b) => b.by === 'history' && whole(b) === f),
        )) {
          const parts = all.filter((f) => f.by === 'history' && whole(f) === total);
          expect(parts.reduce((n, part) => n + part.count, 0)).toBe(total.count);
          expect(parts.reduce((sum, part) => sum + part.count * part.value!, 0) / total.count).toBeCloseTo(
            total.value!,
            10,
          );
        }
      }),
    );
  });

  it('by hand: ranks, lists, repeats and buckets of two users', () => {
    const data = fromHistories('hand', [
      { user: 'u', items: ['a', 'b', 'c', 'a', 'b'] },
      { user: 'v', items: ['b', 'a', 'b', 'd'] },
    ]);
    const of = leaveOneOut(data);
    // Training: u a b c, v b a. Popularity a 2, b 2, c 1, d 0. Wanted: u b again, v d, which training never met.
    const found = figuresOf(of, 'test', contendersOf(of, 'test', 2), { cutoffs: [2], buckets: true, measures: {} });
    const value = (name: string, measure: string, more: Partial<Figure> = {}) =>
      found.find(
        (f) =>
          f.of === name && f.measure === measure && f.by === (more.by ?? 'all') && (more.from ?? f.from) === f.from,
      )?.value;
    // u: b alone among what is unseen or wanted (a, c seen; d): rank 1. v: d after c (a, b seen): rank 2.
    expect(value('popularity', 'HR')).toBe(1);
    expect(value('popularity', 'MRR')).toBe(0.75);
    expect(value('popularity', 'NDCG')).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 12);
    expect(value('popularity', 'MRR', { by: 'popularity', from: 0 })).toBe(0.5);
    expect(value('popularity', 'MRR', { by: 'history', from: 1 })).toBe(0.75);
    // u is shown b, d and v c, d: three of four items; of all items both are shown a, b, which both have met.
    expect(value('popularity', 'coverage')).toBe(0.75);
    expect(value('popularity', 'repeats')).toBe(1);
    expect(value('wanted', 'repeats')).toBe(0.5);
    // b is met by both, c and d by at most one of two.
    expect(value('popularity', 'novelty')).toBe(((0 + 1) / 2 + (1 + 1) / 2) / 2);
  });

  it("of a program's own are means of what it makes of each answer, without those that it leaves out", () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), (of, which) => {
        const { items, users } = of.dataset;
        const asked: unknown[] = [];
        const [contender] = contendersOf(of, which, 3);
        const found = figuresOf(of, which, [contender!], {
          ...wish,
          buckets: false,
          measures: {
            first: (answer) => {
              asked.push(answer);
              return answer.list![0] === answer.wanted[0] ? 1 : 0;
            },
            long: ({ history: past }) => (past.length > 3 ? past.length : undefined),
          },
        });
        const questions = Array.from(of.held[which].users, (user, q) => {
          const { starts } = of.held[which];
          return {
            user: users[user]!,
            history: [...history(of, which, q)].map((item) => items[item]!),
            wanted: [...wanted(of, which, q)].map((item) => items[item]!),
            ranks: [...contender!.ranks].slice(starts[q], starts[q + 1]),
            list: contender!.lists.shown[q]!.map((item) => items[item]!),
          };
        });
        expect(asked).toEqual(questions);
        const long = questions.map((q) => q.history.length).filter((n) => n > 3);
        const own = found.find(({ measure }) => measure === 'long')!;
        expect(own.count).toBe(long.length);
        if (long.length > 0) expect(own.value).toBeCloseTo(long.reduce((a, b) => a + b, 0) / long.length, 10);
        else expect(own.value).toBeNull();
      }),
    );
  });

  it('come out of CSV and JSON as they went in', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), (of, which) => {
        const found = figuresOf(of, which, contendersOf(of, which, 3), {
          ...wish,
          measures: { 'a "quoted", name': () => 0.1 + 0.2 },
        });
        const [head, ...rows] = figuresCsv(found).trimEnd().split('\r\n');
        const names = head!.split(',');
        const read = rows.map((row) => {
          const cells = [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
            ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
          );
          return Object.fromEntries(
            names.map((name, i) => [
              name,
              ['of', 'measure', 'by'].includes(name) ? cells[i] : cells[i] === '' ? null : Number(cells[i]),
            ]),
          );
        });
        expect(read).toEqual(found);
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
      }),
      { numRuns: 30 },
    );
  });

  it('are tables for a person', () => {
    const data = fromHistories('hand', [
      { user: 'u', items: ['a', 'b', 'c', 'a', 'b'] },
      { user: 'v', items: ['b', 'a', 'b', 'd'] },
    ]);
    const of = leaveOneOut(data);
    const text = figuresText(figuresOf(of, 'test', contendersOf(of, 'test', 2), { ...wish, cutoffs: [2] }));
    expect(text).toMatchInlineSnapshot(`
      "            popularity  markov  wanted
      HR@2            1.0000  1.0000
      Recall@2        1.0000  1.0000
      NDCG@2          0.8155  0.8155
      MRR@2           0.7500  0.7500
      MAP@2           0.7500  0.7500
      MRR             0.7500  0.7500
      coverage@2      0.7500  0.7500
      novelty@2       0.7500  0.7500
      popular@2       0.0000  0.0000
      repeats@2       1.0000  0.7500
      repeats                         0.5000

      length of history  popularity HR@2  popularity NDCG@2  markov HR@2  markov NDCG@2
      1 to 4 (2)                  1.0000             0.8155       1.0000         0.8155

      times in training  popularity HR@2  popularity NDCG@2  markov HR@2  markov NDCG@2
      0 (1)                       1.0000             0.6309       1.0000         0.6309
      1 to 4 (1)                  1.0000             1.0000       1.0000         1.0000"
    `);
  });
});
