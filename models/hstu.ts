/**
 * HSTU: Zhai et al., "Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative
 * Recommendations", ICML 2024, arXiv:2402.17152; sizes, loss and optimizer as in the generative-recommenders repository.
 *
 * Deviations: negatives are drawn once for the batch, not for each position; the output map has no bias.
 */
import { hstuBlock, hstuHypers, model, nextItem, pipe, recommenderOptimizer, sequenceInput } from 'pcrec';

export default model({
  name: 'hstu',
  doc: 'Pointwise attention with relative biases (HSTU), trained on all positions.',
  hyper: hstuHypers,
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { width, items, input } = sequenceInput(context);
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    const state = blocks.reduce((x, block) => pipe(x, block), input);
    return nextItem(context, { width, items }, state);
  },
});
