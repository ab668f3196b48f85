/** Theta adapted to a user: a state of the same descent, each user's own, while the parameter itself is never written. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Horizon, prefix, whole } from '../../dsl/backward.js';
import { descend } from '../../dsl/descend.js';
import { activations } from '../../dsl/activation.js';
import { add, dot, expand, mul, rename, square, sub, sum } from '../../dsl/ops.js';
import type { Node } from '../../dsl/node.js';
import type { Tensor } from '../../dsl/tensor.js';
import { type Chain, chains, type Expressions, expressions, type State } from '../generators/chains.js';
import { curves, errors, type Layers, stateGradients, thetaGradients } from '../support/closed.js';
import { expectClose, expectSame } from '../support/numbers.js';
import { expanded } from '../support/programs.js';
import { flat, targets, valuesOf } from './targets.js';

type Own = Tensor<'batch' | 'seq' | 'key'>;
const energyOf = (chain: Chain, e: Expressions, s: readonly State[], own: readonly Own[]): Tensor<'batch'> =>
  own
    .map((w, l) =>
      mul(
        sum(square(sub(s[l]!, dot(w, rename(activations[chain.f](s[l + 1]!), e.seq, e.key), e.key))), [e.seq, e.width]),
        chain.c,
      ),
    )
    .reduce((a, b) => add(a, b));

const RATE = 0.1;
const ALPHA = 0.05;
const adapted = (chain: Chain, steps: number, order: 'jacobi' | 'sweepUp' = 'jacobi') => {
  const e = expressions(chain);
  return descend(([s, own]) => energyOf(chain, e, s, own), {
    wrt: [e.s, e.theta.map((w): Own => expand(w, e.batch))],
    rate: [RATE, ALPHA],
    steps,
    order,
  }).states;
};

const rowsOf = (chain: Chain): readonly number[] => Array.from({ length: chain.rows }, (_, b) => b);
/** A row alone: its states, and a theta that it may have made its own. */
const alone = (chain: Chain, b: number, s: Layers, theta: Layers): Chain => {
  const size = chain.n * chain.d;
  return { ...chain, rows: 1, lengths: [chain.lengths[b]!], s: s.map((v) => v.slice(b * size, (b + 1) * size)), theta };
};
/** Positions that the row does not have are nobody's. */
const existing = (chain: Chain, b: number, theta: readonly number[]): readonly number[] =>
  theta.map((v, at) => (Math.floor(at / chain.n) < chain.lengths[b]! && at % chain.n < chain.lengths[b]! ? v : 0));

