/** Inference in the pass: each block's state descends that block's energy on the settled state below, before the next block reads it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, dot, mul, rename, square, sub, sum } from '../../dsl/ops.js';
import { activations } from '../../dsl/activation.js';
import { infer, type InferenceHypers, type LayerEnergy } from '../../dsl/inference.js';
import type { Batch, Values } from '../../dsl/model.js';
import { type Chain, chains, expressions, type State } from '../generators/chains.js';
import { stream } from '../generators/axes.js';
import { energies, type Layers, stateGradients, thetaGradients } from '../support/closed.js';
import { expectClose, expectSame } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

type Hyper = Values<InferenceHypers>;
const usual: Hyper = { inference: 'pass', steps: 1, activation: 'tanh', adaptation: 0, horizon: 'prefix' };
const problems = (shape: Parameters<typeof chains>[0] = {}): fc.Arbitrary<Chain> =>
  chains({ n: 4, weights: 1, layers: 3, rows: 2, ...shape });

/** Blocks x -> s_l + 0.7 tanh(x) over the chain's s_0, with its thetas and its f. */
const states = (chain: Chain, over: Partial<Hyper>): readonly State[] => {
  const { batch, seq, key, width, s, theta } = expressions(chain);
  return infer(
    { hyper: { ...usual, ...over }, batch: { batch, seq } as Batch },
    {
      input: s[0]!,
      blocks: s.slice(1).map((own) => (x: State) => add(own, mul(activations.tanh(x), 0.7))),
      width,
      energy: (_, l): LayerEnergy<'seq' | 'key'> => ({
        weights: [theta[l - 1]!],
        at: (below, above, [weight]) => {
          const mu = dot(weight!, rename(activations[chain.f](above), seq, key), key);
          return mul(sum(square(sub(below, mu)), [seq, width]), chain.c);
        },
      }),
    },
  );
};

/** What the gates are made of: `gamma.l.weight` over width and width.in, `gamma.l.bias`. */
const gatesOf = ({ L, d }: Chain): Readonly<Record<string, readonly number[]>> => {
  const next = stream(L * 10 + d);
  const drawn = (count: number): readonly number[] => Array.from({ length: count }, () => next() - 0.5);
  return Object.fromEntries(
    Array.from({ length: L + 1 }, (_, l) => [
      [`gamma.${l}.weight`, drawn(d * d)] as const,
      [`gamma.${l}.bias`, drawn(d)] as const,
    ]).flat(),
  );
};
/** gamma_l of every position and channel, in plain loops. */
const gammaOf = (chain: Chain, l: number, x: readonly number[]): readonly number[] => {
  const gates = gatesOf(chain);
  return x.map((_, i) => {
    const [first, k] = [i - (i % chain.d), i % chain.d];
    let total = gates[`gamma.${l}.bias`]![k]!;
    for (let c = 0; c < chain.d; c++) total += x[first + c]! * gates[`gamma.${l}.weight`]![k * chain.d + c]!;
    return 1 / (1 + Math.exp(-total));
  });
};

/** The part of a chain that belongs to one row. */
const rowOf = (chain: Chain, b: number, v: readonly number[]): readonly number[] =>
  v.slice(b * chain.n * chain.d, (b + 1) * chain.n * chain.d);
/** Two layers of one row alone, which ends after position t. */
const pairOf = (
  chain: Chain,
  length: number,
  below: readonly number[],
  above: readonly number[],
  theta: readonly number[],
): Chain => {
  const cut = (v: readonly number[]): readonly number[] => v.map((x, i) => (Math.floor(i / chain.d) < length ? x : 0));
  return { ...chain, L: 1, rows: 1, lengths: [length], s: [cut(below), cut(above)], theta: [theta] };
};

