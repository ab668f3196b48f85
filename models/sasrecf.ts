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
 * - Blocks, loss and optimizer are those of sasrec in this folder, with its deviations.
 */
import {
  type Axis,
  type RecommenderContext,
  type Tensor,
  add,
  axis,
  categories,
  category,
  dropout,
  embed,
  embedFeature,
  embedding,
  fail,
  ge,
  itemFeature,
  itemsMet,
  layerNorm,
  listed,
  mul,
  names,
  number,
  numeric,
  positionTable,
  recommenderOptimizer,
  stacked,
  uniform,
  vector,
  where,
} from 'pcrec';
import { sasrecBlock, type SasrecHyper, sasrecHypers } from './sasrec.js';

export interface SasrecfHyper extends SasrecHyper {
  readonly categories: string;
  readonly lists: string;
  readonly numbers: string;
  readonly vectors: string;
  readonly hidden: number;
}

/** A vector of each item for each of its features. */
const featuresOf = (hyper: SasrecfHyper, width: Axis<'width'>): readonly Tensor<'item' | 'width'>[] => {
  const path = (name: string): string => `feature.${name}`;
  return [
    ...listed(hyper.categories).map((name) => embedFeature(path(name), itemFeature(name, category()), width)),
    ...listed(hyper.lists).map((name) => embedFeature(path(name), itemFeature(name, categories()), width)),
    ...listed(hyper.numbers).map((name) => embedFeature(path(name), itemFeature(name, numeric()), width)),
    ...listed(hyper.vectors).map((name) => embedFeature(path(name), itemFeature(name, vector()), width)),
  ];
};

/** The item's own vector, unless training never saw it or this step hides it, and the vectors of its features. */
export const fusedItems = (
  { hyper, batch: { item }, phase }: RecommenderContext<SasrecfHyper>,
  width: Axis<'width'>,
): Tensor<'item' | 'width'> => {
  const features = featuresOf(hyper, width);
  if (features.length === 0) fail('there is no feature: name columns, or compile sasrec');
  const own = mul(embedding('embedding.items', item, width), itemsMet());
  const shown =
    phase === 'training' && hyper.hidden > 0 ? where(ge(uniform('hidden', [item]), hyper.hidden), own, 0) : own;
  return features.reduce((sum, feature) => add(sum, feature), shown);
};

export default stacked({
  name: 'sasrecf',
  doc: 'SASRec whose items are what is known of them: categories, numbers, vectors (SASRecF).',
  hyper: {
    ...sasrecHypers,
    categories: names('genre', 'columns of items that are one category, separated by commas'),
    lists: names('', 'columns of items that are several categories'),
    numbers: names('', 'columns of items that are numbers'),
    vectors: names('', 'columns of items that are vectors'),
    hidden: number(0.1, 'share of items whose own vector a training step does not see', { min: 0, max: 0.99 }),
  },
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { hyper, batch, phase } = context;
    const width = axis('width', hyper.width);
    const items = fusedItems(context, width);
    const embedded = add(mul(embed(items, batch.items), Math.sqrt(hyper.width)), positionTable(batch.seq, width));
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => sasrecBlock(`block.${l}`, context, width));
    return {
      table: { width, items },
      input: dropout('input', hyper.dropout, phase)(embedded),
      blocks,
      read: (top) => layerNorm(top, width, { path: 'norm' }),
    };
  },
});
