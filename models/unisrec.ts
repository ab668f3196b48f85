/**
 * UniSRec: Hou, Mu, Zhao, Li, Ding & Wen, "Towards Universal Sequence Representation Learning for Recommender Systems", KDD 2022,
 * arXiv:2206.05941. Items are the vectors of their texts through an adaptor of their own (parametric whitenings, mixed by a gate), so what
 * is learned on one catalogue is at home in another. It is pre-trained by two contrasts (`stage=pretraining`), then fine-tuned on other
 * data (`trainer.js --transfer CHECKPOINT`): on texts alone (`inductive`), or with a vector of each item besides (`transductive`).
 *
 * Pre-training, as the paper has it: the softmax of the next item among the answers of the other rows (sequence-item), and `contrast` times
 * the contrast of a sequence with an augmented copy of itself among those of the other rows (sequence-sequence). A copy is augmented by
 * losing items (`lost` of them, each by itself).
 *
 * Deviations:
 * - The encoder is the block of sasrec in this folder, with its deviations; the authors' has GELU and normalises after each sublayer.
 * - All positions of a history are trained at once. The authors train a row for each prefix; the sequence-sequence contrast has the whole one here.
 * - A lost item leaves its place: zeros there, and its position. The authors close the gap. They also lose words of the texts: that takes a
 *   second vector of each item, made outside, and is left out.
 * - Rows that want the same item stay each other's negatives in the sequence-sequence contrast; the authors' code leaves them out.
 * - Fine-tuning trains everything. The authors keep the encoder as it was, and train the adaptor.
 * - Fine-tuning's loss is the folder's (`loss`, a sampled softmax of cosines), not a softmax over all items, which is `loss=fullSoftmax`.
 * - The temperature is 0.05 as elsewhere in the folder, not 0.07, and the width 50, not 300. The text's vector has no dropout of its own.
 * - Pre-training is on one data set; the authors mix five, whose items would not stand against each other.
 * - Items that training never saw are zeros as negatives, and in `transductive` they are ranked by their texts alone.
 */
import {
  type Axis,
  type Context,
  type RecommenderContext,
  type State,
  type Tensor,
  add,
  choice,
  contrastOfViews,
  dropout,
  embed,
  embedding,
  fail,
  ge,
  integer,
  itemFeature,
  itemsMet,
  last,
  layerNorm,
  mean,
  mixtureOfWhitenings,
  model,
  mul,
  names,
  nextItem,
  number,
  positionTable,
  recommenderOptimizer,
  uniform,
  vector,
  where,
  axis,
} from 'pcrec';
import { sasrecBlock, sasrecHypers } from './sasrec.js';

const hyper = {
  ...sasrecHypers,
  stage: choice(
    ['inductive', 'transductive', 'pretraining'],
    'items are their texts, or their texts and vectors of their own; or training is for other data',
  ),
  text: names('text', 'the column of items that is the vectors of their texts'),
  experts: integer(8, 'whitenings that the adaptor mixes'),
  lost: number(0.2, 'share of items that an augmented sequence loses, for pretraining', { min: 0, max: 0.99 }),
  contrast: number(1e-3, 'how much the sequence-sequence contrast counts, for pretraining', { min: 0 }),
} as const;
type Hyper = Context<typeof hyper>;

/** What items are. While training one that no event is of is zeros: it can only be a negative, and that would teach its text that nobody wants it. */
const itemsOf = (context: Hyper, width: Axis<'width'>): Tensor<'item' | 'width'> => {
  const { hyper: of, batch, phase } = context;
  const met = itemsMet();
  const text = mixtureOfWhitenings('adaptor', itemFeature(of.text, vector()), width, { experts: of.experts, phase });
  const items =
    of.stage === 'transductive' ? add(text, mul(embedding('embedding.items', batch.item, width), met)) : text;
  return phase === 'training' ? mul(items, met) : items;
};

/** The encoder: positions, dropout, blocks, norm. `pass` names its dropout where it is gone through again. */
const encoded = (context: Hyper, width: Axis<'width'>, items: State, pass = ''): State => {
  const { hyper: of, batch, phase } = context;
  const scaled = add(mul(items, Math.sqrt(of.width)), positionTable(batch.seq, width));
  const input: State = dropout(`input${pass}`, of.dropout, phase)(scaled);
  const states = Array.from({ length: of.blocks }).reduce<State>(
    (x, _, l) => sasrecBlock(`block.${l}`, context, width, pass)(x),
    input,
  );
  return layerNorm(states, width, { path: 'norm' });
};

/** What pre-training stands on: the answers of the other rows. */
const amongRows = (context: Hyper): RecommenderContext => ({
  ...context,
  hyper: { ...context.hyper, against: context.hyper.against === 'uniform' ? 'batch' : context.hyper.against },
});

export default model({
  name: 'unisrec',
  doc: 'Sequences of texts, learned on one catalogue for others (UniSRec).',
  hyper,
  presets: {
    base: {},
    large: { blocks: 8, heads: 2 },
    transductive: { stage: 'transductive' },
    pretraining: { stage: 'pretraining' },
  },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper: of, batch, phase } = context;
    if (of.stage === 'pretraining' && of.loss !== 'sampledSoftmax')
      fail(`pretraining is a softmax among the answers of a batch, and loss=${of.loss}: leave one of the two out`);
    const width = axis('width', of.width);
    const items = itemsOf(context, width);
    const read: State = embed(items, batch.items);
    const state = encoded(context, width, read);
    if (of.stage !== 'pretraining' || phase === 'inference') return nextItem(context, { width, items }, state);
    const predicted = nextItem(amongRows(context), { width, items }, state);
    const view = (of: State): Tensor<'batch' | 'width'> => last(of, batch.seq, batch.batch);
    const less: State = where(ge(uniform('lost', [batch.batch, batch.seq]), of.lost), read, 0);
    const copies = encoded(context, width, less, '.augmented');
    const apart = contrastOfViews(view(state), view(copies), {
      rows: batch.batch,
      width,
      temperature: of.temperature,
    });
    return { ...predicted, loss: add(predicted.loss, mul(mean(apart, batch.batch), of.contrast)) };
  },
});
