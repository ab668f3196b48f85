/**
 * Sublayers of transformers over a user's history, each for states with any axes besides `width`: a whole history, or one
 * token of each user. Residuals, norms and dropout are the model's own business.
 */
import { type Activation, silu } from './activation.js';
import { softmaxAttention, softmaxAttentionBeside } from './attention.js';
import { type Axis, axis } from './axis.js';
import { hasAxis } from './build.js';
import { mul } from './elementwise.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { boundOf, rename } from './position.js';
import { type Tensor, typed } from './tensor.js';
import type { Having } from './wording.js';

/** Maps states to states, whatever their other axes. */
export type Sublayer = <A extends string>(x: Having<A, 'width', 'f32'>) => Tensor<A>;
type Loose = Tensor<string>;
const sublayer = (apply: (x: Loose) => Loose): Sublayer => apply as Sublayer;

/** The width shared out among heads: the axis `head`, and `depth` channels of each. */
export const headAxes = (
  width: Axis<'width'>,
  heads: number,
): { readonly head: Axis<'head'>; readonly depth: Axis<'depth'> } => {
  const channels = boundOf(width);
  if (channels % heads !== 0) fail('PC2013', `the width ${channels} is not a multiple of ${heads} heads`);
  return { head: axis('head', heads), depth: axis('depth', channels / heads) };
};

/** What `multiHeadAttention` attends to, and with how many heads. */
export interface Memory {
  readonly width: Axis<'width'>;
  readonly heads: number;
  /** What is attended to. */
  readonly states: Tensor<'batch' | 'seq' | 'width'>;
  readonly seq: Axis<'seq'>;
  /** The copy of `seq` that keys lie along. */
  readonly key: Axis<'key'>;
  /** Which keys a query sees; default all. Not together with `beside`. */
  readonly mask?: Tensor<'seq' | 'key', 'bool'>;
  /** One token more of each user, attended to by every query, as if appended to `states`. */
  readonly beside?: Tensor<'batch' | 'width'>;
}
/**
 * softmax(q k^T / sqrt(depth)) v W_o + b_o in each head, with q = x W_q + b_q, and k and v the like of the memory.
 * Parameters: `<path>.q`, `.k`, `.v`, `.out`.
 */
export const multiHeadAttention = (
  path: string,
  { width, heads, states, seq, key, mask, beside }: Memory,
): Sublayer => {
  const { head, depth } = headAxes(width, heads);
  const project = (name: string, x: Loose): Loose =>
    linear<string, string, string>(`${path}.${name}`, x, width, [head, depth]);
  if (mask !== undefined && beside !== undefined)
    fail('PC2014', 'a token beside the memory is seen by every query: leave the mask out');
  return sublayer((x) => {
    // A single token's query lies along no sequence: keys need no second name.
    const keys = hasAxis(x, seq.name) ? key : seq;
    const along = (name: string): Loose =>
      rename<string, 'f32', string, string>(project(name, typed(states)), seq, keys);
    const q = project('q', x);
    const read: Loose =
      beside === undefined
        ? softmaxAttention<string, string, string, string, string, string>(
            q,
            along('k'),
            along('v'),
            depth,
            keys,
            mask && typed(mask),
          )
        : softmaxAttentionBeside<string, string, string, string, string>(
            q,
            along('k'),
            along('v'),
            depth,
            keys,
            project('k', typed(beside)),
            project('v', typed(beside)),
          );
    return linear<string, string, string>(`${path}.out`, read, [head, depth], width);
  });
};

/** f(x W_1 + b_1) W_2 + b_2 through `hidden` channels. Parameters: `<path>.up`, `<path>.down`. */
export const feedForward = (path: string, width: Axis<'width'>, hidden: number, activation: Activation): Sublayer => {
  const inner = axis('hidden', hidden);
  return sublayer((x) =>
    linear<string, string, string>(
      `${path}.down`,
      activation(linear<string, string, string>(`${path}.up`, x, width, inner)),
      inner,
      width,
    ),
  );
};

/** SwiGLU: (SiLU(x W_gate) * x W_up) W_down, without biases (Shazeer 2020). Parameters: `<path>.gate`, `.up`, `.down`. */
export const swiGlu = (path: string, width: Axis<'width'>, hidden: number): Sublayer => {
  const inner = axis('hidden', hidden);
  const map = (name: string, x: Loose, from: Axis, to: Axis): Loose =>
    linear<string, string, string>(`${path}.${name}`, x, from, to, { bias: false });
  return sublayer((x) =>
    map('down', mul(silu(map('gate', x, width, inner)), map('up', x, width, inner)), inner, width),
  );
};
