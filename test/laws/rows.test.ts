/** Law 11: a user's outputs are the user's own. Permuting users permutes outputs; positions only jointly with theta. */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { type Horizon, prefix, whole } from '../../dsl/backward.js';
import { descend } from '../../dsl/descend.js';
import { type Chain, chains, expressions } from '../generators/chains.js';
import { expectClose, expectSame } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

const select = (chain: Chain, rows: readonly number[]): Chain => {
  const size = chain.n * chain.d;
  return {
    ...chain,
    rows: rows.length,
    lengths: rows.map((b) => chain.lengths[b]!),
    s: chain.s.map((v) => rows.flatMap((b) => v.slice(b * size, (b + 1) * size))),
  };
};

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const outputs = (chain: Chain, horizon: Horizon, steps: number): readonly (readonly number[])[] => {
    const e = expressions(chain);
    const {
      states: [s],
      energy,
    } = descend(([states]) => e.energy(states), { wrt: [e.s], rate: 0.1, steps, horizon });
    return valuesOf(target, chain, [...s, energy]);
  };
  const horizons = (chain: Chain): readonly Horizon[] => [whole, prefix(expressions(chain).seq)];

  test('law 11: alone or in a batch, bit for bit; and in any order of users', () => {
    fc.assert(
      fc.property(chains({ n: 4, weights: 1, layers: 3 }), fc.integer({ min: 1, max: 2 }), (chain, steps) => {
        const order = [...Array(chain.rows).keys()].reverse();
        for (const horizon of horizons(chain)) {
          const together = outputs(chain, horizon, steps);
          const cut = (b: number) =>
            together.map((v) => v.slice((b * v.length) / chain.rows, ((b + 1) * v.length) / chain.rows));
          for (let b = 0; b < chain.rows; b++)
            expectSame(flat(outputs(select(chain, [b]), horizon, steps)), flat(cut(b)), `row ${b} alone`);
          const reversed = outputs(select(chain, order), horizon, steps);
          together.forEach((v, k) => {
            const size = v.length / chain.rows;
            expectSame(
              order.flatMap((b) => v.slice(b * size, (b + 1) * size)),
              reversed[k]!,
              'rows in another order',
            );
          });
        }
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  test('law 11: permuting positions, with theta -> P theta P^T, permutes the states', () => {
    fc.assert(
      fc.property(chains({ n: 5, weights: 1, layers: 3, full: true }), fc.nat(), (chain, turn) => {
        const { n, d } = chain;
        const to = (i: number): number => (i * (n % 2 === 0 || n === 1 ? 1 : 2) + turn) % n;
        const state = (v: readonly number[]): readonly number[] => {
          const out = [...v];
          for (let b = 0; b < chain.rows; b++)
            for (let i = 0; i < n; i++)
              for (let k = 0; k < d; k++) out[(b * n + to(i)) * d + k] = v[(b * n + i) * d + k]!;
          return out;
        };
        const weights = (v: readonly number[]): readonly number[] => {
          const out = [...v];
          for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[to(j) * n + to(i)] = v[j * n + i]!;
          return out;
        };
        const moved = { ...chain, s: chain.s.map(state), theta: chain.theta.map(weights) };
        const want = outputs(chain, whole, 2);
        expectClose(flat(outputs(moved, whole, 2)), flat(want.map((v, l) => (l <= chain.L ? state(v) : v))), tolerance);
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});
