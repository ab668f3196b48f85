/**
 * Mutants: the printed mistakes of README 2 and a wrong sign, each as a hand-written rule, must fail a law that is named here.
 * A law is a function from a rule to a verdict; the derived rule passes every law.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../dsl/gradient.js';
import { type Chain, chains, expressions } from '../generators/chains.js';
import { curves, energies, errors, smoothness, type Layers } from '../support/closed.js';
import { close, slopeAt } from '../support/numbers.js';
import { flat, targets, valuesOf } from './targets.js';

/** What an update follows: dE/ds and dE/dtheta, or what is claimed to be. */
interface Rule {
  readonly states: (chain: Chain) => Layers;
  readonly theta: (chain: Chain) => Layers;
}

const derived: Rule = {
  states: (chain) =>
    valuesOf(targets[0]!, chain, gradients(expressions(chain).energy(expressions(chain).s), expressions(chain).s)),
  theta: (chain) =>
    valuesOf(targets[0]!, chain, gradients(expressions(chain).energy(expressions(chain).s), expressions(chain).theta)),
};

// --- hand-written rules -------------------------------------------------------------------------------------------------
const at = (chain: Chain, b: number, i: number, k: number): number => (b * chain.n + i) * chain.d + k;
const cells = (chain: Chain, visit: (b: number, i: number, k: number) => void): void => {
  for (let b = 0; b < chain.rows; b++)
    for (let i = 0; i < chain.lengths[b]!; i++) for (let k = 0; k < chain.d; k++) visit(b, i, k);
};
/** theta x with theta_{l}, or theta^T x. */
const times = (chain: Chain, l: number, x: readonly number[], transposed: boolean): readonly number[] => {
  const out = x.map(() => 0);
  cells(chain, (b, i, k) => {
    for (let j = 0; j < chain.lengths[b]!; j++)
      out[at(chain, b, i, k)]! +=
        chain.theta[l - 1]![transposed ? i * chain.n + j : j * chain.n + i]! * x[at(chain, b, j, k)]!;
  });
  return out;
};
interface Variant {
  readonly kappa: (c: number) => number;
  readonly sign: 1 | -1;
  /** f'(s_l) and theta_l on eps_{l-1}, put together. */
  readonly feedback: (chain: Chain, l: number, slope: readonly number[], eps: readonly number[]) => readonly number[];
  /** Which layer's error the update of theta_{l+1} reads. */
  readonly read: (l: number) => number;
}
const rightly: Variant = {
  kappa: (c) => 2 * c,
  sign: 1,
  read: (l) => l,
  feedback: (chain, l, slope, eps) => times(chain, l, eps, true).map((v, i) => slope[i]! * v),
};
const written = (variant: Variant): Rule => ({
  states: (chain) => {
    const eps = errors(chain);
    return chain.s.map((s, l) => {
      const feedback = l === 0 ? null : variant.feedback(chain, l, s.map(curves[chain.f].slope), eps[l - 1]!);
      return s.map((_, i) => variant.sign * variant.kappa(chain.c) * ((eps[l]?.[i] ?? 0) - (feedback?.[i] ?? 0)));
    });
  },
  theta: (chain) => {
    const eps = errors(chain);
    return chain.theta.map((theta, l) => {
      const out = theta.map(() => 0);
      const e = eps[variant.read(l)];
      if (e === undefined) return out;
      cells(chain, (b, i, k) => {
        for (let j = 0; j < chain.lengths[b]!; j++)
          out[j * chain.n + i]! -=
            variant.sign *
            variant.kappa(chain.c) *
            e[at(chain, b, i, k)]! *
            curves[chain.f].value(chain.s[l + 1]![at(chain, b, j, k)]!);
      });
      return out;
    });
  },
});

// --- laws ---------------------------------------------------------------------------------------------------------------
type Law = (rule: Rule) => boolean;
const holds =
  (problems: fc.Arbitrary<Chain>, predicate: (rule: Rule, chain: Chain) => boolean): Law =>
  (rule) =>
    !fc.check(
      fc.property(problems, (chain) => predicate(rule, chain)),
      { numRuns: 60, seed: 42 },
    ).failed;

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const squares = (xs: readonly number[]): number => total(xs.map((v) => v * v));
const near = (a: number, b: number, scale: number): boolean =>
  Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b)) + 1e-7 * Math.max(1, scale);
const small = chains({ n: 3, layers: 3, rows: 2, weights: 1 });
const linear = chains({ n: 4, layers: 3, rows: 1, weights: 1, functions: ['linear'] });
const moved = (chain: Chain, part: 's' | 'theta', by: Layers, rate: number): Chain => ({
  ...chain,
  [part]: chain[part].map((v, l) => v.map((x, i) => x - rate * by[l]![i]!)),
});
/** The largest squared norm of f(s_{l+1}) over rows: theta's energy is quadratic with this curvature. */
const curvature = (chain: Chain): number =>
  2 *
  chain.c *
  chain.rows *
  Math.max(
    ...chain.s.slice(1).map((v) => {
      let sum = 0;
      cells(chain, (b, i, k) => void (sum += curves[chain.f].value(v[at(chain, b, i, k)]!) ** 2));
      return sum;
    }),
    1e-9,
  );
