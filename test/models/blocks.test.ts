/**
 * What people build recommenders of beside attention and recurrences: each part against its formula in plain loops, its derivatives, what
 * it is certified to read, and every target.
 */
import { describe, expect, test } from 'vitest';
import {
  type RecommenderContext,
  type State,
  axis,
  batchOf,
  dilatedConvolution,
  eq,
  frequencyFilter,
  gatedMlp,
  gather,
  gelu,
  largest,
  like,
  linear,
  mixtureOfExperts,
  model,
  nextItem,
  param,
  recommenderHypers,
  recommenderOptimizer,
  runningPool,
  segmentPool,
  sequenceInput,
  zeros,
} from 'pcrec';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { typed } from '../../dsl/tensor.js';
import { numbers, run1, someParams } from '../dsl/evaluate.js';
import { expectDerivatives } from '../support/derivatives.js';
import { certificateOf, disagreements } from '../support/targets.js';

const N = 5;
const W = 3;
const lengths = [5, 0, 3];
const { batch, seq, items } = batchOf(N);
const key = like('key', seq);
const width = axis('width', W);
const x = typed<'batch' | 'seq' | 'width'>(build.input('x', [batch, seq, width], 'f32'));
const xs = numbers(3 * N * W, 1);
// Positions whose item is 0 begin a segment; the item is the segment's number.
const ids = [0, 2, 2, 0, 1, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0];
const env = {
  sizes: { batch: 3, items: 4 },
  inputs: { 'seq.lengths': lengths, x: xs, items: ids, 'batch.missing': [0] },
  params: {},
  random: { seed: 1, step: 1 },
};
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const at = (b: number, t: number, w: number): number => (t < 0 ? 0 : xs[(b * N + t) * W + w]!);
const geluOf = (v: number): number => run1(gelu(typed(build.constant(v))), env)();
const sizes = {
  width: W,
  'width.in': W,
  hidden: 4,
  frequency: 3,
  seq: N,
  key: N,
  expert: 3,
};
const withParams = (root: Node) => ({ ...env, params: someParams([root], sizes) });
type Cell = (b: number, t: number, w: number) => number;
const everywhere = (root: State, given: ReturnType<typeof withParams>, cell: Cell): void => {
  const found = run1(root, given);
  range(3).forEach((b) =>
    range(lengths[b]!).forEach((t) =>
      range(W).forEach((w) =>
        expect(found({ batch: b, seq: t, width: w }), `${b} ${t} ${w}`).toBeCloseTo(cell(b, t, w), 9),
      ),
    ),
  );
};

describe('dilated convolution', () => {
  const y = dilatedConvolution('c', x, seq, [width, width], { taps: 3, dilation: 2 });
  const given = withParams(y);
  test('reads so many positions, so far apart, through a matrix each', () =>
    everywhere(
      y,
      given,
      (b, t, w) =>
        given.params['c.0.bias']![w]! +
        // Axes are stored by name: width before width.in.
        total(
          range(3).flatMap((j) =>
            range(W).map((i) => at(b, t - 2 * j, i) * given.params[`c.${j}.weight`]![w * W + i]!),
          ),
        ),
    ));
  test('has no taps, or no distance, but whole ones', () =>
    expect(() => dilatedConvolution('c', x, seq, [width, width], { taps: 2, dilation: 0 })).toThrow(
      'dilation of a convolution are a whole number from 1, not 0',
    ));
});

describe('frequency filter', () => {
  /** The filter as the paper has it: a complex transform, products, and the transform back. */
  const filtered = (
    signal: readonly number[],
    real: (f: number) => number,
    imaginary: (f: number) => number,
  ): readonly number[] => {
    const n = signal.length;
    const transformed = range(n).map((f) => {
      const [a, b] = [Math.cos, (v: number) => -Math.sin(v)].map((part) =>
        total(signal.map((v, t) => v * part((2 * Math.PI * f * t) / n))),
      ) as [number, number];
      // Of a real signal the upper half mirrors the lower one; at 0 and in the middle nothing is imaginary.
      const low = Math.min(f, n - f);
      const c = real(low);
      const d = low === 0 || 2 * low === n ? 0 : imaginary(low) * (f === low ? 1 : -1);
      return [a * c - b * d, a * d + b * c] as const;
    });
    return range(n).map(
      (t) =>
        total(
          transformed.map(
            ([a, b], f) => a * Math.cos((2 * Math.PI * f * t) / n) - b * Math.sin((2 * Math.PI * f * t) / n),
          ),
        ) / n,
    );
  };
  const weights = (params: Readonly<Record<string, readonly number[]>>, name: string, w: number) => (f: number) =>
    params[`f.${name}`]![f * W + w]!;

  test.each([N, N - 1])('in a circle of %i it is transform, product, transform back', (n) => {
    const own = batchOf(n);
    const short = typed<'batch' | 'seq' | 'width'>(build.input('x', [own.batch, own.seq, width], 'f32'));
    const y = frequencyFilter('f', short, { seq: own.seq, key: like('key', own.seq), width, form: 'circular' });
    const params = someParams([y], { ...sizes, seq: n, key: n });
    const found = run1(y, { ...env, params, inputs: { 'seq.lengths': [n, 0, 3], x: xs.slice(0, 3 * n * W) } });
    [n, 0, 3].forEach((length, b) =>
      range(W).forEach((w) => {
        const signal = range(n).map((t) => (t < length ? xs[(b * n + t) * W + w]! : 0));
        const wanted = filtered(signal, weights(params, 'real', w), weights(params, 'imaginary', w));
        range(length).forEach((t) => expect(found({ batch: b, seq: t, width: w })).toBeCloseTo(wanted[t]!, 9));
      }),
    );
  });
  test('looking back, it is its response to each event, later by as much', () => {
    const y = frequencyFilter('f', x, { seq, key, width, form: 'causal' });
    const given = withParams(y);
    const impulse = range(N).map((t) => (t === 0 ? 1 : 0));
    const responses = range(W).map((w) =>
      filtered(impulse, weights(given.params, 'real', w), weights(given.params, 'imaginary', w)),
    );
    everywhere(y, given, (b, t, w) => total(range(t + 1).map((s) => responses[w]![t - s]! * at(b, s, w))));
  });
});

