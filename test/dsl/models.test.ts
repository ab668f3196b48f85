/** The models against their papers' equations, in plain loops; and what the models promise about time. */
import { describe, expect, test } from 'vitest';
import { type Batch, type HyperValue, type Model, type Outputs, type Phase, batchOf } from 'pcrec';
import hstu from 'pcrec/models/hstu';
import pcrec from 'pcrec/models/pcrec';
import swiglu from '../../examples/swiglu.js';
import { topological } from '../../compiler/graph.js';
import type { Node } from '../../dsl/node.js';
import { type Read, expanded, run, run1, someParams } from './evaluate.js';

const N = 4;
const sizes = {
  batch: 2,
  items: 7,
  item: 7,
  seq: N,
  key: N,
  offset: 2 * N - 1,
  bucket: 129,
  width: 4,
  'width.in': 4,
  head: 2,
  depth: 2,
  hidden: 6,
};
const lengths = [4, 2];
const inputs = {
  'seq.lengths': lengths,
  items: [1, 5, 2, 6, 3, 3, 0, 0],
  targets: [5, 2, 6, 0, 3, 4, 0, 0],
  target: [0, 4],
  times: [0, 100, 2000, 90000, 0, 7, 0, 0],
  'times.next': [100, 2000, 90000, 1e6, 7, 9, 0, 0],
};
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const total = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);

type Settings = Readonly<Record<string, HyperValue>>;
const small = { width: 4, heads: 2, blocks: 2, length: N, dropout: 0, negatives: 5 } as const;
const outputs = (
  model: { readonly hyper: Model['hyper']; readonly build: unknown },
  settings: Settings,
  phase: Phase = 'inference',
): Outputs => {
  const defaults = Object.fromEntries(Object.entries(model.hyper).map(([name, { value }]) => [name, value]));
  const build = model.build as (context: {
    readonly hyper: Settings;
    readonly batch: Batch;
    readonly phase: Phase;
  }) => Outputs;
  return build({ hyper: { ...defaults, ...small, ...settings }, batch: batchOf(N), phase });
};
const ops = (roots: readonly Node[]): readonly Node[] => topological(roots);
const environment = (roots: readonly Node[]) => ({
  sizes: { batch: 2, items: 7 },
  inputs,
  params: someParams(roots, sizes),
  random: { seed: 1, step: 1 },
});

describe('hstu', () => {
  /** The block, written out for one row: x[t][w] to its output. Axes are stored sorted by name. */
  const reference = (
    params: Readonly<Record<string, readonly number[]>>,
    path: string,
    x: readonly (readonly number[])[],
    row: number,
  ): number[][] => {
    const silu = (v: number) => v / (1 + Math.exp(-v));
    const norm = (v: readonly number[]) => {
      const m = total(v) / v.length;
      const s = Math.sqrt(total(v.map((y) => (y - m) ** 2)) / v.length + 1e-6);
      return v.map((y) => (y - m) / s);
    };
    const heads = range(4).map((c) => ({ d: Math.floor(c / 2), h: c % 2 }));
    const map = (name: string) =>
      x.map((v) =>
        heads.map(({ d, h }) =>
          silu(total(norm(v).map((y, w) => y * params[`${path}.${name}.weight`]![(d * 2 + h) * 4 + w]!))),
        ),
      );
    const [u, v, q, k] = [map('u'), map('v'), map('q'), map('k')];
    const bucket = (dt: number) => Math.min(Math.max(Math.floor(Math.log(Math.max(1, Math.abs(dt))) / 0.301), 0), 128);
    return x.map((xi, i) => {
      const read = heads.map(({ h }, c) =>
        total(
          range(i + 1).map((j) => {
            const score = total(
              range(4)
                .filter((e) => heads[e]!.h === h)
                .map((e) => q[i]![e]! * k[j]![e]!),
            );
            const bias =
              params[`${path}.rab.position`]![j - i + N - 1]! +
              params[`${path}.rab.time`]![bucket(inputs['times.next'][row * N + i]! - inputs.times[row * N + j]!)]!;
            return (silu(score + bias) / N) * v[j]![c]!;
          }),
        ),
      );
      const gated = norm(read).map((y, c) => y * u[i]![c]!);
      return xi.map((xw, w) => xw + total(gated.map((y, c) => y * params[`${path}.out.weight`]![c * 4 + w]!)));
    });
  };

  test('two blocks of two heads, with times, equal the loops', () => {
    const { scores } = outputs(hstu, { times: true });
    const env = environment([scores]);
    const { params } = env;
    const found = run1(scores, env);
    const unit = (v: readonly number[]) => v.map((y) => y / Math.sqrt(total(v.map((z) => z * z))));
    const item = (i: number) => range(4).map((w) => params['embedding.items']![i * 4 + w]!);
    range(2).forEach((b) => {
      const input = range(lengths[b]!).map((t) =>
        range(4).map((w) => item(inputs.items[b * N + t]!)[w]! * 2 + params['embedding.positions']![t * 4 + w]!),
      );
      const state = reference(params, 'block.1', reference(params, 'block.0', input, b), b).at(-1)!;
      range(7).forEach((i) =>
        expect(found({ batch: b, item: i })).toBeCloseTo(total(unit(state).map((y, w) => y * unit(item(i))[w]!)), 9),
      );
    });
  });

  test('a width that the heads do not divide is refused in words', () => {
    expect(() => outputs(hstu, { width: 5 })).toThrow('the width 5 is not a multiple of 2 heads');
  });
  test('dropout and negatives are nowhere in inference', () => {
    const read = ({ loss, scores }: Outputs, phase: Phase) => (phase === 'training' ? [loss, scores] : [scores]);
    const keys = (phase: Phase) =>
      ops(read(outputs(hstu, { dropout: 0.2 }, phase), phase))
        .flatMap((n) => (n.op === 'uniform' ? [n.key] : []))
        .sort();
    expect(keys('inference')).toEqual([]);
    expect(new Set(keys('training'))).toEqual(new Set(['input', 'block.0.dropout', 'block.1.dropout', 'negatives']));
  });
});

