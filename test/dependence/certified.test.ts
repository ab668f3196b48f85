/** Models whose predictions see nothing that follows them: the proof is not vacuous, and it holds in numbers. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../dsl/model.js';
import type { Node } from '../../dsl/node.js';
import { certificateText } from '../../compiler/dependence/wording.js';
import { topological } from '../../compiler/graph.js';
import { certify } from '../../compiler/passes/certify.js';
import { diagonalise } from '../../compiler/passes/diagonal.js';
import { expand } from '../../compiler/passes/expand.js';
import { runPasses } from '../../compiler/pipeline.js';
import type { Program } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { stream } from '../generators/axes.js';
import { environment, programs } from '../support/models.js';
import { runPass } from '../support/programs.js';
import { examples, models as packageModels } from '../support/zoo.js';

type Settings = Parameters<typeof programs>[1];

const models: ReadonlyMap<string, Model> = new Map([...packageModels, ...examples].map((m) => [m.name, m]));
const model = (name: string): Model => models.get(name)!;

const certified = (name: string, settings: Settings, entry: 0 | 2 = 0): Program => {
  const passed = runPasses([expand, diagonalise, certify], programs(model(name), settings)[entry]!);
  if (isLeft(passed)) return expect.fail(passed.left[0].message);
  return passed.right;
};

/** What a model needs to be so small. */
const small: Readonly<Record<string, Settings>> = { ttt4rec: { heads: 2 } };

const causal: readonly (readonly [string, Settings, string])[] = [
  ['hstu', {}, 'prediction at t reads positions <= t of items; rows independent'],
  [
    'hstu',
    { heads: 2, times: true },
    'prediction at t reads positions <= t of items, <= t of times.next, <= t of times; rows independent',
  ],
  ['pcrec', {}, 'prediction at t reads positions <= t of items; rows independent'],
  [
    'pcrec',
    { steps: 2, times: true },
    'prediction at t reads positions <= t of items, <= t of times.next, <= t of times; rows independent',
  ],
  ['pcrec', { inference: 'after' }, 'prediction at t reads positions <= t of items; rows independent'],
  [
    'pcrec',
    { inference: 'after', horizon: 'last', steps: 2, adaptation: 0.05 },
    'one prediction a row, which may read all of its positions; rows independent',
  ],
  ['pcrec', { steps: 0 }, 'prediction at t reads positions <= t of items; rows independent'],
  ['pcrec', { horizon: 'last' }, 'one prediction a row, which may read all of its positions; rows independent'],
  [
    'pcrec',
    { horizon: 'last', steps: 2, adaptation: 0.05 },
    'one prediction a row, which may read all of its positions; rows independent',
  ],
  ['sasrec', {}, 'prediction at t reads positions <= t of items; rows independent'],
  ['llama', {}, 'prediction at t reads positions <= t of items; rows independent'],
  ['gru4rec', { hidden: 3, blocks: 2 }, 'prediction at t reads positions <= t of items; rows independent'],
  ['mamba4rec', { states: 3 }, 'prediction at t reads positions <= t of items; rows independent'],
  // In sweeps a state reads 1 + 2 + 4 positions back, all of the six that there are; with the convolution 10 a block.
  [
    'mamba4rec',
    { states: 3, form: 'associative' },
    'prediction at t reads positions t - 20 to t of items; rows independent',
  ],
  ['ttt4rec', { heads: 2, miniBatch: 4 }, 'prediction at t reads positions <= t of items; rows independent'],
  // Two blocks, each of two convolutions of three taps: twice the dilations 1 and 2, then 4 and 8.
  ['nextitnet', {}, 'prediction at t reads positions t - 30 to t of items; rows independent'],
  ['fmlp', {}, 'prediction at t reads positions <= t of items; rows independent'],
  ['fmlp', { filter: 'circular' }, 'one prediction a row, which may read all of its positions; rows independent'],
  [
    'unisrec',
    {},
    "prediction at t reads positions <= t of items; rows independent; that the table of items told text beforehand is the author's word",
  ],
  ['swiglu', {}, 'prediction at t reads positions <= t of items; rows independent'],
  ['bert4rec', {}, 'one prediction a row, which may read all of its positions; rows independent'],
];

describe('every model of this repository is certified', () => {
  it.each([...models.keys()])('%s trains, and its rows are independent when it ranks', (name) => {
    expect(certified(name, small[name]).certificate).toMatchObject({ mixed: [] });
    expect(certified(name, small[name], 2).certificate).toMatchObject({ mixed: [] });
  });

  it.each(causal)('%s %j', (name, settings, text) => {
    expect(certificateText(certified(name, settings).certificate!)).toBe(text);
  });
});

/** The loss of each position, before its mean. */
const losses = (loss: Node): Node => topological([loss]).findLast((n) => n.axes.some((a) => a.name === 'seq'))!;

describe('a random suffix leaves the losses before it as they were', () => {
  it.each(causal.filter(([, , text]) => text.startsWith('prediction')))('%s %j', (name, settings) => {
    const program = runPass(expand, programs(model(name), { ...settings, length: 6 })[0]!);
    const env = environment([program]);
    const [rows, length] = [env.sizes['batch']!, 6];
    const term = losses(program.outputs['loss']!);
    expect(term.axes.map((a) => a.name)).toEqual(['batch', 'seq']);
    const values = (given: Environment) => evaluate([term], given)[0]!.data;
    const before = values(env);
    const next = stream(5);
    for (let t = 0; t < length; t++) {
      const inputs = Object.fromEntries(
        Object.entries(env.inputs ?? {}).map(([input, data]) => [
          input,
          data.length !== rows * length
            ? data
            : Array.from(data, (v, i) =>
                i % length > t ? Math.floor(next() * (input.startsWith('times') ? 90_000 : 11)) : v,
              ),
        ]),
      );
      const after = values({ ...env, inputs });
      for (let row = 0; row < rows; row++)
        for (let s = 0; s <= t; s++) expect(after[row * length + s]).toBe(before[row * length + s]);
      // The suffix is read where it may be.
      if (t === 2) expect(after[5]).not.toBe(before[5]);
    }
  });
});
