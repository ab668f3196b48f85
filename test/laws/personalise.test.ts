/**
 * A step of each user's own, taken for a whole batch at once, is the step taken for each user alone (README 5): parameters
 * stepped by hand in float64, one user after another, against the program that the compiler makes.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HyperValue,
  type Model,
  add,
  batchOf,
  embed,
  itemTable,
  mean,
  model,
  nextItem,
  personalise,
  recommenderHypers,
  recommenderOptimizer,
} from 'pcrec';
import bert4rec from 'pcrec/models/bert4rec';
import hstu from 'pcrec/models/hstu';
import pcrec from 'pcrec/models/pcrec';
import simple from 'pcrec/models/pcrec-simple';
import sasrec from 'pcrec/models/sasrec';
import { compile, programsOf } from '../../compiler/compile.js';
import { gradient } from '../../compiler/gradient.js';
import { topological } from '../../compiler/graph.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import type { Param } from '../../dsl/node.js';
import { stream } from '../generators/axes.js';
import { traced } from '../support/models.js';
import { rightOf, runPass, sizeOf } from '../support/programs.js';

const LENGTH = 6;
const ITEMS = 9;

interface User {
  readonly items: readonly number[];
  readonly times: readonly number[];
}
const history: fc.Arbitrary<User> = fc.integer({ min: 1, max: LENGTH }).chain((n) =>
  fc.record({
    items: fc.array(fc.nat(ITEMS - 1), { minLength: n, maxLength: n }),
    times: fc.array(fc.nat(100_000), { minLength: n, maxLength: n }).map((list) => [...list].sort((a, b) => a - b)),
  }),
);

interface Trial {
  readonly users: readonly User[];
  readonly seed: number;
  readonly rate: number;
}
const trials: fc.Arbitrary<Trial> = fc.record({
  users: fc.array(history, { minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
  rate: fc.constantFrom(0.003, 0.02, 0.1),
});

type Over = Readonly<Record<string, HyperValue>>;
const small = { width: 4, length: LENGTH, blocks: 2, negatives: 3, temperature: 0.5 };
const hyperOf = (model: Model, over: Over): Over => ({
  ...Object.fromEntries(Object.entries(model.hyper).map(([name, h]) => [name, h.value])),
  ...small,
  ...over,
});

type Numbers = Readonly<Record<string, Float64Array>>;
const sizesOf = (users: readonly User[]) => ({ batch: users.length, items: ITEMS, seen: 1 });
const padded = (rows: readonly (readonly number[])[]): readonly number[] =>
  rows.flatMap((row) => Array.from({ length: LENGTH }, (_, t) => row[t] ?? 0));

/** Rows of histories, and what each is to be followed by. */
const environment = (
  users: readonly User[],
  targets: readonly (readonly number[])[],
  params: Numbers,
  seed: number,
): Environment => ({
  sizes: sizesOf(users),
  params,
  random: { seed, step: 0 },
  inputs: {
    'seq.lengths': users.map((u) => u.items.length),
    items: padded(users.map((u) => u.items)),
    targets: padded(targets),
    times: padded(users.map((u) => u.times)),
    'times.next': padded(users.map((u) => u.times.map((t) => t + 60))),
  },
});

const parametersOf = (program: Program): readonly Param[] =>
  topological(rootsOf(program)).filter((n): n is Param => n.op === 'param');
const drawn = (parameters: readonly Param[], seed: number): Numbers =>
  Object.fromEntries(
    parameters.map((p) => {
      const next = stream([...p.path].reduce((h, c) => h * 31 + c.charCodeAt(0), seed % 1000));
      const count = p.axes.reduce((n, a) => n * sizeOf(a, { sizes: { items: ITEMS } }), 1);
      return [p.path, Float64Array.from({ length: count }, () => next() * 2 - 1)];
    }),
  );

/** One user alone: the parameters are stepped in place of the batch's, and then the scores are read off the plain model. */
const alone = (
  model: Model,
  over: Over,
  user: User,
  trained: Numbers,
  { seed, rate }: Trial,
  steps: number,
): Float64Array => {
  const outputs = model.build({ hyper: hyperOf(model, over), batch: batchOf(LENGTH), phase: 'inference' });
  const parameters = topological([outputs.loss, outputs.scores]).filter((n): n is Param => n.op === 'param');
  const past: User = { items: user.items.slice(0, -1), times: user.times.slice(0, -1) };
  let own: Numbers = trained;
  if (past.items.length > 0) {
    const slopes = gradient(outputs.loss, parameters);
    for (let k = 0; k < steps; k++) {
      const values = evaluate(slopes, environment([past], [user.items.slice(1)], own, seed));
      own = {
        ...own,
        ...Object.fromEntries(
          parameters.map((p, i) => [p.path, own[p.path]!.map((x, j) => x - rate * values[i]!.data[j]!)]),
        ),
      };
    }
  }
  return evaluate([outputs.scores], environment([user], [[]], own, seed))[0]!.data;
};

const stagesOf = (model: Model, over: Over): { readonly expanded: Program; readonly finished: Program } => {
  const score = programsOf(traced(model, { ...small, ...over }))[2]!;
  const stages = pipeline.reduce<readonly Program[]>((list, pass) => [...list, runPass(pass, list.at(-1)!)], [score]);
  return { expanded: stages[1]!, finished: stages.at(-1)! };
};

const expectNear = (got: ArrayLike<number>, want: ArrayLike<number>, what: string): void => {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs(got[i]! - want[i]!) <= 1e-6 * Math.max(1, Math.abs(want[i]!))))
      expect.fail(`${what}, cell ${i}: ${got[i]}, not ${want[i]}`);
};