describe('pcrec', () => {
  const trained = (settings: Settings) => outputs(pcrec, settings, 'training');

  test('zero steps is hstu, number for number', () => {
    const [a, b] = [outputs(hstu, {}).scores, outputs(pcrec, { steps: 0 }).scores];
    const env = environment([a]);
    const [x, y] = run([a, b], env);
    range(2).forEach((r) => range(7).forEach((i) => expect(y!({ batch: r, item: i })).toBe(x!({ batch: r, item: i }))));
  });
  test('a step of inference changes the scores', () => {
    const [a, b] = [outputs(pcrec, { steps: 0 }).scores, outputs(pcrec, { steps: 1 }).scores];
    const [x, y] = run([a, b], environment([b]));
    expect(Math.abs(x!({ batch: 0, item: 1 }) - y!({ batch: 0, item: 1 }))).toBeGreaterThan(1e-6);
  });
  test('every activation, horizon and adaptation has a finite loss', () => {
    const cases: readonly Settings[] = [
      ...['softplus', 'sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'].map((activation) => ({ activation })),
      { horizon: 'last' },
      { horizon: 'last', steps: 2, adaptation: 0.1 },
      { inference: 'after' },
      { inference: 'after', horizon: 'last', steps: 2, adaptation: 0.1 },
      { times: true },
    ];
    cases.forEach((settings) => {
      const { loss } = trained(settings);
      expect(Number.isFinite(run1(loss, environment([loss]))()), JSON.stringify(settings)).toBe(true);
    });
  });
  test('adaptation that no step would read is refused', () => {
    expect(() => trained({ adaptation: 0.1 })).toThrow('adaptation needs horizon last and 2 steps');
    expect(() => trained({ adaptation: 0.1, horizon: 'last' })).toThrow('adaptation needs horizon last and 2 steps');
  });
  test('adaptation reaches the scores', () => {
    for (const inference of ['pass', 'after']) {
      const scores = (adaptation: number) =>
        outputs(pcrec, { inference, horizon: 'last', steps: 2, adaptation }).scores;
      const [a, b] = [scores(0), scores(0.1)];
      const [x, y] = run([a, b], environment([b]));
      expect(Math.abs(x!({ batch: 0, item: 1 }) - y!({ batch: 0, item: 1 }))).toBeGreaterThan(1e-9);
    }
  });
  test('with two blocks the layers below reach the scores in one step in the pass, and not after it', () => {
    const read = (inference: string) =>
      ops(expanded([outputs(pcrec, { inference }).scores])).flatMap((n) => (n.op === 'param' ? [n.path] : []));
    const lower = (paths: readonly string[]) => paths.filter((p) => /^(theta\.1|gamma\.[01]\.weight)$/.test(p)).sort();
    expect(lower(read('pass'))).toEqual(['gamma.1.weight', 'theta.1']);
    expect(lower(read('after'))).toEqual([]);
  });

  /** The loss of a row cut after position t, read from the loss over all positions: equal if nothing after t is read. */
  const lossOf = (settings: Settings, items: readonly number[]): Read => {
    const { loss } = trained(settings);
    const env = environment([loss]);
    // One row of length 2 and nothing else: the targets of its two positions are all that is averaged.
    return run1(loss, { ...env, inputs: { ...inputs, items, 'seq.lengths': [2, 0] } });
  };
  test("the model reads positions beyond a row's length nowhere", () => {
    expect(lossOf({}, [1, 5, 2, 6, 3, 3, 0, 0])()).toBe(lossOf({}, [1, 5, 3, 0, 4, 1, 6, 2])());
  });
  test('horizon last reads one target a row, prefix all of them', () => {
    const names = (settings: Settings) =>
      ops(expanded([trained(settings).loss])).flatMap((n) =>
        n.op === 'input' && n.name.startsWith('target') ? [n.name] : [],
      );
    expect(names({ horizon: 'last' })).toEqual(['target']);
    expect(names({ horizon: 'prefix' })).toEqual(['targets']);
  });
  test("a user's scores are the same alone and beside another", () => {
    const { scores } = outputs(pcrec, { horizon: 'last', steps: 2, adaptation: 0.1 });
    const env = environment([scores]);
    const together = run1(scores, env);
    const alone = run1(scores, {
      ...env,
      sizes: { batch: 1, items: 7 },
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, v]) => [name, v.slice(v.length / 2)])),
    });
    range(7).forEach((i) => expect(alone({ batch: 0, item: i })).toBe(together({ batch: 1, item: i })));
  });
});

test('the example of a new layer builds, and its loss is finite', () => {
  const { loss } = outputs(swiglu, { hidden: 6 }, 'training');
  expect(
    Number.isFinite(run1(loss, { ...environment([loss]), params: someParams([loss], { ...sizes, depth: 4 }) })()),
  ).toBe(true);
});
