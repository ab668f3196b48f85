/**
 * BERT4Rec: Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations from Transformer",
 * CIKM 2019, arXiv:1904.06690: attention both ways over a history some of whose items are hidden by a mask, each to be told
 * from all the others. To rank, a mask is appended to the history, and what stands there is predicted.
 *
 * A history is ragged and cannot grow, so the token appended, `end`, is a tensor of its own beside it: it goes through the
 * same maps, and all tokens attend to it and to the history. While training it is the item that follows the history.
 *
 * Deviations:
 * - The loss is the sampled softmax of cosine scores, at masked positions alone, not the softmax over all items; there is
 *   no bias for each item.
 * - The sum of item and position, and what GELU gives before the scores, are normalised as in the authors' code; the paper
 *   does not write these norms. Without them learning starts much more slowly.
 * - Each item is hidden by a draw of its own, anew at each step, so a row may hide none; the authors' code hides a fixed
 *   number of a row, at least one, in ten copies made beforehand. A share `lastOnly` of the rows hides its last item alone,
 *   as it will be when ranking: the paper adds such samples to the others, one in eleven by its code.
 * - A user's latest window is trained on, as in the other models; the authors' code slides a window over longer histories.
 * - Dropout falls on what attention gives, not on its weights. Linear maps start Xavier-uniform, as elsewhere here.
 */
import {
  type Axis,
  type RecommenderContext,
  type RecommenderHyper,
  type State,
  type Sublayer,
  type Tensor,
  add,
  and,
  axis,
  div,
  dropout,
  embed,
  expand,
  extent,
  feedForward,
  gather,
  gelu,
  gt,
  index,
  indicator,
  integer,
  itemLoss,
  itemScores,
  itemTable,
  layerNorm,
  like,
  linear,
  lt,
  maximum,
  model,
  mul,
  multiHeadAttention,
  not,
  number,
  or,
  param,
  positionTable,
  recommenderHypers,
  recommenderOptimizer,
  sum,
  truncatedNormal,
  uniform,
  where,
} from 'pcrec';

export const bert4recHypers = {
  ...recommenderHypers,
  blocks: integer(2, 'blocks, one above the other'),
  heads: integer(1, 'attention heads; width is divided among them'),
  mask: number(0.2, 'share of the items hidden while training: .2 for long histories, .6 for short ones', {
    min: 0.01,
    max: 1,
  }),
  lastOnly: number(0.1, 'share of the rows that hide their last item alone', { min: 0, max: 1 }),
} as const;

export interface Bert4recHyper extends RecommenderHyper {
  readonly heads: number;
}

/** A history and the token after it, at the position `extent`. */
interface Tokens {
  readonly history: State;
  readonly end: Tensor<'batch' | 'width'>;
}

/** LN(y + FFN(y)), y = LN(x + attention(x)), at every token, all attending to all; FFN is GELU through 4 width channels. */
export const bert4recBlock =
  (path: string, { hyper, batch: { seq }, phase }: RecommenderContext<Bert4recHyper>, width: Axis<'width'>) =>
  (x: Tokens): Tokens => {
    const key = like('key', seq);
    const sublayer =
      (name: string, layer: Sublayer) =>
      ({ history, end }: Tokens): Tokens => {
        const norm = { path: `${path}.${name}.norm` };
        const drop = (token: string) => dropout(`${path}.${name}.${token}.dropout`, hyper.dropout, phase);
        return {
          history: layerNorm(add(history, drop('history')(layer(history))), width, norm),
          end: layerNorm(add(end, drop('end')(layer(end))), width, norm),
        };
      };
    const attend = multiHeadAttention(`${path}.attention`, {
      width,
      heads: hyper.heads,
      states: x.history,
      beside: x.end,
      seq,
      key,
    });
    const forward = feedForward(`${path}.feedForward`, width, 4 * hyper.width, gelu);
    const y = sublayer('attention', attend)(x);
    return sublayer('feedForward', forward)(y);
  };

export default model({
  name: 'bert4rec',
  doc: 'Attention both ways over histories with hidden items (BERT4Rec), trained to find them.',
  hyper: bert4recHypers,
  presets: { base: {}, large: { blocks: 8, heads: 2 }, short: { mask: 0.6 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const {
      hyper,
      batch: { batch, seq, ...given },
      phase,
    } = context;
    const table = itemTable(context);
    const { width, items } = table;
    const length = extent(seq, batch);

    // What is hidden: a share of all items, or in some rows the last alone. A row without a history hides nothing.
    const present = indicator(gt(length, 0));
    const drawn = (key: string, share: number) => lt(uniform(`mask.${key}`, [batch]), mul(present, share));
    const alone = drawn('alone', hyper.lastOnly);
    const hidden = and(not(alone), lt(uniform('mask.history', [batch, seq]), hyper.mask));
    const endHidden = or(alone, drawn('end', hyper.mask));

    const mask = param('embedding.mask', width, truncatedNormal(0.02));
    const history = embed(items, given.items);
    const tokens =
      phase === 'training'
        ? { history: where(hidden, mask, history), end: where(endHidden, mask, embed(items, given.target)) }
        : { history, end: expand(mask, batch) };

    const position = axis('position', hyper.length + 1);
    const positions = positionTable(position, width);
    const scale = Math.sqrt(hyper.width);
    const norm = { path: 'embedding.norm' };
    const input: Tokens = {
      history: dropout(
        'input.history',
        hyper.dropout,
        phase,
      )(layerNorm(add(mul(tokens.history, scale), gather(positions, index(seq), position)), width, norm)),
      end: dropout(
        'input.end',
        hyper.dropout,
        phase,
      )(layerNorm(add(mul(tokens.end, scale), gather(positions, length, position)), width, norm)),
    };
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => bert4recBlock(`block.${l}`, context, width));
    const top = blocks.reduce((x, block) => block(x), input);
    const state = layerNorm(gelu(linear('head', top.history, width, width)), width, { path: 'head.norm' });
    const endState = layerNorm(gelu(linear('head', top.end, width, width)), width, { path: 'head.norm' });

    const historyLoss = sum(where(hidden, itemLoss(context, table, state, given.items), 0), [batch, seq]);
    const endLoss = sum(where(endHidden, itemLoss(context, table, endState, given.target), 0), batch);
    const count = add(sum(indicator(hidden), [batch, seq]), sum(indicator(endHidden), batch));
    const loss = div(add(historyLoss, endLoss), maximum(count, 1));
    return { loss, scores: itemScores(context, table, endState) };
  },
});
