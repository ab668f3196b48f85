/**
 * LLaMa as a recommender: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023, arXiv:2302.13971:
 * RMSNorm before each sublayer, rotary positions, SwiGLU, no biases. Items take the place of words; input, loss, scores and
 * optimizer are those of the other models.
 *
 * Deviations:
 * - Items are embedded, scaled and scored as in the other models (one table, cosine over the temperature), and dropout
 *   falls on the input and on both branches; LLaMA has an output map of its own and no dropout.
 * - Linear maps start Xavier-uniform, as elsewhere here.
 * - Rotary positions turn pairs of channels, so a head must have an even number of them: `large` keeps one head, since two
 *   heads of the width 50 would have 25 channels each.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  add,
  axis,
  causal,
  dropout,
  fail,
  integer,
  like,
  linear,
  recommenderHypers,
  recommenderOptimizer,
  rename,
  rmsNorm,
  rotary,
  sequenceInput,
  softmaxAttention,
  stacked,
  swiGlu,
} from 'pcrec';

export const llamaHypers = {
  ...recommenderHypers,
  blocks: integer(2, 'blocks, one above the other'),
  heads: integer(1, 'attention heads; width is divided among them, an even number of channels each'),
} as const;

export interface LlamaHyper extends RecommenderHyper {
  readonly heads: number;
}

/**
 * y + SwiGLU(RMS(y)), y = x + W_o softmax(q k^T / sqrt(depth)) v, with q, k = R_t W RMS(x), R_t the rotation of position t,
 * and v = W RMS(x). A head's channels are the axes `pair` and `part`. `path` names the block's parameters.
 */
export const llamaBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<LlamaHyper>, width: Axis<'width'>) =>
  (x: State): State => {
    if (hyper.width % (2 * hyper.heads) !== 0)
      fail(`the width ${hyper.width} does not give each of ${hyper.heads} heads an even number of channels`);
    const key = like('key', seq);
    const head = axis('head', hyper.heads);
    const pair = axis('pair', hyper.width / hyper.heads / 2);
    const part = axis('part', 2);
    const drop = (name: string) => dropout(`${path}.${name}.dropout`, hyper.dropout, phase);
    const forward = swiGlu(`${path}.feedForward`, width, Math.ceil((8 * hyper.width) / 3));

    const normed = rmsNorm(x, width, { path: `${path}.attentionNorm` });
    const project = (name: string) =>
      linear(`${path}.attention.${name}`, normed, width, [head, pair, part], { bias: false });
    const q = rotary(project('q'), seq, pair, part);
    const k = rotary(project('k'), seq, pair, part);
    const v = project('v');
    const read = softmaxAttention(q, rename(k, seq, key), rename(v, seq, key), [pair, part], key, causal(seq, key));
    const out = linear(`${path}.attention.out`, read, [head, pair, part], width, { bias: false });

    const y = add(x, drop('attention')(out));
    return add(y, drop('feedForward')(forward(rmsNorm(y, width, { path: `${path}.forwardNorm` }))));
  };

export default stacked({
  name: 'llama',
  doc: 'Causal softmax attention with rotary positions and SwiGLU (LLaMa), trained on all positions.',
  hyper: llamaHypers,
  presets: { base: {}, large: { blocks: 8 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { input, ...table } = sequenceInput(context, { positions: false });
    const { width } = table;
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => llamaBlock(`block.${l}`, context, width));
    return { table, input, blocks, read: (top) => rmsNorm(top, width, { path: 'norm' }) };
  },
});
