/** How inputs are filled: a function for each way that rows of their table (`runtime/contract/batch.ts`) name. */
import {
  type ClockPart,
  type ColumnName,
  type EntryName,
  type Fill,
  inputsFor,
  type InputRow,
  type RaggedName,
} from '../contract/batch.js';
import { labelText } from '../contract/features.js';
import type { Data } from '../contract/session.js';
import type { FeatureColumn } from './columns.js';
import type { Dataset } from './dataset.js';

export type Numbers = Int32Array | Float64Array | Float32Array;
/** What was asked before each event: `values` are 0 where nothing was, else 1 + the row of `vectors`. */
export type Requests = Pick<Extract<FeatureColumn, { readonly kind: 'lookup' }>, 'width' | 'vectors' | 'values'>;
/** What is told of events, in their order; undefined where nothing is. `features` and `requests` by name, as the checkpoint reads them. */
export type Columns = { readonly [C in ColumnName]: Numbers | undefined } & {
  readonly features?: ReadonlyMap<string, Numbers>;
  /** Labels by their words. */
  readonly labels?: ReadonlyMap<string, Numbers>;
  readonly requests?: ReadonlyMap<string, Requests>;
};
export const columnsOf = ({ sequence, times }: Pick<Dataset, 'sequence' | 'times'>): Columns => ({
  items: sequence,
  times,
});

/** The distinct items of whole histories, row-major, and how many each row has. */
export interface Seen {
  readonly values: Int32Array;
  readonly lengths: Int32Array;
}

/** Of the entries whose inputs say nothing of it. */
export const nothingSeen: Seen = { values: new Int32Array(0), lengths: new Int32Array(0) };

/** A batch as windows of events: row r has the events [starts[r], ends[r]), and what it asks for is the event ends[r]. */
export interface Windows {
  readonly columns: Columns;
  /** One for each row that exists. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Rows of the batch, and positions of a row. */
  readonly batch: number;
  readonly length: number;
  readonly seen: Seen;
  /** The user of each row, and what is known of users by the names of columns; undefined where nothing is. */
  readonly users?: { readonly codes: Int32Array; readonly features: ReadonlyMap<string, Numbers> };
  /** The item that each row asks about; where one is explained. */
  readonly asked?: Int32Array;
  /** Each item's share of the events that one trains on; while training alone. */
  readonly popularity?: Float32Array;
}

const lengths: { readonly [A in RaggedName]: (windows: Windows) => Int32Array } = {
  seq: ({ starts, ends, batch }) => {
    const counts = new Int32Array(batch);
    for (let row = 0; row < starts.length; row++) counts[row] = ends[row]! - starts[row]!;
    return counts;
  },
  seen: ({ seen }) => seen.lengths,
};

const arrays = { i32: Int32Array, f32: Float32Array } as const;

/** Writes values[from, end) to `out` from `to` on, less `zero`. A loop of its own: it meets arrays of one kind, which is twice as fast. */
const copyLess = (zero: number, out: Data, to: number, values: Numbers, from: number, end: number): void => {
  for (let i = from; i < end; i++) out[to++] = values[i]! - zero;
};

/** 1970 began on a Thursday; times before it count on in the same days. */
const clocks: { readonly [P in ClockPart]: (seconds: number) => number } = {
  hour: (seconds) => Math.floor((((seconds % 86400) + 86400) % 86400) / 3600),
  weekday: (seconds) => (((Math.floor(seconds / 86400) + 3) % 7) + 7) % 7,
};

/** Of each row what the values of its events say, `shift` later: of all of them where the input has the axis `seq`, else of the last. */
const placed = (
  values: Numbers | undefined,
  { starts, ends, batch, length }: Windows,
  { axes, dtype }: InputRow,
  shift: number,
  said = (value: number): number => value,
): Data => {
  const each = axes.includes('seq');
  const out = new arrays[dtype](each ? batch * length : batch);
  if (values === undefined) return out;
  for (let row = 0; row < starts.length; row++) {
    const end = ends[row]!;
    let to = each ? row * length : row;
    for (let i = each ? starts[row]! : end - 1; i < end; i++) out[to++] = said(values[i + shift]!);
  }
  return out;
};

type Filled = Exclude<Fill, { readonly from: 'run' }>;
type Way = Filled['from'];

const ways: {
  readonly [W in Way]: (windows: Windows, fill: Extract<Filled, { readonly from: W }>, row: InputRow) => Data;
} = {
  event: (windows, { column, shift, since, part }, input) => {
    const { columns, starts, ends, batch, length } = windows;
    const { axes, dtype } = input;
    const values = columns[column];
    if (part !== undefined) return placed(values, windows, input, shift, clocks[part]);
    const each = axes.includes('seq');
    const out = new arrays[dtype](each ? batch * length : batch);
    if (values === undefined) return out;
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row]!;
      const end = ends[row]!;
      const from = (each ? start : end - 1) + shift;
      const to = each ? row * length : row;
      // A data set's histories are short enough for their seconds to fit (`overlong`).
      if (since === 'first') copyLess(values[start]!, out, to, values, from, end + shift);
      else if (each) out.set(values.subarray(from, end + shift), to);
      else out[to] = values[from]!;
    }
    return out;
  },
  feature: (windows, { feature: { name }, shift }, input) =>
    placed(windows.columns.features?.get(name), windows, input, shift),
  label: (windows, { label, shift }, input) =>
    placed(windows.columns.labels?.get(labelText(label)), windows, input, shift),
  user: ({ users, batch }, { feature: { name } }, { dtype }) => {
    const out = new arrays[dtype](batch);
    const values = users?.features.get(name);
    if (values !== undefined) users!.codes.forEach((user, row) => void (out[row] = values[user]!));
    return out;
  },
  request: ({ columns, starts, ends, batch, length }, { name }) => {
    const asked = columns.requests?.get(name);
    if (asked === undefined) return new Float32Array(0);
    const { width, vectors, values } = asked;
    const out = new Float32Array(batch * length * width);
    for (let row = 0; row < starts.length; row++) {
      let to = row * length * width;
      for (let i = starts[row]!; i < ends[row]!; i++, to += width) {
        const of = values[i + 1]!;
        if (of > 0) out.set(vectors.subarray((of - 1) * width, of * width), to);
      }
    }
    return out;
  },
  length: (windows, { of }) => lengths[of](windows),
  missing: ({ batch, starts }) => Int32Array.of(batch - starts.length),
  seen: ({ seen }) => seen.values,
  asked: ({ asked, batch }) => asked ?? new Int32Array(batch),
  popularity: ({ popularity }) => popularity ?? new Float32Array(0),
};

/** What the data, or a request, give to an entry: all of its inputs but those that a run counts, and `more` of the model's own. */
export const filled = (
  entry: EntryName,
  windows: Windows,
  more: readonly InputRow[] = [],
): Readonly<Record<string, Data>> => {
  const of = <W extends Way>(row: InputRow, fill: Extract<Filled, { readonly from: W }>): Data =>
    ways[fill.from as W](windows, fill, row);
  return Object.fromEntries(
    [...inputsFor(entry), ...more.filter(({ entries }) => entries.includes(entry))].flatMap((row) =>
      row.fill.from === 'run' ? [] : [[row.name, of(row, row.fill)] as const],
    ),
  );
};
