/** The typed faces of `descend` and `fixedPoint`: what they build, what they refuse, and the rules of test/laws/README.md, 2 and 4. */
import { describe, expect, test } from 'vitest';
import {
  type States,
  add,
  anderson,
  phantom,
  picard,
  axis,
  batchOf,
  checkpoint,
  descend,
  dot,
  expand,
  fixedPoint,
  gradient,
  gradients,
  implicit,
  like,
  mul,
  param,
  prefix,
  rename,
  square,
  sub,
  sum,
  tanh,
  uniform,
  zeros,
  type Tensor,
  type DescendOptions,
  whole,
} from 'pcrec';
import * as build from '../../dsl/build.js';
import type { Descend, FixedPoint, Node } from '../../dsl/node.js';
import { typed } from '../../dsl/tensor.js';
import { numbers, run, run1 } from './evaluate.js';

type State = Tensor<'batch' | 'seq' | 'width'>;
const N = 4;
const D = 2;
const { batch, seq } = batchOf(N);
const key = like('key', seq);
const width = axis('width', D);
const state = (name: string): State => typed(build.input(name, [batch, seq, width], 'f32'));
const theta = param('theta', [seq, key], zeros);
const lengths = [4, 3];
const data = { a: numbers(2 * N * D, 1), b: numbers(2 * N * D, 2), rate: numbers(2 * N * D, 3) };
const weights = numbers(N * N, 4);
const env = { sizes: { batch: 2 }, inputs: { 'seq.lengths': lengths, ...data }, params: { theta: weights } };
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);
const operator = (node: Node): Descend => (node as Extract<Node, { op: 'project' }>).of as Descend;
const energyOf = (below: State, weight: Tensor<'seq' | 'key'>, above: State): Tensor<'batch'> =>
  mul(sum(square(sub(below, dot(weight, rename(tanh(above), seq, key), key))), [seq, width]), 0.5);

const at = (name: keyof typeof data, b: number, t: number, w: number): number => data[name][(b * N + t) * D + w]!;
// Axes are stored by name: key before seq.
const th = (i: number, j: number): number => weights[j * N + i]!;

