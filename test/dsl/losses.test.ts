/** Losses against their formulas in plain loops, and the laws that join them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Negatives,
  type Tensor,
  axis,
  batchNegatives,
  batchOf,
  binaryCrossEntropy,
  calibratedBeta,
  fullSoftmax,
  generalisedBinaryCrossEntropy,
  index,
  like,
  mean,
  mixtureOfLogits,
  param,
  rename,
  sampledSoftmax,
  uniformIndices,
  uniformNegatives,
  zeros,
} from 'pcrec';
import * as build from '../../dsl/build.js';
import { typed } from '../../dsl/tensor.js';
import { expectDerivatives } from '../support/derivatives.js';
import { numbers, run, run1 } from './evaluate.js';

const N = 3;
const ITEMS = 6;
const ROWS = 4;
const lengths = [2, 3, 0, 3];
const { batch, seq, item, targets, popularity } = batchOf(N);
const width = axis('width', 2);
const x = typed<'batch' | 'seq' | 'width'>(build.input('x', [batch, seq, width], 'f32'));
const table = param('items', [item, width], zeros);
const given = { state: x, targets, items: table, width } as const;
const drawn = { key: 'n', negatives: 5, drawnFor: [batch] } as const;

const xs = numbers(ROWS * N * 2, 1);
const rows = numbers(ITEMS * 2, 2);
const shares = [0.4, 0.25, 0.15, 0.1, 0.1, 0];
const answers = [
  [1, 4, 0],
  [1, 2, 0],
  [0, 0, 0],
  [3, 4, 5],
] as const;
const env = {
  sizes: { batch: ROWS, items: ITEMS },
  random: { seed: 3, step: 1 },
  inputs: { x: xs, 'seq.lengths': lengths, targets: answers.flat(), 'items.popularity': shares, 'batch.missing': [0] },
  params: { items: rows },
};
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const softplus = (v: number): number => Math.log(1 + Math.exp(v));

const state = (b: number, t: number): readonly number[] => range(2).map((w) => xs[(b * N + t) * 2 + w]!);
const row = (i: number): readonly number[] => rows.slice(2 * i, 2 * i + 2);
const dotted = (a: readonly number[], b: readonly number[]): number => total(a.map((v, i) => v * b[i]!));
const unit = (v: readonly number[]): readonly number[] => v.map((y) => y / Math.hypot(...v));
const cosine = (b: number, t: number, i: number): number => dotted(unit(state(b, t)), unit(row(i))) / 0.5;

/** The items that a test's own loops hold against the answer of row b at t, and how often an item is expected among them. */
interface Kind {
  readonly of: (b: number, t: number) => readonly number[];
  readonly expected: (b: number, t: number, i: number) => number;
}
const ids = run1(uniformIndices('n', item, [batch, axis('negative', 5)]), env);
const uniform: Kind = {
  of: (b) => range(5).map((n) => ids({ batch: b, negative: n })),
  expected: () => 5 / ITEMS,
};
const beside: Kind = {
  of: (b, t) => range(ROWS).flatMap((o) => (o !== b && t < lengths[o]! ? [answers[o]![t]!] : [])),
  expected: (_b, t, i) => Math.max(lengths.filter((n) => t < n).length - 1, 1) * Math.max(shares[i]!, 1e-12),
};
const drawnOnes = uniformNegatives(item, drawn);
const others = batchNegatives(targets, batch, popularity);
const kinds: readonly (readonly [string, Negatives | readonly Negatives[], readonly Kind[]])[] = [
  ['drawn uniformly', drawnOnes, [uniform]],
  ['the answers of other rows', others, [beside]],
  ['both', [others, drawnOnes], [beside, uniform]],
];
const cells = range(ROWS).flatMap((b) => range(lengths[b]!).map((t) => [b, t] as const));
const against = (found: readonly Kind[], b: number, t: number): readonly number[] =>
  found.flatMap(({ of }) => of(b, t)).filter((i) => i !== answers[b]![t]);

test('rows have answers in common, and some have none where others have', () => {
  expect(against([beside], 0, 0)).toEqual([3]);
  expect(against([beside], 1, 2)).toEqual([5]);
  expect(against([uniform], 0, 0).length).toBeGreaterThan(2);
});

