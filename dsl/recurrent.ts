/** Layers that carry a state along the sequence: GRU, selective state spaces, test-time training. */
import { sigmoid, silu, softplus, tanh } from './activation.js';
import { type Axis, axis, like } from './axis.js';
import { axisOf } from './build.js';
import { causalConvolution } from './convolution.js';
import { descend } from './descend.js';
import { add, div, eq, exp, floor, mul, neg, scalar, sub, square, toF32, where } from './elementwise.js';
import { fail } from './errors.js';
import { layerNorm, linear } from './layer.js';
import { normal, ones, param, uniformBetween, zeros } from './parameter.js';
import { boundOf, expand, index, rename } from './position.js';
import { dot, sum } from './reduction.js';
import { scan, type ScanOptions } from './scan.js';
import type { Node } from './node.js';
import type { Tensor } from './tensor.js';

type Along<W extends string> = Tensor<'batch' | 'seq' | W>;
const rowsOf = (x: Node): Axis<'batch'> => axisOf(x, 'batch') as Axis<'batch'>;

/**
 * Gated recurrent unit (Cho et al. 2014), the reset gate behind the product as cuDNN and PyTorch have it:
 *
 *     r = sigmoid(x W_r + h U_r + b_r), z = sigmoid(x W_z + h U_z + b_z)
 *     n = tanh(x W_n + b_n + r * (h U_n + c_n)), h' = (1 - z) * n + z * h
 *
 * from h = 0. Parameters: `<path>.reset`, `.update`, `.candidate` for x, `<path>.state.*` for h; all start uniform within
 * 1 / sqrt(hidden), biases at 0. Axes: batch, seq, hidden.
 */
export const gru = (
  path: string,
  x: Along<'width'>,
  seq: Axis<'seq'>,
  width: Axis<'width'>,
  hidden: Axis<'hidden'>,
): Along<'hidden'> => {
  const init = uniformBetween(-1 / Math.sqrt(boundOf(hidden)), 1 / Math.sqrt(boundOf(hidden)));
  const given = (name: string) => linear(`${path}.${name}`, x, width, hidden, { init });
  const carried = (name: string, h: Along<'hidden'>, bias: boolean) =>
    linear(`${path}.state.${name}`, h, hidden, hidden, { init, bias });
  const [reset, update, candidate] = [given('reset'), given('update'), given('candidate')];
  return scan(seq, expand(scalar(0), rowsOf(x), hidden), (h) => {
    const r = sigmoid(add(reset, carried('reset', h, false)));
    const z = sigmoid(add(update, carried('update', h, false)));
    const n = tanh(add(candidate, mul(r, carried('candidate', h, true))));
    return add(n, mul(z, sub(h, n)));
  });
};

/** The sizes of a selective state space. */
export interface StateSpaceOptions {
  /** States of each channel. */
  readonly states: number;
  /** Inner channels; those of the state space. */
  readonly inner: number;
  /** Taps of the convolution. */
  readonly taps: number;
  readonly form?: ScanOptions['form'];
}

/**
 * Mamba (Gu & Dao 2023): x and z are linear maps of the input to the inner channels, x passes a causal convolution and SiLU,
 *
 *     h[t] = exp(dt A) * h[t - 1] + dt * B[t] * x[t],  y = sum over states of C[t] * h[t] + D * x,  out = (y * SiLU(z)) W_out
 *
 * with dt = softplus(x W_1 W_2 + b) per channel through ceil(width / 16) channels, B and C linear in x, A = -(n + 1) exp(a).
 * a starts at 0, so that A = -(1 ... states); b so that dt starts between 0.001 and 0.1; D at 1.
 */
export const mamba = (
  path: string,
  x: Along<'width'>,
  seq: Axis<'seq'>,
  width: Axis<'width'>,
  { states, inner: channels, taps, form = 'sequential' }: StateSpaceOptions,
): Along<'width'> => {
  const inner = axis('inner', channels);
  const state = axis('state', states);
  const rank = axis('rank', Math.ceil(boundOf(width) / 16));
  const plain = { bias: false } as const;

  const gate = silu(linear(`${path}.gate`, x, width, inner, plain));
  const u = silu(
    causalConvolution(`${path}.convolution`, linear(`${path}.in`, x, width, inner, plain), seq, inner, taps),
  );
  const bias = param(`${path}.step.bias`, inner, uniformBetween(Math.log(1e-3), Math.log(1e-1)));
  const dt = softplus(
    add(linear(`${path}.step`, linear(`${path}.rank`, u, inner, rank, plain), rank, inner, plain), bias),
  );
  const b = linear(`${path}.B`, u, inner, state, plain);
  const c = linear(`${path}.C`, u, inner, state, plain);
  const a = mul(neg(add(toF32(index(state)), 1)), exp(param(`${path}.A`, [inner, state], zeros)));

  const start = expand(scalar(0), rowsOf(x), inner, state);
  const h = scan(seq, start, (before) => add(mul(before, exp(mul(dt, a))), mul(mul(dt, u), b)), { form });
  const y = add(dot(h, c, state), mul(param(`${path}.D`, inner, ones), u));
  return linear(`${path}.out`, mul(y, gate), inner, width, plain);
};

