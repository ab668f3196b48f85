/**
 * TTT4Rec: Yang et al., "TTT4Rec: A Test-Time Training Approach for Rapid Adaption in Sequential Recommendation", 2024,
 * arXiv:2409.19142: blocks whose memory of the history is a linear map that learns while it reads (TTT-Linear, Sun et al. 2024,
 * arXiv:2407.04620). The inner loop is not written here: it is a `descend` on the map's weights in the step of a `scan`. Input,
 * loss, scores and optimizer are those of the other models.
 *
 * Deviations:
 * - The inner map is linear; the authors' configuration has one with a hidden layer (TTT-MLP). What is read is gated, as in
 *   TTT's Mamba backbone, but without its short convolutions, as in the transformer backbone of the authors' configuration.
 * - The inner learning rate is rate * sigmoid(x w + b) / depth for each position and head, as in Sun et al.'s equations; their
 *   code also divides what a mini-batch has learned so far by the number of its positions.
 * - Items are embedded, scaled and scored as in the other models (cosine over the temperature, sampled softmax), without a
 *   layer norm on the input; the SwiGLU has 8/3 width channels, rotary angles the base 10,000 (the authors: 4 width, 1,000).
 * - Linear maps start Xavier-uniform, as elsewhere here; dropout falls on the input and on both branches, the authors' on the
 *   input alone.
 * - The width is 64, as in the authors' configuration, not 50: rotary positions ask for an even number of channels a head.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  add,
  dropout,
  fail,
  gelu,
  headAxes,
  integer,
  layerNorm,
  linear,
  mul,
  number,
  placeIn,
  recommenderHypers,
  recommenderOptimizer,
  rmsNorm,
  rotaryHalves,
  sequenceInput,
  sigmoid,
  stacked,
  swiGlu,
  testTimeTraining,
} from 'pcrec';

const ttt4recHypers = {
  ...recommenderHypers,
  width: integer(64, 'channels of an item and of a state'),
  blocks: integer(1, 'blocks, one above the other'),
  heads: integer(4, 'heads, each with a map of its own; width is divided among them, an even number of channels each'),
  miniBatch: integer(8, 'positions whose inner gradients are taken at the same weights'),
  innerRate: number(1, 'learning rate of the inner loop, before its gate', { min: 0 }),
} as const;

export interface Ttt4recHyper extends RecommenderHyper {
  readonly heads: number;
  readonly miniBatch: number;
  readonly innerRate: number;
}

/** y + SwiGLU(RMS(y)), y = x + W_o (LN(TTT(RMS(x))) * gelu(RMS(x) W_g)). `path` names the block's parameters. */
export const ttt4recBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<Ttt4recHyper>, width: Axis<'width'>) =>
  (x: State): State => {
    if (hyper.width % (2 * hyper.heads) !== 0)
      fail(`the width ${hyper.width} does not give each of ${hyper.heads} heads an even number of channels`);
    const { head, depth } = headAxes(width, hyper.heads);
    const place = placeIn(seq, hyper.miniBatch);
    const drop = (name: string) => dropout(`${path}.${name}.dropout`, hyper.dropout, phase);
    const forward = swiGlu(`${path}.feedForward`, width, Math.ceil((8 * hyper.width) / 3));

    const normed = rmsNorm(x, width, { path: `${path}.memoryNorm` });
    const project = (name: string) => linear(`${path}.memory.${name}`, normed, width, [head, depth], { bias: false });
    const [q, k] = [rotaryHalves(project('q'), place, depth), rotaryHalves(project('k'), place, depth)];
    const eta = mul(
      sigmoid(linear(`${path}.memory.rate`, normed, width, head)),
      (hyper.innerRate * hyper.heads) / hyper.width,
    );
    const read = testTimeTraining(`${path}.memory`, { q, k, v: project('v'), eta, place }, seq);
    const gated = mul(layerNorm(read, [head, depth], { path: `${path}.readNorm` }), gelu(project('gate')));
    const out = linear(`${path}.memory.out`, gated, [head, depth], width, { bias: false });

    const y = add(x, drop('memory')(out));
    return add(y, drop('feedForward')(forward(rmsNorm(y, width, { path: `${path}.forwardNorm` }))));
  };

export default stacked({
  name: 'ttt4rec',
  doc: 'Test-time training of a linear memory along the history (TTT4Rec), trained on all positions.',
  hyper: ttt4recHypers,
  presets: { base: {}, large: { blocks: 4 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { input, ...table } = sequenceInput(context, { positions: false });
    const { width } = table;
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => ttt4recBlock(`block.${l}`, context, width));
    return { table, input, blocks, read: (top) => rmsNorm(top, width, { path: 'norm' }) };
  },
});
