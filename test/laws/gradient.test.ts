/** Law 2, derived gradients and Hessian-vector products are the closed ones; law 3, what they do not depend on. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradient, gradients } from '../../dsl/gradient.js';
import { add, dot, mul, square, sub, sum } from '../../dsl/ops.js';
import { param, zeros } from '../../dsl/parameter.js';
import type { Tensor } from '../../dsl/tensor.js';
import { type Chain, chains, type Expressions, expressions, type State } from '../generators/chains.js';
import { reals } from '../generators/axes.js';
import { energies, errors, hessianTimes, type Layers, stateGradients, thetaGradients } from '../support/closed.js';
import { expectClose, expectSame, expectSlope, inner, slopeAt } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** Directions of the states: parameters v.0 ... v.L, zero beyond each row. */
const directions = (e: Expressions): readonly State[] =>
  e.s.map((_, l): State => param(`v.${l}`, [e.batch, e.seq, e.width], zeros));
const hessianVector = (e: Expressions): readonly State[] => {
  const slopes = gradients(e.energy(e.s), e.s);
  const along = slopes
    .map((g, l): Tensor<'batch'> => dot(g, directions(e)[l]!, [e.seq, e.width]))
    .reduce((a, b) => add(a, b));
  return gradients(along, e.s);
};
const given = (v: Layers): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(v.map((x, l) => [`v.${l}`, x]));
/** Random directions that respect rows. */
const directed = (chain: Chain, numbers: readonly number[]): Layers =>
  chain.s.map((s, l) => s.map((x, i) => (x === 0 ? 0 : numbers[(i * 7 + l * 13) % numbers.length]!)));

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;

  test("law 2: the derived gradient in the states is the rule's", () => {
    fc.assert(
      fc.property(chains(), (chain) => {
        const e = expressions(chain);
        expectClose(
          flat(valuesOf(target, chain, gradients(e.energy(e.s), e.s))),
          flat(stateGradients(chain)),
          tolerance,
        );
      }),
      { numRuns: runs },
    );
  });

  test('law 2: the derived gradient in theta is -kappa eps_l f(s_{l+1})^T', () => {
    fc.assert(
      fc.property(chains(), (chain) => {
        const e = expressions(chain);
        expectClose(
          flat(valuesOf(target, chain, gradients(e.energy(e.s), e.theta))),
          flat(thetaGradients(chain)),
          tolerance,
        );
      }),
      { numRuns: runs },
    );
  });

  test('law 2: the derived Hessian-vector product is the closed one, and symmetric', () => {
    fc.assert(
      fc.property(chains({ n: 6 }), reals(40), reals(40), (chain, a, b) => {
        const e = expressions(chain);
        const [u, v] = [directed(chain, a), directed(chain, b)];
        const times = (x: Layers): readonly number[] => flat(valuesOf(target, chain, hessianVector(e), given(x)));
        const [hu, hv] = [times(u), times(v)];
        expectClose(hv, flat(hessianTimes(chain, v)), tolerance, 'the product and the closed one');
        const scale = 1 + Math.abs(inner(flat(u), hv)) + total(hu.map((x, i) => Math.abs(x * flat(v)[i]!)));
        expect(Math.abs(inner(flat(u), hv) - inner(flat(v), hu)) / scale).toBeLessThanOrEqual(tolerance);
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  test('law 3: dE/dmu_l = -kappa eps_l', () => {
    fc.assert(
      fc.property(chains(), (chain) => {
        const e = expressions(chain);
        const mu = e.theta.map((_, l): State => param(`mu.${l}`, [e.batch, e.seq, e.width], zeros));
        const energy = mu
          .map((m, l) => mul(sum(square(sub(e.s[l]!, m)), [e.seq, e.width]), chain.c))
          .reduce((a, b) => add(a, b));
        const eps = errors(chain);
        const values = Object.fromEntries(mu.map((_, l) => [`mu.${l}`, chain.s[l]!.map((v, i) => v - eps[l]![i]!)]));
        expectClose(
          flat(valuesOf(target, chain, gradients(energy, mu), values)),
          flat(eps).map((v) => -2 * chain.c * v),
          tolerance,
        );
      }),
      { numRuns: runs },
    );
  });

  test('law 3: moving s_k leaves dE/ds_l as it was, bit for bit, where |k - l| > 1', () => {
    fc.assert(
      fc.property(chains(), fc.nat(), (chain, which) => {
        fc.pre(chain.L >= 2);
        const e = expressions(chain);
        const k = which % (chain.L + 1);
        const moved = { ...chain, s: chain.s.map((v, l) => (l === k ? v.map((x) => (x === 0 ? 0 : x + 0.7)) : v)) };
        const slopes = gradients(e.energy(e.s), e.s);
        const [before, after] = [valuesOf(target, chain, slopes), valuesOf(target, moved, slopes)];
        before.forEach((g, l) => Math.abs(k - l) > 1 && expectSame(after[l]!, g, `dE/ds_${l} after s_${k} moved`));
      }),
      { numRuns: runs },
    );
  });
});

describe.each(targets.filter((t) => t.exact))('$name, in float64', (target) => {
  test('law 2: the derived gradient agrees with finite differences of the energy', () => {
    fc.assert(
      fc.property(chains({ n: 3, rows: 2, layers: 3 }), (chain) => {
        const e = expressions(chain);
        const slopes = valuesOf(target, chain, [
          ...gradients(e.energy(e.s), e.s),
          ...gradients(e.energy(e.s), e.theta),
        ]);
        const scale = total(energies(chain));
        chain.s.forEach((s, l) =>
          s.forEach((x, i) => {
            if (x === 0) return;
            const energyAt = (moved: Float64Array): number =>
              total(energies({ ...chain, s: chain.s.map((v, k) => (k === l ? [...moved] : v)) }));
            expectSlope(slopes[l]![i]!, slopeAt(energyAt, s, i), `dE/ds_${l}[${i}]`, scale);
          }),
        );
        chain.theta.forEach((theta, l) =>
          theta.forEach((_, i) => {
            const energyAt = (moved: Float64Array): number =>
              total(energies({ ...chain, theta: chain.theta.map((v, k) => (k === l ? [...moved] : v)) }));
            expectSlope(slopes[chain.L + 1 + l]![i]!, slopeAt(energyAt, theta, i), `dE/dtheta_${l + 1}[${i}]`, scale);
          }),
        );
      }),
      { numRuns: Math.ceil(target.runs / 3) },
    );
  });
});

test('gradient and gradients are one', () => {
  const e = expressions({ n: 2, d: 1, L: 1, f: 'tanh', c: 0.5 });
  expect(gradient(e.energy(e.s), e.s[0]!).axes).toEqual(gradients(e.energy(e.s), e.s)[0]!.axes);
});
