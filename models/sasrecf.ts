/**
 * SASRec (Kang & McAuley, arXiv:1808.09781) with features of items, fused before attention: the model that FDSA is compared with as SASRec+ (Zhang et al.,
 * "Feature-level Deeper Self-Attention Network for Sequential Recommendation", IJCAI 2019) and that RecBole calls SASRecF. Each
 * feature becomes a vector, and one linear map of them and of the item's own vector, laid side by side, is what attention reads; here
 * written as the sum of one map each, which is the same.
 *
 * Deviations:
 * - Items are scored by their fused vectors too, not by their own: so an item that training never saw is ranked by what is known of it.
 *   Its own vector, which nothing has trained, is left out.
 * - A share of the items loses its own vector at each step (`hidden`; DropoutNet, Volkovs et al., NeurIPS 2017), so that features learn
 *   to stand alone.
 * - The item's own vector goes through no map. Of a list of categories the mean is taken (RecBole: the sum); vectors go through a map
 *   without bias, numbers are multiples of one row.
 * - What is known of events is added to their items in the same way, as HSTU's authors add actions: `eventCategories` and `eventNumbers` name
 *   columns of them, and with `clock` the hour and the weekday are read, those of the next event too: it is known when a prediction is asked for.
 * - Negatives are drawn from the whole catalogue; items that training never saw are zeros there.
 * - Blocks, loss and optimizer are those of sasrec in this folder, with its deviations.
 */
import {
  axis,
  featureHypers,
  type FeatureHyper,
  fusedInput,
  fusedItems,
  layerNorm,
  recommenderOptimizer,
  stacked,
} from 'pcrec';
import { sasrecBlock, type SasrecHyper, sasrecHypers } from './sasrec.js';

export type SasrecfHyper = SasrecHyper & FeatureHyper;

export default stacked({
  name: 'sasrecf',
  doc: 'SASRec whose items are what is known of them: categories, numbers, vectors (SASRecF).',
  hyper: { ...sasrecHypers, ...featureHypers },
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const width = axis('width', context.hyper.width);
    const items = fusedItems(context, width);
    const input = fusedInput(context, { width, items });
    const blocks = Array.from({ length: context.hyper.blocks }, (_, l) => sasrecBlock(`block.${l}`, context, width));
    return { table: { width, items }, input, blocks, read: (top) => layerNorm(top, width, { path: 'norm' }) };
  },
});