const problems = chains({ n: 4, weights: 1, layers: 2 });
describe.each(targets)('$name', (target) => {
  const { tolerance, runs } = target;

  test("states and each user's theta move together, as the two gradients say", () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 3 }), (chain, steps) => {
        const [s, own] = adapted(chain, steps);
        const values = valuesOf(target, chain, [...s, ...own]);
        for (const b of rowsOf(chain)) {
          let row = alone(chain, b, chain.s, chain.theta);
          for (let k = 0; k < steps; k++) {
            const [ds, dtheta] = [stateGradients(row), thetaGradients(row)];
            row = {
              ...row,
              s: row.s.map((v, l) => v.map((x, i) => x - RATE * ds[l]![i]!)),
              theta: row.theta.map((v, l) => v.map((x, i) => x - ALPHA * dtheta[l]![i]!)),
            };
          }
          const part = (v: readonly number[]): readonly number[] =>
            v.slice((b * v.length) / chain.rows, ((b + 1) * v.length) / chain.rows);
          expectClose(flat(values.slice(0, chain.L + 1).map(part)), flat(row.s), tolerance, 'states');
          expectClose(
            flat(values.slice(chain.L + 1).map(part)),
            flat(row.theta.map((v) => existing(chain, b, v))),
            tolerance,
            'theta',
          );
        }
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  test("theta' f = theta f + alpha kappa eps (f^T f): the adapted prediction needs no theta of a user's own", () => {
    fc.assert(
      fc.property(problems, (chain) => {
        const e = expressions(chain);
        // A sweep up to theta's own turn leaves the states: they are clamped.
        const {
          states: [, own],
        } = descend(([s, w]) => energyOf(chain, e, s, w), {
          wrt: [e.s, e.theta.map((w): Own => expand(w, e.batch))],
          rate: [0, ALPHA],
          steps: 1,
          clamp: [true, false],
        });
        const predicted = valuesOf(
          target,
          chain,
          own.map((w, l) => dot(w, rename(activations[chain.f](e.s[l + 1]!), e.seq, e.key), e.key)),
        );
        const eps = errors(chain);
        const f = curves[chain.f].value;
        predicted.forEach((got, l) => {
          const want = chain.s[l]!.map((v, i) => v - eps[l]![i]!);
          for (const b of rowsOf(chain)) {
            const at = (i: number, k: number): number => (b * chain.n + i) * chain.d + k;
            for (let i = 0; i < chain.lengths[b]!; i++)
              for (let k = 0; k < chain.d; k++) {
                for (let j = 0; j < chain.lengths[b]!; j++) {
                  let together = 0;
                  for (let c = 0; c < chain.d; c++) together += eps[l]![at(i, c)]! * f(chain.s[l + 1]![at(j, c)]!);
                  want[at(i, k)]! += ALPHA * 2 * chain.c * together * f(chain.s[l + 1]![at(j, k)]!);
                }
              }
          }
          expectClose(got, want, tolerance);
        });
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  test("on prefixes too, each with a theta of its own: what is handed back is the whole history's, without further axes", () => {
    fc.assert(
      fc.property(problems, (chain) => {
        const e = expressions(chain);
        const run = (horizon: Horizon, steps: number) => {
          const {
            states: [s, own],
            energy,
          } = descend(([states, w]) => energyOf(chain, e, states, w), {
            wrt: [e.s, e.theta.map((w): Own => expand(w, e.batch))],
            rate: [RATE, ALPHA],
            steps,
            horizon,
          });
          return [...s, ...own, energy];
        };
        const results = run(prefix(e.seq), 2);
        expanded(results).forEach((n, i) =>
          expect(n.axes.map((a) => a.name)).toEqual(results[i]!.axes.map((a) => a.name)),
        );
        const own = (roots: readonly Node[]): readonly number[] =>
          flat(valuesOf(target, chain, roots).slice(chain.L + 1, 2 * chain.L + 1));
        expectClose(own(run(prefix(e.seq), 1)), own(run(whole, 1)), tolerance, 'theta after one step');
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });

  test('on prefixes position t reads the theta of its own', () => {
    fc.assert(
      fc.property(chains({ n: 3, weights: 1, layers: 2, rows: 2 }), (chain) => {
        const e = expressions(chain);
        const run = (c: Chain, horizon: Horizon, steps: number, theta?: Layers): readonly (readonly number[])[] => {
          const {
            states: [s, own],
          } = descend(([states, w]) => energyOf(c, e, states, w), {
            wrt: [e.s, e.theta.map((w): Own => expand(w, e.batch))],
            rate: [RATE, ALPHA],
            steps,
            horizon,
          });
          return valuesOf(target, theta === undefined ? c : { ...c, theta }, [...s, ...own]);
        };
        const got = run(chain, prefix(e.seq), 2);
        for (const b of rowsOf(chain)) {
          const row = alone(chain, b, chain.s, chain.theta);
          const cut = (t: number, s: Layers): Chain => ({
            ...row,
            lengths: [Math.min(row.lengths[0]!, t + 1)],
            s: s.map((v) => v.map((x, i) => (Math.floor(i / row.d) > t ? 0 : x))),
          });
          // After one step every position has moved on its own prefix, and each prefix has a theta.
          const first = Array.from({ length: row.n }, (_, t) => run(cut(t, row.s), whole, 1));
          const s1 = row.s.map((v, l) => v.map((_, i) => first[Math.floor(i / row.d)]![l]![i]!));
          for (let t = 0; t < row.lengths[0]!; t++) {
            const second = run(cut(t, s1), whole, 1, first[t]!.slice(chain.L + 1));
            got.slice(0, chain.L + 1).forEach((v, l) => {
              const at = (b * chain.n + t) * chain.d;
              expectClose(
                v.slice(at, at + chain.d),
                second[l]!.slice(t * chain.d, (t + 1) * chain.d),
                tolerance,
                `s_${l} at ${t}`,
              );
            });
          }
        }
      }),
      { numRuns: Math.ceil(runs / 12) },
    );
  });

  test("the parameter is not written, and a user's theta is that user's alone", () => {
    fc.assert(
      fc.property(problems, (chain) => {
        fc.pre(chain.rows > 1);
        const [, own] = adapted(chain, 2);
        const other = { ...chain, s: chain.s.map((v) => v.map((x, i) => (i < chain.n * chain.d ? x : -x))) };
        const first = (c: Chain): readonly number[] =>
          valuesOf(target, c, own).flatMap((v) => v.slice(0, v.length / c.rows));
        expectSame(first(other), first(chain), "the first user's theta after another user's states changed");
        expect(chain.theta.every((v, l) => v.every((x, i) => x === other.theta[l]![i]))).toBe(true);
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});
