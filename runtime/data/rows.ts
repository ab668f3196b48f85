/**
 * Rows of cells: what they must be, wherever they come from, and of delimited text where they are, quoted or not.
 *
 * The loops over bytes are imperative on purpose: a string a cell would cost five times the time.
 */
import { shown } from './cells.js';
import type { Delimiter } from './headers.js';
import { decode, faultIn, spelled } from './ids.js';
import type { Interactions } from './interactions.js';
import type { Step } from './lines.js';
import type { EventColumn, NumberAt } from './tables/events.js';
import type { Sieve } from './tables/sieve.js';
import type { Clock } from './times.js';

/** Where the cells of a row are; -1 for a rating, an action or a time that is not there. */
export interface Layout {
  readonly shape: string;
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  readonly action: number;
  readonly time: number;
  /** The columns that are kept beside these. A rating that is kept may be missing. */
  readonly kept: readonly { readonly place: number; readonly column: EventColumn }[];
  /** What messages call a cell by its place. */
  readonly called: (place: number) => string;
  readonly number: NumberAt;
}

/** The same in delimited text. */
export interface TextLayout extends Layout {
  readonly delimiter: Delimiter;
  /** Whether a cell that begins with a quote ends with one and may hold delimiters. */
  readonly quotes: boolean;
  readonly columns: number;
}

const [space, tab, quote] = [0x20, 0x09, 0x22];

/** The way out where the detection, not the file, may be wrong. */
export const orFormat = 'or name another format with --format';

/** Cells of a line, by place, and the bytes that they are in: the line's own, or a copy without quotes. */
interface Cells {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly bytes: () => Buffer;
  /** How many there are; -1 where quotes do not balance. */
  readonly split: (bytes: Buffer, start: number, end: number) => number;
}

const cells = ({ delimiter, quotes, columns }: TextLayout): Cells => {
  const byte = delimiter.charCodeAt(0);
  const width = delimiter.length;
  const runs = byte === space;
  const starts = new Int32Array(columns + 1);
  const ends = new Int32Array(columns + 1);
  let copy: Buffer = Buffer.alloc(0);
  let held: Buffer = copy;
  const isDelimiter = (bytes: Buffer, i: number, end: number): boolean =>
    bytes[i] === byte && (width === 1 || (i + 1 < end && bytes[i + 1] === byte));
  const isBlank = (found: number | undefined): boolean => (found === space || found === tab) && found !== byte;

  /** The same for a line with quoted cells, which are copied without their quotes. */
  const unquote = (bytes: Buffer, start: number, end: number): number => {
    if (copy.length < end - start) copy = Buffer.alloc(2 * (end - start));
    held = copy;
    let [fields, to, i] = [0, 0, start];
    for (;;) {
      while (runs && i < end && bytes[i] === space) i++;
      const from = to;
      let j = i;
      while (j < end && isBlank(bytes[j])) j++;
      if (j < end && bytes[j] === quote) {
        for (j++; ; copy[to++] = bytes[j++]!) {
          if (j >= end) return -1;
          if (bytes[j] !== quote) continue;
          if (j + 1 >= end || bytes[j + 1] !== quote) break;
          j++;
        }
        for (j++; j < end && isBlank(bytes[j]);) j++;
        if (j < end && !isDelimiter(bytes, j, end)) return -1;
      } else {
        for (j = i; j < end && !isDelimiter(bytes, j, end); copy[to++] = bytes[j++]!) if (bytes[j] === quote) return -1;
      }
      if (fields < columns) {
        starts[fields] = from;
        ends[fields] = to;
      }
      fields++;
      if (j >= end) return fields;
      i = j + width;
      if (runs && bytes.subarray(i, end).every((b) => b === space)) return fields;
    }
  };
  const split: Cells['split'] = (bytes, start, end) => {
    held = bytes;
    let fields = 0;
    let from = start;
    for (let i = start; i <= end; i++) {
      if (i < end && (bytes[i] !== byte || (width === 2 && (i + 1 >= end || bytes[i + 1] !== byte)))) continue;
      if (runs && i === from) {
        from = i + 1;
        continue;
      }
      if (quotes) {
        let begin = from;
        while (begin < i && (bytes[begin] === space || bytes[begin] === tab)) begin++;
        if (begin < i && bytes[begin] === quote) return unquote(bytes, start, end);
      }
      if (fields < columns) {
        starts[fields] = from;
        ends[fields] = i;
      }
      fields++;
      i += width - 1;
      from = i + 1;
    }
    return fields;
  };
  return { starts, ends, bytes: () => held, split };
};

