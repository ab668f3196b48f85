/** test/laws/README.md, 2, in plain loops: errors, energy, gradients and the Hessian-vector product. Nothing here knows the compiler. */
import type { Chain, Name } from '../generators/chains.js';

interface Curve {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
  readonly bend: (x: number) => number;
  /** Bounds of |f'| and |f''|. */
  readonly M1: number;
  readonly M2: number;
}
const sig = (x: number): number => 1 / (1 + Math.exp(-x));
export const curves: { readonly [F in Name]: Curve } = {
  softplus: {
    value: (x) => Math.log(1 + Math.exp(x)),
    slope: sig,
    bend: (x) => sig(x) * (1 - sig(x)),
    M1: 1,
    M2: 0.25,
  },
  sigmoid: {
    value: sig,
    slope: (x) => sig(x) * (1 - sig(x)),
    bend: (x) => sig(x) * (1 - sig(x)) * (1 - 2 * sig(x)),
    M1: 0.25,
    M2: 0.0963,
  },
  tanh: {
    value: Math.tanh,
    slope: (x) => 1 - Math.tanh(x) ** 2,
    bend: (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2),
    M1: 1,
    M2: 0.77,
  },
  linear: { value: (x) => x, slope: () => 1, bend: () => 0, M1: 1, M2: 0 },
};

/** One array a layer, row-major over batch, seq, width (states) or key, seq (theta). */
export type Layers = readonly (readonly number[])[];

/** Index of a state's and of theta's entry. */
const si = (chain: Chain, b: number, i: number, k: number): number => (b * chain.n + i) * chain.d + k;
const ti = (chain: Chain, i: number, j: number): number => j * chain.n + i;

const zeros = (chain: Chain): number[] => new Array<number>(chain.rows * chain.n * chain.d).fill(0);
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** A new state from a function of row, position, channel; 0 beyond the row. */
const state = (chain: Chain, cell: (b: number, i: number, k: number) => number): readonly number[] => {
  const out = zeros(chain);
  for (let b = 0; b < chain.rows; b++)
    for (let i = 0; i < chain.lengths[b]!; i++)
      for (let k = 0; k < chain.d; k++) out[si(chain, b, i, k)] = cell(b, i, k);
  return out;
};

/** theta_{l+1} x, or its transpose times x. */
const times = (chain: Chain, l: number, x: readonly number[], transpose = false): readonly number[] =>
  state(chain, (b, i, k) => {
    let total = 0;
    for (let j = 0; j < chain.lengths[b]!; j++)
      total += chain.theta[l]![transpose ? ti(chain, j, i) : ti(chain, i, j)]! * x[si(chain, b, j, k)]!;
    return total;
  });

const apply = (f: (x: number) => number, x: readonly number[], chain: Chain): readonly number[] =>
  state(chain, (b, i, k) => f(x[si(chain, b, i, k)]!));

/** eps_l = s_l - theta_{l+1} f(s_{l+1}), 0 <= l < L. */
export const errors = (chain: Chain): Layers =>
  range(chain.L).map((l) => {
    const mu = times(chain, l, apply(curves[chain.f].value, chain.s[l + 1]!, chain));
    return chain.s[l]!.map((v, i) => v - mu[i]!);
  });

/** One energy for each row. */
export const energies = (chain: Chain): readonly number[] => {
  const eps = errors(chain);
  return range(chain.rows).map((b) =>
    eps.reduce(
      (total, e) =>
        total +
        chain.c * e.slice(b * chain.n * chain.d, (b + 1) * chain.n * chain.d).reduce((sum, v) => sum + v * v, 0),
      0,
    ),
  );
};

/** dE/ds_l = kappa [eps_l - f'(s_l) * (theta_l^T eps_{l-1})], terms out of range dropped. */
export const stateGradients = (chain: Chain): Layers => {
  const eps = errors(chain);
  const kappa = 2 * chain.c;
  return chain.s.map((s, l) => {
    const below = l === 0 ? zeros(chain) : times(chain, l - 1, eps[l - 1]!, true);
    return s.map(
      (v, i) => kappa * ((l < chain.L ? eps[l]![i]! : 0) - (l === 0 ? 0 : curves[chain.f].slope(v) * below[i]!)),
    );
  });
};

