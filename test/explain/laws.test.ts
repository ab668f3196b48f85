/** What a model says beside its scores, for every model there is: derivatives held to differences, vectors to scores, steps to models of fewer steps. */
import { describe, expect, test } from 'vitest';
import hstu from '../../models/hstu.js';
import pcrec from '../../models/pcrec.js';
import pcrecSimple from '../../models/pcrec-simple.js';
import { differentiate } from '../../compiler/passes/differentiate.js';
import { topological } from '../../compiler/graph.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { explained } from '../../runtime/contract/explanation.js';
import { stream } from '../generators/axes.js';
import { cases, environment, programs } from '../support/models.js';
import { expectClose } from '../support/numbers.js';
import { runPass } from '../support/programs.js';
import { explainOf, type Over, scoreOf, trainedOf, valuesOf, vectorsOf } from './support.js';

const [BATCH, LENGTH, ITEMS] = [3, 6, 11];
const lengths = [LENGTH, 1, 3];

const scaleOf = (p: Program): string => p.scale!.path;
const ones = Array.from({ length: BATCH * LENGTH }, () => 1);
const withParam = (env: Environment, path: string, values: readonly number[]): Environment => ({
  ...env,
  params: { ...env.params, [path]: values },
});
/** Central differences of the explained scores, summed over the rows. */
const slope = (p: Program, at: (h: number) => Environment): number => {
  const h = 1e-5;
  const total = (env: Environment): number => valuesOf(p, env)[explained.score]!.reduce((a, b) => a + b, 0);
  return (total(at(h)) - total(at(-h))) / (2 * h);
};

describe.each(cases)('%s', (name, model, over) => {
  const program = explainOf(model, over);
  const env = withParam(environment([program, scoreOf(model, over)]), scaleOf(program), ones);
  const wanted = Array.from(env.inputs!['wanted']!);
  const values = valuesOf(runPass(differentiate, program), env);
  const scores = valuesOf(scoreOf(model, over), env)['scores']!;
  const influence = values[explained.influence]!;

  test('explains the score that the model gives', () => {
    expectClose(
      values[explained.score]!,
      Array.from(wanted, (item, row) => scores[row * ITEMS + item]!),
    );
  });

  test('says of each position how the score grows with its embedding', () => {
    const next = stream(5);
    const direction = ones.map(() => next() * 2 - 1);
    const expected = slope(program, (h) =>
      withParam(
        env,
        scaleOf(program),
        direction.map((d) => 1 + h * d),
      ),
    );
    expectClose([direction.reduce((sum, d, i) => sum + d * influence[i]!, 0)], [expected], 1e-6);
    expect(influence.some((x) => x !== 0)).toBe(true);
    lengths.forEach((length, row) =>
      expect(influence.slice(row * LENGTH + length, (row + 1) * LENGTH).every((x) => x === 0)).toBe(true),
    );
  });

  const table = env.params!['embedding.items'] as readonly number[] | undefined;
  const width = (table?.length ?? 0) / ITEMS;
  // Who learns from the history reads its items as answers too, and a table that is made of others has more to say of an item.
  test.skipIf(table === undefined || ['pcrec-simple', 'unisrec', 'instructrec'].includes(model.name))(
    'says of an item that is read and not asked for how the score grows with its row of the table',
    () => {
      const items = Array.from(env.inputs!['items']!);
      const read = lengths.flatMap((length, row) => items.slice(row * LENGTH, row * LENGTH + length));
      const item = read.find((one) => !wanted.includes(one))!;
      const expected = slope(program, (h) =>
        withParam(
          env,
          'embedding.items',
          table!.map((x, i) => (Math.floor(i / width) === item ? x * (1 + h) : x)),
        ),
      );
      const own = influence.reduce((sum, x, i) => sum + (items[i] === item ? x : 0), 0);
      // Features of the items are in the same embeddings, and do not grow with the row.
      if (model.name.endsWith('f') || model.name === 'wukong') expect(Number.isFinite(expected)).toBe(true);
      else expectClose([own], [expected], 1e-6);
    },
  );

  test('has vectors whose products are the scores, or says why not', () => {
    const vectors = vectorsOf(model, over);
    if (typeof vectors === 'string') {
      expect(['wukong', 'pcrec-simple']).toContain(model.name);
      expect(vectors).toMatch(name === 'wukong' ? /no product/ : /table of items of their own/);
      return;
    }
    const { user, item, bias } = valuesOf(vectors, env);
    const width = item!.length / ITEMS;
    const products = Array.from({ length: BATCH * ITEMS }, (_, at) => {
      const [row, one] = [Math.floor(at / ITEMS), at % ITEMS];
      const sum = Array.from({ length: width }, (_, w) => user![row * width + w]! * item![one * width + w]!);
      return sum.reduce((a, b) => a + b, bias?.[one] ?? 0);
    });
    expectClose(products, scores);
  });
});

