/** SASRec, LLaMa, BERT4Rec, NextItNet and FMLP-Rec: figures worked out elsewhere, what they may read, and that every preset compiles. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Batch,
  type HyperValue,
  type Model,
  type Outputs,
  type Phase,
  type State,
  axis,
  batchOf,
  expand,
  param,
  sequenceInput,
  uniform,
  uniformIndices,
  zeros,
} from 'pcrec';
import bert4rec, { bert4recBlock } from 'pcrec/models/bert4rec';
import fmlp from 'pcrec/models/fmlp';
import llama, { llamaBlock } from 'pcrec/models/llama';
import nextitnet from 'pcrec/models/nextitnet';
import sasrec, { sasrecBlock } from 'pcrec/models/sasrec';
import { compile } from '../../compiler/compile.js';
import { topological } from '../../compiler/graph.js';
import { bound } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import { expanded, run, run1 } from '../dsl/evaluate.js';
import { traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';

const N = 4;
const ITEMS = 7;
const lengths = [4, 2];
const batch = batchOf(N);
const inputs = {
  'seq.lengths': lengths,
  items: [1, 5, 2, 6, 3, 3, 0, 0],
  targets: [5, 2, 6, 0, 3, 4, 0, 0],
  target: [0, 4],
};
const hyper = {
  width: 8,
  heads: 2,
  blocks: 2,
  length: N,
  dropout: 0,
  negatives: 3,
  temperature: 0.5,
  draws: 'batch' as const,
  loss: 'sampledSoftmax' as const,
  against: 'uniform' as const,
  logQ: false,
  calibration: 0.75,
  rate: 1e-3,
  similarity: 'cosine' as const,
  components: 2,
  warmUp: 0,
  decaySteps: 0,
  weightDecay: 0,
  mask: 0.55,
  lastOnly: 0.3,
  taps: 2,
  cycle: 2,
  filter: 'causal' as const,
};
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

const build = (
  { build: f }: { readonly build: unknown },
  phase: Phase,
  over: Readonly<Record<string, HyperValue>> = {},
): Outputs =>
  (
    f as (context: {
      readonly hyper: Readonly<Record<string, HyperValue>>;
      readonly batch: Batch;
      readonly phase: Phase;
    }) => Outputs
  )({ hyper: { ...hyper, ...over }, batch, phase });

/** A weight of `path` at a place in memory order (axes sorted by name): ((7 place + codes) mod 13 - 6) / 10, codes the sum of the path's characters. */
const weight = (path: string, place: number): number =>
  (((7 * place + [...path].reduce((sum, c) => sum + c.charCodeAt(0), 0)) % 13) - 6) / 10;
const sizeOf = (node: Node): number =>
  node.axes.reduce((n, a) => n * (a.name === 'item' ? ITEMS : Number(bound(a))), 1);
const environment = (roots: readonly Node[]) => ({
  sizes: { batch: 2, items: ITEMS },
  inputs,
  random: { seed: 1, step: 1 },
  params: Object.fromEntries(
    topological(expanded(roots)).flatMap((n) =>
      n.op === 'param' ? [[n.path, range(sizeOf(n)).map((i) => weight(n.path, i))]] : [],
    ),
  ),
});

/**
 * Provenance: a program of plain Python floats, written from the papers' equations and kept out of this project, was given
 * the weights and inputs above, the negatives 0, 3, 2, and for BERT4Rec the items to hide.
 */
