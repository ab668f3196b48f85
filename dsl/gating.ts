/** Maps along positions instead of attention, which gate what they are beside. */
import { gelu } from './activation.js';
import { type Axis, axis } from './axis.js';
import { add, mul, where } from './elementwise.js';
import { layerNorm, linear } from './layer.js';
import { normal, ones, param } from './parameter.js';
import { causal, rename } from './position.js';
import { dot } from './reduction.js';
import type { Tensor } from './tensor.js';

/** What `gatedMlp` runs along, and through how many channels. */
export interface GatedMlp {
  readonly width: Axis<'width'>;
  /** Channels of each half: gMLP's d_ffn / 2. */
  readonly hidden: number;
  readonly seq: Axis<'seq'>;
  /** A copy of `seq`. */
  readonly key: Axis<'key'>;
}

/**
 * gMLP (Liu et al. 2021, arXiv:2105.08050), its spatial gate looking back alone: u = GELU(x U + a), v = GELU(x V + b),
 *
 *     s[t] = sum over k <= t of W[t, k] LN(v)[k] + c[t],   y = (u * s) O + o.
 *
 * Parameters: `<path>.u`, `.v`, `.norm`, `.positions` (W, normal with deviation 1e-3), `.offset` (c, at 1, so that at first s lets
 * u through), `.out`. Axes: as x.
 */
export const gatedMlp =
  (path: string, { width, hidden, seq, key }: GatedMlp) =>
  (x: Tensor<'batch' | 'seq' | 'width'>): Tensor<'batch' | 'seq' | 'width'> => {
    const inner = axis('hidden', hidden);
    const half = (name: string) => gelu(linear(`${path}.${name}`, x, width, inner));
    const past = rename(layerNorm(half('v'), inner, { path: `${path}.norm` }), seq, key);
    const weights = where(causal(seq, key), param(`${path}.positions`, [seq, key], normal(1e-3)), 0);
    const gate = add(dot(weights, past, key), param(`${path}.offset`, seq, ones));
    return linear(`${path}.out`, mul(half('u'), gate), inner, width);
  };
