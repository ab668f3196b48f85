/**
 * Items and events as everything that is known of them, for models that say by hyperparameters which columns they read: each feature
 * becomes a vector, and they are added up. So an item that training never saw is read, and scored, by its features.
 */
import type { Axis } from './axis.js';
import { add, ge, mul, where } from './elementwise.js';
import {
  categories,
  category,
  embedFeature,
  eventFeature,
  hours,
  itemFeature,
  itemsMet,
  numeric,
  vector,
  weekdays,
} from './features.js';
import { embedding } from './layer.js';
import { boolean, fail, listed, names, number } from './model.js';
import { embed, gather } from './position.js';
import { dropout, uniform } from './random.js';
import {
  positionTable,
  type RecommenderContext,
  type RecommenderHyper,
  type ItemTable,
  type State,
} from './recommender.js';
import type { Tensor } from './tensor.js';

/** The hyperparameters that name the columns; the default is what the generated sample has. */
export const featureHypers = {
  categories: names('genre', 'columns of items that are one category, separated by commas'),
  lists: names('', 'columns of items that are several categories'),
  numbers: names('', 'columns of items that are numbers'),
  vectors: names('', 'columns of items that are vectors'),
  eventCategories: names('', 'columns of events that are one category'),
  eventNumbers: names('', 'columns of events that are numbers'),
  clock: boolean(false, 'whether the hours and weekdays of events are read (UTC)'),
  hidden: number(0.1, 'share of items whose own vector a training step does not see', { min: 0, max: 0.99 }),
} as const;

/** The values of `featureHypers`. */
export interface FeatureHyper {
  readonly categories: string;
  readonly lists: string;
  readonly numbers: string;
  readonly vectors: string;
  readonly eventCategories: string;
  readonly eventNumbers: string;
  readonly clock: boolean;
  readonly hidden: number;
}
type Fused = RecommenderContext<RecommenderHyper & FeatureHyper>;
type Items = Tensor<'item' | 'width'>;

/** A vector of each item for each of its features. */
const featuresOf = ({ hyper }: Pick<Fused, 'hyper'>, width: Axis<'width'>): readonly Items[] => {
  const path = (name: string): string => `feature.${name}`;
  return [
    ...listed(hyper.categories).map((name) => embedFeature(path(name), itemFeature(name, category()), width)),
    ...listed(hyper.lists).map((name) => embedFeature(path(name), itemFeature(name, categories()), width)),
    ...listed(hyper.numbers).map((name) => embedFeature(path(name), itemFeature(name, numeric()), width)),
    ...listed(hyper.vectors).map((name) => embedFeature(path(name), itemFeature(name, vector()), width)),
  ];
};

/** What knowing items by features needs of a model: how many own vectors a step hides. */
type Hiding = Pick<Fused, 'batch' | 'phase'> & { readonly hyper: { readonly hidden: number } };

/**
 * The item's own vector and the vectors of its features. While training, a step hides the own vectors of some (`hidden`; DropoutNet,
 * Volkovs et al., NeurIPS 2017), and an item that no training event is of is zeros: it can only be drawn as a negative, and that would
 * teach its features that nobody wants them. Afterwards such an item is its features alone. Without features: the items' own vectors.
 * Axes: item, width.
 */
export const itemsKnownBy = (
  features: readonly Items[],
  { hyper: { hidden }, batch: { item }, phase }: Hiding,
  width: Axis<'width'>,
): Items => {
  const own = embedding('embedding.items', item, width);
  if (features.length === 0) return own;
  const fused = (of: Items) => features.reduce((sum, feature) => add(sum, feature), of);
  const met = itemsMet();
  if (phase === 'inference') return fused(mul(own, met));
  return mul(fused(hidden > 0 ? where(ge(uniform('hidden', [item]), hidden), own, 0) : own), met);
};

/** Items known by the columns that the hyperparameters name: see `itemsKnownBy`. */
export const fusedItems = (context: Fused, width: Axis<'width'>): Items =>
  itemsKnownBy(featuresOf(context, width), context, width);

/** A vector of each event for each of its features; with `clock` for its hour and weekday, and for those of the next event, which are known. */
const eventsOf = ({ hyper, batch }: Pick<Fused, 'hyper' | 'batch'>, width: Axis<'width'>): readonly State[] => {
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

/** Item embedding times sqrt(width) plus a learned position and what is known of the event, then dropout. Refused where no column is named. */
export const fusedInput = (context: Fused, { width, items }: ItemTable): State => {
  const { hyper, batch, phase } = context;
  const { categories, lists, numbers, vectors, eventCategories, eventNumbers, clock } = hyper;
  const named = listed([categories, lists, numbers, vectors, eventCategories, eventNumbers].join());
  if (named.length === 0 && !clock) fail('there is no feature: name columns, or compile the model that reads none');
  const embedded = add(mul(embed(items, batch.items), Math.sqrt(hyper.width)), positionTable(batch.seq, width));
  const told = eventsOf(context, width).reduce((sum, feature) => add(sum, feature), embedded);
  return dropout('input', hyper.dropout, phase)(told);
};