const figures = {
  sasrec: {
    loss: 1.466749488553214,
    scores: [
      [-0.0653954295, -0.4606245822, 0.2392085146, 0.4963244789, -0.6674981359, 0.2048384148, 0.8319381743],
      [-0.0695001263, -0.4582269476, 0.2398705901, 0.4771217112, -0.6661352849, 0.209899964, 0.8360982956],
    ],
  },
  llama: {
    loss: 1.1028219871412215,
    scores: [
      [-0.4124215537, -0.1315150915, 0.0888846604, -0.0186680473, -0.3415707973, 0.2170544771, 0.7288587504],
      [0.4252523405, -0.1510192293, -0.1578023168, 0.5495320281, -0.0408386001, 0.0225363645, -0.5184382257],
    ],
  },
  bert4rec: {
    loss: 0.8141058698006178,
    scores: [
      [-0.0074550207, 0.6385555437, -0.5769102539, -0.0632794713, 0.7464779201, -0.2969464953, -0.8409619807],
      [-0.0200756006, 0.6346678162, -0.5702482479, -0.0717059915, 0.7432447452, -0.2937477568, -0.8367815652],
    ],
  },
  nextitnet: {
    loss: 1.3960242772534757,
    scores: [
      [-0.0710949624, -0.1896954943, 0.3395410184, 0.3057233147, -0.3652271139, -0.1734555452, 0.8652815698],
      [0.4094260801, 0.0288080743, -0.1210697019, 0.8672858824, -0.0825892259, -0.374599994, 0.2294997586],
    ],
  },
  fmlp: {
    loss: 1.2966624619840996,
    scores: [
      [-0.0359657762, 0.9012543523, -0.5928060642, -0.1818764633, 0.8170299108, -0.5135407181, -0.2280113023],
      [0.1014051407, 0.8808551165, -0.7818350781, -0.1086086607, 0.7397086987, -0.5517952819, -0.2418885822],
    ],
  },
  // By a complex transform, products, and the transform back.
  'fmlp in circles': {
    loss: 0.5702358803845389,
    scores: [
      [-0.0351102682, 0.8999744245, -0.5902044999, -0.1834004598, 0.8168315862, -0.5105343869, -0.2289269964],
      [0.1007976266, 0.8811211775, -0.7810153903, -0.1090316598, 0.7401056761, -0.5521093421, -0.2414468779],
    ],
  },
} as const;

test.each([
  ['sasrec', sasrec, {}],
  ['llama', llama, {}],
  ['bert4rec', bert4rec, {}],
  ['nextitnet', nextitnet, {}],
  ['fmlp', fmlp, {}],
  ['fmlp in circles', fmlp, { filter: 'circular' }],
] as const)('%s gives the figures worked out elsewhere', (name, model, over) => {
  const { scores } = build(model, 'inference', over);
  const found = run1(scores, environment([scores]));
  figures[name].scores.forEach((row, b) =>
    row.forEach((score, i) => expect(found({ batch: b, item: i })).toBeCloseTo(score, 9)),
  );
  const { loss } = build(model, 'training', over);
  expect(run1(loss, environment([loss]))()).toBeCloseTo(figures[name].loss, 12);
});

test('the draws are those that the figures were given', () => {
  const env = environment([]);
  const [negatives, alone, history, end] = run(
    [
      uniformIndices('negatives', batch.item, [axis('negative', 3)]),
      uniform('mask.alone', [batch.batch]),
      uniform('mask.history', [batch.batch, batch.seq]),
      uniform('mask.end', [batch.batch]),
    ],
    env,
  );
  expect(range(3).map((i) => negatives!({ negative: i }))).toEqual([0, 3, 2]);
  // The first row hides its positions 0 and 1 and the end, the second, by its own draw, the end alone.
  expect(range(2).map((b) => alone!({ batch: b }) < hyper.lastOnly)).toEqual([false, true]);
  expect(range(N).map((t) => history!({ batch: 0, seq: t }) < hyper.mask)).toEqual([true, true, false, false]);
  expect(end!({ batch: 0 }) < hyper.mask).toBe(true);
});