type Heads = Tensor<'batch' | 'seq' | 'head' | 'depth'>;
/** What `testTimeTraining` reads: queries, keys and values of each head, and how fast and in which groups it learns. */
export interface TestTime {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
  /** The inner learning rate of each position and head. */
  readonly eta: Tensor<'batch' | 'seq' | 'head'>;
  /** Where each position lies in its mini-batch, from 0. */
  readonly place: Tensor<'seq'>;
}

/**
 * The place of each position of `seq` in its group of `size`, from 0: a whole number from 1. The half keeps the quotient off the whole
 * numbers, where a division that is not rounded correctly (WGSL's) might fall on the wrong side.
 */
export const placeIn = <S extends string>(seq: Axis<S>, size: number): Tensor<S> => {
  if (!(Number.isInteger(size) && size >= 1))
    fail('PC2012', `a group has a whole number of positions from 1, not ${size}`);
  const position = toF32(index(seq));
  return sub(position, mul(floor(div(add(position, 0.5), size)), size));
};

/**
 * TTT-Linear (Sun et al. 2024, arXiv:2407.04620): the state of a sequence is a linear map for each head, and each position
 * takes one step of descent on how well it maps the position's key to its value,
 *
 *     l(W, b) = 1/2 |LN(W k + b) - (v - k)|^2,  W[t] = W[t - 1] - eta[t] dl/dW,  z[t] = q + LN(W[t] q + b[t]),
 *
 * the gradient being that at the weights before the position's mini-batch, which begins where `place` is 0. The compiler
 * derives it. Starts at the trained `<path>.weights` and `<path>.offset`; LN's gain and bias are `<path>.norm.*`. Axes: as the
 * queries.
 */
export const testTimeTraining = (path: string, { q, k, v, eta, place }: TestTime, seq: Axis<'seq'>): Heads => {
  const [head, depth] = [axisOf(q, 'head') as Axis<'head'>, axisOf(q, 'depth') as Axis<'depth'>];
  // What the map gives lies along a copy of the axis that it reads.
  const out = like('out', depth);
  const gain = param(`${path}.norm.gain`, [head, out], ones);
  const bias = param(`${path}.norm.bias`, [head, out], zeros);
  type Weights = Tensor<'batch' | 'seq' | 'head' | 'depth' | 'out'>;
  type Offset = Tensor<'batch' | 'seq' | 'head' | 'out'>;
  const mapped = (weights: Weights, offset: Offset, x: Heads): Offset =>
    add(mul(layerNorm(add(dot(weights, x, depth), offset), out), gain), bias);

  const target = rename(sub(v, k), depth, out);
  const loss = (weights: Weights, offset: Offset): Tensor<'batch'> =>
    mul(sum(square(sub(mapped(weights, offset, k), target)), [seq, head, out]), 0.5);
  const begins = eq(place, 0);

  const weights0 = expand(param(`${path}.weights`, [head, depth, out], normal(0.02)), rowsOf(q));
  const offset0 = expand(param(`${path}.offset`, [head, out], zeros), rowsOf(q));
  const [weights, offset] = scan(seq, [weights0, offset0, weights0, offset0], ([w, b, wBefore, bBefore]) => {
    const wThere = where(begins, w, wBefore);
    const bThere = where(begins, b, bBefore);
    const {
      states: [wNext, bNext],
    } = descend(([x, y]) => loss(x, y), { wrt: [wThere, bThere], rate: eta, steps: 1 });
    return [add(w, sub(wNext, wThere)), add(b, sub(bNext, bThere)), wThere, bThere] as const;
  });
  return add(q, rename(mapped(weights, offset, q), out, depth));
};
