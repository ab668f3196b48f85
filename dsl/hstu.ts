/** The block of HSTU (Zhai et al. 2024, arXiv:2402.17152), which PCRec is built on as well. */
import { type Axis, axis, like } from './axis.js';
import { silu } from './activation.js';
import { relativePositionBias, timeBias } from './attention.js';
import { add, div, mul, where } from './elementwise.js';
import { fail } from './errors.js';
import { layerNorm, linear } from './layer.js';
import { normal } from './parameter.js';
import { causal, rename } from './position.js';
import { dropout } from './random.js';
import type { RecommenderContext, RecommenderHyper, State } from './recommender.js';
import { dot } from './reduction.js';
import { pipe } from 'fp-ts/lib/function.js';

export interface HstuHyper extends RecommenderHyper {
  readonly heads: number;
  readonly times: boolean;
}

/**
 * x + W_o drop(u * LN(A v)), with u, v, q, k = SiLU(LN(x) W) and A = SiLU(q k^T + rab) / N where key <= query, else 0.
 *
 * LN has no trained gain or bias; no linear map has a bias; N is the hyperparameter `length`. rab, shared by the heads, is
 * a bias of relative position and, with `times`, of the time between events. `path` names the block's parameters.
 */
export const hstuBlock = (path: string, { hyper, batch, phase }: RecommenderContext<HstuHyper>, width: Axis<'width'>) => (x: State): State => {
  if (hyper.width % hyper.heads !== 0) fail(`the width ${hyper.width} is not a multiple of ${hyper.heads} heads`);
  const { seq } = batch;
  const key = like('key', seq);
  const head = axis('head', hyper.heads);
  const depth = axis('depth', hyper.width / hyper.heads);

  const normed = layerNorm(x, width);
  const project = (name: string) => silu(linear(`${path}.${name}`, normed, width, [head, depth], { bias: false, init: normal(0.02) }));
  const u = project('u');
  const v = project('v');
  const q = project('q');
  const k = project('k');

  const position = relativePositionBias(`${path}.rab.position`, seq, key);
  const scores = add(dot(q, rename(k, seq, key), depth), position);
  const timed = hyper.times ? add(scores, timeBias(`${path}.rab.time`, batch.nextTimes, batch.times, seq, key)) : scores;
  const attention = pipe(timed, silu, div(hyper.length), where(causal(seq, key)));
  const read = dot(attention, rename(v, seq, key), key);

  const gated = mul(u, layerNorm(read, [head, depth]));
  const out = linear(`${path}.out`, dropout(`${path}.dropout`, hyper.dropout, phase)(gated), [head, depth], width, { bias: false });
  return add(x, out);
};
