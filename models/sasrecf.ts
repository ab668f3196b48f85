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
  type Axis,
  type RecommenderContext,
  type State,
  type Tensor,
  add,
  axis,
  boolean,
  categories,
  category,
  dropout,
  embed,
  embedFeature,
  embedding,
  eventFeature,
  fail,
  gather,
  ge,
  hours,
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
  weekdays,
  where,
} from 'pcrec';
import { sasrecBlock, type SasrecHyper, sasrecHypers } from './sasrec.js';

export interface SasrecfHyper extends SasrecHyper {
  readonly categories: string;
  readonly lists: string;
  readonly numbers: string;
  readonly vectors: string;
  readonly hidden: number;
  readonly eventCategories: string;
  readonly eventNumbers: string;
  readonly clock: boolean;
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

/**
 * The item's own vector and the vectors of its features. While training, a step hides the own vectors of some, and an item that no
 * training event is of is zeros: it can only be drawn as a negative, and that would teach its features that nobody wants them.
 */
export const fusedItems = (
  { hyper, batch: { item }, phase }: RecommenderContext<SasrecfHyper>,
  width: Axis<'width'>,
): Tensor<'item' | 'width'> => {
  const features = featuresOf(hyper, width);
  if (features.length === 0) fail('there is no feature: name columns, or compile sasrec');
  const fused = (own: Tensor<'item' | 'width'>) => features.reduce((sum, feature) => add(sum, feature), own);
  const own = embedding('embedding.items', item, width);
  const met = itemsMet();
  if (phase === 'inference') return fused(mul(own, met));
  return mul(fused(hyper.hidden > 0 ? where(ge(uniform('hidden', [item]), hyper.hidden), own, 0) : own), met);
};

/** A vector of each event for each of its features. */
const eventsOf = ({ hyper, batch }: RecommenderContext<SasrecfHyper>, width: Axis<'width'>): readonly State[] => {
  const path = (name: string): string => `event.${name}.row`;
  const [hour, weekday] = [hours(batch), weekdays(batch)];
  const clock: readonly State[] = [
    gather(embedding('hour', hour.axis, width), hour.values, hour.axis),
    gather(embedding('hour.next', hour.axis, width), hour.next, hour.axis),
    gather(embedding('weekday', weekday.axis, width), weekday.values, weekday.axis),
    gather(embedding('weekday.next', weekday.axis, width), weekday.next, weekday.axis),
  ];
  return [
    ...listed(hyper.eventCategories).map((name) =>
      embedFeature(path(name), eventFeature(name, category(), batch), width),
    ),
    ...listed(hyper.eventNumbers).map((name) =>
      embedFeature(path(name), eventFeature(name, numeric(), batch).values, width),
    ),
    ...(hyper.clock ? clock : []),
  ];
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
    eventCategories: names('', 'columns of events that are one category'),
    eventNumbers: names('', 'columns of events that are numbers'),
    clock: boolean(false, 'whether the hours and weekdays of events are read (UTC)'),
    hidden: number(0.1, 'share of items whose own vector a training step does not see', { min: 0, max: 0.99 }),
  },
  presets: { base: {}, large: { blocks: 8, heads: 2 } },
  optimizer: recommenderOptimizer,

  stack: (context) => {
    const { hyper, batch, phase } = context;
    const width = axis('width', hyper.width);
    const items = fusedItems(context, width);
    const embedded = add(mul(embed(items, batch.items), Math.sqrt(hyper.width)), positionTable(batch.seq, width));
    const told = eventsOf(context, width).reduce((sum, feature) => add(sum, feature), embedded);
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => sasrecBlock(`block.${l}`, context, width));
    return {
      table: { width, items },
      input: dropout('input', hyper.dropout, phase)(told),
      blocks,
      read: (top) => layerNorm(top, width, { path: 'norm' }),
    };
  },
});