describe('a descent step by step', () => {
  /** As if everything were trained, so that models of more and of fewer steps have the same parameters. */
  const all = new Set(
    (['pass', 'after'] as const).flatMap((inference) =>
      programs(pcrec, { inference }).flatMap((p) =>
        topological(rootsOf(p)).flatMap((n) => (n.op === 'param' ? [n.path] : [])),
      ),
    ),
  );
  const steps = (over: Over) => {
    const program = explainOf(pcrec, over, all);
    return valuesOf(runPass(differentiate, program), withParam(environment([program]), scaleOf(program), ones));
  };
  const isOfTrained = (over: Over, trained: readonly boolean[]): void => {
    const known = trainedOf(pcrec, over);
    const program = explainOf(pcrec, over);
    const read = topological(rootsOf(program)).flatMap((n) => (n.op === 'param' ? [n.path] : []));
    expect(read.filter((path) => !known.has(path))).toEqual([scaleOf(program)]);
    expect(
      ['gamma.2.bias', 'theta.2', 'gamma.1.bias', 'theta.1', 'gamma.0.bias'].map((path) => known.has(path)),
    ).toEqual(trained);
    expect(explained.energy(0, 1) in program.outputs).toBe(true);
  };
  test('is of parameters that a checkpoint has', () => {
    // In the pass every block settles, and nothing moves the input.
    isOfTrained({}, [true, true, true, true, false]);
    // After it, in one step, the prediction meets the layer below it, and the rates and predictions of the others do nothing.
    isOfTrained({ inference: 'after' }, [true, true, false, false, false]);
  });

  const forms: readonly Over[] = [{ horizon: 'prefix' }, { horizon: 'last' }, { horizon: 'last', adaptation: 0.05 }];
  /** The energy of a descent and its layers add up, at each step; a model of fewer steps says the same of those that it takes. */
  const addsUp = (over: Over, descents: number, layers: number): void => {
    const found = steps({ ...over, steps: 3 });
    for (let d = 0; d < descents; d++)
      for (const k of [0, 1, 2, 3]) {
        const energy = found[explained.energy(d, k)]!;
        const parts = Array.from({ length: layers }, (_, l) => found[explained.errors(d, k, l)]!);
        expect(found[explained.errors(d, k, layers)]).toBeUndefined();
        const sums = Array.from(energy, (_, row) =>
          parts.reduce((sum, part) => part.slice(row * LENGTH, (row + 1) * LENGTH).reduce((a, b) => a + b, sum), 0),
        );
        expectClose(sums, energy);
      }
    expect(found[explained.energy(descents, 0)]).toBeUndefined();
    expect(found[explained.energy(0, 4)]).toBeUndefined();
    // With no step fewer is a model of that many steps, and a model of one is an adaptation too early.
    for (const k of 'adaptation' in over ? [2] : [0, 1, 2])
      expectClose(steps({ ...over, steps: k })[explained.energy(0, k)]!, found[explained.energy(0, k)]!);
  };
  test.each(forms)('in the pass, a descent for each block: %o', (over) => addsUp(over, 2, 1));
  test.each(forms)('after the pass, one of all layers: %o', (over) => addsUp({ ...over, inference: 'after' }, 1, 2));

  test('what is predicted without inference is what the stack predicts', () => {
    const program = explainOf(pcrec, { steps: 2 });
    const env = environment([program, scoreOf(hstu, {})]);
    const without = valuesOf(program, withParam(env, scaleOf(program), ones))[explained.without]!;
    expectClose(without, valuesOf(scoreOf(pcrec, { steps: 0 }), env)['scores']!);
  });

  test("the step on one's own history is a descent too, and without it the model is the one below", () => {
    const program = explainOf(pcrecSimple, {});
    const env = environment([program, scoreOf(hstu, {})]);
    const found = valuesOf(program, withParam(env, scaleOf(program), ones));
    expectClose(found[explained.without]!, valuesOf(scoreOf(hstu, {}), env)['scores']!);
    const [before, after] = [0, 1].map((k) => found[explained.energy(0, k)]!);
    expect(after![0]!).toBeLessThan(before![0]!);
    const parts = found[explained.errors(0, 0, 0)]!.slice(0, LENGTH);
    expectClose([parts.reduce((a, b) => a + b, 0)], [before![0]!]);
    // One item teaches nothing.
    expect(after![1]).toBe(before![1]);
  });

  test('models that descend nothing say nothing of it', () => {
    expect(Object.keys(explainOf(hstu, {}).outputs)).toEqual([explained.score]);
  });
});
