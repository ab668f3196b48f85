/**
 * NextItNet: Yuan, Karatzoglou, Arapakis, Jose & He, "A Simple Convolutional Generative Network for Next Item Recommendation", WSDM
 * 2019, arXiv:1808.05163: residual blocks of dilated causal convolutions, whose dilations grow so that few layers see far back. Input,
 * loss, scores and optimizer are those of the other models.
 *
 * Deviations:
 * - The loss is the sampled softmax of cosine scores, not the softmax over all items (which `--set loss=fullSoftmax` is, of cosines);
 *   the output map is the item table, not a matrix of its own.
 * - Dropout falls on the input and on what a block adds; the authors have none.
 * - Weights start Xavier-uniform over all taps, biases at 0, not truncated normal and at 0.1.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  add,
  dilatedConvolution,
  dropout,
  integer,
  layerNorm,
  recommenderHypers,
  recommenderOptimizer,
  relu,
  sequenceInput,
  stacked,
} from 'pcrec';

export const nextitnetHypers = {
  ...recommenderHypers,
  blocks: integer(4, 'blocks of two convolutions, one above the other'),
  taps: integer(3, 'positions that a convolution reads'),
  cycle: integer(2, 'blocks after which dilations begin anew: block l has 4^(l mod cycle), and twice that'),
} as const;

export interface NextitnetHyper extends RecommenderHyper {
  readonly taps: number;
  readonly cycle: number;
}

/** x + F(x), F twice a convolution, a norm and ReLU; the second convolution's dilation is twice the first's (the paper's Figure 3b). */
export const nextitnetBlock =
  (
    path: string,
    dilation: number,
    { hyper, batch: { seq }, phase }: RecommenderContext<NextitnetHyper>,
    width: Axis<'width'>,
  ) =>
  (x: State): State => {
    const layer = (name: string, apart: number, y: State): State => {
      const convolved = dilatedConvolution(`${path}.${name}`, y, seq, [width, width], {
        taps: hyper.taps,
        dilation: apart,
      });
      return relu(layerNorm(convolved, width, { path: `${path}.${name}.norm` }));
    };
    const inner = layer('second', 2 * dilation, layer('first', dilation, x));
    return add(x, dropout(`${path}.dropout`, hyper.dropout, phase)(inner));
  };

export default stacked({
  name: 'nextitnet',
  doc: 'Dilated causal convolutions (NextItNet), trained on all positions.',
  hyper: nextitnetHypers,
  presets: { base: {}, large: { blocks: 8, width: 128 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { hyper } = context;
    const { input, ...table } = sequenceInput(context, { positions: false });
    const blocks = Array.from({ length: hyper.blocks }, (_, l) =>
      nextitnetBlock(`block.${l}`, 4 ** (l % hyper.cycle), context, table.width),
    );
    return { table, input, blocks };
  },
});
