/** The library against its formulas, written out in plain loops. */
import { describe, expect, test } from 'vitest';
import {
  type ActivationName,
  type Tensor,
  activations,
  adamw,
  axis,
  batchOf,
  causal,
  constantRate,
  cosineDecay,
  count,
  dropout,
  extent,
  fullSoftmax,
  last,
  layerNorm,
  like,
  linear,
  lt,
  mean,
  param,
  pipe,
  relativePositionBias,
  rename,
  rmsNorm,
  sampledSoftmax,
  sgd,
  shift,
  softmax,
  sum,
  timeBias,
  uniformIndices,
  variance,
  warmUp,
  index,
  where,
  zeros,
  binaryCrossEntropy,
  embed,
  max,
  add,
} from 'pcrec';
import * as build from '../../dsl/build.js';
import { typed } from '../../dsl/tensor.js';
import { numbers, run, run1 } from './evaluate.js';

const N = 3;
const lengths = [2, 0, 3];
const { batch, seq, item, items, targets, times, nextTimes } = batchOf(N);
const key = like('key', seq);
const width = axis('width', 4);
const x = typed<'batch' | 'seq' | 'width'>(build.input('x', [batch, seq, width], 'f32'));
const xs = numbers(3 * N * 4, 1);
const env = {
  sizes: { batch: 3, items: 5 },
  random: { seed: 3, step: 1 },
  inputs: {
    x: xs,
    'seq.lengths': lengths,
    items: [0, 1, 0, 0, 0, 0, 4, 2, 2],
    targets: [1, 3, 0, 0, 0, 0, 2, 2, 4],
    times: [0, 60, 0, 0, 0, 0, 0, 5, 86400],
    'times.next': [60, 61, 0, 0, 0, 0, 5, 86400, 9e6],
  },
};
const at = (b: number, t: number, w: number): number => xs[(b * N + t) * 4 + w]!;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const average = (v: readonly number[]): number => (v.length === 0 ? 0 : total(v) / v.length);

describe('ragged axes: only positions that exist count', () => {
  const existing = range(3).flatMap((b) => range(lengths[b]!).map((t) => [b, t] as const));

  test('mean of each row; 0 where a row is empty', () => {
    const m = run1(mean(x, [seq, width]), env);
    range(3).forEach((b) =>
      expect(m({ batch: b })).toBeCloseTo(
        average(range(lengths[b]!).flatMap((t) => range(4).map((w) => at(b, t, w)))),
        12,
      ),
    );
  });
  test('mean over rows and positions together', () => {
    const m = run1(pipe(x, mean([batch, seq])), env);
    range(4).forEach((w) => expect(m({ width: w })).toBeCloseTo(average(existing.map(([b, t]) => at(b, t, w))), 12));
  });
  test('mean over rows alone counts the rows that reach a position', () => {
    const m = run1(mean(x, batch), env);
    range(N).forEach((t) =>
      expect(m({ seq: t, width: 1 })).toBeCloseTo(
        average(existing.filter((p) => p[1] === t).map(([b]) => at(b, t, 1))),
        12,
      ),
    );
  });
  test('count and variance', () => {
    const [n, all, v] = run([count(x, seq), count(x, [batch, seq, width]), variance(x, [seq, width])], env);
    expect(range(3).map((b) => n!({ batch: b }))).toEqual(lengths);
    expect(all!()).toBe(20);
    const row = range(2).flatMap((t) => range(4).map((w) => at(0, t, w)));
    expect(v!({ batch: 0 })).toBeCloseTo(average(row.map((y) => (y - average(row)) ** 2)), 12);
  });
  test('a tensor without the rows is dense up to the bound', () => {
    const table = param('p', [seq, width], zeros);
    expect(run1(mean(table, seq), { ...env, params: { p: range(N * 4) } })({ width: 0 })).toBe(4);
  });
  test('last: the last existing position, 0 for an empty row', () => {
    const l = run1(last(x, seq, batch), env);
    expect([0, 1, 2].map((b) => l({ batch: b, width: 2 }))).toEqual([at(0, 1, 2), 0, at(2, 2, 2)]);
  });
  test('shift reads the position before, 0 at the first', () => {
    const s = run1(shift(x, seq, 1), env);
    expect([0, 1, 2].map((t) => s({ batch: 2, seq: t, width: 0 }))).toEqual([0, at(2, 0, 0), at(2, 1, 0)]);
  });
  test('positions and extents compare as whole numbers', () => {
    const e = run1(sum(where(lt(index(seq), extent(seq, batch)), 1, 0), seq), env);
    expect(range(3).map((b) => e({ batch: b }))).toEqual(lengths);
  });
});