test('a gated map is its formula', () => {
  const y = gatedMlp('g', { width, hidden: 4, seq, key })(x);
  const given = withParams(y);
  const p = (name: string) => given.params[`g.${name}`]!;
  const half = (name: string, b: number, t: number): readonly number[] =>
    range(4).map((h) =>
      geluOf(p(`${name}.bias`)[h]! + total(range(W).map((w) => at(b, t, w) * p(`${name}.weight`)[h * W + w]!))),
    );
  const norm = (v: readonly number[]): readonly number[] => {
    const mean = total(v) / v.length;
    const deviation = Math.sqrt(total(v.map((z) => (z - mean) ** 2)) / v.length + 1e-6);
    return v.map((z, h) => ((z - mean) / deviation) * p('norm.gain')[h]! + p('norm.bias')[h]!);
  };
  everywhere(y, given, (b, t, w) => {
    const u = half('u', b, t);
    const past = range(t + 1).map((k) => norm(half('v', b, k)));
    return (
      p('out.bias')[w]! +
      total(
        u.map((z, h) => {
          // Axes are stored by name: key before seq, hidden before width.
          const gate = p('offset')[t]! + total(past.map((v, k) => p('positions')[k * N + t]! * v[h]!));
          return z * gate * p('out.weight')[h * W + w]!;
        }),
      )
    );
  });
});

describe('mixture of experts', () => {
  test('the largest, of equal ones the first', () => {
    const expert = axis('expert', 4);
    const v = typed<'expert'>(build.input('v', [expert], 'f32'));
    const chosen = (values: readonly number[], count: number) => {
      const found = run1(largest(v, expert, count), { ...env, inputs: { v: values } });
      return range(4).filter((e) => found({ expert: e }) === 1);
    };
    expect(chosen([1, 3, 2, 3], 1)).toEqual([1]);
    expect(chosen([1, 3, 2, 3], 3)).toEqual([1, 2, 3]);
    expect(chosen([0, 0, 0, 0], 2)).toEqual([0, 1]);
    expect(() => largest(v, expert, 5)).toThrow("of 4 positions along 'expert' the 5 largest are asked for");
  });
  test.each([1, 2, 3])('goes through %i of its experts', (chosen) => {
    const y: State = mixtureOfExperts('m', width, { experts: 3, chosen, hidden: 4, activation: gelu })(x);
    const given = withParams(y);
    const p = (name: string) => given.params[`m.${name}`]!;
    everywhere(y, given, (b, t, w) => {
      const scores = range(3).map((e) => total(range(W).map((i) => at(b, t, i) * p('gate.weight')[e * W + i]!)));
      const best = [...range(3)].sort((a, c) => scores[c]! - scores[a]!).slice(0, chosen);
      const sum = total(best.map((e) => Math.exp(scores[e]!)));
      return total(
        best.map((e) => {
          const hidden = range(4).map((h) =>
            geluOf(
              p('up.bias')[e * 4 + h]! + total(range(W).map((i) => at(b, t, i) * p('up.weight')[(e * 4 + h) * W + i]!)),
            ),
          );
          const out = p('bias')[e * W + w]! + total(hidden.map((z, h) => z * p('down.weight')[(e * 4 + h) * W + w]!));
          return (Math.exp(scores[e]!) / sum) * out;
        }),
      );
    });
  });
});

