/**
 * What a batch holds: a table, one row an input. Whoever makes an input, proves something of it, guards a lookup by it, fills it or
 * asks a request for it reads its row and knows it by nothing else. A new input is a row here; and a function in
 * `runtime/data/fill.ts`, where it is filled in a way that none is yet.
 *
 * Rows are plain data. They say what an input is and leave to others what they make of that.
 */
import { lazy } from './once.js';

/** Programs that a trainer runs: a training step, the rank of each row's answer, the scores of all items, why one item has its score. */
export type EntryName = 'train' | 'rank' | 'score' | 'explain';

/** Sizes that are bound when a trainer starts: rows of a batch, items of the catalogue, the most items that anybody has seen. */
export const sizes = ['batch', 'items', 'seen'] as const;
export type SizeName = (typeof sizes)[number];
/** A number for each of them. */
export type BoundSizes = Readonly<Record<SizeName, number>>;

export interface AxisRow {
  /** How many positions there are, or at most are; `length` is the model's hyperparameter. */
  readonly size: SizeName | 'length';
  /** For each position of that axis, whose row stands above, this one has a length of its own: the input `<name>.lengths`. */
  readonly rows?: string;
  /** The last positions need not exist: how many do not is the input `<name>.missing`. */
  readonly partial?: true;
}

/** The axes of inputs. */
export const axes = {
  /** Users. */
  batch: { size: 'batch', partial: true },
  /** Positions of a user's history, oldest first. */
  seq: { size: 'length', rows: 'batch' },
  /** The catalogue. */
  item: { size: 'items' },
  /** Items that a user has met. */
  seen: { size: 'seen', rows: 'batch' },
} as const satisfies Readonly<Record<string, AxisRow>>;
export type AxisName = keyof typeof axes;
/** The axes whose positions are counted for each row. */
export type RaggedName = {
  readonly [A in AxisName]: (typeof axes)[A] extends { readonly rows: string } ? A : never;
}[AxisName];

interface Column {
  /**
   * What a request knows of the event that it asks for, all earlier ones being its history: nothing, since it is what is asked,
   * or the moment at which it comes.
   */
  readonly next: 'asked' | 'moment';
  /** What is said where data have no such column; null where no data are without. */
  readonly lack: {
    /** `The model reads the times of events, ...` */
    readonly what: string;
    /** `Give data with a column of times, ...` */
    readonly give: string;
    /** The hyperparameter by which a model that can do without leaves it unread. */
    readonly without: string;
  } | null;
}

/** What data and requests tell of each event. */
export const columns = {
  /** Item codes. */
  items: { next: 'asked', lack: null },
  /** Seconds. */
  times: { next: 'moment', lack: { what: 'the times of events', give: 'a column of times', without: 'times' } },
} as const satisfies Readonly<Record<string, Column>>;
export type ColumnName = keyof typeof columns;

/** What data may tell of each event beside its item and its time: a column of theirs, by its name. */
export interface EventFeature {
  readonly name: string;
  readonly kind: 'category' | 'number';
}
/** A column of the table of users, by its name. */
export interface UserFeature {
  readonly name: string;
  readonly kind: 'category' | 'categories' | 'number' | 'vector';
}

/** What a label asks of a column of events: a number that is at least so large, or a category that is one of some. */
export type LabelTest =
  | { readonly kind: 'atLeast'; readonly value: number }
  | { readonly kind: 'among'; readonly values: readonly string[] };
/** What may hold of an event or not, beside what is predicted of it: a test of a column. */
export interface EventLabel {
  readonly column: string;
  readonly test: LabelTest;
}

/** What is read of a moment: how many seconds it lies after the row's first event, or where it lies in its day or week (UTC). */
export type ClockPart = 'hour' | 'weekday';

/** Where an input's numbers come from. What lies past a row's end, or in a row that does not exist, is 0. */
export type Fill =
  /**
   * A column, `shift` events later: at each position where the input has the axis `seq`, else at the row's last. With `since`
   * less what the column says of the row's first event; with `part` that part of the moment.
   */
  | {
      readonly from: 'event';
      readonly column: ColumnName;
      readonly shift: number;
      readonly since?: 'first';
      readonly part?: ClockPart;
    }
  /** The same of a feature of events, as the checkpoint reads it (`runtime/features.ts`). */
  | { readonly from: 'feature'; readonly feature: EventFeature; readonly shift: number }
  /** A feature of the row's user. */
  | { readonly from: 'user'; readonly feature: UserFeature }
  /** Whether a label holds of an event: 0 where nobody knows, 1 where not, 2 where it does. */
  | { readonly from: 'label'; readonly label: EventLabel; readonly shift: number }
  /** What was asked before the event after each position, as a vector; zeros where nothing was. A request is that of its last position. */
  | { readonly from: 'request'; readonly name: string }
  /** How many positions each row has along an axis. */
  | { readonly from: 'length'; readonly of: RaggedName }
  /** How many rows at the end of the batch do not exist. */
  | { readonly from: 'missing' }
  /** Each item's share of the events that one trains on. */
  | { readonly from: 'popularity' }
  /** The distinct items of the whole history, the answer left out. */
  | { readonly from: 'seen' }
  /** The item that a request asks about: anybody's choice, and so no answer. */
  | { readonly from: 'asked' }
  /** What a run counts: optimizer steps from 1, and how many are planned. */
  | { readonly from: 'run'; readonly count: 'step' | 'steps' };