describe('layers', () => {
  const vector = range(4).map((w) => at(2, 1, w));
  const here = (w: number) => ({ batch: 2, seq: 1, width: w });

  test('layerNorm and rmsNorm', () => {
    const [l, r] = run([layerNorm(x, width), pipe(x, rmsNorm(width))], env);
    const m = average(vector);
    const s = Math.sqrt(average(vector.map((y) => (y - m) ** 2)) + 1e-6);
    const rms = Math.sqrt(average(vector.map((y) => y * y)) + 1e-6);
    vector.forEach((y, w) => {
      expect(l!(here(w))).toBeCloseTo((y - m) / s, 12);
      expect(r!(here(w))).toBeCloseTo(y / rms, 12);
    });
  });
  test('an affine norm has its own parameters', () => {
    const params = { 'n.gain': [2, 2, 2, 2], 'n.bias': [1, 1, 1, 1] };
    const [plain, affine] = run([layerNorm(x, width), layerNorm(x, width, { path: 'n' })], { ...env, params });
    expect(affine!(here(0))).toBeCloseTo(2 * plain!(here(0)) + 1, 12);
  });
  test('linear maps several axes, and an axis to itself', () => {
    const square = linear('l', x, width, width);
    expect(square.axes.map((a) => a.name)).toEqual(['batch', 'seq', 'width']);
    const weight = numbers(16, 5);
    const y = run1(square, { ...env, params: { 'l.weight': weight, 'l.bias': [1, 2, 3, 4] } });
    // Axes are stored by name: width before width.in.
    range(4).forEach((o) =>
      expect(y(here(o))).toBeCloseTo(total(vector.map((v, i) => v * weight[o * 4 + i]!)) + o + 1, 12),
    );
    const head = axis('head', 2),
      depth = axis('depth', 2);
    expect(linear('h', x, width, [head, depth]).axes.map((a) => a.name)).toEqual(['batch', 'depth', 'head', 'seq']);
  });
  test('softmax over the keys a mask admits', () => {
    const scores = sum(
      build.map('mul', x, rename(x, seq, key)) as unknown as Tensor<'batch' | 'seq' | 'key' | 'width'>,
      width,
    );
    const p = run1(softmax(scores, key, causal(seq, key)), env);
    const score = (i: number, j: number) => total(range(4).map((w) => at(2, i, w) * at(2, j, w)));
    const norm = Math.exp(score(1, 0)) + Math.exp(score(1, 1));
    expect([0, 1, 2].map((j) => p({ batch: 2, seq: 1, key: j }))).toEqual(
      [0, 1, 2].map((j) => (j > 1 ? 0 : expect.closeTo(Math.exp(score(1, j)) / norm, 12))),
    );
  });
  test('softmax of large values does not overflow', () => {
    const p = run1(softmax(where(lt(index(width), 2), 1000, add(x, 0)), width), env);
    expect(p({ batch: 0, seq: 0, width: 0 })).toBeCloseTo(0.5, 12);
  });
  test('dropout: absent in inference, scaled in training, keyed', () => {
    expect(dropout('d', 0.5, 'inference')(x)).toBe(x);
    expect(dropout('d', 0, 'training')(x)).toBe(x);
    expect(() => dropout('d', 1, 'training')(x)).toThrow('at least 0 and below 1, not 1');
    const [a, b, c] = run(
      [dropout('d', 0.5, 'training')(x), dropout('d', 0.5, 'training')(x), dropout('e', 0.5, 'training')(x)],
      env,
    );
    const positions = range(3).flatMap((t) => range(4).map((w) => ({ batch: 2, seq: t, width: w })));
    positions.forEach((p) => {
      expect([0, 2 * at(p.batch, p.seq, p.width)]).toContain(a!(p));
      expect(b!(p)).toBe(a!(p));
    });
    expect(positions.some((p) => a!(p) !== c!(p))).toBe(true);
  });
  test('activations', () => {
    const sigma = (v: number) => 1 / (1 + Math.exp(-v));
    const formula: Readonly<Record<ActivationName, (v: number) => number>> = {
      sigmoid: sigma,
      tanh: Math.tanh,
      softplus: (v) => Math.log(1 + Math.exp(v)),
      relu: (v) => Math.max(v, 0),
      silu: (v) => v * sigma(v),
      linear: (v) => v,
      // Phi by the midpoint rule.
      gelu: (v) =>
        v *
        (0.5 +
          (range(2000).reduce((s, i) => s + Math.exp(-((((i + 0.5) * v) / 2000) ** 2) / 2), 0) * (v / 2000)) /
            Math.sqrt(2 * Math.PI)),
    };
    Object.entries(formula).forEach(([name, f]) =>
      expect(run1(activations[name as ActivationName](x), env)(here(1)), name).toBeCloseTo(f(at(2, 1, 1)), 6),
    );
  });
});

