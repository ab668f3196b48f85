/**
 * HSTU: Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative
 * Recommendations", ICML 2024, arXiv:2402.17152; sizes, loss and optimizer as in the generative-recommenders repository.
 *
 * Deviations: negatives are drawn once for each user, not for each position (`--set draws=position` does); the output map has no
 * bias.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  type Tensor,
  add,
  axis,
  boolean,
  causal,
  choice,
  div,
  dot,
  dropout,
  fail,
  index,
  integer,
  layerNorm,
  like,
  linear,
  mul,
  normal,
  recommenderHypers,
  recommenderOptimizer,
  relativePositionBias,
  rename,
  sequenceInput,
  silu,
  stacked,
  timeBias,
  toF32,
  where,
} from 'pcrec';

/** Hyperparameters of a stack of HSTU blocks; defaults are those for ML-1M. */
export const hstuHypers = {
  ...recommenderHypers,
  blocks: integer(2, 'blocks, one above the other'),
  heads: integer(1, 'attention heads; width is divided among them'),
  times: boolean(false, 'whether attention reads the time between events'),
  divisor: choice(
    ['length', 'read'],
    'attention is divided by the hyperparameter length, or by how many positions are read',
  ),
} as const;

export interface HstuHyper extends RecommenderHyper {
  readonly heads: number;
  readonly times: boolean;
  readonly divisor: 'length' | 'read';
}

type Attention = Tensor<'batch' | 'seq' | 'key' | 'head'>;

/**
 * N, what attention is divided by. A layer norm follows, which undoes a division but for its 1e-6; of histories much shorter than `length`
 * little is then left of the difference between strong and weak attention, and `read` (t + 1 at position t) keeps it.
 */
const divided = {
  length: (attention: Attention, { hyper }: RecommenderContext<HstuHyper>) => div(attention, hyper.length),
  read: (attention: Attention, { batch }: RecommenderContext<HstuHyper>) =>
    div(attention, add(toF32(index(batch.seq)), 1)),
} as const;

/**
 * x + W_o drop(u * LN(A v)), with u, v, q, k = SiLU(LN(x) W) and A = SiLU(q k^T + rab) / N where key <= query, else 0.
 *
 * LN has no trained gain or bias; no linear map has a bias; N is the hyperparameter `length`, unless `divisor=read`. rab, shared by the
 * heads, is a bias of relative position and, with `times`, of the time between events. `path` names the block's parameters.
 */
export const hstuBlock =
  (path: string, context: RecommenderContext<HstuHyper>, width: Axis<'width'>) =>
  (x: State): State => {
    const { hyper, batch, phase } = context;
    if (hyper.width % hyper.heads !== 0) fail(`the width ${hyper.width} is not a multiple of ${hyper.heads} heads`);
    const { seq } = batch;
    const key = like('key', seq);
    const head = axis('head', hyper.heads);
    const depth = axis('depth', hyper.width / hyper.heads);

    const normed = layerNorm(x, width);
    const project = (name: string) =>
      silu(linear(`${path}.${name}`, normed, width, [head, depth], { bias: false, init: normal(0.02) }));
    const u = project('u');
    const v = project('v');
    const q = project('q');
    const k = project('k');

    const position = relativePositionBias(`${path}.rab.position`, seq, key);
    const scores = add(dot(q, rename(k, seq, key), depth), position);
    const biased = hyper.times
      ? add(scores, timeBias(`${path}.rab.time`, batch.nextTimes, batch.times, seq, key))
      : scores;
    const attention = where(causal(seq, key), divided[hyper.divisor](silu(biased), context), 0);
    const read = dot(attention, rename(v, seq, key), key);

    const gated = mul(u, layerNorm(read, [head, depth]));
    const out = linear(`${path}.out`, dropout(`${path}.dropout`, hyper.dropout, phase)(gated), [head, depth], width, {
      bias: false,
    });
    return add(x, out);
  };

export default stacked({
  name: 'hstu',
  doc: 'Pointwise attention with relative biases (HSTU), trained on all positions.',
  hyper: hstuHypers,
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { input, ...table } = sequenceInput(context);
    const { width } = table;
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    return { table, input, blocks };
  },
});
