/**
 * GRU4Rec: Hidasi, Karatzoglou, Baltrunas & Tikk, "Session-based Recommendations with Recurrent Neural Networks", ICLR 2016,
 * arXiv:1511.06939: a gated recurrent unit over the embedded history, its state compared with every item. Input, loss,
 * scores and optimizer are those of the other models.
 *
 * Deviations:
 * - The loss is the sampled softmax of cosine scores, not TOP1 or BPR over the items of the mini-batch: the loss matters more
 *   than the unit (Hidasi & Karatzoglou 2018, arXiv:1706.03847).
 * - A user's whole history is one sequence, and every position of it is trained; no mini-batches parallel over sessions.
 * - Items come in as rows of a trained table, not as one-hot vectors, and the same table is the output map, after a linear map
 *   from the hidden state to the width.
 * - The reset gate falls on h U, not on h before the product, as in cuDNN and PyTorch; dropout falls on what the unit gives.
 */
import {
  axis,
  dropout,
  gru,
  integer,
  linear,
  recommenderHypers,
  recommenderOptimizer,
  sequenceInput,
  stacked,
} from 'pcrec';

export default stacked({
  name: 'gru4rec',
  doc: 'A gated recurrent unit (GRU4Rec), trained on all positions.',
  hyper: {
    ...recommenderHypers,
    width: integer(64, 'channels of an item'),
    hidden: integer(128, 'channels of the recurrent state'),
    blocks: integer(1, 'recurrent units, one above the other'),
  },
  presets: { base: {}, large: { hidden: 512, width: 128 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const {
      hyper,
      batch: { seq },
      phase,
    } = context;
    const { input, ...table } = sequenceInput(context, { positions: false });
    const { width } = table;
    const hidden = axis('hidden', hyper.hidden);
    const unit =
      (path: string) =>
      (x: typeof input): typeof input =>
        linear(
          `${path}.out`,
          dropout(`${path}.dropout`, hyper.dropout, phase)(gru(path, x, seq, width, hidden)),
          hidden,
          width,
        );
    return { table, input, blocks: Array.from({ length: hyper.blocks }, (_, l) => unit(`block.${l}`)) };
  },
});
