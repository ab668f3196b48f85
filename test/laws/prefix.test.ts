/** README 4 and law 13: a position descends its own prefix's energy, and what follows it is never read. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prefix, whole } from '../../dsl/backward.js';
import { descend } from '../../dsl/descend.js';
import { gradients } from '../../dsl/gradient.js';
import { param, zeros } from '../../dsl/parameter.js';
import { add, expand, mul } from '../../dsl/ops.js';
import type { Tensor } from '../../dsl/tensor.js';
import { type Chain, chains, expressions, type State } from '../generators/chains.js';
import { curves } from '../support/closed.js';
import { expectClose, expectSame } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

type Layers = readonly (readonly number[])[];
interface Options {
  readonly horizon: 'prefix' | 'whole';
  readonly steps: number;
  readonly order?: 'jacobi' | 'sweepUp' | 'sweepDown';
  readonly clamp?: readonly boolean[];
}

const RATE = 0.1;
const statesOf = (chain: Chain, { horizon, clamp, ...rest }: Options): readonly State[] => {
  const e = expressions(chain);
  return descend(([s]) => e.energy(s), {
    wrt: [e.s],
    rate: RATE,
    ...rest,
    horizon: horizon === 'prefix' ? prefix(e.seq) : whole,
    ...(clamp === undefined ? {} : { clamp: [clamp] }),
  }).states[0];
};

const problems = (shape: Parameters<typeof chains>[0] = {}): fc.Arbitrary<Chain> =>
  chains({ n: 4, weights: 1, layers: 3, rows: 2, ...shape });

/** The chain whose rows end after position t: no later position exists. */
const cut = (chain: Chain, t: number): Chain => ({
  ...chain,
  lengths: chain.lengths.map((n) => Math.min(n, t + 1)),
  s: chain.s.map((v) => v.map((x, i) => (Math.floor(i / chain.d) % chain.n > t ? 0 : x))),
});

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const few = { numRuns: Math.ceil(runs / 3) };
  const run = (chain: Chain, options: Options): Layers => valuesOf(target, chain, statesOf(chain, options));

  /** One round in which each position moves as it would if its prefix were all there is. */
  const alone = (chain: Chain, options: Options): Layers => {
    const moved = chain.s.map((v) => [...v]);
    for (let t = 0; t < chain.n; t++) {
      const shorter = run(cut(chain, t), { ...options, horizon: 'whole', steps: 1 });
      shorter.forEach((v, l) => v.forEach((x, i) => Math.floor(i / chain.d) % chain.n === t && (moved[l]![i] = x)));
    }
    return moved;
  };

  test('section 4: the prefix form is one descent a prefix, position t taken from that of t; several steps are so one by one', () => {
    fc.assert(
      fc.property(problems(), fc.integer({ min: 1, max: 3 }), (chain, steps) => {
        let s: Layers = chain.s;
        for (let k = 0; k < steps; k++) s = alone({ ...chain, s }, { horizon: 'whole', steps: 1 });
        expectClose(flat(run(chain, { horizon: 'prefix', steps })), flat(s), tolerance);
      }),
      few,
    );
  });

  test('section 4: in a sweep each round is so, the states moved before being read where they are', () => {
    fc.assert(
      fc.property(problems({ n: 3 }), fc.constantFrom('sweepUp', 'sweepDown'), (chain, order) => {
        const layers = chain.s.map((_, l) => l);
        let s: Layers = chain.s;
        for (const l of order === 'sweepUp' ? layers : layers.reverse()) {
          s = alone({ ...chain, s }, { horizon: 'whole', steps: 1, clamp: chain.s.map((_, k) => k !== l) });
        }
        expectClose(flat(run(chain, { horizon: 'prefix', steps: 1, order })), flat(s), tolerance);
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });

  test("section 4: the closed form, f'(s_t) [sum theta_it x_i - sum K_tk f(s_k)] with K_tk = sum_{i<=t} theta_it theta_ik", () => {
    fc.assert(
      fc.property(problems({ layers: 2 }), (chain) => {
        const { n, d, c } = chain;
        const { value, slope } = curves[chain.f];
        const got = run(chain, { horizon: 'prefix', steps: 1, clamp: chain.s.map((_, l) => l !== chain.L) })[chain.L]!;
        const want = [...chain.s[chain.L]!];
        const theta = (i: number, j: number): number => chain.theta[chain.L - 1]![j * n + i]!;
        chain.lengths.forEach((length, b) => {
          for (let t = 0; t < length; t++)
            for (let k = 0; k < d; k++) {
              const at = (i: number): number => (b * n + i) * d + k;
              let total = 0;
              for (let i = 0; i <= t; i++) total += theta(i, t) * chain.s[chain.L - 1]![at(i)]!;
              for (let j = 0; j <= t; j++) {
                let K = 0;
                for (let i = 0; i <= t; i++) K += theta(i, t) * theta(i, j);
                total -= K * value(chain.s[chain.L]![at(j)]!);
              }
              want[at(t)] = chain.s[chain.L]![at(t)]! + RATE * 2 * c * slope(chain.s[chain.L]![at(t)]!) * total;
            }
        });
        expectClose(got, want, tolerance);
      }),
      few,
    );
  });

  test('law 13: no suffix changes a prefix, in length or in content', () => {
    fc.assert(
      fc.property(
        problems(),
        fc.nat({ max: 3 }),
        fc.nat({ max: 1000 }),
        fc.integer({ min: 1, max: 2 }),
        (chain, t, seed, steps) => {
          const kept = (layers: Layers): readonly number[] =>
            layers.flatMap((v) => v.filter((_, i) => Math.floor(i / chain.d) % chain.n <= t));
          const longer = chain.lengths.map((n, b) => (n <= t ? n : Math.min(chain.n, t + 1 + ((seed + b) % chain.n))));
          const other: Chain = {
            ...chain,
            lengths: longer,
            s: chain.s.map((v, l) =>
              v.map((x, at) => {
                const [b, i] = [Math.floor(at / (chain.n * chain.d)), Math.floor(at / chain.d) % chain.n];
                return i >= longer[b]! ? 0 : i > t ? 3 * Math.sin(seed + l * 91 + at) : x;
              }),
            ),
          };
          expectSame(
            kept(run(other, { horizon: 'prefix', steps })),
            kept(run(chain, { horizon: 'prefix', steps })),
            `positions up to ${t}`,
          );
        },
      ),
      few,
    );
  });

  test('training differentiates through it: a loss on a prefix has no gradient in what follows', () => {
    fc.assert(
      fc.property(problems({ layers: 2, rows: 1 }), fc.nat({ max: 3 }), (chain, t) => {
        const weights = param('weights', [expressions(chain).seq], zeros);
        const states = statesOf(chain, { horizon: 'prefix', steps: 2 });
        const loss = states.map((s): Tensor<'batch' | 'seq' | 'width'> => s).reduce((a, b) => add(a, b));
        const seen = (weight: State): readonly State[] => gradients(mul(loss, weight), expressions(chain).s);
        const masked = valuesOf(
          target,
          chain,
          seen(expand(weights, expressions(chain).batch, expressions(chain).width)),
          { weights: Array.from({ length: chain.n }, (_, i) => (i <= t ? 1 : 0)) },
        );
        masked.forEach((v) =>
          v.forEach((x, i) => Math.floor(i / chain.d) % chain.n > t && expect(Math.abs(x)).toBe(0)),
        );
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });
});

test('section 4: the whole horizon does read the future, though theta is lower-triangular', () => {
  const leaks: boolean[] = [];
  fc.assert(
    fc.property(chains({ n: 4, layers: 2, rows: 1, full: true, lower: true, weights: 1 }), (chain) => {
      if (chain.n < 2) return;
      const later = {
        ...chain,
        s: chain.s.map((v) => v.map((x, i) => (Math.floor(i / chain.d) % chain.n === chain.n - 1 ? x + 1 : x))),
      };
      const first = (c: Chain): readonly number[] =>
        valuesOf(targets[0]!, c, statesOf(c, { horizon: 'whole', steps: 1 })).flatMap((v) => v.slice(0, chain.d));
      leaks.push(first(chain).some((v, i) => v !== first(later)[i]));
    }),
    { numRuns: 30 },
  );
  expect(leaks.filter((x) => x).length).toBeGreaterThan(leaks.length / 2);
});
