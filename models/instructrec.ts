/**
 * InstructRec in spirit: Zhang, Xie, Hou, Zhao, Lin & Wen, "Recommendation as Instruction Following", 2023, arXiv:2305.07001. A person may
 * say what is wanted ("something quiet, in space"), and the prediction follows that and the history together. The paper tunes a language
 * model (Flan-T5) on instructions that name preference, intention and task, and lets it write the item. Here the instruction is a vector
 * of any language model (`recommend --vector FILE`), read beside the state of a sequential recommender; so the paper's model it is not.
 *
 * A position's state, and what was asked before its next event: q = h + r + W_2 GELU(W_1 h + U_1 r + b_1) + b_2, h the normed state, r = U x of
 * the asked vector x. Items are scored by their vectors; where nothing is asked, r is 0 and q is of the history alone.
 *
 * Where instructions come from: a column of events, as data tell it (`--columns instruction=COLUMN:category --vectors instruction.npy`). Where
 * nobody has asked anything yet they may be simulated (examples/instructions/). Such are made of the item that was taken, and a model then
 * learns to find what it is told about; figures on simulated instructions say how well it follows them, not how well it guesses.
 * `evaluate --without-requests` says the latter. The model cannot simulate them itself: what is made of the answer inside a model is refused.
 *
 * Deviations, besides:
 * - Items are their own vectors and their texts' (`text`) through a map, as in sasrecf, a share `hidden` of the former hidden at each step.
 * - An instruction is hidden from a share `silent` of positions, so that the model serves those too who ask for nothing.
 * - Encoder, loss and optimizer are those of sasrec in this folder, with its deviations.
 */
import {
  type Axis,
  type Context,
  type State,
  type Tensor,
  add,
  axis,
  boundOf,
  dropout,
  embed,
  embedFeature,
  embedRequest,
  ge,
  gelu,
  itemFeature,
  itemsKnownBy,
  layerNorm,
  linear,
  model,
  mul,
  names,
  nextItem,
  number,
  positionTable,
  recommenderOptimizer,
  requestVector,
  uniform,
  vector,
  where,
} from 'pcrec';
import { sasrecBlock, sasrecHypers } from './sasrec.js';

const hyper = {
  ...sasrecHypers,
  text: names('text', 'the column of items that is the vectors of their texts'),
  instruction: names('instruction', 'the column of events that is the vector of what was asked before them'),
  hidden: number(0.1, 'share of items whose own vector a training step does not see', { min: 0, max: 0.99 }),
  silent: number(0.3, 'share of positions whose instruction a training step does not see', { min: 0, max: 0.99 }),
} as const;
type Given = Context<typeof hyper>;

/** What items are: their own vectors and their texts'. */
const itemsOf = (context: Given, width: Axis<'width'>): Tensor<'item' | 'width'> =>
  itemsKnownBy([embedFeature('feature.text', itemFeature(context.hyper.text, vector()), width)], context, width);

/** What is asked at each position, through a map without bias: 0 where nothing is. */
const askedOf = ({ hyper: of, batch, phase }: Given, width: Axis<'width'>): State => {
  const asked = embedRequest('request', requestVector(of.instruction, batch), width);
  return phase === 'inference' || of.silent === 0
    ? asked
    : where(ge(uniform('silent', [batch.batch, batch.seq]), of.silent), asked, 0);
};

/** What is wanted, by a state and by what is asked. */
const wanted = (state: State, asked: State, width: Axis<'width'>): State => {
  const hidden = axis('hidden', boundOf(width));
  const inner = add(
    linear('wanted.state', state, width, hidden),
    linear('wanted.request', asked, width, hidden, { bias: false }),
  );
  return add(add(state, asked), linear('wanted.out', gelu(inner), hidden, width));
};

export default model({
  name: 'instructrec',
  doc: 'A recommender that is told what is wanted, as a vector (InstructRec).',
  hyper,
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper: of, batch, phase } = context;
    const width = axis('width', of.width);
    const items = itemsOf(context, width);
    const embedded = add(mul(embed(items, batch.items), Math.sqrt(of.width)), positionTable(batch.seq, width));
    const state = Array.from({ length: of.blocks }).reduce<State>(
      (x, _, l) => sasrecBlock(`block.${l}`, context, width)(x),
      dropout('input', of.dropout, phase)(embedded),
    );
    const read: State = layerNorm(state, width, { path: 'norm' });
    return nextItem(context, { width, items }, wanted(read, askedOf(context, width), width));
  },
});
