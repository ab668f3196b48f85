/** Law 1, what the energy is; law 12, how it scales. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { descend } from '../../dsl/descend.js';
import { dot, rename, sub } from '../../dsl/ops.js';
import { activations } from '../../dsl/activation.js';
import { type Chain, chains, expressions } from '../generators/chains.js';
import { energies } from '../support/closed.js';
import { expectClose, norm } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const energyOf = (chain: Chain): readonly number[] =>
    valuesOf(target, chain, [expressions(chain).energy(expressions(chain).s)])[0]!;

  /** Every layer below the top set to its prediction, from the top down, by the target itself. */
  const exact = (chain: Chain): Chain => {
    const { theta, seq, key } = expressions(chain);
    const s = [...chain.s];
    for (let l = chain.L - 1; l >= 0; l--) {
      const x = expressions(chain).s[l + 1]!;
      s[l] = valuesOf(target, { ...chain, s }, [dot(theta[l]!, rename(activations[chain.f](x), seq, key), key)])[0]!;
    }
    return { ...chain, s };
  };

  test("law 1: E is the sum of its layers, each a sum of squares, and the formula's", () => {
    fc.assert(
      fc.property(chains(), (chain) => {
        const e = expressions(chain);
        const [total, ...layers] = valuesOf(target, chain, [e.energy(e.s), ...e.layers(e.s)]);
        layers.forEach((layer) => layer.forEach((v) => expect(v).toBeGreaterThanOrEqual(0)));
        expectClose(
          total!,
          total!.map((_, b) => layers.reduce((sum, layer) => sum + layer[b]!, 0)),
          tolerance,
          'the energy and its layers',
        );
        expectClose(total!, energies(chain), tolerance, 'the energy and the formula');
      }),
      { numRuns: runs },
    );
  });

  test('law 1: exact predictions have no energy, and one entry moved by delta costs c delta^2', () => {
    fc.assert(
      fc.property(chains(), fc.nat(), fc.double({ min: 0.1, max: 2, noNaN: true }), (written, at, delta) => {
        const chain = exact(written);
        const scale = Math.max(1, ...chain.s.map(norm));
        energyOf(chain).forEach((v) => expect(v).toBeLessThanOrEqual((tolerance * scale) ** 2 * 1e3));
        const row = chain.lengths.findIndex((n) => n > 0);
        if (row < 0) return;
        const i = row * chain.n * chain.d + (at % (chain.lengths[row]! * chain.d));
        const moved = {
          ...chain,
          s: chain.s.map((v, l) => (l === 0 ? v.map((x, k) => (k === i ? x + delta : x)) : v)),
        };
        expect(Math.abs(energyOf(moved)[row]! - chain.c * delta ** 2)).toBeLessThanOrEqual(tolerance * scale * 100);
      }),
      { numRuns: runs },
    );
  });

  test('law 12: with linear f, a s has a^2 the energy', () => {
    fc.assert(
      fc.property(chains({ functions: ['linear'] }), fc.double({ min: -2, max: 2, noNaN: true }), (chain, a) => {
        const scaled = { ...chain, s: chain.s.map((v) => v.map((x) => a * x)) };
        expectClose(
          energyOf(scaled),
          energyOf(chain).map((e) => a * a * e),
          tolerance,
        );
      }),
      { numRuns: runs },
    );
  });

  test('law 12: k times the energy at 1/k of the rate gives the same iterates', () => {
    fc.assert(
      fc.property(chains({ weights: 0.5, n: 5 }), fc.constantFrom(0.5, 2, 3, 10), (chain, k) => {
        const iterates = (c: number, rate: number): readonly number[] => {
          const e = expressions({ ...chain, c });
          return flat(
            valuesOf(target, { ...chain, c }, descend(([s]) => e.energy(s), { wrt: [e.s], rate, steps: 2 }).states[0]),
          );
        };
        expectClose(iterates(k * chain.c, 0.1 / k), iterates(chain.c, 0.1), tolerance);
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });
});

test('an error is a state less its prediction: the two thetas of a chain do not share an axis by accident', () => {
  const e = expressions({ n: 3, d: 2, L: 2, f: 'linear', c: 1 });
  expect(e.theta.map((t) => t.axes.map((a) => a.name))).toEqual([
    ['key', 'seq'],
    ['key', 'seq'],
  ]);
  expect(e.errors(e.s).map((x) => x.axes.map((a) => a.name))).toEqual([
    ['batch', 'seq', 'width'],
    ['batch', 'seq', 'width'],
  ]);
  expect(sub(e.s[0]!, e.s[1]!).op).toBe('map');
});