describe('attention biases', () => {
  test('a relative position bias is w[key - query + n - 1]', () => {
    const bias = run1(relativePositionBias('w', seq, key), { ...env, params: { w: [10, 20, 30, 40, 50] } });
    range(N).forEach((i) => range(N).forEach((j) => expect(bias({ seq: i, key: j })).toBe(10 * (j - i + N))));
  });
  test('a time bias reads the bucket of ln(seconds) / 0.301, from 0 to 128', () => {
    const bias = run1(timeBias('w', nextTimes, times, seq, key), { ...env, params: { w: range(129) } });
    const bucket = (dt: number) => Math.min(Math.max(Math.floor(Math.log(Math.max(1, Math.abs(dt))) / 0.301), 0), 128);
    expect(bias({ batch: 2, seq: 0, key: 0 })).toBe(bucket(5));
    expect(bias({ batch: 2, seq: 1, key: 1 })).toBe(bucket(86400 - 5));
    expect(bias({ batch: 2, seq: 2, key: 0 })).toBe(bucket(9e6));
    expect(bias({ batch: 0, seq: 1, key: 1 })).toBe(0);
  });
});

describe('losses', () => {
  const table = param('items', [item, width], zeros);
  const rows = numbers(20, 9);
  const row = (i: number) => range(4).map((w) => rows[i * 4 + w]!);
  const dotted = (a: readonly number[], b: readonly number[]) => total(a.map((v, i) => v * b[i]!));
  const cosineOf = (a: readonly number[], b: readonly number[]) =>
    dotted(a, b) / Math.sqrt(dotted(a, a) * dotted(b, b));
  const given = { ...env, params: { items: rows } };
  const state = range(4).map((w) => at(2, 1, w));
  const here = { batch: 2, seq: 1 };
  const target = 2;

  test('sampled softmax: negatives are shared, and one that is the target takes no part', () => {
    const negative = axis('negative', 12);
    const ids = run1(uniformIndices('n', item, [negative]), given);
    const drawn = range(12).map((i) => ids({ negative: i }));
    expect(new Set(drawn).size).toBeGreaterThan(2);
    expect(drawn.every((i) => Number.isInteger(i) && i >= 0 && i < 5)).toBe(true);
    expect(drawn).toContain(target);
    const loss = run1(
      sampledSoftmax({ state: x, targets, items: table, width, key: 'n', negatives: 12, temperature: 0.5 }),
      given,
    );
    const share = (i: number) => Math.exp(cosineOf(state, row(i)) / 0.5);
    const against = drawn.filter((i) => i !== target).map(share);
    expect(loss(here)).toBeCloseTo(-Math.log(share(target) / (share(target) + total(against))), 10);
  });
  test('full softmax, cosine and dot product', () => {
    const [c, d] = run(
      [
        fullSoftmax({ state: x, targets, items: table, width, temperature: 0.5 }),
        fullSoftmax({ state: x, targets, items: table, width, score: 'dot' }),
      ],
      given,
    );
    const nll = (score: (i: number) => number) =>
      Math.log(total(range(5).map((i) => Math.exp(score(i))))) - score(target);
    expect(c!(here)).toBeCloseTo(
      nll((i) => cosineOf(state, row(i)) / 0.5),
      10,
    );
    expect(d!(here)).toBeCloseTo(
      nll((i) => dotted(state, row(i))),
      10,
    );
  });
  test('binary cross-entropy', () => {
    const loss = run1(
      binaryCrossEntropy({ state: x, targets, items: table, width, key: 'n', negatives: 12, score: 'dot' }),
      given,
    );
    const ids = run1(uniformIndices('n', item, [axis('negative', 12)]), given);
    const softplus = (v: number) => Math.log(1 + Math.exp(v));
    const drawn = range(12)
      .map((i) => ids({ negative: i }))
      .filter((i) => i !== target);
    expect(loss(here)).toBeCloseTo(
      (softplus(-dotted(state, row(target))) + total(drawn.map((i) => softplus(dotted(state, row(i)))))) / 13,
      10,
    );
  });
  test('a temperature near 0 does not overflow', () => {
    const loss = run1(
      mean(sampledSoftmax({ state: x, targets, items: table, width, key: 'n', negatives: 12, temperature: 1e-4 }), [
        batch,
        seq,
      ]),
      given,
    );
    expect(Number.isFinite(loss())).toBe(true);
  });
  test('an item out of the table reads 0', () => {
    expect(run1(max(embed(table, items), width), given)({ batch: 0, seq: 1 })).toBe(Math.max(...row(1)));
  });
});

