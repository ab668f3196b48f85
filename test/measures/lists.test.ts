/** Measures of lists, each against its definition on full scores: whoever is in a list is found by sorting all items. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHistories, history, leaveOneOut, type Split, training, wanted } from '../../runtime/data/index.js';
import type { FeatureColumn } from '../../runtime/data/columns.js';
import { baselineLists } from '../../runtime/judging.js';
import { chain, popular } from '../../runtime/measures/baselines.js';
import { listMeasures, type Lists } from '../../runtime/measures/lists.js';
import { held, splits } from './support.js';

/** The lists that full scores give: all items sorted, ties in the order of the catalogue. */
const sortedLists = (
  of: Split,
  which: 'validation' | 'test',
  scores: (question: number) => ArrayLike<number>,
  top: number,
): Lists => {
  const lists = Array.from(of.held[which].users, (_, question) => {
    const own = Array.from(scores(question));
    const order = own.map((_x, item) => item).sort((a, b) => own[b]! - own[a]! || a - b);
    const seen = new Set(history(of, which, question));
    const wants = wanted(of, which, question);
    return {
      shown: order.filter((item) => !seen.has(item) || wants.includes(item)).slice(0, top),
      whole: order.slice(0, top),
    };
  });
  return { shown: lists.map(({ shown }) => shown), whole: lists.map(({ whole }) => whole) };
};
const cases = fc.tuple(splits, fc.constantFrom(...held), fc.integer({ min: 1, max: 12 }));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const close = (found: number, expected: number) =>
  Number.isNaN(expected) ? expect(found).toBeNaN() : expect(found).toBeCloseTo(expected, 10);

describe('lists of rankings by counts', () => {
  it('are the best of all items by score, without what was seen unless it is wanted', () => {
    fc.assert(
      fc.property(cases, ([of, which, top]) => {
        for (const baseline of [popular(of), chain(of)])
          expect(baselineLists(of, which, baseline, top)).toEqual(
            sortedLists(of, which, (question) => baseline.scores(which, question), top),
          );
      }),
    );
  });
});

const random = (of: Split, which: 'validation' | 'test', seed: number, top: number): Lists =>
  sortedLists(of, which, (q) => of.dataset.items.map((_, item) => Math.sin(seed + 7 * q + 13 * item)), top);

describe('measures of lists', () => {
  it('are their definitions', () => {
    fc.assert(
      fc.property(cases, fc.nat({ max: 99 }), fc.integer({ min: 1, max: 12 }), ([of, which, top], seed, k) => {
        const lists = random(of, which, seed, top);
        const found = listMeasures(of, which);
        const cut = lists.shown.map((list) => list.slice(0, k)).filter((list) => list.length > 0);
        const { items, users } = of.dataset;
        close(
          found['coverage']!(lists, k),
          items.filter((_, item) => cut.some((list) => list.includes(item))).length / items.length,
        );
        const trainers = users.map((_, user) => new Set(training(of, user))).filter(({ size }) => size > 0);
        const bits = (item: number) =>
          trainers.length === 0
            ? NaN
            : -Math.log2(Math.max(1, trainers.filter((own) => own.has(item)).length) / trainers.length);
        close(found['novelty']!(lists, k), mean(cut.map((list) => mean(list.map(bits)))));
        const count = items.map((_, item) =>
          users.reduce((n, _x, user) => n + training(of, user).filter((i) => i === item).length, 0),
        );
        // An item is in the head if fewer than a fifth of the items come before it.
        const before = (item: number) =>
          count.filter((n, other) => n > count[item]! || (n === count[item]! && other < item)).length;
        const head = (item: number) => (before(item) < Math.ceil(0.2 * items.length) ? 1 : 0);
        close(found['popular']!(lists, k), mean(cut.map((list) => mean(list.map(head)))));
        const again = lists.whole.map((list, q) => {
          const own = list.slice(0, k);
          return own.filter((item) => history(of, which, q).includes(item)).length / own.length;
        });
        close(found['repeats']!(lists, k), mean(again));
      }),
      { numRuns: 60 },
    );
  });

  it('keep their bounds; coverage grows with the list', () => {
    fc.assert(
      fc.property(cases, fc.nat({ max: 99 }), ([of, which, top], seed) => {
        if (of.held[which].users.length === 0) return;
        const lists = random(of, which, seed, top);
        const found = listMeasures(of, which);
        for (const name of ['coverage', 'popular', 'repeats']) {
          expect(found[name]!(lists, top)).toBeGreaterThanOrEqual(0);
          expect(found[name]!(lists, top)).toBeLessThanOrEqual(1);
        }
        const trains = of.dataset.users.some((_, user) => training(of, user).length > 0);
        expect(found['novelty']!(lists, top) >= 0).toBe(trains);
        if (top > 1) expect(found['coverage']!(lists, top)).toBeGreaterThanOrEqual(found['coverage']!(lists, top - 1));
        // Nobody's list is told apart from another's by where it stands; but for `repeats`, which knows whose it is.
        const turned = { shown: lists.shown.toReversed(), whole: lists.whole.toReversed() };
        for (const name of ['coverage', 'novelty', 'popular'])
          close(found[name]!(turned, top), found[name]!(lists, top));
      }),
    );
  });

  it('popular things are popular: such lists have the least novelty and the largest share of the head', () => {
    fc.assert(
      fc.property(cases, fc.nat({ max: 99 }), ([of, which], seed) => {
        if (of.held[which].users.length === 0) return;
        const found = listMeasures(of, which);
        const best = baselineLists(of, which, popular(of), 3);
        const other = random(of, which, seed, 3);
        expect(found['popular']!(best, 3)).toBeGreaterThanOrEqual(found['popular']!(other, 3) - 1e-12);
      }),
    );
  });
});

describe('diversity', () => {
  const data = fromHistories('films', [
    { user: 'a', items: ['1', '2', '3'] },
    { user: 'b', items: ['2', '3', '4'] },
  ]);
  const measure = (column: FeatureColumn) =>
    listMeasures({ ...leaveOneOut(data), dataset: { ...data, features: new Map([['genre', column]]) } }, 'test');
  const lists = (...shown: number[][]): Lists => ({ shown, whole: shown });

  it('is the mean over pairs of one less what both have in common, by hand', () => {
    // 1: comedy; 2: comedy, war; 3: war, crime; 4: nothing known.
    const found = measure({
      kind: 'categories',
      vocabulary: ['comedy', 'war', 'crime'],
      offsets: Int32Array.of(0, 1, 3, 5, 5),
      values: Int32Array.of(1, 1, 2, 2, 3),
    })['diversity:genre']!;
    expect(found(lists([0, 1, 2]), 3)).toBeCloseTo((1 / 2 + 1 + 2 / 3) / 3, 12);
    expect(found(lists([0, 1, 2]), 2)).toBeCloseTo(1 / 2, 12);
    // What has no category tells nothing, nor does a list without a pair.
    expect(found(lists([0, 3, 1], [3, 0], [1]), 3)).toBeCloseTo(1 / 2, 12);
    expect(found(lists([0, 3]), 2)).toBeNaN();
  });

  it('of single categories is the share of pairs that differ, and there is none without categories', () => {
    const found = measure({ kind: 'category', vocabulary: ['x', 'y'], values: Int32Array.of(1, 1, 2, 0) });
    expect(found['diversity:genre']!(lists([0, 1, 2]), 3)).toBeCloseTo(2 / 3, 12);
    expect(Object.keys(measure({ kind: 'number', values: new Float64Array(4) }))).not.toContain('diversity:genre');
  });
});
