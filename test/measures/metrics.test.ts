import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHistories, history, leaveOneOut, wanted } from '../../runtime/data/index.js';
import { counts, fullRanks, measureNames, metrics, popularity } from '../../runtime/metrics.js';
import { datasets } from '../data/support.js';

const held = fc.constantFrom('validation' as const, 'test' as const);
const ranks = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 200, size: 'max' });

describe('metrics', () => {
  it('of known ranks are known', () => {
    expect(metrics([1, 3, 10, 11, 50, 51])).toEqual({
      'HR@10': 3 / 6,
      'NDCG@10': expect.closeTo((1 + 1 / 2 + 1 / Math.log2(11)) / 6, 12),
      'HR@50': 5 / 6,
      'NDCG@50': expect.closeTo((1 + 1 / 2 + 1 / Math.log2(11) + 1 / Math.log2(12) + 1 / Math.log2(51)) / 6, 12),
      MRR: expect.closeTo((1 + 1 / 3 + 1 / 10 + 1 / 11 + 1 / 50 + 1 / 51) / 6, 12),
    });
    expect(metrics(Float32Array.of(1, 1))).toEqual({ 'HR@10': 1, 'NDCG@10': 1, 'HR@50': 1, 'NDCG@50': 1, MRR: 1 });
  });

  it('of no ranks are not a number rather than a good or bad figure', () => {
    for (const name of measureNames) expect(metrics([])[name]).toBeNaN();
  });

  it('lie in [0, 1]; a hit is worth at most 1, a longer list at least a shorter one', () => {
    fc.assert(
      fc.property(ranks, (of) => {
        const m = metrics(of);
        for (const name of measureNames) expect(m[name] >= 0 && m[name] <= 1).toBe(true);
        expect(m['NDCG@10']).toBeLessThanOrEqual(m['HR@10']);
        expect(m['NDCG@50']).toBeLessThanOrEqual(m['HR@50']);
        expect(m['HR@10']).toBeLessThanOrEqual(m['HR@50']);
        expect(m['NDCG@10']).toBeLessThanOrEqual(m['NDCG@50']);
      }),
    );
  });

  it('obey the law by which misprints are found: between 10 and 50, a hit is worth .176 to .279', () => {
    fc.assert(
      fc.property(ranks, fc.integer({ min: 11, max: 50 }), (of, between) => {
        const m = metrics([...of, between]); // so that the two hit rates differ
        const worth = (m['NDCG@50'] - m['NDCG@10']) / (m['HR@50'] - m['HR@10']);
        expect(worth).toBeGreaterThanOrEqual(1 / Math.log2(51) - 1e-9);
        expect(worth).toBeLessThanOrEqual(1 / Math.log2(12) + 1e-9);
      }),
    );
  });

  it('do not depend on the order of users, and improve with a rank', () => {
    fc.assert(
      fc.property(ranks, fc.nat(), (of, at) => {
        const i = at % of.length;
        const better = metrics(of.with(i, Math.max(1, of[i]! - 1)));
        const plain = metrics(of);
        const reversed = metrics(of.toReversed());
        for (const name of measureNames) {
          expect(reversed[name]).toBeCloseTo(plain[name], 12);
          expect(better[name]).toBeGreaterThanOrEqual(plain[name] - 1e-12);
        }
      }),
    );
  });
});

describe('full ranking', () => {
  it('counts the unseen other items that score at least as much, ties and NaN against the target', () => {
    fc.assert(
      fc.property(datasets, held, fc.infiniteStream(fc.constantFrom(0, 1, 2, 3, NaN)), (data, which, values) => {
        const parts = leaveOneOut(data);
        const scores = data.users.map(() => data.items.map(() => values.next().value ?? 0));
        const expected = [...parts.held[which].users].map((_, question) => {
          const seen = new Set(history(parts, which, question));
          const target = wanted(parts, which, question)[0]!;
          const isBeaten = (item: number) => scores[question]![item]! < scores[question]![target]!;
          return 1 + data.items.filter((_, item) => item !== target && !seen.has(item) && !isBeaten(item)).length;
        });
        expect([...fullRanks(parts, which, (question) => scores[question]!)]).toEqual(expected);
      }),
    );
  });

  it('popularity is full ranking by training counts', () => {
    fc.assert(
      fc.property(datasets, held, (data, which) => {
        const parts = leaveOneOut(data);
        const count = counts(parts);
        expect([...popularity(parts, which)]).toEqual([...fullRanks(parts, which, () => count)]);
      }),
    );
  });

  it('popularity, by hand', () => {
    // Training counts: a 3, b 2, c 1, d 0, e 0 (users 1 to 3 keep two items back).
    const data = fromHistories('hand', [
      { user: '1', items: ['a', 'b', 'b', 'd'] },
      { user: '2', items: ['a', 'c', 'e'] },
      { user: '3', items: ['a', 'b', 'c', 'a', 'e'] },
    ]);
    const parts = leaveOneOut(data);
    expect([...counts(parts)]).toEqual([3, 2, 1, 0, 0]);
    // 1: b again, alone above c, d, e (a is seen): 1. 2: c, after b (a is seen): 2. 3: a again, the best: 1.
    expect([...popularity(parts, 'validation')]).toEqual([1, 2, 1]);
    // 1: d after c, and tied with e: 3. 2: e after b, tied with d (a, c seen): 3. 3: e tied with d, all else seen: 2.
    expect([...popularity(parts, 'test')]).toEqual([3, 3, 2]);
  });
});