describe('descend', () => {
  const options = { wrt: [state('a'), state('b')], rate: state('rate'), steps: 1 } as const;
  const energy = ([s0, s1]: readonly [State, State]): Tensor<'batch'> => energyOf(s0, theta, s1);

  test('one step is the rule: errors travel back through the transpose of theta', () => {
    const {
      states: [s0, s1],
      energy: after,
    } = descend(energy, options);
    const [x, y, e] = run([s0, s1, after], env);
    range(2).forEach((b) => {
      const n = lengths[b]!;
      const f = (t: number, w: number) => Math.tanh(at('b', b, t, w));
      const eps = range(n).map((i) =>
        range(D).map((w) => at('a', b, i, w) - total(range(n).map((j) => th(i, j) * f(j, w)))),
      );
      range(n).forEach((t) =>
        range(D).forEach((w) => {
          const gamma = at('rate', b, t, w);
          expect(x!({ batch: b, seq: t, width: w })).toBeCloseTo(at('a', b, t, w) - gamma * eps[t]![w]!, 12);
          const back = total(range(n).map((i) => th(i, t) * eps[i]![w]!));
          expect(y!({ batch: b, seq: t, width: w })).toBeCloseTo(
            at('b', b, t, w) + gamma * (1 - f(t, w) ** 2) * back,
            12,
          );
        }),
      );
      const moved = range(n).flatMap((i) =>
        range(D).map(
          (w) =>
            x!({ batch: b, seq: i, width: w }) -
            total(range(n).map((j) => th(i, j) * Math.tanh(y!({ batch: b, seq: j, width: w })))),
        ),
      );
      expect(e!({ batch: b })).toBeCloseTo(total(moved.map((v) => v * v)) / 2, 12);
    });
  });

  test('horizon prefix: position t moves as the last of its own prefix', () => {
    const {
      states: [, parallel],
    } = descend(energy, { ...options, horizon: prefix(seq) });
    const {
      states: [, plain],
    } = descend(energy, options);
    const p = run1(parallel, env);
    range(2).forEach((b) =>
      range(lengths[b]!).forEach((t) => {
        const cut = run1(plain, { ...env, inputs: { ...env.inputs, 'seq.lengths': [t + 1, t + 1] } });
        range(D).forEach((w) =>
          expect(p({ batch: b, seq: t, width: w })).toBeCloseTo(cut({ batch: b, seq: t, width: w }), 12),
        );
      }),
    );
  });

  test("a derivative with respect to one state never runs through another's definition", () => {
    const a = state('a');
    const {
      states: [direct],
    } = descend(([x, y]) => sum(mul(x, y), [seq, width]), { wrt: [a, tanh(a)], rate: 1, steps: 1 });
    expect(run1(direct, env)({ batch: 0, seq: 1, width: 1 })).toBeCloseTo(
      at('a', 0, 1, 1) - Math.tanh(at('a', 0, 1, 1)),
      12,
    );
  });

  test("clamped states stay, in the tuple's own shape", () => {
    const layers: readonly State[] = [state('a'), state('b')];
    const {
      states: [[s0, s1], s2],
    } = descend(([list, last]) => add(energyOf(list[0]!, theta, list[1]!), energyOf(list[1]!, theta, last)), {
      wrt: [layers, state('a')],
      rate: [[0.1, 0.2], 0.3],
      clamp: [[true, false], true],
      steps: 2,
    });
    const node = operator(s0!);
    expect(node.clamp).toEqual([true, false, true]);
    expect(node.rate.map((r) => r.op === 'constant' && r.value)).toEqual([0.1, 0.2, 0.3]);
    const [x, y, z] = run([s0!, s1!, s2], env);
    const p = { batch: 1, seq: 1, width: 0 };
    expect([x!(p), z!(p)]).toEqual([at('a', 1, 1, 0), at('a', 1, 1, 0)]);
    expect(y!(p)).not.toBe(at('b', 1, 1, 0));
  });

  test("weights as states: a user's own theta", () => {
    const own = expand(theta, batch);
    const {
      states: [, adapted],
    } = descend(
      ([s, w]) => mul(sum(square(sub(s, dot(w, rename(tanh(state('b')), seq, key), key))), [seq, width]), 0.5),
      { wrt: [state('a'), own], rate: [0, 0.5], steps: 1 },
    );
    const w = run1(adapted, env);
    const f = (t: number, c: number) => Math.tanh(at('b', 0, t, c));
    const eps = (i: number, c: number) => at('a', 0, i, c) - total(range(4).map((j) => th(i, j) * f(j, c)));
    expect(w({ batch: 0, seq: 1, key: 2 })).toBeCloseTo(
      th(1, 2) + 0.5 * total(range(D).map((c) => eps(1, c) * f(2, c))),
      12,
    );
  });

  test('defaults: jacobi, the whole sequence, unrolled', () => {
    expect(operator(descend(energy, options).states[0])).toMatchObject({
      order: 'jacobi',
      horizon: whole,
      backward: { kind: 'unroll' },
      steps: 1,
      clamp: [false, false],
      rows: { name: 'batch' },
    });
    expect(
      operator(descend(energy, { ...options, backward: checkpoint(2), order: 'sweepDown' }).states[0]),
    ).toMatchObject({ order: 'sweepDown', backward: { kind: 'checkpoint', every: 2 } });
  });

  test('no step is the identity, bitwise', () => {
    const [x, y] = run(descend(energy, { ...options, steps: 0 }).states, env);
    const p = { batch: 1, seq: 2, width: 1 };
    expect([x!(p), y!(p)]).toEqual([at('a', 1, 2, 1), at('b', 1, 2, 1)]);
  });

  test.each<[string, object]>([
    ['a whole number of steps, not 1.5', { steps: 1.5 }],
    ["descend has no option 'gamma'", { gamma: 1 }],
    ['rate has an entry for each state: 2, not 1', { rate: [0.1] }],
    ['entry 1 of clamp is a list, its state is not', { clamp: [[true], false] }],
    ["the rate's axes are 'head', of which its state does not have 'head'", { rate: uniform('r', [axis('head', 2)]) }],
  ])('refused when built too: %s', (message, wrong) => {
    expect(() =>
      descend(energy as (s: States) => Tensor<'batch'>, { ...options, ...wrong } as DescendOptions<States>),
    ).toThrow(message);
  });
});