describe('optimizers and schedules', () => {
  const step = typed<never>(build.input('step', [], 'f32'));
  const p = build.param('p', [], zeros);
  const g = build.input('g', [], 'f32');
  const slot = (name: string) => build.param(`p.${name}`, [], zeros);

  test('adamw, three updates', () => {
    const { update, slots } = adamw({ rate: 0.1, betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.01 });
    expect(slots).toEqual(['m', 'v']);
    const next = update(p, g, { m: slot('m'), v: slot('v') }, step);
    let [value, m, v] = [1, 0, 0];
    [0.5, -2, 0.25].forEach((gradient, i) => {
      const t = i + 1;
      const [a, b, c] = run([next.value, next.slots['m']!, next.slots['v']!], {
        sizes: {},
        inputs: { g: [gradient], step: [t] },
        params: { p: [value], 'p.m': [m], 'p.v': [v] },
      });
      m = 0.9 * m + 0.1 * gradient;
      v = 0.98 * v + 0.02 * gradient ** 2;
      value -= 0.1 * (m / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.98 ** t)) + 1e-8) + 0.01 * value);
      expect(a!()).toBeCloseTo(value, 12);
      expect([b!(), c!()]).toEqual([expect.closeTo(m, 12), expect.closeTo(v, 12)]);
    });
  });
  test('sgd, with and without momentum', () => {
    const given = { sizes: {}, inputs: { g: [2], step: [1] }, params: { p: [1], 'p.v': [4] } };
    expect(run1(sgd({ rate: 0.1 }).update(p, g, {}, step).value, given)()).toBeCloseTo(0.8, 12);
    expect(run1(sgd({ rate: 0.1, momentum: 0.5 }).update(p, g, { v: slot('v') }, step).value, given)()).toBeCloseTo(
      0.6,
      12,
    );
  });
  test('schedules', () => {
    const rateAt = (schedule: ReturnType<typeof constantRate>, t: number) =>
      run1(schedule(step), { sizes: {}, inputs: { step: [t] } })();
    expect(rateAt(constantRate(0.3), 7)).toBeCloseTo(0.3, 12);
    expect([1, 5, 10, 20].map((t) => rateAt(warmUp(10, constantRate(1)), t))).toEqual(
      [0.1, 0.5, 1, 1].map((v) => expect.closeTo(v, 12)),
    );
    const cosine = cosineDecay({ rate: 1, steps: 110, warmUp: 10, floor: 0.2 });
    expect([5, 10, 60, 110, 500].map((t) => rateAt(cosine, t))).toEqual(
      [0.5, 1, 0.6, 0.2, 0.2].map((v) => expect.closeTo(v, 12)),
    );
  });
});