describe.each(kinds)('negatives: %s', (_, negatives, found) => {
  test.each([false, true])('sampled softmax, logQ %s', (logQ) => {
    const loss = run1(sampledSoftmax({ ...given, against: negatives, temperature: 0.5, logQ }), env);
    for (const [b, t] of cells) {
      const expected = (i: number) => total(found.map((kind) => kind.expected(b, t, i)));
      const share = (i: number) => Math.exp(cosine(b, t, i) - (logQ ? Math.log(expected(i)) : 0));
      const own = share(answers[b]![t]!);
      expect(loss({ batch: b, seq: t })).toBeCloseTo(
        -Math.log(own / (own + total(against(found, b, t).map(share)))),
        9,
      );
    }
  });
  test('gBCE: the power beta of the target, negatives with the weight of one', () => {
    const loss = run1(generalisedBinaryCrossEntropy({ ...given, against: negatives, score: 'dot', beta: 0.3 }), env);
    for (const [b, t] of cells) {
      const score = (i: number) => dotted(state(b, t), row(i));
      const many = total(
        found.map((kind) => (kind === uniform ? 5 : Math.max(lengths.filter((n) => t < n).length - 1, 1))),
      );
      const all = 0.3 * softplus(-score(answers[b]![t]!)) + total(against(found, b, t).map((i) => softplus(score(i))));
      expect(loss({ batch: b, seq: t })).toBeCloseTo(all / (many + 1), 10);
    }
  });
  test('derivatives are those of central differences', () => {
    // A state that is trained, too: the projection of a table's rows.
    const moved = param('state', [batch, width], zeros);
    const params = { items: rows, state: numbers(ROWS * 2, 4) };
    const answersOfRows = typed<'batch', 'i32'>(build.input('target', [batch], 'i32'));
    const own =
      Array.isArray(negatives) || negatives === others ? batchNegatives(answersOfRows, batch, popularity) : drawnOnes;
    const all = Array.isArray(negatives) ? [own, drawnOnes] : own;
    const of = { ...given, state: moved, targets: answersOfRows, against: all };
    const there = { ...env, params, inputs: { ...env.inputs, target: [1, 1, 3, 4] } };
    expectDerivatives(sampledSoftmax({ ...of, temperature: 0.5, logQ: true }), there);
    expectDerivatives(generalisedBinaryCrossEntropy({ ...of, beta: 0.3 }), there);
  });
});

describe('a mixture of logits', () => {
  const [queries, itemKinds, depth] = [2, 3, 2];
  const mixture = mixtureOfLogits(width, { queries, items: itemKinds, depth });
  const pairs = range(queries * itemKinds);
  const params = {
    items: rows,
    'mixture.query.weight': numbers(2 * queries * depth, 5),
    'mixture.item.weight': numbers(2 * itemKinds * depth, 6),
    'mixture.gate.query.weight': numbers(2 * pairs.length, 7),
    'mixture.gate.query.bias': numbers(pairs.length, 8),
    'mixture.gate.item.weight': numbers(2 * pairs.length, 9),
    'mixture.gate.item.bias': numbers(pairs.length, 10),
    'mixture.gate.pair.weight': numbers(pairs.length ** 2, 11),
  } as const;
  // Values lie with their axes sorted by name: itemPart, partDepth, queryPart, width.
  const mapped = (name: keyof typeof params, v: readonly number[], cell: number): number =>
    total(v.map((y, w) => y * params[name][cell * v.length + w]!));
  const mixed = (b: number, t: number, i: number): number => {
    const [s, x] = [state(b, t), row(i)];
    const q = range(queries).map((k) =>
      unit(range(depth).map((d) => mapped('mixture.query.weight', s, d * queries + k))),
    );
    const y = range(itemKinds).map((l) =>
      unit(range(depth).map((d) => mapped('mixture.item.weight', x, l * depth + d))),
    );
    const cosines = y.flatMap((c) => q.map((a) => dotted(a, c)));
    const gate = (side: 'query' | 'item', v: readonly number[], p: number): number =>
      mapped(`mixture.gate.${side}.weight`, v, p) + params[`mixture.gate.${side}.bias`][p]!;
    const share = pairs.map((p) => {
      const [l, k] = [Math.floor(p / queries), p % queries];
      const of = (o: number) => ((l * itemKinds + Math.floor(o / queries)) * queries + k) * queries + (o % queries);
      const pair = total(cosines.map((c, o) => c * params['mixture.gate.pair.weight'][of(o)]!));
      const g = gate('query', s, p) * gate('item', x, p) + pair;
      return Math.exp(g / (1 + Math.exp(-g)));
    });
    return total(cosines.map((c, p) => (c * share[p]!) / total(share)));
  };
  const there = { ...env, params };
  const options = { ...given, score: mixture, temperature: 0.5 } as const;

  test('is its formula, in a loss over all items', () => {
    const loss = run1(fullSoftmax(options), there);
    for (const [b, t] of cells) {
      const all = range(ITEMS).map((i) => Math.exp(mixed(b, t, i) / 0.5));
      expect(loss({ batch: b, seq: t })).toBeCloseTo(-Math.log(all[answers[b]![t]!]! / total(all)), 9);
    }
  });
  test.each(kinds)('is one and the same against negatives: %s', (_, negatives, found) => {
    const loss = run1(sampledSoftmax({ ...options, against: negatives }), there);
    for (const [b, t] of cells) {
      const share = (i: number) => Math.exp(mixed(b, t, i) / 0.5);
      const own = share(answers[b]![t]!);
      const others = total(against(found, b, t).map(share));
      expect(loss({ batch: b, seq: t })).toBeCloseTo(-Math.log(own / (own + others)), 9);
    }
  });
  test('of one component each is the cosine of what two maps make of them', () => {
    const one = mixtureOfLogits(width, { path: 'one', queries: 1, items: 1, depth: 2 });
    const alone = {
      'one.query.weight': [1, 0, 0, 1],
      'one.item.weight': [1, 0, 0, 1],
      'one.gate.query.weight': [2, 3],
      'one.gate.query.bias': [1],
      'one.gate.item.weight': [4, 5],
      'one.gate.item.bias': [6],
      'one.gate.pair.weight': [7],
    };
    const [a, b] = run([fullSoftmax({ ...given, score: one }), fullSoftmax(given)], {
      ...env,
      params: { items: rows, ...alone },
    });
    for (const [r, t] of cells) expect(a!({ batch: r, seq: t })).toBeCloseTo(b!({ batch: r, seq: t }), 9);
  });
  test('derivatives are those of central differences', () =>
    expectDerivatives(mean(sampledSoftmax({ ...options, against: drawnOnes }), [batch, seq]), there));
});

