/** Filters along a sequence that are learned as frequencies. */
import { type Axis, axis } from './axis.js';
import { add, cos, div, eq, floor, lt, mul, or, sin, sub, toF32, where } from './elementwise.js';
import { normal, param } from './parameter.js';
import { boundOf, causal, gather, index, rename } from './position.js';
import { dot } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

/** What a filter runs along. */
export interface Filtered {
  readonly seq: Axis<'seq'>;
  /** A copy of `seq`: what a position reads. */
  readonly key: Axis<'key'>;
  readonly width: Axis<'width'>;
  /**
   * `circular` (FMLP-Rec): the history, zeros up to `seq`'s bound after it, goes round in a circle, so every position reads all of it, and
   * only the last of each row may be trained. `causal`: the filter's response to what came before, and nothing of what follows.
   */
  readonly form: 'causal' | 'circular';
}

/**
 * The filter's response `lag` positions later: the inverse Fourier transform of its frequencies,
 *
 *     k[lag] = 1/N sum over f <= N/2 of c_f (real[f] cos(2 pi f lag / N) - imaginary[f] sin(2 pi f lag / N)),
 *
 * c being 1 at f = 0 and N/2, else 2.
 */
const response = (path: string, lag: Axis<'lag'>, width: Axis<'width'>): Tensor<'lag' | 'width'> => {
  const n = boundOf(lag);
  const frequency = axis('frequency', Math.floor(n / 2) + 1);
  const [f, steps] = [index(frequency), toF32(mul(index(frequency), index(lag)))];
  // Whole turns are left out while numbers are whole; the half keeps the quotient off the whole numbers.
  const angle = mul(sub(steps, mul(floor(div(add(steps, 0.5), n)), n)), (2 * Math.PI) / n);
  const alone = or(eq(f, 0), eq(mul(f, 2), n));
  const share = where(alone, 1 / n, 2 / n);
  const part = (name: string) => param(`${path}.${name}`, [frequency, width], normal(0.02));
  return sub(
    dot(mul(share, cos(angle)), part('real'), frequency),
    dot(mul(share, sin(angle)), part('imaginary'), frequency),
  );
};

/**
 * A learned filter of each channel along the sequence (FMLP-Rec, Zhou et al. 2022, equations 3 to 5): y = F^-1(W * F(x)) with the Fourier
 * transform F over N positions, N the bound of `seq`. Here it is the convolution that this equals, y[t] = sum over s of k[t - s] x[s], where
 * k = F^-1(W) holds no data and is computed once for all users: N^2 width operations a user. Parameters: `<path>.real` and
 * `<path>.imaginary`, one number a frequency and channel. Axes: as x.
 */
export const frequencyFilter = <A extends string>(
  path: string,
  x: Tensor<A>,
  { seq, key, width, form }: Filtered,
): Tensor<A> => {
  const lag = axis('lag', boundOf(seq));
  const apart = sub(index(seq), index(key));
  const circular = where(lt(apart, 0), add(apart, boundOf(seq)), apart);
  const between = gather(response(path, lag, width), form === 'circular' ? circular : apart, lag);
  const read = form === 'circular' ? between : where(causal(seq, key), between, 0);
  const past: Tensor<string> = rename<string, 'f32', string, string>(typed(x), seq, key);
  return typed(dot<string, string, string>(typed(read), past, key));
};
