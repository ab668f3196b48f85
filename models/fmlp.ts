/**
 * FMLP-Rec: Zhou, Yu, Zhao & Wen, "Filter-enhanced MLP is All You Need for Sequential Recommendation", WWW 2022, arXiv:2202.13556:
 * blocks of a filter along the history, learned as frequencies, and a feed-forward map. Input, loss, scores and optimizer are those of
 * the other models.
 *
 * Deviations:
 * - The filter looks back alone unless `filter=circular`: the paper's goes round in a circle, so that every position reads what follows
 *   it, and only the last of a row can be trained. What looks back has the same parameters, and all positions are trained.
 * - The loss is the sampled softmax of cosine scores, not a pairwise one with one negative.
 * - Zeros come after a history, not padding items with embeddings before it; a circle has no beginning, so it is the same but for those.
 * - Dropout falls on the sum of item and position before its norm, not after it.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  add,
  choice,
  dropout,
  feedForward,
  frequencyFilter,
  gelu,
  integer,
  layerNorm,
  like,
  model,
  nextItem,
  recommenderHypers,
  recommenderOptimizer,
  sequenceInput,
} from 'pcrec';

export const fmlpHypers = {
  ...recommenderHypers,
  blocks: integer(2, 'blocks, one above the other'),
  filter: choice(
    ['causal', 'circular'],
    'filters that look back, all positions trained; or all around, the last alone',
  ),
} as const;

export interface FmlpHyper extends RecommenderHyper {
  readonly filter: 'causal' | 'circular';
}

/** LN(y + FFN(y)), y = LN(x + filter(x)); FFN is GELU through 4 width channels. */
export const fmlpBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<FmlpHyper>, width: Axis<'width'>) =>
  (x: State): State => {
    const sublayer = (name: string, y: State, made: State): State =>
      layerNorm(add(y, dropout(`${path}.${name}.dropout`, hyper.dropout, phase)(made)), width, {
        path: `${path}.${name}.norm`,
      });
    const along = { seq, key: like('key', seq), width, form: hyper.filter };
    const y = sublayer('filter', x, frequencyFilter(`${path}.filter`, x, along));
    return sublayer('feedForward', y, feedForward(`${path}.feedForward`, width, 4 * hyper.width, gelu)(y));
  };

export default model({
  name: 'fmlp',
  doc: 'Filters learned as frequencies (FMLP-Rec).',
  hyper: fmlpHypers,
  presets: { base: {}, large: { blocks: 8, width: 128 }, circular: { filter: 'circular' } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper } = context;
    const { input, ...table } = sequenceInput(context);
    const { width } = table;
    const start = layerNorm(input, width, { path: 'embedding.norm' });
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => fmlpBlock(`block.${l}`, context, width));
    const top = blocks.reduce((x, block) => block(x), start);
    return nextItem(context, table, top, hyper.filter === 'causal' ? 'all' : 'last');
  },
});
