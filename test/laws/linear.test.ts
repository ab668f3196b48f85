/** Laws 7 and 8: with linear f the energy is a quadratic form, whose minimum, iterates and Laplace bound are known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { descend } from '../../dsl/descend.js';
import { gradients } from '../../dsl/gradient.js';
import { type Chain, chains, expressions } from '../generators/chains.js';
import { apply, determinant, eye, type Matrix, plus, product, solve, transpose } from '../support/dense.js';
import { expectClose, norm } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

/** One row, all positions; ends clamped, so at least one layer between. */
const problems = fc
  .record({ chain: chains({ functions: ['linear'], rows: 1, full: true, n: 4, weights: 1 }) })
  .map(({ chain }): Chain => ({ ...chain, L: Math.max(2, chain.L), ...longer(chain) }));
const longer = (chain: Chain): Pick<Chain, 's' | 'theta'> =>
  chain.L >= 2
    ? chain
    : {
        s: [...chain.s, chain.s[0]!.map((v) => v / 2 + 0.3)],
        theta: [...chain.theta, chain.theta[0]!.map((v) => 0.4 - v)],
      };

/** theta_{l+1} as a matrix: position below by position above. */
const matrixOf = (chain: Chain, l: number): Matrix =>
  Array.from({ length: chain.n }, (_, i) =>
    Array.from({ length: chain.n }, (_, j) => chain.theta[l]![j * chain.n + i]!),
  );
const channel = (chain: Chain, l: number, k: number): readonly number[] =>
  Array.from({ length: chain.n }, (_, i) => chain.s[l]![i * chain.d + k]!);

/** H / kappa over s_1 ... s_{L-1} of one channel: diagonal blocks I + theta_l^T theta_l, off them -theta_{l+1}. */
const hessian = (chain: Chain): Matrix => {
  const { n, L } = chain;
  const H = Array.from({ length: (L - 1) * n }, () => new Array<number>((L - 1) * n).fill(0));
  const place = (row: number, column: number, block: Matrix): void =>
    block.forEach((line, i) => line.forEach((v, j) => void (H[row * n + i]![column * n + j] = v)));
  for (let l = 1; l < L; l++) {
    const below = matrixOf(chain, l - 1);
    place(l - 1, l - 1, plus(eye(n), product(transpose(below), below)));
    if (l + 1 < L) {
      const above = matrixOf(chain, l);
      place(
        l - 1,
        l,
        above.map((row) => row.map((v) => -v)),
      );
      place(
        l,
        l - 1,
        transpose(above).map((row) => row.map((v) => -v)),
      );
    }
  }
  return H;
};
/** The free states' minimum, channel by channel, in layers. */
const minimum = (chain: Chain): readonly (readonly number[])[] => {
  const { n, d, L } = chain;
  const s = chain.s.map((v) => [...v]);
  for (let k = 0; k < d; k++) {
    const b = new Array<number>((L - 1) * n).fill(0);
    apply(transpose(matrixOf(chain, 0)), channel(chain, 0, k)).forEach((v, i) => void (b[i]! += v));
    apply(matrixOf(chain, L - 1), channel(chain, L, k)).forEach((v, i) => void (b[(L - 2) * n + i]! += v));
    solve(hessian(chain), b).x.forEach((v, at) => void (s[1 + Math.floor(at / n)]![(at % n) * d + k] = v));
  }
  return s;
};
const clampEnds = (chain: Chain): readonly [readonly boolean[]] => [chain.s.map((_, l) => l === 0 || l === chain.L)];

describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;
  const energyOf = (chain: Chain): number =>
    valuesOf(target, chain, [expressions(chain).energy(expressions(chain).s)])[0]![0]!;
  const few = { numRuns: Math.ceil(runs / 2) };

  test('law 7: the block-tridiagonal solution is where the derived gradient vanishes, and no step beside it is lower', () => {
    fc.assert(
      fc.property(problems, fc.nat(), (chain, seed) => {
        const best = { ...chain, s: minimum(chain) };
        const e = expressions(chain);
        const slopes = valuesOf(target, best, gradients(e.energy(e.s), e.s.slice(1, -1)));
        const scale = Math.max(1, norm(flat(best.s)));
        expect(norm(flat(slopes)) / scale).toBeLessThanOrEqual(tolerance * 10);
        const beside = {
          ...best,
          s: best.s.map((v, l) => (l === 0 || l === chain.L ? v : v.map((x, i) => x + Math.sin(seed + l * 31 + i)))),
        };
        expect(energyOf(beside)).toBeGreaterThanOrEqual(energyOf(best) - tolerance * scale ** 2);
      }),
      few,
    );
  });

  test('law 7: k steps leave (I - gamma H)^k of the distance', () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 3 }), (chain, k) => {
        const H = hessian(chain).map((row) => row.map((v) => 2 * chain.c * v));
        const rate = 1 / Math.max(...H.map((row) => row.reduce((sum, v) => sum + Math.abs(v), 0)));
        const e = expressions(chain);
        const {
          states: [s],
        } = descend(([states]) => e.energy(states), { wrt: [e.s], rate, steps: k, clamp: clampEnds(chain) });
        const got = valuesOf(target, chain, s);
        const best = minimum(chain);
        const shrink = Array.from({ length: k }).reduce<Matrix>(
          (m) => product(plus(eye(H.length), H, -rate), m),
          eye(H.length),
        );
        for (let c = 0; c < chain.d; c++) {
          const away = (layers: readonly (readonly number[])[]): readonly number[] =>
            layers
              .slice(1, -1)
              .flatMap((v, l) =>
                Array.from({ length: chain.n }, (_, i) => v[i * chain.d + c]! - best[l + 1]![i * chain.d + c]!),
              );
          expectClose(away(got), apply(shrink, away(chain.s)), tolerance * 10);
        }
      }),
      few,
    );
  });

  test('law 7: the energy is convex in the states, and in theta', () => {
    fc.assert(
      fc.property(problems, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 1000 }), (chain, t, seed) => {
        const other = (v: readonly number[], l: number): readonly number[] =>
          v.map((_, i) => 2 * Math.sin(seed + 17 * l + i));
        const mix = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
          a.map((v, l) => v.map((x, i) => (1 - t) * x + t * b[l]![i]!));
        for (const part of ['s', 'theta'] as const) {
          const there = { ...chain, [part]: chain[part].map(other) };
          const between = { ...chain, [part]: mix(chain[part], there[part]) };
          const chord = (1 - t) * energyOf(chain) + t * energyOf(there);
          expect(energyOf(between)).toBeLessThanOrEqual(chord + tolerance * Math.max(1, chord));
        }
      }),
      few,
    );
  });

  test('law 8: under a Gaussian the expected energy is E(m) + tr(H Sigma) / 2, so that F - E is constant where Sigma is', () => {
    fc.assert(
      fc.property(problems, fc.nat({ max: 1000 }), (chain, seed) => {
        const free = (chain.L - 1) * chain.n;
        const root = Array.from({ length: free }, (_, i) =>
          Array.from({ length: free }, (_, j) => Math.sin(seed + 3 * i + 7 * j) / 2),
        );
        const H = hessian(chain).map((row) => row.map((v) => 2 * chain.c * v));
        const trace = product(H, product(root, transpose(root))).reduce((sum, row, i) => sum + row[i]!, 0);
        // 2 N points, m +- sqrt(N) a_i with Sigma = sum a_i a_i^T, integrate a quadratic form exactly; all in channel 0.
        const moved = (a: readonly number[], by: number): Chain => ({
          ...chain,
          s: chain.s.map((v, l) =>
            v.map((x, i) =>
              l === 0 || l === chain.L || i % chain.d !== 0 ? x : x + by * a[(l - 1) * chain.n + i / chain.d]!,
            ),
          ),
        });
        const points = transpose(root).flatMap((a) => [moved(a, Math.sqrt(free)), moved(a, -Math.sqrt(free))]);
        const mean = points.reduce((sum, p) => sum + energyOf(p), 0) / points.length;
        const want = energyOf(chain) + trace / 2;
        expect(Math.abs(mean - want) / Math.max(1, want)).toBeLessThanOrEqual(tolerance * 10);
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });

  test('law 8: log det H = log det S with S = I + sum P_k P_k^T: the Laplace bound is exact', () => {
    fc.assert(
      fc.property(problems, (chain) => {
        const e = expressions(chain);
        // H from the target: the gradient is linear, so its columns are differences along unit vectors of channel 0.
        const slopes = gradients(e.energy(e.s), e.s.slice(1, -1));
        const at = (s: Chain['s']): readonly number[] =>
          valuesOf(target, { ...chain, s }, slopes).flatMap((v) =>
            Array.from({ length: chain.n }, (_, i) => v[i * chain.d]!),
          );
        const zero = chain.s.map((v) => v.map(() => 0));
        const columns = Array.from({ length: (chain.L - 1) * chain.n }, (_, j) =>
          at(
            zero.map((v, l) =>
              v.map((_, i) => (l === 1 + Math.floor(j / chain.n) && i === (j % chain.n) * chain.d ? 1 : 0)),
            ),
          ).map((v) => v / (2 * chain.c)),
        );
        let P: Matrix = eye(chain.n);
        let S: Matrix = eye(chain.n);
        for (let l = 0; l < chain.L - 1; l++) {
          P = product(P, matrixOf(chain, l));
          S = plus(S, product(P, transpose(P)));
        }
        expect(Math.abs(Math.log(determinant(columns)) - Math.log(determinant(S)))).toBeLessThanOrEqual(
          tolerance * 100,
        );
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });
});
