/** The layers that transformers share, against their formulas. */
import { expect, test } from 'vitest';
import {
  axis,
  batchOf,
  dot,
  gelu,
  feedForward,
  like,
  rename,
  rotary,
  softmaxAttention,
  softmaxAttentionBeside,
  swiGlu,
} from 'pcrec';
import * as build from '../../dsl/build.js';
import { typed } from '../../dsl/tensor.js';
import { numbers, run, run1, someParams } from '../dsl/evaluate.js';

const N = 5;
const lengths = [5, 0, 3];
const { batch, seq } = batchOf(N);
const key = like('key', seq);
const width = axis('width', 4);
const input = <A extends string>(name: string, ...axes: readonly Parameters<typeof build.input>[1][number][]) =>
  typed<A>(build.input(name, axes, 'f32'));
const x = input<'batch' | 'seq' | 'width'>('x', batch, seq, width);
const end = input<'batch' | 'width'>('end', batch, width);
const [xs, ends] = [numbers(3 * N * 4, 1), numbers(3 * 4, 2)];
const env = { sizes: { batch: 3 }, inputs: { 'seq.lengths': lengths, x: xs, end: ends }, params: {} };
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const row = (b: number, t: number): readonly number[] => range(4).map((w) => xs[(b * N + t) * 4 + w]!);
const product = (a: readonly number[], b: readonly number[]): number => total(a.map((y, i) => y * b[i]!));

test('a token beside the keys counts as one key more; alone, where a row has none', () => {
  const keys = rename(x, seq, key);
  const [history, token] = run(
    [
      softmaxAttentionBeside(x, keys, keys, width, key, end, end),
      softmaxAttentionBeside(end, x, x, width, seq, end, end),
    ],
    env,
  );
  range(3).forEach((b) => {
    const own = ends.slice(4 * b, 4 * b + 4);
    const all = [...range(lengths[b]!).map((t) => row(b, t)), own];
    const read = (q: readonly number[], w: number): number => {
      const shares = all.map((k) => Math.exp(product(q, k) / 2));
      return total(all.map((v, i) => shares[i]! * v[w]!)) / total(shares);
    };
    range(4).forEach((w) => {
      expect(token!({ batch: b, width: w })).toBeCloseTo(read(own, w), 12);
      range(lengths[b]!).forEach((t) =>
        expect(history!({ batch: b, seq: t, width: w })).toBeCloseTo(read(row(b, t), w), 12),
      );
    });
  });
});

test('attention without a mask reads every key that exists', () => {
  const keys = rename(x, seq, key);
  const found = run1(softmaxAttention(x, keys, keys, width, key), env);
  const shares = range(3).map((t) => Math.exp(product(row(2, 0), row(2, t)) / 2));
  range(4).forEach((w) =>
    expect(found({ batch: 2, seq: 0, width: w })).toBeCloseTo(
      total(range(3).map((t) => shares[t]! * row(2, t)[w]!)) / total(shares),
      12,
    ),
  );
});

test('rotary turns each pair by its own angle, so that products depend on distances', () => {
  const [pair, part] = [axis('pair', 2), axis('part', 2)];
  const one = input<'pair' | 'part'>('one', pair, part);
  const ones = [0.3, -1.1, 0.7, 0.4];
  // The same pairs at every position: the product of positions s and t is then a function of t - s.
  const same = typed<'pair' | 'part' | 'seq'>(build.broadcast(one, [seq]));
  const turned = rotary(same, seq, pair, part);
  const [rotated, scores] = run([turned, dot(turned, rename(turned, seq, key), [pair, part])], {
    ...env,
    inputs: { ...env.inputs, one: ones },
  });
  range(N).forEach((t) =>
    range(2).forEach((i) => {
      const angle = t * 10_000 ** (-i / 2);
      const [a, b] = [ones[2 * i]!, ones[2 * i + 1]!];
      expect(rotated!({ seq: t, pair: i, part: 0 })).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 12);
      expect(rotated!({ seq: t, pair: i, part: 1 })).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 12);
    }),
  );
  range(N - 1).forEach((t) => expect(scores!({ seq: t + 1, key: t })).toBeCloseTo(scores!({ seq: 1, key: 0 }), 12));
  expect(() => rotary(x, seq, seq, width)).toThrow("the axis 'width' has 4 positions, not 2");
});

test('feed-forward maps are their formulas, for a history and for one token', () => {
  const roots = [
    feedForward('f', width, 3, gelu)(end),
    swiGlu('g', width, 3)(end),
    feedForward('f', width, 3, gelu)(x),
  ];
  const params = someParams(roots, { width: 4, hidden: 3 });
  const weights = (path: string, j: number, w: number): number => params[path]![4 * j + w]!;
  const [plain, gated, whole] = run(roots, { ...env, params });
  const erf = (v: number): number => {
    // by its series: small arguments only
    const terms = range(40).map(
      (n) => ((-1) ** n * v ** (2 * n + 1)) / (range(n).reduce((f, k) => f * (k + 1), 1) * (2 * n + 1)),
    );
    return (2 / Math.sqrt(Math.PI)) * total(terms);
  };
  const map = (path: string, v: readonly number[]): readonly number[] =>
    range(3).map((j) => total(v.map((y, w) => y * weights(path, j, w))));
  const down = (path: string, h: readonly number[], w: number): number =>
    total(h.map((y, j) => y * weights(path, j, w)));
  const forward = (v: readonly number[], w: number): number =>
    down(
      'f.down.weight',
      map('f.up.weight', v)
        .map((y, j) => y + params['f.up.bias']![j]!)
        .map((y) => (y / 2) * (1 + erf(y / Math.SQRT2))),
      w,
    ) + params['f.down.bias']![w]!;
  const own = ends.slice(0, 4);
  range(4).forEach((w) => {
    expect(plain!({ batch: 0, width: w })).toBeCloseTo(forward(own, w), 6);
    expect(whole!({ batch: 2, seq: 1, width: w })).toBeCloseTo(forward(row(2, 1), w), 6);
    const up = map('g.up.weight', own);
    expect(gated!({ batch: 0, width: w })).toBeCloseTo(
      down(
        'g.down.weight',
        map('g.gate.weight', own).map((y, j) => (y / (1 + Math.exp(-y))) * up[j]!),
        w,
      ),
      12,
    );
  });
});