describe('pooling', () => {
  const pools = {
    sum: total,
    mean: (v: readonly number[]) => (v.length === 0 ? 0 : total(v) / v.length),
    max: (v: readonly number[]) => (v.length === 0 ? 0 : Math.max(...v)),
  } as const;
  const kinds = ['sum', 'mean', 'max'] as const;
  test.each(kinds)('of segments by number: %s', (by) => {
    const segment = axis('segment', 3);
    const found = run1(segmentPool(x, items, seq, segment, by), env);
    range(3).forEach((b) =>
      range(3).forEach((s) =>
        range(W).forEach((w) => {
          const own = range(lengths[b]!).filter((t) => ids[b * N + t] === s);
          expect(found({ batch: b, segment: s, width: w })).toBeCloseTo(pools[by](own.map((t) => at(b, t, w))), 12);
        }),
      ),
    );
  });
  test.each(kinds)('of what came so far: %s', (by) =>
    everywhere(runningPool(x, eq(items, 0), seq, by), withParams(x), (b, t, w) => {
      const start = Math.max(
        0,
        range(t + 1).findLastIndex((s) => ids[b * N + s] === 0),
      );
      return pools[by](
        range(t + 1)
          .slice(start)
          .map((s) => at(b, s, w)),
      );
    }),
  );
});

type Part = (x: State, context: RecommenderContext) => State;
const back = 'prediction at t reads positions <= t of items; rows independent';
const segments = axis('segment', 3);
/** Each as the block of a model: what it is certified to read, and whether all of a row may be trained. */
const parts: Readonly<Record<string, readonly [part: Part, certificate: string, at?: 'all' | 'last']>> = {
  'dilated convolution': [
    (s, { batch: b }) => dilatedConvolution('c', s, b.seq, [widthOf(s), widthOf(s)], { taps: 3, dilation: 2 }),
    'prediction at t reads positions t - 4 to t of items; rows independent',
  ],
  'filter that looks back': [(s, { batch: b }) => frequencyFilter('f', s, along(s, b.seq, 'causal')), back],
  'filter in a circle': [
    (s, { batch: b }) => frequencyFilter('f', s, along(s, b.seq, 'circular')),
    'one prediction a row, which may read all of its positions; rows independent',
    'last',
  ],
  'gated map': [
    (s, { batch: b }) => gatedMlp('g', { width: widthOf(s), hidden: 5, seq: b.seq, key: like('key', b.seq) })(s),
    back,
  ],
  'mixture of experts': [
    (s) => mixtureOfExperts('m', widthOf(s), { experts: 4, chosen: 2, hidden: 3, activation: gelu })(s),
    'prediction at t reads position t of items; rows independent',
  ],
  'mean so far': [
    (s, { batch: b }) => runningPool(linear('l', s, widthOf(s), widthOf(s)), eq(b.items, 0), b.seq, 'mean'),
    back,
  ],
  'maximum so far': [
    (s, { batch: b }) => runningPool(linear('l', s, widthOf(s), widthOf(s)), eq(b.items, 0), b.seq, 'max'),
    back,
  ],
  'maximum of segments': [
    (s, { batch: b }) => gather(segmentPool(s, b.items, b.seq, segments, 'max'), b.items, segments),
    'one prediction a row, which may read all of its positions; rows independent',
    'last',
  ],
  'mean of segments': [
    (s, { batch: b }) => gather(segmentPool(s, b.items, b.seq, segments, 'mean'), b.items, segments),
    'one prediction a row, which may read all of its positions; rows independent',
    'last',
  ],
};
const widthOf = (s: State) => build.axisOf(s, 'width') as typeof width;
const along = (s: State, own: typeof seq, form: 'causal' | 'circular') => ({
  seq: own,
  key: like('key', own),
  width: widthOf(s),
  form,
});
const around = (part: Part, place: 'all' | 'last') =>
  model({
    name: 'around',
    hyper: recommenderHypers,
    optimizer: recommenderOptimizer,
    build: (context) => {
      const { input, ...table } = sequenceInput(context, { positions: false });
      return nextItem(context, table, part(input, context), place);
    },
  });

describe.each(Object.entries(parts))('%s', (name, [part, certificate, place = 'all']) => {
  test('has its certificate', () => expect(certificateOf(around(part, place))).toBe(certificate));
  test('may not be trained at all positions where it reads what follows', () =>
    expect(certificateOf(around(part, 'all')).startsWith('refused')).toBe(place === 'last'));
  test('has the derivatives of central differences', () => {
    const state = param('state', [seq, width], zeros);
    const whole = typed<'batch' | 'seq' | 'width'>(build.broadcast(state, [batch]));
    const root = part(whole, { batch: batchOf(N) } as RecommenderContext);
    const params = someParams([root], {
      ...sizes,
      ...(name === 'mixture of experts' ? { hidden: 3, expert: 4 } : { hidden: 5 }),
    });
    expectDerivatives(root, { ...env, params });
  });
  test('is on every target what it means', async () =>
    expect(await disagreements(around(part, place), {}, [0])).toEqual([]));
});
