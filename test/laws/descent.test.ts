/** Law 4, descent descends; law 5, identities of iteration; law 6, where it rests; and the orders of moving states. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpoint, lastSteps, stopGradient } from '../../dsl/backward.js';
import { descend, type DescendOptions } from '../../dsl/descend.js';
import { gradients } from '../../dsl/gradient.js';
import { param, zeros } from '../../dsl/parameter.js';
import type { Tensor } from '../../dsl/tensor.js';
import { type Chain, chains, expressions, type State } from '../generators/chains.js';
import { energies, smoothness, stateGradients } from '../support/closed.js';
import { expectClose, expectSame } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

type Options = Partial<DescendOptions<readonly [readonly State[]]>>;
const rowRate = (chain: Chain): Tensor<'batch'> => param('rate', [expressions(chain).batch], zeros);
const descended = (chain: Chain, options: Options) => {
  const e = expressions(chain);
  return descend(([s]) => e.energy(s), { wrt: [e.s], rate: 0.1, steps: 1, ...options });
};
const squares = (xs: readonly number[]): number => xs.reduce((sum, v) => sum + v * v, 0);
const rowOf = (chain: Chain, v: readonly number[], b: number): readonly number[] =>
  v.slice(b * chain.n * chain.d, (b + 1) * chain.n * chain.d);

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const statesOf = (chain: Chain, options: Options) => valuesOf(target, chain, descended(chain, options).states[0]);

  test('law 4: below 2 / Lambda every step lowers the energy by what is promised, and the next ones go on', () => {
    fc.assert(
      fc.property(chains({ n: 5 }), fc.double({ min: 0.05, max: 0.95, noNaN: true }), (chain, share) => {
        const Lambda = chain.lengths.map((_, b) => smoothness(chain, b));
        const rate = Lambda.map((l) => (2 * share) / l);
        const before = energies(chain);
        const gradient = stateGradients(chain);
        const [E1, E3] = [1, 3].map(
          (steps) => valuesOf(target, chain, [descended(chain, { rate: rowRate(chain), steps }).energy], { rate })[0]!,
        );
        before.forEach((E0, b) => {
          const g = gradient.reduce((sum, v) => sum + squares(rowOf(chain, v, b)), 0);
          const bound = E0 - rate[b]! * (1 - (rate[b]! * Lambda[b]!) / 2) * g;
          expect(E1![b]!).toBeLessThanOrEqual(bound + tolerance * Math.max(1, E0));
          expect(E3![b]!).toBeLessThanOrEqual(E1![b]! + tolerance * Math.max(1, E0));
        });
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  test('law 5: no rate or no steps is the identity, bit for bit', () => {
    fc.assert(
      fc.property(chains({ n: 4 }), (chain) => {
        const before = valuesOf(target, chain, expressions(chain).s);
        expectSame(flat(statesOf(chain, { steps: 0 })), flat(before), 'no steps');
        expectSame(
          flat(
            valuesOf(target, chain, descended(chain, { rate: rowRate(chain), steps: 2 }).states[0], {
              rate: chain.lengths.map(() => 0),
            }),
          ),
          flat(before),
          'no rate',
        );
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  test('law 5: K + J steps are J steps after K', () => {
    fc.assert(
      fc.property(
        chains({ n: 4, weights: 0.7 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom('jacobi', 'sweepUp', 'sweepDown'),
        (chain, k, j, order) => {
          const e = expressions(chain);
          const first = descended(chain, { steps: k, order }).states[0];
          const both = descend(([s]) => e.energy(s), { wrt: [first], rate: 0.1, steps: j, order }).states[0];
          expectClose(flat(valuesOf(target, chain, both)), flat(statesOf(chain, { steps: k + j, order })), tolerance);
        },
      ),
      { numRuns: Math.ceil(runs / 4) },
    );
  });

  test('a step is minus the rate times the gradient: law 6, a free state rests exactly where its gradient is zero', () => {
    fc.assert(
      fc.property(chains({ n: 4 }), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (chain, held) => {
        const clamp = chain.s.map((_, l) => held[l]!);
        const moved = statesOf(chain, { rate: 0.25, clamp: [clamp] });
        const slopes = stateGradients(chain);
        chain.s.forEach((s, l) => {
          if (clamp[l]!)
            return expectSame(moved[l]!, valuesOf(target, chain, [expressions(chain).s[l]!])[0]!, `clamped s_${l}`);
          expectClose(
            moved[l]!,
            s.map((v, i) => v - 0.25 * slopes[l]![i]!),
            tolerance,
            `s_${l}`,
          );
        });
      }),
      { numRuns: runs },
    );
  });

  test('law 6: with theta 0 and s_0 ... s_{L-1} at 0 nothing moves, bit for bit', () => {
    fc.assert(
      fc.property(chains({ n: 4 }), (chain) => {
        const rest = {
          ...chain,
          theta: chain.theta.map((v) => v.map(() => 0)),
          s: chain.s.map((v, l) => (l === chain.L ? v : v.map(() => 0))),
        };
        const at = valuesOf(target, rest, expressions(rest).s);
        statesOf(rest, { steps: 3 }).forEach((v, l) => expectClose(v, at[l]!, 0));
      }),
      { numRuns: Math.ceil(runs / 4) },
    );
  });

  test('a sweep moves one state after another, each at what the last has left', () => {
    fc.assert(
      fc.property(chains({ n: 4, weights: 1 }), fc.constantFrom('sweepUp', 'sweepDown'), (chain, order) => {
        let s: readonly (readonly number[])[] = chain.s;
        const layers = chain.s.map((_, l) => l);
        for (const l of order === 'sweepUp' ? layers : layers.reverse()) {
          const slope = stateGradients({ ...chain, s })[l]!;
          s = s.map((v, k) => (k === l ? v.map((x, i) => x - 0.1 * slope[i]!) : v));
        }
        expectClose(flat(statesOf(chain, { order })), flat(s), tolerance);
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});

describe('how a derivative passes through the steps', () => {
  const reference = targets[0]!;
  const e = (chain: Chain) => expressions(chain);
  const slope = (chain: Chain, options: Options) =>
    valuesOf(reference, chain, gradients(descended(chain, options).energy, e(chain).theta));

  test('does not change what they compute', () => {
    fc.assert(
      fc.property(chains({ n: 3, weights: 1 }), (chain) => {
        const want = flat(valuesOf(reference, chain, descended(chain, { steps: 3 }).states[0]));
        for (const backward of [checkpoint(2), lastSteps(1), stopGradient]) {
          expectSame(
            flat(valuesOf(reference, chain, descended(chain, { steps: 3, backward }).states[0])),
            want,
            backward.kind,
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  test('law 10: checkpointed equals unrolled; the last K of K steps are all of them; none is the direct dependence alone', () => {
    fc.assert(
      fc.property(chains({ n: 3, weights: 1, layers: 2 }), (chain) => {
        const unrolled = flat(slope(chain, { steps: 3 }));
        expectClose(flat(slope(chain, { steps: 3, backward: checkpoint(2) })), unrolled, 1e-12, 'checkpoint');
        expectClose(flat(slope(chain, { steps: 3, backward: lastSteps(3) })), unrolled, 1e-12, 'all steps live');
        // The states as constants: only the energy's own dependence on theta is left.
        const at = valuesOf(reference, chain, descended(chain, { steps: 3 }).states[0]);
        const there = { ...chain, s: at };
        const direct = flat(valuesOf(reference, there, gradients(e(there).energy(e(there).s), e(there).theta)));
        expectClose(flat(slope(chain, { steps: 3, backward: stopGradient })), direct, 1e-12, 'stopped');
        // Through the last step alone: two steps as constants, then one.
        const two = valuesOf(reference, chain, descended(chain, { steps: 2 }).states[0]);
        expectClose(
          flat(slope(chain, { steps: 3, backward: lastSteps(1) })),
          flat(slope({ ...chain, s: two }, { steps: 1 })),
          1e-12,
          'the last step',
        );
      }),
      { numRuns: 20 },
    );
  });
});