/**
 * What an input says of what a model predicts: the past, up to each position or of the whole row; the answer of each position;
 * the one answer of a row; or nothing, so that anybody may read all of it.
 */
export type Tells = 'past' | 'answer' | 'answerOfRow' | 'nothing';

export interface InputRow {
  /** What programs, manifests and sessions call it. */
  readonly name: string;
  readonly axes: readonly AxisName[];
  /** An axis of its own besides, the last: of a vector, or of a list of categories, as long as the data say. */
  readonly own?: { readonly name: string; readonly size: string };
  readonly dtype: 'i32' | 'f32';
  readonly tells: Tells;
  /** The axis of which its values are positions that exist, because the runtime makes them: no lookup along it needs a guard. */
  readonly ids: AxisName | null;
  /** The programs that are given it. Those of requests and rankings know no answers, but for the one that is ranked. */
  readonly entries: readonly EntryName[];
  readonly fill: Fill;
}

const always = ['train', 'rank', 'score', 'explain'] as const;

/** What a model reads of a batch, by the name that it has in the language (`Batch` in dsl/model.ts). */
// oxfmt-ignore
export const given = {
  /** Item at each position. */
  items: { name: 'items', axes: ['batch', 'seq'], dtype: 'i32', tells: 'past', ids: 'item', entries: always, fill: { from: 'event', column: 'items', shift: 0 } },
  /** The next item after each position: what is to be predicted (training only). */
  targets: { name: 'targets', axes: ['batch', 'seq'], dtype: 'i32', tells: 'answer', ids: 'item', entries: ['train'], fill: { from: 'event', column: 'items', shift: 1 } },
  /**
   * The item after each row's last position, for models trained on one target a sequence: while training, a row is then a
   * random prefix of its history (training only).
   */
  target: { name: 'target', axes: ['batch'], dtype: 'i32', tells: 'answerOfRow', ids: 'item', entries: ['train', 'rank'], fill: { from: 'event', column: 'items', shift: 1 } },
  /** Seconds since the row's first event, at each position. */
  times: { name: 'times', axes: ['batch', 'seq'], dtype: 'i32', tells: 'past', ids: null, entries: always, fill: { from: 'event', column: 'times', shift: 0, since: 'first' } },
  /** The same for the next event: the time at which the prediction is asked for. */
  nextTimes: { name: 'times.next', axes: ['batch', 'seq'], dtype: 'i32', tells: 'past', ids: null, entries: always, fill: { from: 'event', column: 'times', shift: 1, since: 'first' } },
  /** Each item's share of the events that one trains on, for losses (training only): what it says of the future, it says of no user. */
  popularity: { name: 'items.popularity', axes: ['item'], dtype: 'f32', tells: 'nothing', ids: null, entries: ['train'], fill: { from: 'popularity' } },
} as const satisfies Readonly<Record<string, InputRow>>;

/** And what the compiler reads besides: which positions exist, what ranking leaves out, how far training is. */
// oxfmt-ignore
export const inputs = {
  ...given,
  /** Positions of each row. */
  lengths: { name: 'seq.lengths', axes: ['batch'], dtype: 'i32', tells: 'past', ids: null, entries: always, fill: { from: 'length', of: 'seq' } },
  /** Rows that do not exist; asked for only where rows are summed. */
  missing: { name: 'batch.missing', axes: [], dtype: 'i32', tells: 'nothing', ids: null, entries: always, fill: { from: 'missing' } },
  /** Items that no ranking is to show again. */
  seen: { name: 'seen', axes: ['batch', 'seen'], dtype: 'i32', tells: 'past', ids: 'item', entries: ['rank'], fill: { from: 'seen' } },
  /** How many those are. */
  seenLengths: { name: 'seen.lengths', axes: ['batch'], dtype: 'i32', tells: 'past', ids: null, entries: ['rank'], fill: { from: 'length', of: 'seen' } },
  /** The item whose score is explained. */
  wanted: { name: 'wanted', axes: ['batch'], dtype: 'i32', tells: 'nothing', ids: 'item', entries: ['explain'], fill: { from: 'asked' } },
  /** Optimizer steps, this one included. */
  step: { name: 'step', axes: [], dtype: 'f32', tells: 'nothing', ids: null, entries: ['train'], fill: { from: 'run', count: 'step' } },
  /** Steps of the whole run as planned. */
  steps: { name: 'steps', axes: [], dtype: 'f32', tells: 'nothing', ids: null, entries: ['train'], fill: { from: 'run', count: 'steps' } },
} as const satisfies Readonly<Record<string, InputRow>>;

export const allInputs = (): readonly InputRow[] => Object.values(inputs);
const byName = lazy((): ReadonlyMap<string, InputRow> => new Map(allInputs().map((row) => [row.name, row])));
/** The row of an input as programs call it; none where a program has an input of its own. */
export const inputOf = (name: string): InputRow | undefined => byName().get(name);
/** Of an input that is not in the table the worst is taken: that it tells the past. */
export const tellsOf = (name: string): Tells => inputOf(name)?.tells ?? 'past';
/** What an entry may be given. */
export const inputsFor = (entry: EntryName): readonly InputRow[] =>
  allInputs().filter(({ entries }) => entries.includes(entry));
/** What the row says that data must have. */
export const columnOf = ({ fill }: InputRow): ColumnName | undefined =>
  fill.from === 'event' ? fill.column : undefined;