/** dE/dtheta_{l+1} = -kappa eps_l f(s_{l+1})^T, summed over rows. */
export const thetaGradients = (chain: Chain): Layers => {
  const eps = errors(chain);
  return chain.theta.map((theta, l) => {
    const out = new Array<number>(theta.length).fill(0);
    const above = apply(curves[chain.f].value, chain.s[l + 1]!, chain);
    for (let b = 0; b < chain.rows; b++) {
      for (let i = 0; i < chain.lengths[b]!; i++)
        for (let j = 0; j < chain.lengths[b]!; j++)
          for (let k = 0; k < chain.d; k++) {
            out[ti(chain, i, j)]! -= 2 * chain.c * eps[l]![si(chain, b, i, k)]! * above[si(chain, b, j, k)]!;
          }
    }
    return out;
  });
};

/** (Hv)_l = kappa [u_l - f'(s_l) theta_l^T u_{l-1} - f''(s_l) v_l theta_l^T eps_{l-1}], u_l = v_l - theta_{l+1}(f'(s_{l+1}) v_{l+1}). */
export const hessianTimes = (chain: Chain, v: Layers): Layers => {
  const eps = errors(chain);
  const { slope, bend } = curves[chain.f];
  const u = range(chain.L).map((l) => {
    const moved = times(
      chain,
      l,
      v[l + 1]!.map((x, i) => slope(chain.s[l + 1]![i]!) * x),
    );
    return v[l]!.map((x, i) => x - moved[i]!);
  });
  return chain.s.map((s, l) => {
    const below =
      l === 0 ? null : { u: times(chain, l - 1, u[l - 1]!, true), eps: times(chain, l - 1, eps[l - 1]!, true) };
    return s.map(
      (x, i) =>
        2 *
        chain.c *
        ((l < chain.L ? u[l]![i]! : 0) -
          (below === null ? 0 : slope(x) * below.u[i]! + bend(x) * v[l]![i]! * below.eps[i]!)),
    );
  });
};

/** The largest singular value of a theta over the positions of a row (power iteration, from above by its residual). */
export const spectralNorm = (chain: Chain, l: number, length: number): number => {
  let frobenius = 0;
  for (let i = 0; i < length; i++) for (let j = 0; j < length; j++) frobenius += chain.theta[l]![ti(chain, i, j)]! ** 2;
  if (frobenius === 0) return 0;
  let x = range(length).map((i) => 1 + i / 10);
  let value = 0;
  for (let k = 0; k < 500; k++) {
    const y = range(length).map((i) => x.reduce((sum, v, j) => sum + chain.theta[l]![ti(chain, i, j)]! * v, 0));
    const z = range(length).map((j) => y.reduce((sum, v, i) => sum + chain.theta[l]![ti(chain, i, j)]! * v, 0));
    const size = Math.sqrt(z.reduce((sum, v) => sum + v * v, 0));
    if (size === 0) break;
    value = Math.sqrt(size);
    x = z.map((v) => v / size);
  }
  // Never below: the start may lie in a null space.
  return Math.min(Math.sqrt(frobenius), value * 1.01 + 1e-9) || Math.sqrt(frobenius);
};

/** Law 4: the energy is smooth with constant Lambda where it is at most that of the row now. */
export const smoothness = (chain: Chain, row: number): number => {
  const { M1, M2 } = curves[chain.f];
  const kappa = 2 * chain.c;
  const tau = Math.max(...range(chain.L).map((l) => spectralNorm(chain, l, chain.lengths[row]!)));
  return kappa * ((1 + M1 * tau) ** 2 + M2 * tau * Math.sqrt((2 * energies(chain)[row]!) / kappa));
};
