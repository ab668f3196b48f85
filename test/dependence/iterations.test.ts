/** What descent and fixed points read: prefixes are honest whatever the energy, the whole is not, nor is a stop by residual. */
import { describe, expect, it } from 'vitest';
import {
  type State,
  type Tensor,
  add,
  anderson,
  axis,
  batchOf,
  causal,
  count,
  descend,
  div,
  dot,
  embed,
  fixedPoint,
  gradient,
  itemLoss,
  last,
  like,
  mean,
  normal,
  param,
  picard,
  prefix,
  rename,
  shift,
  square,
  sub,
  sum,
  tanh,
  where,
  whole,
  expand,
} from 'pcrec';
import type { Node } from '../../dsl/node.js';
import { certify } from '../../compiler/dependence/certificate.js';
import { expanded } from '../support/programs.js';

const batch = batchOf(5);
const { batch: rows, seq, item } = batch;
const key = like('key', seq);
const width = axis('width', 3);
const items = param('items', [item, width], normal(1));
const input = embed(items, batch.items);
const theta = param('theta', [seq, key], normal(1));

/** The offsets up to which the loss of each position reads items, and how many leaks there are. */
const judged = (state: State) => {
  const losses = itemLoss(
    {
      hyper: {
        loss: 'sampledSoftmax',
        against: 'uniform',
        logQ: false,
        negatives: 4,
        similarity: 'cosine',
        temperature: 1,
        draws: 'batch',
      } as never,
      batch,
      phase: 'training',
    },
    { width, items },
    state,
    batch.targets,
  );
  const [loss] = expanded([mean(losses, [rows, seq]) as Node]);
  const { certificate, leaks } = certify(loss!);
  return {
    most: certificate.reads.find((r) => r.input === 'items')?.offsets.most,
    leaks: leaks.length,
    mixed: certificate.mixed,
  };
};
const honest = { most: 0, leaks: 0, mixed: [] };
const leaks = { most: Infinity, leaks: 1, mixed: [] };

type Energy = (s: State) => Tensor<'batch'>;
const mixed = (s: State) => dot(theta, rename(tanh(s), seq, key), key);
const squares = (s: State): Tensor<'batch'> => sum(square(s), [seq, width]);
const energies: readonly (readonly [string, Energy])[] = [
  ['one layer predicts another', (s) => squares(sub(input, mixed(s)))],
  ['neighbours are alike', (s) => squares(sub(s, shift(s, seq, 1)))],
  ['it looks ahead', (s) => squares(sub(s, shift(s, seq, -1)))],
  ['it is a mean', (s) => div(squares(mixed(s)), count(sum(s, width), seq))],
  ['all are like the last', (s) => squares(sub(s, expand(last(s, seq, rows), seq)))],
];
const descended = (energy: Energy, steps: number, horizon: typeof whole, rate: number | State = 0.1): State =>
  descend(([s]) => energy(s), { wrt: [input], rate, steps, horizon }).states[0];

describe('descend', () => {
  describe.each([1, 3])('%i steps', (steps) => {
    it.each(energies)('where %s: each prefix is honest, the whole is not', (_, energy) => {
      expect(judged(descended(energy, steps, prefix(seq)))).toEqual(honest);
      expect(judged(descended(energy, steps, whole)).leaks).toBe(1);
    });
  });
  it('a rate that reads the whole sequence leaks as well', () => {
    const rate = expand(mean(input, seq), seq);
    expect(judged(descended(energies[0]![1], 1, prefix(seq), rate))).toEqual(leaks);
  });
  it('a gradient in the model is looked at like all else', () => {
    expect(judged(sub(input, gradient(squares(sub(input, mixed(input))), input)))).toEqual(leaks);
  });
});

describe('fixedPoint', () => {
  const step = (x: State): State => tanh(add(input, dot(where(causal(seq, key), theta, 0), rename(x, seq, key), key)));
  it('a fixed number of causal steps is causal; a stop by residual looks at the whole row', () => {
    expect(judged(fixedPoint(input, step, { solver: picard(), stop: { fixed: 3 } }).value)).toEqual(honest);
    expect(
      judged(
        fixedPoint(input, step, { solver: picard(), stop: { per: 'row', atol: 1e-3, rtol: 0, maxSteps: 3 } }).value,
      ),
    ).toEqual(leaks);
    expect(judged(fixedPoint(input, step, { solver: anderson(), stop: { fixed: 3 } }).value)).toEqual(leaks);
  });
});
