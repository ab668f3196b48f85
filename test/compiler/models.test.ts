/** Whole models, tiny: what the trainer will run agrees with the reference, and each pass keeps every result. */
import { describe, expect, test } from 'vitest';
import { batchOf, type HyperValue, type Model } from '../../dsl/model.js';
import hstu from '../../models/hstu.js';
import pcrec from '../../models/pcrec.js';
import { check, goneAfter } from '../../compiler/check.js';
import { programsOf } from '../../compiler/compile.js';
import type { Traced } from '../../compiler/frontend/index.js';
import type { Op } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { stream } from '../generators/axes.js';
import { runLowered } from '../support/lowered.js';
import { expectClose } from '../support/numbers.js';
import { rightOf, runPass, sizeOf } from '../support/programs.js';

const ITEMS = 11;
const BATCH = 3;
const LENGTH = 6;
const SEEN = 4;
const tiny = { width: 4, length: LENGTH, blocks: 2, negatives: 5 };

const programs = (model: Model, over: Readonly<Record<string, HyperValue>> = {}): readonly Program[] => {
  const hyper = { ...Object.fromEntries(Object.entries(model.hyper).map(([name, h]) => [name, h.value])), ...tiny, ...over };
  const batch = batchOf(LENGTH);
  const build = (phase: 'training' | 'inference') => model.build({ hyper, batch, phase });
  const traced: Traced = {
    model, hyper, file: 'model.ts', batch, training: build('training'), inference: build('inference'), optimizer: model.optimizer(hyper),
    provenance: new WeakMap(),
  };
  return programsOf(traced);
};

/** One environment for every stage of a program: a value depends on the leaf's name alone. */
const environment = (stages: readonly Program[]): Environment => {
  const lengths = [LENGTH, 1, 3];
  const sizes = { batch: BATCH, items: ITEMS, seen: SEEN };
  const inputs: Record<string, readonly number[]> = { 'seq.lengths': lengths, 'seen.lengths': [2, 0, SEEN], step: [2] };
  const params: Record<string, readonly number[]> = {};
  const env: Environment = { sizes, inputs, params, random: { seed: 7, step: 2 } };
  for (const n of stages.flatMap((p) => topological(rootsOf(p)))) {
    const name = n.op === 'input' ? n.name : n.op === 'param' ? n.path : undefined;
    if (name === undefined || (n.op === 'input' ? inputs : params)[name] !== undefined) continue;
    const next = stream([...name].reduce((h, c) => h * 31 + c.charCodeAt(0), 7));
    const count = n.axes.reduce((total, a) => total * sizeOf(a, env), 1);
    const draw = (): number => {
      if (n.op === 'input') return Math.floor(next() * (name.startsWith('times') ? 90_000 : ITEMS));
      return name.endsWith('.v') ? next() : next() * 2 - 1;
    };
    (n.op === 'input' ? inputs : params)[name] = Array.from({ length: count }, draw);
  }
  // Times do not run backwards.
  for (const name of ['times', 'times.next']) inputs[name]?.length && (inputs[name] = Array.from({ length: BATCH * LENGTH }, (_, i) => (i % LENGTH) * (i + 1) * 700 + (name === 'times' ? 0 : 500)));
  return env;
};

const cases: readonly (readonly [string, Model, Readonly<Record<string, HyperValue>>])[] = [
  ['hstu', hstu as unknown as Model, {}],
  ['hstu with heads and times', hstu as unknown as Model, { heads: 2, times: true }],
  ['pcrec', pcrec as unknown as Model, {}],
  ['pcrec, two steps, tanh', pcrec as unknown as Model, { steps: 2, activation: 'tanh' }],
  ['pcrec, last position, adapted', pcrec as unknown as Model, { horizon: 'last', steps: 2, adaptation: 0.05 }],
  ['pcrec without steps', pcrec as unknown as Model, { steps: 0 }],
];

describe.each(cases)('%s', (_, model, over) => {
  test.each([0, 1, 2])('entry %i: every pass keeps every result, and the loops compute them', (entry) => {
    const stages: Program[] = [programs(model, over)[entry]!];
    const gone: Op[] = [];
    for (const pass of pipeline) {
      stages.push(runPass(pass, stages.at(-1)!));
      gone.push(...(goneAfter[pass.name] ?? []));
      expect(check(stages.at(-1)!, gone), `after ${pass.name}`).toEqual([]);
    }
    const env = environment(stages);
    const results = (p: Program): Readonly<Record<string, Float64Array>> => {
      const values = evaluate(rootsOf(p), env);
      return Object.fromEntries([...Object.keys(p.outputs), ...Object.keys(p.updates)].map((name, i) => [name, values[i]!.data]));
    };
    let before: Readonly<Record<string, Float64Array>> = {};
    pipeline.forEach((pass, i) => {
      const after = results(stages[i + 1]!);
      for (const [name, want] of Object.entries(before)) expectClose(after[name]!, want, 1e-9, `${name} after ${pass.name}`);
      before = after;
    });
    const finished = stages.at(-1)!;
    expect(Object.keys(before).length).toBeGreaterThan(0);
    for (const values of Object.values(before)) expect([...values].every(Number.isFinite)).toBe(true);
    const loops = runLowered(finished, env);
    for (const [name, want] of Object.entries(before)) expectClose(loops[name]!, want, 1e-9, `${name} in loops`);
    if (finished.entry === 'train') expect(Object.values(finished.updates).length).toBeGreaterThan(10);
  });
});

test('a refused program says so: there is nothing to train without a parameter', () => {
  const [train] = programs(hstu as unknown as Model);
  const constant = { ...train!, outputs: { loss: rootsOf(train!)[0]!.op === 'constant' ? rootsOf(train!)[0]! : { op: 'constant', value: 1, axes: [], dtype: 'f32' } as const } };
  expect(() => rightOf(pipeline.find((p) => p.name === 'differentiate')!.run(constant))).toThrow(/nothing to train/);
});