const models: readonly (readonly [string, Model, Over, number])[] = [
  ['hstu', hstu, {}, 1],
  ['hstu with heads and times', hstu, { heads: 2, times: true }, 1],
  ['sasrec', sasrec, {}, 1],
  ['hstu, two steps', hstu, { blocks: 1 }, 2],
];

describe.each(models)('%s', (_, of, over, steps) => {
  const personal = personalise(of, { rate: 0, steps });
  /** One program for each rate: a rate is part of the program. */
  const programs = new Map<number, ReturnType<typeof stagesOf>>();
  const at = (rate: number) => {
    const found = programs.get(rate) ?? stagesOf(personal, { ...over, adaptationRate: rate });
    programs.set(rate, found);
    return found;
  };

  test('a batch at once is the loop over its users', () => {
    fc.assert(
      fc.property(trials, (trial) => {
        const { expanded, finished } = at(trial.rate);
        const trained = drawn(parametersOf(expanded), trial.seed);
        const env = environment(trial.users, [], trained, trial.seed);
        const want = Float64Array.from(
          trial.users.flatMap((user) => [...alone(of, over, user, trained, trial, steps)]),
        );
        const moved = evaluate(rootsOf(at(0).expanded), env)[0]!.data.some((x, i) => Math.abs(x - want[i]!) > 1e-9);
        if (trial.users.some((u) => u.items.length > 1)) expect(moved).toBe(true);
        expectNear(evaluate(rootsOf(expanded), env)[0]!.data, want, 'as written');
        expectNear(evaluate(rootsOf(finished), env)[0]!.data, want, 'after the passes');
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test('at rate 0 it is the model itself, to the last bit', () => {
    const [, , score] = programsOf(traced(of, { ...small, ...over }));
    const itself = runPass(pipeline[0]!, score!);
    fc.assert(
      fc.property(trials, ({ users, seed }) => {
        const env = environment(users, [], drawn(parametersOf(itself), seed), seed);
        const want = evaluate(rootsOf(itself), env)[0]!.data;
        expect(evaluate(rootsOf(at(0).expanded), env)[0]!.data).toEqual(want);
        expect(want.some((x) => x !== 0)).toBe(true);
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  test('the scores of a user are those of the user alone, to the last bit', () => {
    const { finished } = at(0.02);
    fc.assert(
      fc.property(trials, ({ users, seed }) => {
        const trained = drawn(parametersOf(finished), seed);
        const scores = (some: readonly User[]): readonly number[] => [
          ...evaluate(rootsOf(finished), environment(some, [], trained, seed))[0]!.data,
        ];
        expect(scores(users)).toEqual(users.flatMap((user) => scores([user])));
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  test('trains as the model does, with its certificate', () => {
    const [one, plain] = [personal, of].map((m) => rightOf(compile(traced(m, { ...small, ...over }))));
    expect(one!.loops.entries[0]).toEqual(plain!.loops.entries[0]);
    expect(one!.report.certificate).toBe(plain!.report.certificate);
    expect(one!.report.certificate).toContain('rows independent');
  }, 120_000);
});

describe('what is formed for each user', () => {
  const buffers = (over: Over) =>
    rightOf(compile(traced(simple, over)))
      .loops.entries.filter((e) => e.name !== 'train')
      .flatMap((e) => e.buffers.map((b) => b.axes.map((a) => a.name)));
  const has = (axes: readonly string[], ...names: readonly string[]) => names.every((name) => axes.includes(name));

  test('no item table, however many steps', () => {
    for (const over of [{}, { adaptationSteps: 2, blocks: 1 }]) {
      const all = buffers(over);
      expect(all.filter((axes) => has(axes, 'batch', 'item', 'width'))).toEqual([]);
      expect(all.some((axes) => has(axes, 'batch', 'item'))).toBe(true);
    }
  }, 120_000);
  test('no matrix of a linear map where histories are shorter than its sides: its step stays a product over positions', () => {
    const matrices = (over: Over) =>
      buffers(over).filter((axes) => has(axes, 'batch', 'depth', 'width') && !has(axes, 'seq') && !has(axes, 'key'));
    expect(matrices({ width: 256 })).toEqual([]);
    // Where they are longer the matrix is the smaller of the two.
    expect(matrices({ width: 2 }).length).toBeGreaterThan(0);
  }, 120_000);
});

describe('what cannot be personalised says so', () => {
  const build =
    (of: unknown, over: Over = {}) =>
    () =>
      traced(of as Model, over);
  test('a model without losses of its positions', () => {
    expect(build(personalise(bert4rec, { rate: 0.1 }))).toThrow(
      "the model 'bert4rec' gives no losses, one for each position",
    );
    expect(build(personalise(pcrec, { rate: 0.1 }), { horizon: 'last' })).toThrow(
      "the model 'pcrec' gives no losses, one for each position",
    );
  });
  test('a model that is already', () => {
    expect(() => personalise(simple, { rate: 0.1 })).toThrow(
      "the model 'pcrec-simple' has the hyperparameter 'adaptationRate' already: it is personalised",
    );
  });
  test('a model that mixes users', () => {
    const mixing = model({
      name: 'mixing',
      hyper: recommenderHypers,
      optimizer: recommenderOptimizer,
      build: (context) => {
        const { batch } = context;
        const table = itemTable(context);
        const x = embed(table.items, batch.items);
        return nextItem(context, table, add(x, mean(x, [batch.batch, batch.seq])));
      },
    });
    const [, , score] = programsOf(traced(personalise(mixing, { rate: 0.1 })));
    expect(() => runPass(pipeline[0]!, score!)).toThrow(
      /users are mixed inside rebind: an expression takes the sum over 'batch', and a user's own parameters enter it/,
    );
  });
});
