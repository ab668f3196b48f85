/**
 * What data may say of items, of events and of users, as the compiler and the runtime both name it.
 *
 * A feature of an item is a state that is given: along `item` (and an axis of its own), written when a session opens, part of the
 * checkpoint, never updated. A feature of an event or of a user is an input: rows like those of the table of inputs, made when a model
 * asks for it, and so is a label, which only training reads.
 * How many values a feature has, and how long its vectors are, the data say: sizes that are bound when a trainer starts.
 */
import type { ClockPart, EventFeature, EventLabel, InputRow, UserFeature } from './batch.js';

/** A column of the table of items; `met` is no column: 1 for an item of some training event, 0 for one that training never saw. */
export type ItemFeature =
  | { readonly kind: 'category' | 'categories' | 'number' | 'vector'; readonly name: string }
  | { readonly kind: 'met' };

/** A size that data bind: the values of a vocabulary and one for none, the width of vectors, the most values that an item has. */
export type Measured = 'values' | 'width' | 'most';

/**
 * Letters, digits and an underscore between two of them stand for themselves, all else for its code between two Z, and Z is doubled: no two
 * names are spelt alike, every language can write them, and none has two underscores in a row, of which GLSL makes one.
 */
export const spelt = (name: string): string =>
  name.replace(/Z|[^A-Za-z0-9_]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, (c) =>
    c === 'Z' ? 'ZZ' : `Z${c.charCodeAt(0).toString(16)}Z`,
  );

/** Whose columns have sizes. */
export type SizedOf = 'item' | 'event' | 'user';
/** The symbol of a size: `item_genre_values`. */
export const sizeOfFeature = (of: SizedOf, name: string, part: Measured): string => `${of}_${spelt(name)}_${part}`;
/** Which of a feature's sizes a symbol is; none where it is no feature's. */
export const measuredBy = (size: unknown): Measured | undefined =>
  typeof size === 'string'
    ? (/^(?:item|event|user)_.*_(values|width|most)$/.exec(size)?.[1] as Measured | undefined)
    : undefined;

/** What checkpoints call the state of a feature of items. */
export const stateOfFeature = (feature: ItemFeature): string =>
  feature.kind === 'met' ? 'items.met' : `item.${feature.name}`;

const always = ['train', 'rank', 'score', 'explain'] as const;

/**
 * A feature of events: at each position of the history; of the event after each position, which is asked for and so tells the
 * answer; and of the event after the row's last position, for models trained on one target a sequence.
 */
export const eventRows = (feature: EventFeature): Readonly<Record<'values' | 'next' | 'asked', InputRow>> => {
  const { name, kind } = feature;
  const own = { dtype: kind === 'category' ? 'i32' : 'f32', ids: null } as const;
  return {
    values: {
      ...own,
      name: `event.${name}`,
      axes: ['batch', 'seq'],
      tells: 'past',
      entries: always,
      fill: { from: 'feature', feature, shift: 0 },
    },
    next: {
      ...own,
      name: `next.${name}`,
      axes: ['batch', 'seq'],
      tells: 'answer',
      entries: ['train'],
      fill: { from: 'feature', feature, shift: 1 },
    },
    asked: {
      ...own,
      name: `asked.${name}`,
      axes: ['batch'],
      tells: 'answerOfRow',
      entries: ['train'],
      fill: { from: 'feature', feature, shift: 1 },
    },
  };
};

/** A feature of users: of each row's. */
export const userRow = (feature: UserFeature): InputRow => ({
  name: `user.${feature.name}`,
  axes: ['batch'],
  dtype: feature.kind === 'category' ? 'i32' : 'f32',
  tells: 'past',
  ids: null,
  entries: always,
  fill: { from: 'user', feature },
});

/** A label in words: `rating >= 4`, `action in buy, cart`. */
export const labelText = ({ column, test }: EventLabel): string =>
  test.kind === 'atLeast' ? `${column} >= ${test.value}` : `${column} in ${test.values.join(', ')}`;

/** The same in letters and digits, as programs may call it: `rating.from.4`, `action.in.buy.cart`. */
const labelName = ({ column, test }: EventLabel): string =>
  [column, ...(test.kind === 'atLeast' ? ['from', String(test.value)] : ['in', ...test.values])].map(spelt).join('.');

/** A label: of the event after each position, and of the event after the row's last position. */
export const labelRows = (label: EventLabel): Readonly<Record<'next' | 'asked', InputRow>> => {
  const own = {
    dtype: 'i32',
    ids: null,
    entries: ['train'],
    fill: { from: 'label', label, shift: 1 },
  } as const;
  return {
    next: { ...own, name: `label.next.${labelName(label)}`, axes: ['batch', 'seq'], tells: 'answer' },
    asked: { ...own, name: `label.asked.${labelName(label)}`, axes: ['batch'], tells: 'answerOfRow' },
  };
};

/** A part of the moment of each event, and of the moment at which the prediction is asked for: that is known, as `times.next` is. */
export const clockRows = (part: ClockPart): Readonly<Record<'values' | 'next', InputRow>> => {
  const row = (name: string, shift: number): InputRow => ({
    name,
    axes: ['batch', 'seq'],
    dtype: 'i32',
    tells: 'past',
    ids: null,
    entries: always,
    fill: { from: 'event', column: 'times', shift, part },
  });
  return { values: row(`times.${part}`, 0), next: row(`times.next.${part}`, 1) };
};