describe('bert4rec', () => {
  test('a row without a history adds nothing to the loss', () => {
    const { loss } = build(bert4rec, 'training');
    const env = environment([loss]);
    expect(run1(loss, { ...env, inputs: { ...inputs, 'seq.lengths': [4, 0] } })()).toBeCloseTo(0.9535552865993079, 12); // row 0 alone, from the same program
  });
  test('ranking reads neither masks nor dropout nor the answer', () => {
    const leaves = topological(expanded([build(bert4rec, 'inference').scores])).flatMap((n) =>
      n.op === 'uniform' ? [n.key] : n.op === 'input' ? [n.name] : [],
    );
    expect(leaves).toEqual(['items']);
  });
  test('the first position reads the last, and the end reads every one', () => {
    const { width, input } = sequenceInput({ hyper, batch, phase: 'inference' });
    const end = expand(param('embedding.mask', width, zeros), batch.batch);
    const tokens = bert4recBlock('block.0', { hyper, batch, phase: 'inference' }, width)({ history: input, end });
    const roots = [tokens.history, tokens.end];
    const read = (items: readonly number[]) => run(roots, { ...environment(roots), inputs: { ...inputs, items } });
    const before = read(inputs.items);
    range(N).forEach((t) => {
      const after = read(inputs.items.map((item, i) => (i === t ? (item + 1) % ITEMS : item)));
      expect(after[0]!({ batch: 0, seq: (t + 1) % N, width: 0 })).not.toBe(
        before[0]!({ batch: 0, seq: (t + 1) % N, width: 0 }),
      );
      expect(after[1]!({ batch: 0, width: 0 })).not.toBe(before[1]!({ batch: 0, width: 0 }));
      expect(after[1]!({ batch: 1, width: 0 })).toBe(before[1]!({ batch: 1, width: 0 }));
    });
  });
});

describe.each([
  ['sasrec', sasrecBlock, true],
  ['llama', llamaBlock, false],
] as const)('%s', (_, block, positions) => {
  const context = { hyper, batch, phase: 'inference' } as const;
  const { width, input } = sequenceInput(context, { positions });
  const state: State = [0, 1].reduce((x, l) => block(`block.${l}`, context, width)(x), input);
  const env = environment([state]);
  const states = (items: readonly number[]) => run1(state, { ...env, inputs: { ...inputs, items } });
  const ids = fc.array(fc.nat(ITEMS - 1), { minLength: 2 * N, maxLength: 2 * N });

  test('a state is the same whatever follows it', () => {
    fc.assert(
      fc.property(ids, ids, fc.integer({ min: 0, max: N - 1 }), (items, others, t) => {
        const [a, b] = [states(items), states(items.map((item, i) => (i % N > t ? others[i]! : item)))];
        range(t + 1).forEach((s) =>
          range(8).forEach((w) => expect(b({ batch: 0, seq: s, width: w })).toBe(a({ batch: 0, seq: s, width: w }))),
        );
      }),
      { numRuns: 30 },
    );
  });
  test('a state reads every position up to its own', () => {
    const before = states(inputs.items);
    range(N).forEach((t) => {
      const after = states(inputs.items.map((item, i) => (i === t ? (item + 1) % ITEMS : item)));
      range(N).forEach((s) =>
        expect(after({ batch: 0, seq: s, width: 1 }) === before({ batch: 0, seq: s, width: 1 })).toBe(s < t),
      );
    });
  });
});

test('heads that do not divide the width, or leave an odd number of channels to turn, are refused in words', () => {
  const small = (model: Model, over: Readonly<Record<string, HyperValue>>) => () =>
    traced(model, { heads: 2, ...over });
  expect(small(sasrec, { width: 5 })).toThrow('the width 5 is not a multiple of 2 heads');
  expect(small(llama, { width: 6 })).toThrow('the width 6 does not give each of 2 heads an even number of channels');
});

const compiled = (model: unknown, over: Readonly<Record<string, HyperValue>> = {}) =>
  rightOf(compile(traced(model as Model, { width: 12, ...over }))).report;

test.each([
  ['sasrec', sasrec, 'prediction at t reads positions <= t of items; rows independent'],
  ['llama', llama, 'prediction at t reads positions <= t of items; rows independent'],
  ['bert4rec', bert4rec, 'rows independent'],
] as const)('%s compiles, with its certificate', (_, model, certificate) => {
  expect(compiled(model).certificate).toContain(certificate);
});

test('the kernels of bert4rec, whose tokens meet in every block, grow in proportion to its blocks', () => {
  const [two, four, six] = [2, 4, 6].map((blocks) => compiled(bert4rec, { blocks }).kernels.after);
  expect(six! - four!).toBeLessThan(1.2 * (four! - two!));
});