const differences =
  (part: 's' | 'theta') =>
  (rule: Rule, chain: Chain): boolean => {
    const slopes = part === 's' ? rule.states(chain) : rule.theta(chain);
    return chain[part].every((v, l) =>
      v.every((x, i) => {
        if (part === 's' && x === 0) return true;
        const energyAt = (y: Float64Array): number =>
          total(energies({ ...chain, [part]: chain[part].map((w, k) => (k === l ? [...y] : w)) }));
        return near(slopes[l]![i]!, slopeAt(energyAt, v, i), total(energies(chain)));
      }),
    );
  };

const laws: Readonly<Record<string, Law>> = {
  'law 2: dE/ds agrees with finite differences': holds(small, differences('s')),
  'law 2: dE/dtheta agrees with finite differences': holds(small, differences('theta')),
  'law 4: a small step of the states lowers the energy as promised': holds(chains({ n: 5, rows: 1 }), (rule, chain) => {
    const Lambda = smoothness(chain, 0);
    const g = rule.states(chain);
    const E0 = energies(chain)[0]!;
    return (
      energies(moved(chain, 's', g, 1 / Lambda))[0]! <= E0 - squares(flat(g)) / (2 * Lambda) + 1e-10 * Math.max(1, E0)
    );
  }),
  'law 4: a small step of theta lowers the energy as promised': holds(chains({ n: 5, rows: 1 }), (rule, chain) => {
    const g = rule.theta(chain);
    const E0 = energies(chain)[0]!;
    return (
      energies(moved(chain, 'theta', g, 1 / curvature(chain)))[0]! <=
      E0 - squares(flat(g)) / (2 * curvature(chain)) + 1e-10 * Math.max(1, E0)
    );
  }),
  'law 7: with linear f the energy along a step is its own parabola': holds(linear, (rule, chain) => {
    // E(s - t g) = E - t g.dE + t^2 / 2 g.Hg: at t and -t the odd part is 2 t |g|^2, exactly where g is the gradient.
    const g = rule.states(chain);
    const odd = energies(moved(chain, 's', g, -0.01))[0]! - energies(moved(chain, 's', g, 0.01))[0]!;
    return Math.abs(odd - 0.02 * squares(flat(g))) <= 1e-9 * Math.max(1, energies(chain)[0]!, squares(flat(g)));
  }),
  'law 9: with kappa gamma = 1 an error vanishes where nothing lies below': holds(
    chains({ n: 4, layers: 1, rows: 1 }),
    (rule, chain) =>
      close(
        flat(
          errors({
            ...moved(
              chain,
              's',
              rule.states(chain).map((v, l) => (l === 0 ? v : v.map(() => 0))),
              1 / (2 * chain.c),
            ),
          }),
        ),
        flat(errors(chain)).map(() => 0),
        1e-9,
      ),
  ),
  'law 12: k times the energy at 1/k of the rate moves alike': holds(small, (rule, chain) =>
    close(
      flat(moved(chain, 's', rule.states(chain), 0.1).s),
      flat(moved({ ...chain, c: 3 * chain.c }, 's', rule.states({ ...chain, c: 3 * chain.c }), 0.1 / 3).s),
      1e-9,
    ),
  ),
};
type Name = keyof typeof laws & string;

interface Mutant {
  readonly rule: Rule;
  readonly fails: readonly Name[];
}
const mutants: Readonly<Record<string, Mutant>> = {
  'error 1: theta without its transpose': {
    rule: written({
      ...rightly,
      feedback: (chain, l, slope, eps) => times(chain, l, eps, false).map((v, i) => slope[i]! * v),
    }),
    fails: [
      'law 2: dE/ds agrees with finite differences',
      'law 4: a small step of the states lowers the energy as promised',
      'law 7: with linear f the energy along a step is its own parabola',
    ],
  },
  "error 1: the product associated wrongly, f' inside theta^T": {
    rule: written({
      ...rightly,
      feedback: (chain, l, slope, eps) =>
        times(
          chain,
          l,
          eps.map((v, i) => v * slope[i]!),
          true,
        ),
    }),
    fails: ['law 2: dE/ds agrees with finite differences'],
  },
  'error 2: theta_{l+1} reads eps_{l-1}': {
    rule: written({ ...rightly, read: (l) => l - 1 }),
    fails: [
      'law 2: dE/dtheta agrees with finite differences',
      'law 4: a small step of theta lowers the energy as promised',
    ],
  },
  'error 3: the factor 2 dropped': {
    rule: written({ ...rightly, kappa: (c) => c }),
    fails: [
      'law 2: dE/ds agrees with finite differences',
      'law 2: dE/dtheta agrees with finite differences',
      'law 7: with linear f the energy along a step is its own parabola',
      'law 9: with kappa gamma = 1 an error vanishes where nothing lies below',
    ],
  },
  'a wrong sign': {
    rule: written({ ...rightly, sign: -1 }),
    fails: [
      'law 2: dE/ds agrees with finite differences',
      'law 4: a small step of the states lowers the energy as promised',
      'law 4: a small step of theta lowers the energy as promised',
      'law 7: with linear f the energy along a step is its own parabola',
    ],
  },
};

test.each(Object.keys(laws))('the derived rule keeps %s', (name) => expect(laws[name]!(derived)).toBe(true));
test.each(Object.keys(laws))('so does the rule of README 2, written by hand: %s', (name) =>
  expect(laws[name]!(written(rightly))).toBe(true),
);

describe.each(Object.entries(mutants))('%s', (_, { rule, fails }) => {
  test.each(fails)('fails %s', (name) => {
    expect(Object.keys(laws)).toContain(name);
    expect(laws[name]!(rule)).toBe(false);
  });
});
