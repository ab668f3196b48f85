/** Whole models, tiny: what the trainer will run agrees with the reference, and each pass keeps every result. */
import { describe, expect, test } from 'vitest';
import { check, goneAfter } from '../../compiler/check.js';
import type { Op } from '../../dsl/node.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { runLowered } from '../support/lowered.js';
import { expectClose } from '../support/numbers.js';
import { cases, environment, programs } from '../support/models.js';
import { rightOf, runPass } from '../support/programs.js';
import { models } from '../support/zoo.js';

test('every model of the package is among the cases', () =>
  expect(models.filter((model) => cases.every(([, tried]) => tried !== model)).map(({ name }) => name)).toEqual([]));

describe.each(cases)('%s', (_, model, over) => {
  test.each([...programs(model, over).keys()])(
    'entry %i: every pass keeps every result, and the loops compute them',
    (entry) => {
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
        return Object.fromEntries(
          [...Object.keys(p.outputs), ...Object.keys(p.updates)].map((name, i) => [name, values[i]!.data]),
        );
      };
      let before: Readonly<Record<string, Float64Array>> = {};
      pipeline.forEach((pass, i) => {
        const after = results(stages[i + 1]!);
        for (const [name, want] of Object.entries(before))
          expectClose(after[name]!, want, 1e-9, `${name} after ${pass.name}`);
        before = after;
      });
      const finished = stages.at(-1)!;
      expect(Object.keys(before).length).toBeGreaterThan(0);
      for (const values of Object.values(before)) expect([...values].every(Number.isFinite)).toBe(true);
      const loops = runLowered(finished, env);
      for (const [name, want] of Object.entries(before)) expectClose(loops[name]!, want, 1e-9, `${name} in loops`);
      if (finished.entry === 'train') expect(Object.values(finished.updates).length).toBeGreaterThan(10);
    },
  );
});

test('a refused program says so: there is nothing to train without a parameter', () => {
  const [train] = programs(cases[0]![1]);
  const constant = {
    ...train!,
    outputs: {
      loss:
        rootsOf(train!)[0]!.op === 'constant'
          ? rootsOf(train!)[0]!
          : ({ op: 'constant', value: 1, axes: [], dtype: 'f32' } as const),
    },
  };
  expect(() => rightOf(pipeline.find((p) => p.name === 'differentiate')!.run(constant))).toThrow(/nothing to train/);
});