/** Where rows go, and what is asked of them on the way. */
export interface Bound {
  readonly into: Interactions;
  readonly clock: Clock;
  readonly sieve: Sieve | undefined;
}

const remedy = 'correct or remove the line';

/** Takes a row whose cells are `bytes[starts[c], ends[c])`; returns what is wrong with it. */
export type Take = (bytes: Buffer, starts: Int32Array, ends: Int32Array) => string | undefined;

/** Takes rows of a layout, wherever their cells come from. */
export const taking = (layout: Layout, { into, clock, sieve }: Bound): Take => {
  const { shape, user, item, rating, action, time, kept, called, number } = layout;
  const optional = kept.some(({ place }) => place === rating);
  const noId = (what: string, bytes: Buffer, start: number, end: number): string => {
    const id = spelled(decode(bytes.subarray(start, end)));
    return `the ${what} id ${faultIn(id) ?? 'cannot be read'}${id === '' ? '' : ` in ${shown(bytes, start, end)}`}; expected ${shape}; ${remedy}`;
  };
  return (bytes, starts, ends) => {
    const known = into.users.ids.length;
    const userCode = into.users.at(bytes, starts[user]!, ends[user]!);
    if (userCode < 0) return noId('user', bytes, starts[user]!, ends[user]!);
    const itemCode = into.items.at(bytes, starts[item]!, ends[item]!);
    if (itemCode < 0) return noId('item', bytes, starts[item]!, ends[item]!);
    let rated = NaN;
    if (rating >= 0) {
      rated = number(bytes, starts[rating]!, ends[rating]!);
      if (!Number.isFinite(rated) && !(optional && starts[rating] === ends[rating]))
        return `expected a rating, a number, in ${called(rating)}, found ${shown(bytes, starts[rating]!, ends[rating]!)}; ${remedy}`;
    }
    let seconds = 0;
    if (time >= 0) {
      seconds = clock.read(bytes, starts[time]!, ends[time]!);
      if (Number.isNaN(seconds))
        return `expected a time in ${called(time)}, ${clock.shape}; found ${shown(bytes, starts[time]!, ends[time]!)}; ${remedy}`;
      const fault = clock.take(userCode, known);
      if (fault !== undefined) return `${fault}; found ${shown(bytes, starts[time]!, ends[time]!)} in ${called(time)}`;
    }
    for (let k = 0; k < kept.length; k++) {
      const { place, column } = kept[k]!;
      const fault = column.look(bytes, starts[place]!, ends[place]!);
      if (fault !== undefined) return `${column.name} in ${called(place)}: ${fault}; ${remedy}`;
    }
    if (sieve !== undefined) {
      const word = action < 0 ? '' : spelled(decode(bytes.subarray(starts[action], ends[action])));
      if (sieve.drops(rated, word, seconds)) {
        into.sieved = true;
        return undefined;
      }
    }
    for (let k = 0; k < kept.length; k++) kept[k]!.column.add();
    into.add(userCode, itemCode, seconds);
    return undefined;
  };
};

/** Reads rows of delimited cells. */
export const rowsOf = (layout: TextLayout, bound: Bound): Step => {
  const { shape, columns } = layout;
  const { starts, ends, bytes: cellBytes, split } = cells(layout);
  const take = taking(layout, bound);

  const step: Step = (line, start, end) => {
    const fields = split(line, start, end);
    if (fields < 0)
      return `the quotes do not balance in ${shown(line, start, end)}; expected ${shape}, each quoted cell closed on its line and nothing after it; ${remedy}`;
    if (fields !== columns)
      return `expected ${columns} columns (${shape}), found ${fields} in ${shown(line, start, end)}; ${remedy}, ${orFormat}`;
    return take(cellBytes(), starts, ends) ?? step;
  };
  return step;
};
