/**
 * SASRec: Kang & McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018, arXiv:1808.09781: a stack of causal
 * attention and feed-forward maps, position by position. Input, loss, scores and optimizer are those of the other models.
 *
 * Deviations:
 * - The loss is the sampled softmax of cosine scores, not binary cross-entropy with one negative: the loss matters more
 *   than the block (Klenitskiy & Vasilev 2023, arXiv:2309.07602).
 * - As in the authors' code, not the paper's equation, the residual of a sublayer starts from its normalised input.
 * - What attention reads goes through one more linear map, as in generative-recommenders, whose figures are published.
 * - Dropout falls on what attention gives, not on its weights.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  add,
  causal,
  dropout,
  feedForward,
  integer,
  layerNorm,
  like,
  multiHeadAttention,
  recommenderHypers,
  recommenderOptimizer,
  relu,
  sequenceInput,
  stacked,
} from 'pcrec';

export const sasrecHypers = {
  ...recommenderHypers,
  blocks: integer(2, 'blocks, one above the other'),
  heads: integer(1, 'attention heads; width is divided among them'),
} as const;

export interface SasrecHyper extends RecommenderHyper {
  readonly heads: number;
}

/**
 * y + FFN(y), y = LN(q + attention(q, x, x)), q = LN(x): queries are normalised, keys and values are not. `path` names the block's
 * parameters, `pass` its dropout where it is gone through more than once.
 */
export const sasrecBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<SasrecHyper>, width: Axis<'width'>, pass = '') =>
  (x: State): State => {
    const key = like('key', seq);
    const norm = (name: string, s: State) => layerNorm(s, width, { path: `${path}.${name}` });
    const drop = (name: string) => dropout(`${path}.${name}.dropout${pass}`, hyper.dropout, phase);
    const attend = multiHeadAttention(`${path}.attention`, {
      width,
      heads: hyper.heads,
      states: x,
      seq,
      key,
      mask: causal(seq, key),
    });
    const forward = feedForward(`${path}.feedForward`, width, hyper.width, relu);

    const q = norm('queryNorm', x);
    const attended = add(q, drop('attention')(attend(q)));
    const y = norm('forwardNorm', attended);
    return add(y, drop('feedForward')(forward(y)));
  };

export default stacked({
  name: 'sasrec',
  doc: 'Causal softmax attention (SASRec), trained on all positions.',
  hyper: sasrecHypers,
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { input, ...table } = sequenceInput(context);
    const { width } = table;
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => sasrecBlock(`block.${l}`, context, width));
    return { table, input, blocks, read: (top) => layerNorm(top, width, { path: 'norm' }) };
  },
});
