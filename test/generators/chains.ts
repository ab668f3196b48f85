/**
 * Layered prediction problems (test/laws/README.md, 2): states s_0 ... s_L of ragged sequences, theta_1 ... theta_L over two different
 * position axes, as expressions and as plain arrays.
 */
import fc from 'fast-check';
import { activations } from '../../dsl/activation.js';
import { type Axis, axis, like, ragged } from '../../dsl/axis.js';
import { add, dot, mul, rename, square, sub, sum } from '../../dsl/ops.js';
import { param, zeros } from '../../dsl/parameter.js';
import type { Tensor } from '../../dsl/tensor.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { stream } from './axes.js';

/** Smooth functions, with bounds M1 of |f'| and M2 of |f''| where law 4 has them. */
export const names = ['softplus', 'sigmoid', 'tanh', 'linear'] as const;
export type Name = (typeof names)[number];

export interface Chain {
  readonly rows: number;
  readonly lengths: readonly number[];
  /** The bound of the sequence, its width, and the number of layers above the first. */
  readonly n: number;
  readonly d: number;
  readonly L: number;
  readonly f: Name;
  readonly c: number;
  /** s[l], row-major over batch, seq, width; zeros beyond a row's length. */
  readonly s: readonly (readonly number[])[];
  /** theta[l] is theta_{l+1}, row-major over key, seq: the position above comes first. */
  readonly theta: readonly (readonly number[])[];
}

export interface Shape {
  readonly functions?: readonly Name[];
  /** The largest entry of theta; 3 unless given. */
  readonly weights?: number;
  readonly layers?: number;
  readonly rows?: number;
  /** Every row as long as the bound. */
  readonly full?: boolean;
  readonly lower?: boolean;
  readonly n?: number;
}

/** Numbers in [-size, size], in thousandths; no -0, which a step of nothing turns into 0. */
const draws = (seed: number, count: number, size: number): readonly number[] => {
  const next = stream(seed);
  return Array.from({ length: count }, () => Math.round((next() * 2 - 1) * size * 1000) / 1000 + 0);
};

export const chains = ({
  functions = names,
  weights = 3,
  layers = 4,
  rows = 3,
  full = false,
  lower = false,
  n: bound = 8,
}: Shape = {}): fc.Arbitrary<Chain> =>
  fc
    .record({
      rows: fc.integer({ min: 1, max: rows }),
      n: fc.integer({ min: 1, max: bound }),
      d: fc.integer({ min: 1, max: 4 }),
      L: fc.integer({ min: 1, max: layers }),
      f: fc.constantFrom(...functions),
      c: fc.constantFrom(0.5, 1, 0.25, 2),
      seed: fc.nat(),
      cut: fc.array(fc.nat({ max: bound }), { minLength: rows, maxLength: rows }),
    })
    .map(({ seed, cut, ...shape }) => {
      const { rows: count, n, d, L } = shape;
      const lengths = cut.slice(0, count).map((k) => (full ? n : Math.min(n, k)));
      const s = Array.from({ length: L + 1 }, (_, l) =>
        draws(seed + l, count * n * d, 3).map((v, i) =>
          Math.floor(i / d) % n < lengths[Math.floor(i / (n * d))]! ? v : 0,
        ),
      );
      const theta = Array.from({ length: L }, (_, l) =>
        draws(seed + 100 + l, n * n, weights).map((v, i) => (lower && Math.floor(i / n) > i % n ? 0 : v)),
      );
      return { ...shape, lengths, s, theta };
    });

export type State = Tensor<'batch' | 'seq' | 'width'>;
export type Theta = Tensor<'seq' | 'key'>;

export interface Expressions {
  readonly batch: Axis<'batch'>;
  readonly seq: Axis<'seq'>;
  readonly key: Axis<'key'>;
  readonly width: Axis<'width'>;
  readonly s: readonly State[];
  readonly theta: readonly Theta[];
  /** s_l - mu_l. */
  readonly errors: (s: readonly State[], theta?: readonly Theta[]) => readonly State[];
  /** Each layer's energy c |eps_l|^2. */
  readonly layers: (s: readonly State[], theta?: readonly Theta[]) => readonly Tensor<'batch'>[];
  readonly energy: (s: readonly State[], theta?: readonly Theta[]) => Tensor<'batch'>;
}

/** The chain in the language: what the compiler is given. */
export const expressions = ({ n, d, L, f, c }: Pick<Chain, 'n' | 'd' | 'L' | 'f' | 'c'>): Expressions => {
  const batch = axis('batch', 'batch');
  const seq = ragged('seq', batch, n);
  const key = like('key', seq);
  const width = axis('width', d);
  const s = Array.from({ length: L + 1 }, (_, l): State => param(`s.${l}`, [batch, seq, width], zeros));
  const theta = Array.from({ length: L }, (_, l): Theta => param(`theta.${l + 1}`, [seq, key], zeros));
  const apply = activations[f];
  const errors: Expressions['errors'] = (states, weights = theta) =>
    weights.map((w, l) => sub(states[l]!, dot(w, rename(apply(states[l + 1]!), seq, key), key)));
  const layers: Expressions['layers'] = (states, weights) =>
    errors(states, weights).map((e) => mul(sum(square(e), [seq, width]), c));
  const energy: Expressions['energy'] = (states, weights) => layers(states, weights).reduce((a, b) => add(a, b));
  return { batch, seq, key, width, s, theta, errors, layers, energy };
};

export const environmentOf = (chain: Chain, more: Readonly<Record<string, ArrayLike<number>>> = {}): Environment => ({
  sizes: { batch: chain.rows },
  inputs: { 'seq.lengths': chain.lengths },
  params: {
    ...Object.fromEntries(chain.s.map((v, l) => [`s.${l}`, v])),
    ...Object.fromEntries(chain.theta.map((v, l) => [`theta.${l + 1}`, v])),
    ...more,
  },
});
