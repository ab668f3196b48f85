/**
 * HSTU (Zhai et al., "Actions Speak Louder than Words", ICML 2024, arXiv:2402.17152) with what is known of items and events. Its authors'
 * model of what comes next reads pairs of an item and the action on it (the paper's table 1, "retrieval"), and their code adds the two
 * (generative-recommenders, `contextual_interleave_preprocessor.py` without `enable_interleaving`; the other form, items and actions as
 * tokens in turn, doubles the history and asks for the item that is ranked before the answer). So do we: an event is the sum of its item's
 * vector, of what is known of the item, and of what was done, how it was rated, and when.
 *
 * With `predicted` the action of the next event is predicted too, given its item, as in their ranking: a term of the loss, which teaches the
 * states and no score reads.
 *
 * Deviations:
 * - Features of items are what sasrecf in this folder has, for new items to be scored by; the authors' public data have none.
 * - Vectors are added as they are, where the authors put actions through a small network first.
 * - Of the next item all actions are positive; with the trainer's `--actions` others are left out of the history as well. An action is one of
 *   several, in a softmax; the authors have a bit each. A rating is a number, whose squared error they take too.
 * - Blocks, loss and optimizer are those of hstu in this folder, with its deviations. It is a file of its own so that hstu's checkpoints stay valid.
 */
import {
  axis,
  featureHypers,
  type FeatureHyper,
  fusedInput,
  fusedItems,
  listed,
  nextEventHypers,
  type NextEventHyper,
  nextEventLoss,
  recommenderOptimizer,
  stacked,
} from 'pcrec';
import { hstuBlock, type HstuHyper, hstuHypers } from './hstu.js';

export type HstufHyper = HstuHyper & FeatureHyper & NextEventHyper;

export default stacked({
  name: 'hstuf',
  doc: 'HSTU over items and events as all that is known of them, which can predict actions too.',
  hyper: { ...hstuHypers, ...featureHypers, ...nextEventHypers },
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { hyper } = context;
    const width = axis('width', hyper.width);
    const items = fusedItems(context, width);
    const table = { width, items };
    const input = fusedInput(context, table);
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    const predicts = listed(hyper.predicted).length > 0;
    return {
      table,
      input,
      blocks,
      ...(predicts && { also: (state, at) => nextEventLoss(context, table, state, at) }),
    };
  },
});
