/**
 * What a model reads of items and events beside who and when: columns of the data, by their names. The trainer asks the data for them.
 *
 * Missing values: a category is 0, and `embedFeature` makes zeros of it; a number is 0, which is the mean; a vector is zeros. A value
 * that training never saw is missing.
 */
import type { ClockPart, InputRow } from '../runtime/contract/batch.js';
import {
  clockRows,
  eventRows,
  type ItemFeature,
  placeOf,
  sizeOfFeature,
  stateOfFeature,
} from '../runtime/contract/features.js';
import { type Axis, axis } from './axis.js';
import { batchAxes, inputNode } from './batch.js';
import * as build from './build.js';
import { div, gt, maximum, mul, sub, where } from './elementwise.js';
import { embedding } from './layer.js';
import type { Batch } from './model.js';
import { named } from './names.js';
import { truncatedNormal } from './parameter.js';
import { indicator, shift } from './position.js';
import { dot, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { Init } from './node.js';

/** What a column holds. */
export interface FeatureKind<K extends string = string> {
  readonly kind: K;
}
/** One of a vocabulary, which training finds: `genre`, `action`. */
export const category = (): FeatureKind<'category'> => ({ kind: 'category' });
/** Several of a vocabulary: `genres`. Of items and users. */
export const categories = (): FeatureKind<'categories'> => ({ kind: 'categories' });
/** A number, brought to the mean 0 and the deviation 1 of what training saw: `year`, `rating`. */
export const numeric = (): FeatureKind<'number'> => ({ kind: 'number' });
/** Numbers side by side, as they are: a text's vector. Of items and users. */
export const vector = (): FeatureKind<'vector'> => ({ kind: 'vector' });

/** Codes of a vocabulary: 0 where the value is missing. */
export interface Coded<A extends string, N extends string> {
  readonly values: Tensor<A, 'i32'>;
  /** The values that training saw, and at position 0 none: what a table to embed by lies along. */
  readonly vocabulary: Axis<N>;
}
/** Lists of codes: 0 past a list's end. */
export interface CodedLists<N extends string, A extends string = 'item'> extends Coded<A | `${N}.place`, N> {
  /** As many places as the longest list has. */
  readonly place: Axis<`${N}.place`>;
}
/** A vector of each item, or user, all of one width. */
export interface Vectors<N extends string, A extends string = 'item'> {
  readonly values: Tensor<A | N>;
  readonly width: Axis<N>;
}
interface ItemFeatures<N extends string> {
  readonly category: Coded<'item', N>;
  readonly categories: CodedLists<N>;
  readonly number: Tensor<'item'>;
  readonly vector: Vectors<N>;
}
/** The kinds of columns that items have. */
export type ItemKind = keyof ItemFeatures<string>;

const { item } = batchAxes(1);
const given = (feature: ItemFeature, axes: readonly Axis[]) =>
  build.param(stateOfFeature(feature), axes, { kind: 'given', feature });
const codes = (feature: ItemFeature, axes: readonly Axis[]) => build.map('toI32', given(feature, axes));

/** A function for each kind: the state, and the axes of its own. */
const itemFeatures: { readonly [K in ItemKind]: <N extends string>(name: N) => ItemFeatures<N>[K] } = {
  category: (name) => ({
    values: typed(codes({ kind: 'category', name }, [item])),
    vocabulary: axis(name, sizeOfFeature('item', name, 'values')),
  }),
  categories: <N extends string>(name: N) => {
    const place = axis(placeOf(name), sizeOfFeature('item', name, 'most'));
    return {
      values: typed<'item' | `${N}.place`, 'i32'>(codes({ kind: 'categories', name }, [item, place])),
      vocabulary: axis(name, sizeOfFeature('item', name, 'values')),
      place,
    };
  },
  number: (name) => typed(given({ kind: 'number', name }, [item])),
  vector: (name) => {
    const width = axis(name, sizeOfFeature('item', name, 'width'));
    return { values: typed(given({ kind: 'vector', name }, [item, width])), width };
  },
};

/**
 * A column of the table of items, for the whole catalogue: `itemFeature('genre', category())`. It lies along `item` and, by its
 * kind, an axis of the column's name. It is no data of a batch: it is written once, when a session opens, and checkpoints keep it.
 *
 * What a column says of an item must be known before the event that is predicted: an all-time popularity tells the future, and
 * nobody but the author can see that.
 */
export const itemFeature = <const N extends string, K extends ItemKind>(
  name: N,
  { kind }: FeatureKind<K>,
): ItemFeatures<N>[K] => itemFeatures[kind](named('a feature', name));

/** 1 for an item that some training event is of, 0 for one that training never saw. Axes: item. */
export const itemsMet = (): Tensor<'item'> => typed(given({ kind: 'met' }, [item]));

/** A column of events, at each position of the history and where it is asked for. */
export interface EventColumn<D extends 'i32' | 'f32'> {
  readonly values: Tensor<'batch' | 'seq', D>;
  /** Of the event after each position, the one to be predicted: it tells the answer, and no prediction may read it (training only). */
  readonly next: Tensor<'batch' | 'seq', D>;
  /** Of the event after each row's last position, for models trained on one target a sequence (training only). */
  readonly asked: Tensor<'batch', D>;
}
interface EventFeatures<N extends string> {
  readonly category: EventColumn<'i32'> & { readonly vocabulary: Axis<N> };
  readonly number: EventColumn<'f32'>;
}
/** The kinds of columns that events have. */
export type EventKind = keyof EventFeatures<string>;

/** A column of the table of events: `eventFeature('action', category(), batch)`. */
export const eventFeature = <const N extends string, K extends EventKind>(
  name: N,
  { kind }: FeatureKind<K>,
  batch: Pick<Batch, 'batch' | 'seq'>,
): EventFeatures<N>[K] => {
  const rows = eventRows({ name: named('a feature', name), kind });
  const node = (row: InputRow) => inputNode(row, batch);
  const column = { values: node(rows.values), next: node(rows.next), asked: node(rows.asked) };
  return (kind === 'category'
    ? { ...column, vocabulary: axis(name, sizeOfFeature('event', name, 'values')) }
    : column) as unknown as EventFeatures<N>[K];
};

/** A part of a moment: of each event, and of the next, at which the prediction is asked for. */
export interface Clock<N extends string> {
  readonly values: Tensor<'batch' | 'seq', 'i32'>;
  readonly next: Tensor<'batch' | 'seq', 'i32'>;
  readonly axis: Axis<N>;
}
const clock = <const N extends ClockPart>(
  part: N,
  positions: number,
  batch: Pick<Batch, 'batch' | 'seq'>,
): Clock<N> => {
  const { values, next } = clockRows(part);
  return {
    values: typed(inputNode(values, batch)),
    next: typed(inputNode(next, batch)),
    axis: axis(part, positions),
  };
};
/** The hour of the day, 0 to 23, UTC. */
export const hours = (batch: Pick<Batch, 'batch' | 'seq'>): Clock<'hour'> => clock('hour', 24, batch);
/** The day of the week, 0 is Monday, UTC. */
export const weekdays = (batch: Pick<Batch, 'batch' | 'seq'>): Clock<'weekday'> => clock('weekday', 7, batch);

/** Seconds since the event before, 0 at a row's first; and from each event to the next, at which the prediction is asked for. */
export const sinceLast = ({
  times,
  nextTimes,
  seq,
}: Pick<Batch, 'times' | 'nextTimes' | 'seq'>): {
  readonly values: Tensor<'batch' | 'seq', 'i32'>;
  readonly next: Tensor<'batch' | 'seq', 'i32'>;
} => ({ values: sub(times, shift(times, seq, 1)), next: sub(nextTimes, times) });

/** What `embedFeature` takes: any feature of items or users, or the codes of a feature of events. */
type Coding = Coded<string, string> & { readonly place?: Axis };
type Embedded = Coding | Vectors<string, string> | Tensor<string>;

const embedded = (path: string, feature: Embedded, width: Axis, init: Init): Tensor<string> => {
  if (!('values' in feature)) return mul(feature, typed(build.param(path, [width], init)));
  if ('width' in feature)
    return typed(
      dot(
        typed<string>(feature.values),
        typed<string>(build.param(path, [feature.width, width], init)),
        feature.width as never,
      ),
    );
  const known = gt(feature.values, 0);
  const rows = where(
    known,
    typed<string>(
      build.gather(embedding(path, feature.vocabulary, width, init), feature.values, feature.vocabulary.name),
    ),
    0,
  );
  const { place } = feature;
  return place === undefined ? rows : typed(div(sum(rows, place), maximum(sum(indicator(known), place), 1)));
};

interface EmbedFeature {
  <A extends string, N extends string, W extends string>(
    path: string,
    feature: Coded<A, N>,
    width: Axis<W>,
    init?: Init,
  ): Tensor<Exclude<A, `${N}.place`> | W>;
  <A extends string, N extends string, W extends string>(
    path: string,
    feature: Vectors<N, A>,
    width: Axis<W>,
    init?: Init,
  ): Tensor<A | W>;
  <A extends string, W extends string>(path: string, feature: Tensor<A>, width: Axis<W>, init?: Init): Tensor<A | W>;
}
/**
 * A feature as a vector along `width`, by the trained parameter `path`: of a category the row of its value in a table over the
 * vocabulary, zeros where it is missing; of a list of categories the mean of its values' rows; of a vector its product with a matrix; of
 * a number its multiple of one row. Starts truncated normal, deviation 0.02, unless said otherwise.
 */
export const embedFeature = ((path: string, feature: Embedded, width: Axis, init: Init = truncatedNormal(0.02)) =>
  embedded(path, feature, width, init)) as unknown as EmbedFeature;