/** The states of a row as the words above say it: block by block, position by position on its own prefix where that is asked. */
const settled = (chain: Chain, b: number, { steps, horizon, adaptation }: Hyper): Layers => {
  const length = chain.lengths[b]!;
  const s = [rowOf(chain, b, chain.s[0]!)];
  for (let l = 1; l <= chain.L; l++) {
    const below = s[l - 1]!;
    let above = rowOf(chain, b, chain.s[l]!).map((v, i) => v + 0.7 * Math.tanh(below[i]!));
    let theta = chain.theta[l - 1]!;
    const gamma = gammaOf(chain, l, below);
    for (let k = 0; k < steps; k++) {
      const slopes = (n: number): readonly number[] => stateGradients(pairOf(chain, n, below, above, theta))[1]!;
      const each = Array.from({ length }, (_, t) => slopes(horizon === 'prefix' ? t + 1 : length));
      const moved = above.map((v, i) => v - gamma[i]! * (each[Math.floor(i / chain.d)]?.[i] ?? 0));
      const [own] = thetaGradients(pairOf(chain, length, below, above, theta));
      theta = theta.map((v, i) => v - adaptation * own![i]!);
      above = moved;
    }
    s.push(above);
  }
  return s;
};
const existing = (chain: Chain, b: number, v: readonly number[]): readonly number[] =>
  v.slice(0, chain.lengths[b]! * chain.d);

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const few = { numRuns: Math.ceil(runs / 3) };
  const run = (chain: Chain, over: Partial<Hyper>): Layers =>
    valuesOf(target, chain, states(chain, over), gatesOf(chain));

  const forms: readonly Partial<Hyper>[] = [
    { horizon: 'prefix' },
    { horizon: 'last' },
    { horizon: 'last', adaptation: 0.05 },
  ];
  test.each(forms)('each state settles on the settled one below: %o', (form) => {
    fc.assert(
      fc.property(problems(), fc.integer({ min: 1, max: 3 }), (chain, more) => {
        const hyper = { ...usual, ...form, steps: form.adaptation === undefined ? more : more + 1 };
        const got = run(chain, hyper);
        for (let b = 0; b < chain.rows; b++)
          expectClose(
            flat(got.map((v) => existing(chain, b, rowOf(chain, b, v)))),
            flat(settled(chain, b, hyper).map((v) => existing(chain, b, v))),
            tolerance,
          );
      }),
      few,
    );
  });

  test('law 5: without steps the states are the blocks, bit for bit, as they are after the pass', () => {
    fc.assert(
      fc.property(problems(), (chain) => {
        expectSame(flat(run(chain, { steps: 0 })), flat(run(chain, { steps: 0, inference: 'after' })), 'no steps');
      }),
      few,
    );
  });

  test('one block and one step: what is read at the top is the same in the pass and after it', () => {
    fc.assert(
      fc.property(problems({ layers: 1 }), (chain) => {
        expectClose(run(chain, {})[1]!, run(chain, { inference: 'after' })[1]!, tolerance);
        // The layer below is held in the pass; after it, it moves too.
        expectClose(run(chain, {})[0]!, chain.s[0]!, tolerance);
      }),
      few,
    );
  });

  test('law 13: what follows a position changes nothing of it, under prefix', () => {
    fc.assert(
      fc.property(problems({ full: true }), fc.nat(), fc.integer({ min: 1, max: 2 }), (chain, at, steps) => {
        const kept = (at % chain.n) + 1;
        const first = (v: readonly number[]): readonly number[] =>
          v.filter((_, i) => Math.floor(i / chain.d) % chain.n < kept);
        const other = {
          ...chain,
          s: chain.s.map((v) => v.map((x, i) => (Math.floor(i / chain.d) % chain.n < kept ? x : 1 - x))),
        };
        expectClose(flat(run(other, { steps }).map(first)), flat(run(chain, { steps }).map(first)), tolerance);
      }),
      few,
    );
  });

  test('law 11: a row is the same alone', () => {
    fc.assert(
      fc.property(problems(), (chain) => {
        fc.pre(chain.rows > 1);
        const alone = { ...chain, rows: 1, lengths: [chain.lengths[0]!], s: chain.s.map((v) => rowOf(chain, 0, v)) };
        expectSame(
          flat(run(alone, { steps: 2 })),
          flat(run(chain, { steps: 2 }).map((v) => rowOf(chain, 0, v))),
          'the first row',
        );
      }),
      few,
    );
  });
});

test('law 4: with a gate of 0.1 and theta small, every further step lowers the energy of every block', () => {
  const [target] = targets;
  fc.assert(
    fc.property(problems({ weights: 0.2, full: true, functions: ['tanh', 'sigmoid', 'linear'] }), (chain) => {
      const slow = Object.fromEntries(
        Object.entries(gatesOf(chain)).map(([name, v]) => [name, v.map(() => (name.endsWith('bias') ? -2.2 : 0))]),
      );
      // One block: of more, the energies of the upper ones are of other states below.
      const one = { ...chain, L: 1, s: chain.s.slice(0, 2), theta: chain.theta.slice(0, 1) };
      const after = [0, 1, 2, 4].map((steps) => {
        const s = valuesOf(target!, one, states(one, { steps, horizon: 'last' }), slow);
        return energies({ ...one, s });
      });
      for (let k = 1; k < after.length; k++)
        after[k]!.forEach((value, b) => expect(value).toBeLessThanOrEqual(after[k - 1]![b]! * (1 + 1e-12) + 1e-12));
    }),
    { numRuns: 30 },
  );
});