describe('fixedPoint', () => {
  const step = (x: State): State => add(mul(tanh(x), 0.5), state('b'));

  test('finds x = step(x) in every row, and says so', () => {
    const found = fixedPoint(state('a'), step, {
      solver: anderson(),
      stop: { per: 'row', atol: 1e-10, rtol: 0, maxSteps: 40 },
      backward: implicit(),
    });
    expect((operator(found.value) as unknown as FixedPoint).rows.name).toBe('batch');
    const [x, residual, converged] = run([found.value, found.residual, found.converged], env);
    range(2).forEach((b) => {
      expect(converged!({ batch: b })).toBe(1);
      expect(residual!({ batch: b })).toBeLessThan(1e-9);
      expect(x!({ batch: b, seq: 1, width: 1 })).toBeCloseTo(
        0.5 * Math.tanh(x!({ batch: b, seq: 1, width: 1 })) + at('b', b, 1, 1),
        9,
      );
    });
  });
  test('refuses implicit with a fixed number of steps, and unknown options, when built too', () => {
    const wrong = { stop: { fixed: 3 }, backward: implicit() } as unknown as {
      readonly stop: { readonly fixed: number };
    };
    expect(() => fixedPoint(state('a'), step, wrong)).toThrow('a fixed number of steps need not reach one');
    expect(() =>
      fixedPoint(state('a'), step, { stop: { fixed: 3 }, gamma: 1 } as { readonly stop: { readonly fixed: number } }),
    ).toThrow("fixedPoint has no option 'gamma'");
  });
  test.each<readonly [string, () => unknown]>([
    ['the memory of anderson is a whole number from 1, not 0', () => anderson({ memory: 0 })],
    ['the ridge of anderson is a number above 0, not 0', () => anderson({ ridge: 0 })],
    ['damping is at least 0 and below 1, not 1', () => picard({ damping: 1 })],
    ['damping is at least 0 and below 1, not -0.5', () => phantom({ steps: 2, damping: -0.5 })],
    ['the number of phantom steps is a whole number from 1, not 0', () => phantom({ steps: 0 })],
    ['the number of steps between checkpoints is a whole number from 1, not 1.5', () => checkpoint(1.5)],
    ['rtol of implicit is a number from 0, not NaN', () => implicit({ rtol: NaN })],
    [
      'atol of stop is a number from 0, not -1',
      () => fixedPoint(state('a'), step, { stop: { per: 'row', atol: -1, maxSteps: 3 } }),
    ],
    [
      'maxSteps is a whole number from 0, not 2.5',
      () => fixedPoint(state('a'), step, { stop: { per: 'row', maxSteps: 2.5 } }),
    ],
    [
      'the fixed number of steps is a whole number from 0, not -1',
      () => fixedPoint(state('a'), step, { stop: { fixed: -1 } }),
    ],
  ])('refuses options that mean nothing: %s', (message, made) => expect(made).toThrow(message));
});

describe('gradient', () => {
  test('of a sum is that of its terms, and can be differentiated again', () => {
    const a = state('a');
    const cube = mul(square(a), a);
    const [first, second] = run([gradient(cube, a), gradient(gradient(cube, a), a)], env);
    const p = { batch: 0, seq: 0, width: 1 };
    expect(first!(p)).toBeCloseTo(3 * at('a', 0, 0, 1) ** 2, 12);
    expect(second!(p)).toBeCloseTo(6 * at('a', 0, 0, 1), 12);
  });
  test('is zero for what is not reached, and refuses whole numbers', () => {
    const [of] = gradients(sum(state('a'), width), [state('b')]);
    expect(run1(of, env)({ batch: 0, seq: 0, width: 0 })).toBe(0);
    expect(() => gradient(state('a'), build.index(seq) as unknown as State)).toThrow('f32 tensors, not i32');
  });
});
