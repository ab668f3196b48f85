/**
 * Mamba4Rec: Liu, Lin, Wang, Liu & Caverlee, "Mamba4Rec: Towards Efficient Sequential Recommendation with Selective State
 * Space Models", 2024, arXiv:2403.03900: a selective state space (Gu & Dao 2023, arXiv:2312.00752) and a feed-forward map,
 * each followed by a layer norm; no positions, since the recurrence has an order. Input, loss, scores and optimizer are those
 * of the other models.
 *
 * Deviations:
 * - Items are embedded, scaled and scored as in the other models (cosine over the temperature, sampled softmax).
 * - -A starts at 1 ... states as in Mamba, kept as the logarithm of what multiplies it; the bias of dt starts uniform between
 *   log 0.001 and log 0.1, which softplus takes to nearly the same steps as Mamba's inverse does.
 * - Linear maps start Xavier-uniform, as elsewhere here; dropout falls on what a sublayer gives, not inside the feed-forward map.
 * - As in the authors' code, the first sublayer has a residual only where there is more than one block.
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
  gelu,
  integer,
  layerNorm,
  mamba,
  recommenderHypers,
  recommenderOptimizer,
  sequenceInput,
  stacked,
} from 'pcrec';

const mamba4recHypers = {
  ...recommenderHypers,
  blocks: integer(1, 'blocks, one above the other'),
  states: integer(32, 'states of each inner channel'),
  taps: integer(4, 'taps of the causal convolution'),
  expand: integer(2, 'inner channels for each channel of the width'),
  form: choice(
    ['sequential', 'associative'],
    'how the recurrence runs: position by position, or in log2(length) sweeps',
  ),
} as const;

export interface Mamba4recHyper extends RecommenderHyper {
  readonly blocks: number;
  readonly states: number;
  readonly taps: number;
  readonly expand: number;
  readonly form: 'sequential' | 'associative';
}

/** LN(y + FFN(y)), y = LN(Mamba(x)), or LN(x + Mamba(x)) in a stack of several. `path` names the block's parameters. */
export const mamba4recBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<Mamba4recHyper>, width: Axis<'width'>) =>
  (x: State): State => {
    const drop = (name: string) => dropout(`${path}.${name}.dropout`, hyper.dropout, phase);
    const norm = (name: string, s: State) => layerNorm(s, width, { path: `${path}.${name}` });
    const forward = feedForward(`${path}.feedForward`, width, 4 * hyper.width, gelu);
    const { states, taps, form } = hyper;

    const mixed = drop('mamba')(
      mamba(`${path}.mamba`, x, seq, width, { states, inner: hyper.expand * hyper.width, taps, form }),
    );
    const y = norm('mambaNorm', hyper.blocks > 1 ? add(x, mixed) : mixed);
    return norm('forwardNorm', add(y, drop('feedForward')(forward(y))));
  };

export default stacked({
  name: 'mamba4rec',
  doc: 'A selective state space (Mamba4Rec), trained on all positions.',
  hyper: mamba4recHypers,
  presets: { base: {}, large: { blocks: 2, width: 64 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { input, ...table } = sequenceInput(context, { positions: false });
    const { width } = table;
    const start = layerNorm(input, width, { path: 'norm' });
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => mamba4recBlock(`block.${l}`, context, width));
    return { table, input: start, blocks };
  },
});
