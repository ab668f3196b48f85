/** Measures of ranks, against what the papers say of sorted lists: no rank enters the reference. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wanted } from '../../runtime/data/index.js';
import { chain, fullRanks, popular } from '../../runtime/measures/baselines.js';
import { meanOf, ranked, type RankedName, rankedNames, worthsOf } from '../../runtime/measures/ranked.js';
import { history, training } from '../../runtime/data/index.js';
import { held, levels, scored, splits } from './support.js';

/** What a list is worth whose wanted items are known place by place: true where a wanted item stands. */
const references: { readonly [K in RankedName]: (list: readonly boolean[], wanted: number, k: number) => number } = {
  HR: (list, _, k) => (list.slice(0, k).includes(true) ? 1 : 0),
  Recall: (list, n, k) => list.slice(0, k).filter(Boolean).length / n,
  NDCG: (list, n, k) => {
    const dcg = (of: readonly boolean[]) =>
      of.slice(0, k).reduce((sum, hit, i) => sum + (hit ? 1 / Math.log2(i + 2) : 0), 0);
    return dcg(list) / dcg([...list].fill(false).fill(true, 0, n));
  },
  MRR: (list, _, k) => {
    const first = list.slice(0, k).indexOf(true);
    return first < 0 ? 0 : 1 / (first + 1);
  },
  MAP: (list, n, k) => {
    const precisions = list
      .slice(0, k)
      .flatMap((hit, i) => (hit ? [list.slice(0, i + 1).filter(Boolean).length / (i + 1)] : []));
    return precisions.reduce((a, b) => a + b, 0) / Math.min(n, k);
  },
};

/** A list without ties: which places are wanted; at least one is. */
const lists = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }).filter((list) => list.includes(true));
const ranksOf = (list: readonly boolean[]) => list.flatMap((hit, i) => (hit ? [i + 1] : []));
const cutoffs = fc.integer({ min: 1, max: 70 });

describe('measures of ranks', () => {
  it.each(rankedNames)('%s is what a sorted list is worth, in any order of the ranks', (name) => {
    fc.assert(
      fc.property(fc.array(lists, { minLength: 1, maxLength: 6 }), cutoffs, (all, k) => {
        const rows = all.map((list) => ranksOf(list).reverse());
        const starts = Int32Array.from([0, ...rows].map((_, i) => rows.slice(0, i).flat().length));
        const found = worthsOf(ranked[name](k), rows.flat(), starts);
        all.forEach((list, q) => expect(found[q]).toBeCloseTo(references[name](list, ranksOf(list).length, k), 12));
      }),
    );
  });

  it('lie in [0, 1], are 1 for a perfect list, grow with a better rank, and but for MAP and NDCG with a longer list', () => {
    fc.assert(
      fc.property(lists, cutoffs, fc.nat(), (list, k, at) => {
        const ranks = ranksOf(list);
        const perfect = ranks.map((_, i) => i + 1);
        const i = at % ranks.length;
        const room = (ranks[i - 1] ?? 0) + 1;
        const better = ranks.with(i, room);
        for (const name of rankedNames) {
          const worth = ranked[name](k);
          expect(worth(ranks)).toBeGreaterThanOrEqual(0);
          expect(worth(ranks)).toBeLessThanOrEqual(1 + 1e-12);
          if (k >= ranks.length || name !== 'Recall') expect(worth(perfect)).toBeCloseTo(1, 12);
          expect(worth(better)).toBeGreaterThanOrEqual(worth(ranks) - 1e-12);
          // The most that a list could have grows with it as long as more is wanted than it holds.
          if (k >= ranks.length || (name !== 'MAP' && name !== 'NDCG'))
            expect(ranked[name](k + 1)(ranks)).toBeGreaterThanOrEqual(worth(ranks) - 1e-12);
        }
      }),
    );
  });

  it('of one wanted item: Recall is HR, MAP is MRR', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), cutoffs, (rank, k) => {
        expect(ranked.Recall(k)([rank])).toBe(ranked.HR(k)([rank]));
        expect(ranked.MAP(k)([rank])).toBe(ranked.MRR(k)([rank]));
      }),
    );
  });

  it('are means over questions, and no number where there are none', () => {
    expect(meanOf(worthsOf(ranked.HR(3), [1, 4, 5], Int32Array.of(0, 1, 3)))).toBe(0.5);
    expect(meanOf(worthsOf(ranked.HR(3), [], Int32Array.of(0)))).toBeNaN();
  });
});

describe('rankings by counts', () => {
  it('rank several wanted items in one list: each against all that is unseen or wanted', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), levels, (of, which, values) => {
        const scores = scored(of, values, which);
        const expected = [...of.held[which].users].flatMap((_, question) => {
          const own = wanted(of, which, question);
          const seen = new Set(history(of, which, question));
          const listed = of.dataset.items
            .map((_x, item) => item)
            .filter((item) => !seen.has(item) || own.includes(item));
          return [...own].map(
            (target) =>
              1 +
              listed.filter((item) => item !== target && !(scores[question]![item]! < scores[question]![target]!))
                .length,
          );
        });
        expect([...fullRanks(of, which, (question) => scores[question]!)]).toEqual(expected);
      }),
    );
  });

  it('are full rankings by their own scores, under every split', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), (of, which) => {
        for (const baseline of [popular(of), chain(of)])
          expect([...baseline.ranks(which)]).toEqual([
            ...fullRanks(of, which, (question) => baseline.scores(which, question)),
          ]);
      }),
    );
  });

  it('the chain counts what followed the last item in training, then what is popular', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), (of, which) => {
        const follows = (from: number, to: number) =>
          of.dataset.users.reduce((count, _, user) => {
            const own = training(of, user);
            return count + own.filter((item, i) => i > 0 && own[i - 1] === from && item === to).length;
          }, 0);
        const count = popular(of).scores(which, 0);
        const { scores } = chain(of);
        of.held[which].users.forEach((_, question) => {
          const last = history(of, which, question).at(-1)!;
          const own = scores(which, question).slice();
          const key = (item: number) => [follows(last, item), count[item]!] as const;
          for (const item of wanted(of, which, question))
            of.dataset.items.forEach((_x, other) => {
              const [[a, b], [c, d]] = [key(item), key(other)];
              expect(Math.sign(own[item]! - own[other]!)).toBe(Math.sign(a - c) || Math.sign(b - d));
            });
        });
      }),
      { numRuns: 30 },
    );
  });
});