describe('laws', () => {
  const everywhere = (a: Tensor<'batch' | 'seq'>, b: Tensor<'batch' | 'seq'>, params: readonly number[]): void => {
    const [left, right] = run([a, b], { ...env, params: { items: params } });
    for (const [r, t] of cells) expect(left!({ batch: r, seq: t })).toBeCloseTo(right!({ batch: r, seq: t }), 9);
  };
  const tables = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: ITEMS * 2, maxLength: ITEMS * 2 });
  const holds = (a: Tensor<'batch' | 'seq'>, b: Tensor<'batch' | 'seq'>): void =>
    fc.assert(
      fc.property(tables, (params) => everywhere(a, b, params)),
      { numRuns: 20 },
    );

  test('gBCE with beta 1 is BCE, and a calibration of 0 is beta 1', () => {
    holds(generalisedBinaryCrossEntropy({ ...given, ...drawn, beta: 1 }), binaryCrossEntropy({ ...given, ...drawn }));
    holds(
      generalisedBinaryCrossEntropy({ ...given, ...drawn, beta: calibratedBeta(0, 5, item) }),
      binaryCrossEntropy({ ...given, ...drawn }),
    );
  });
  test('logQ of a uniform draw changes nothing', () =>
    holds(sampledSoftmax({ ...given, ...drawn, logQ: true }), sampledSoftmax({ ...given, ...drawn })));
  test('a sampled softmax against all items is the full softmax', () => {
    const over = like('each', item);
    const all: Negatives = { ...drawnOnes, ids: typed(rename(index(item), item, over)), over };
    holds(sampledSoftmax({ ...given, score: 'dot', against: all }), fullSoftmax({ ...given, score: 'dot' }));
  });
});

describe('beta', () => {
  const beta = (t: number, negatives: number, items: number): number =>
    run1(calibratedBeta(t, negatives, item), { ...env, sizes: { ...env.sizes, items } })();
  test("is gSASRec's: alpha (t (1 - 1/alpha) + 1/alpha)", () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 99 }), (t, negatives) => {
        const alpha = negatives / 99;
        expect(beta(t, negatives, 100)).toBeCloseTo(alpha * (t * (1 - 1 / alpha) + 1 / alpha), 9);
      }),
    ));
  test('is 1 where as many are drawn as there are, and has a meaning for one item', () =>
    expect([beta(1, 500, 100), beta(1, 1, 1)]).toEqual([1, 1]));
  test('numbers that are none are refused', () => {
    expect(() => calibratedBeta(1.5, 5, item)).toThrow('a calibration is between 0 and 1, not 1.5');
    expect(() => generalisedBinaryCrossEntropy({ ...given, ...drawn, beta: 0 })).toThrow('beta is above 0');
  });
});
