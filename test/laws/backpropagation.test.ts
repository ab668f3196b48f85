/** Law 9: what inference on the energy has to do with backpropagation. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activations } from '../../dsl/activation.js';
import { descend } from '../../dsl/descend.js';
import { gradients } from '../../dsl/gradient.js';
import { add, dot, mul, rename, square, sub, sum } from '../../dsl/ops.js';
import type { Tensor } from '../../dsl/tensor.js';
import { type Chain, chains, expressions, type State } from '../generators/chains.js';
import { curves, errors, stateGradients } from '../support/closed.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { environmentOf } from '../generators/chains.js';
import { expanded } from '../support/programs.js';
import { distance, expectClose, norm } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

/** Predictions from the top down, as expressions of s_L and theta: the network whose input is s_L and whose target is s_0. */
const forward = (chain: Chain): readonly State[] => {
  const { s, theta, seq, key } = expressions(chain);
  return theta.reduceRight<readonly State[]>(
    (above, w) => [dot(w, rename(activations[chain.f](above[0]!), seq, key), key), ...above],
    [s[chain.L]!],
  );
};
const loss = (chain: Chain, prediction: State): Tensor<'batch'> => {
  const { s, seq, width } = expressions(chain);
  return mul(sum(square(sub(s[0]!, prediction)), [seq, width]), chain.c);
};
/** The target kept, every free layer at its prediction. */
const fed = (target: (typeof targets)[number], chain: Chain): Chain => {
  const values = valuesOf(target, chain, forward(chain));
  return { ...chain, s: chain.s.map((v, l) => (l === 0 ? v : values[l]!)) };
};

describe.each(targets)('$name', (target) => {
  test('law 9: from the feed-forward start, with kappa gamma = 1, theta_{t+1} read at step t moves as backpropagation says', () => {
    fc.assert(
      fc.property(chains({ n: 4, weights: 1, layers: 3 }), (written) => {
        const chain = fed(target, written);
        const e = expressions(chain);
        const backpropagated = valuesOf(target, chain, gradients(loss(chain, forward(chain)[0]!), e.theta));
        const clamp = [chain.s.map((_, l) => l === 0 || l === chain.L)] as const;
        for (let t = 0; t < chain.L; t++) {
          const {
            states: [s],
          } = descend(([states]) => e.energy(states), { wrt: [e.s], rate: 1 / (2 * chain.c), steps: t, clamp });
          const there = { ...chain, s: valuesOf(target, chain, s) };
          const update = valuesOf(target, there, gradients(e.energy(e.s), e.theta))[t]!;
          expectClose(update, backpropagated[t]!, target.tolerance * 10, `theta_${t + 1} at step ${t}`);
        }
      }),
      { numRuns: Math.ceil(target.runs / 4) },
    );
  });
});

/** Descends to equilibrium with the ends clamped, `weight` on the error of layer 0: many evaluations of one derived step. */
const equilibrium = (chain: Chain, weight: number, steps: number, rate: number): Chain => {
  const e = expressions(chain);
  const energy = (states: readonly State[]): Tensor<'batch'> =>
    e
      .layers(states)
      .map((layer, l) => (l === 0 ? mul(layer, weight) : layer))
      .reduce((a, b) => add(a, b));
  const {
    states: [next],
  } = descend(([s]) => energy(s), {
    wrt: [e.s],
    rate,
    steps: 8,
    clamp: [chain.s.map((_, l) => l === 0 || l === chain.L)],
  });
  const plain = expanded(next);
  let s = chain.s;
  for (let k = 0; k < steps / 8; k++) s = evaluate(plain, environmentOf({ ...chain, s })).map((v) => [...v.data]);
  return { ...chain, s };
};

const calm = chains({ n: 3, weights: 0.4, layers: 3, rows: 2, functions: ['tanh', 'sigmoid', 'linear'] }).map(
  (chain) => ({ ...chain, c: 0.5 }),
);

test("law 9: at equilibrium eps_l = f'(s_l) * theta_l^T eps_{l-1} between the ends", () => {
  fc.assert(
    fc.property(calm, (written) => {
      fc.pre(written.L >= 2);
      const chain = equilibrium(written, 1, 400, 0.3);
      const eps = errors(chain);
      expectClose(
        flat(stateGradients(chain).slice(1, -1)),
        flat(chain.s.slice(1, -1)).map(() => 0),
        1e-9,
        'the gradient of free states',
      );
      for (let l = 1; l < chain.L; l++) {
        const pulled = eps[l]!.map((_, at) => {
          const [b, j, k] = [Math.floor(at / (chain.n * chain.d)), Math.floor(at / chain.d) % chain.n, at % chain.d];
          if (j >= chain.lengths[b]!) return 0;
          let total = 0;
          for (let i = 0; i < chain.lengths[b]!; i++)
            total += chain.theta[l - 1]![j * chain.n + i]! * eps[l - 1]![(b * chain.n + i) * chain.d + k]!;
          return curves[chain.f].slope(chain.s[l]![at]!) * total;
        });
        expectClose(eps[l]!, pulled, 1e-8, `eps_${l}`);
      }
    }),
    { numRuns: 12 },
  );
});

test("law 9: as the output's precision goes to 0 the weight update over it tends to backpropagation, with an error of its order", () => {
  const reference = targets[0]!;
  fc.assert(
    fc.property(calm, (written) => {
      fc.pre(written.L >= 2 && written.lengths.some((n) => n > 0));
      const start = fed(reference, written);
      const e = expressions(start);
      const want = flat(valuesOf(reference, start, gradients(loss(start, forward(start)[0]!), e.theta)));
      fc.pre(norm(want) > 1e-3);
      const away = (precision: number): number => {
        const there = equilibrium(start, precision, 400, 0.3);
        const energy = e
          .layers(e.s)
          .map((layer, l) => (l === 0 ? mul(layer, precision) : layer))
          .reduce((a, b) => add(a, b));
        return distance(
          flat(valuesOf(reference, there, gradients(energy, e.theta))).map((v) => v / precision),
          want,
        );
      };
      const [coarse, fine] = [away(1e-2), away(1e-3)];
      expect(fine).toBeLessThanOrEqual(0.01);
      if (coarse > 1e-6) expect(fine / coarse).toBeLessThanOrEqual(0.2);
    }),
    { numRuns: 10 },
  );
});
