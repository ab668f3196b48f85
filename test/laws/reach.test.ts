/** A prefix's energy is that of a sequence which ends there, however the energy looks about. */
import { describe, expect, test } from 'vitest';
import {
  add,
  axis,
  causal,
  descend,
  dot,
  expand,
  extent,
  gather,
  index,
  like,
  max,
  mean,
  mul,
  normal,
  param,
  prefix,
  ragged,
  rename,
  scalar,
  scan,
  shift,
  square,
  sub,
  sum,
  toF32,
  whole,
  where,
  type Tensor,
} from 'pcrec';
import { expectClose } from '../support/numbers.js';
import { meaning } from '../support/programs.js';

const N = 5;
const W = 2;
const batch = axis('batch', 'batch');
const seq = ragged('seq', batch, N);
const key = like('key', seq);
const width = axis('width', W);
const start = param('start', [batch, seq, width], normal(1));
const theta = param('theta', [seq, key], normal(1));
type State = Tensor<'batch' | 'seq' | 'width'>;
const none = expand(scalar(0), batch, width);
const first = expand(scalar(0.7), batch, width);
const total = (x: State): Tensor<'batch'> => sum(x, [seq, width]);

const energies: Readonly<Record<string, (x: State) => Tensor<'batch'>>> = {
  'the position after': (x) => total(square(sub(x, shift(x, seq, -1)))),
  'the position before': (x) => total(square(sub(x, shift(x, seq, 1)))),
  'two positions ahead, twice': (x) => total(square(shift(mul(x, shift(x, seq, -1)), seq, -1))),
  'the mean': (x) => total(square(sub(x, mean(x, seq)))),
  'the largest': (x) => total(square(sub(x, max(x, seq)))),
  'a running sum of what was': (x) => total(square(scan(seq, none, (before) => add(mul(before, 0.5), x)))),
  'a running sum of what is to come': (x) =>
    total(square(scan(seq, none, (after) => add(mul(after, 0.5), x), { reverse: true }))),
  'a running sum of what is to come, from a start': (x) =>
    total(square(scan(seq, first, (after) => add(mul(after, 0.5), x), { reverse: true }))),
  'the last position': (x) => sum(square(gather(x, sub(extent(seq, batch), 1), seq)), width),
  'all pairs': (x) => total(square(sub(x, dot(theta, rename(x, seq, key), key)))),
  'pairs in order': (x) => total(square(sub(x, dot(where(causal(seq, key), theta, 0), rename(x, seq, key), key)))),
  'where it stands': (x) => total(mul(square(x), toF32(add(index(seq), 1)))),
};

const LENGTHS = [5, 3];
const noise = (n: number, phase: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(2.3 * i + phase));
const values = (
  energy: (x: State) => Tensor<'batch'>,
  horizon: 'prefix' | 'whole',
  lengths: readonly number[],
): Float64Array => {
  const {
    states: [s],
  } = descend(([x]) => energy(x), {
    wrt: [start],
    rate: 0.1,
    steps: 1,
    horizon: horizon === 'prefix' ? prefix(seq) : whole,
  });
  const env = {
    sizes: { batch: 2 },
    inputs: { 'seq.lengths': lengths },
    params: { start: noise(2 * N * W, 1), theta: noise(N * N, 2) },
  };
  return meaning([s], env)[0]!.data;
};

describe('an energy that looks at', () => {
  test.each(Object.entries(energies))('%s', (_, energy) => {
    const all = values(energy, 'prefix', LENGTHS);
    for (let t = 0; t < N; t++) {
      const cut = values(
        energy,
        'whole',
        LENGTHS.map((n) => Math.min(n, t + 1)),
      );
      const at = (data: Float64Array): readonly number[] =>
        LENGTHS.flatMap((n, b) => (t < n ? Array.from(data.slice((b * N + t) * W, (b * N + t + 1) * W)) : []));
      expect(at(all).length).toBe(t < 3 ? 2 * W : W);
      expectClose(at(all), at(cut), 1e-10);
    }
  });
});
