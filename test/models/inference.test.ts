/** Forward inference for any stack: with PCRec's energy on HSTU it is PCRec, with no steps it is the stack. */
import { describe, expect, test } from 'vitest';
import {
  type HyperValue,
  type Model,
  type StackHypers,
  type StackedModel,
  recommenderHypers,
  withInference,
} from 'pcrec';
import gru4rec from 'pcrec/models/gru4rec';
import hstu from 'pcrec/models/hstu';
import llama from 'pcrec/models/llama';
import pcrec, { layeredPredictionError } from 'pcrec/models/pcrec';
import sasrec from 'pcrec/models/sasrec';
import { compile, programsOf } from '../../compiler/compile.js';
import { topological } from '../../compiler/graph.js';
import { expand } from '../../compiler/passes/expand.js';
import { differentiate } from '../../compiler/passes/differentiate.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { runLowered } from '../support/lowered.js';
import { environment, traced } from '../support/models.js';
import { expectClose } from '../support/numbers.js';
import { rightOf, runPass } from '../support/programs.js';

type Over = Readonly<Record<string, HyperValue>>;
const ofHstu = withInference(hstu, layeredPredictionError);

type Results = Readonly<Record<string, readonly number[]>>;
const valuesOf = (p: Program): Results => {
  const values = evaluate(rootsOf(p), environment([p]));
  return Object.fromEntries(
    [...Object.keys(p.outputs), ...Object.keys(p.updates)].map((name, i) => [name, [...values[i]!.data]]),
  );
};
/** The loss and the scores, by the reference. */
const predictions = (model: Model, over: Over): Results => {
  const [train, , score] = programsOf(traced(model, over));
  return { ...valuesOf(runPass(expand, train!)), ...valuesOf(runPass(expand, score!)) };
};
/** And what a training step makes of every parameter. */
const results = (model: Model, over: Over): Results => ({
  ...predictions(model, over),
  ...valuesOf(runPass(differentiate, runPass(expand, programsOf(traced(model, over))[0]!))),
});
const parametersOf = (model: Model, over: Over): readonly string[] =>
  [
    ...new Set(
      programsOf(traced(model, over))
        .flatMap((p) => topological(rootsOf(p)))
        .flatMap((n) => (n.op === 'param' ? [n.path] : [])),
    ),
  ].sort();

describe('withInference(hstu, layeredPredictionError) is PCRec', () => {
  const cases: readonly Over[] = [
    {},
    { steps: 2, activation: 'tanh' },
    { steps: 0 },
    { inference: 'after' },
    { inference: 'after', steps: 2 },
    { horizon: 'last' },
    { horizon: 'last', steps: 2, adaptation: 0.05 },
    { heads: 2, times: true },
  ];
  test.each(cases)('%o', (over) => {
    expect(parametersOf(ofHstu, over)).toEqual(parametersOf(pcrec, over));
    expect(results(ofHstu, over)).toEqual(results(pcrec, over));
  });
  test('with its hyperparameters', () => {
    expect(ofHstu.hyper).toEqual(pcrec.hyper);
  });
});

const stacks: readonly (readonly [string, StackedModel<StackHypers>, Over])[] = [
  ['sasrec', sasrec, {}],
  ['llama', llama, {}],
  ['gru4rec', gru4rec, { hidden: 3, blocks: 1 }],
];
describe.each(stacks)('withInference(%s, layeredPredictionError)', (name, stack, over) => {
  const model = withInference(stack, layeredPredictionError);

  test('without steps is the stack, to the last bit', () => {
    expect(predictions(model, { ...over, steps: 0 })).toEqual(predictions(stack, over));
    expect(predictions(model, { ...over, steps: 0 })['scores']!.some((x) => x !== 0)).toBe(true);
  });
  // The reference works a recurrence out sweep by sweep: its second derivative takes minutes.
  test.skipIf(name === 'gru4rec')('a training step moves theta and gamma, is certified, and runs as loops', () => {
    const inferring = results(model, { steps: 2 });
    expect(inferring['scores']).not.toEqual(predictions(model, { ...over, steps: 0 })['scores']);
    const [train] = programsOf(traced(model, { steps: 2 }));
    const finished = pipeline.reduce((p, pass) => runPass(pass, p), train!);
    expect(Object.keys(finished.updates)).toEqual(expect.arrayContaining(['theta.1', 'theta.2', 'gamma.2.weight']));
    expect(finished.certificate?.reads).toEqual([{ input: 'items', offsets: { least: -Infinity, most: 0 } }]);
    const env = environment([train!, finished]);
    const loops = runLowered(finished, env);
    for (const path of ['loss', 'theta.1', 'theta.2', 'gamma.2.weight'])
      expectClose(loops[path]!, Float64Array.from(inferring[path]!), 1e-9, `${name}: ${path}`);
    // Theta did move: a step that read no theta would leave it where it was.
    expect(loops['theta.1.m']!.some((x) => x !== 0)).toBe(true);
  });
  test('says in the report that predictions read the past alone', () => {
    expect(rightOf(compile(traced(model, over))).report.certificate).toContain('positions <= t of items');
  });
});

test('a hyperparameter that is there already is not hidden', () => {
  const again = { ...hstu, hyper: { ...hstu.hyper, steps: recommenderHypers.negatives } };
  expect(() => withInference(again, layeredPredictionError)).toThrow(
    "the model 'hstu' has the hyperparameter 'steps' already",
  );
});
test("adaptation asks for what it needs, in PCRec's words", () => {
  expect(() => traced(ofHstu, { adaptation: 0.1 })).toThrow('adaptation needs horizon last and 2 steps');
});
