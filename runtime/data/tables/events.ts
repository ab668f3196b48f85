/**
 * Columns of events, filled while a file is read, a value a row in file order. A category is kept as a code, so a column of a
 * few words costs four bytes a row; a column that nobody gave a kind is one of categories until all its values turn out numbers.
 */
import { commaNumberAt, isNumber, shown, withPoint } from '../cells.js';
import type { FeatureColumn } from '../columns.js';
import { codes, decode, faultIn, ranked, spelled } from '../ids.js';
import type { Kind } from './choice.js';
import { filled, growing } from './growing.js';

/** The kinds that an event's columns have. */
export const eventKinds = ['category', 'number', 'text'] as const satisfies readonly Kind[];
export type EventKind = (typeof eventKinds)[number];

/** How a number is read: `numberAt`, or `commaNumberAt`. */
export type NumberAt = (bytes: Buffer, start: number, end: number) => number;

/** One column of events. Mutable: it lives only while a file is read. */
export interface EventColumn {
  readonly name: string;
  /** Looks at a value and remembers it. What is wrong with it, as the end of a sentence that begins with the column. */
  readonly look: (bytes: Buffer, start: number, end: number) => string | undefined;
  /** Adds what was looked at last: the row is kept. */
  readonly add: () => void;
  /** The column of the rows `order`, in that order. */
  readonly made: (order: Int32Array) => FeatureColumn;
}

const isEmpty = (bytes: Buffer, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x20 && bytes[i] !== 0x09) return false;
  return true;
};

const numbers = (name: string, read: NumberAt): EventColumn => {
  const values = growing(Float64Array);
  let last = NaN;
  return {
    name,
    look: (bytes, start, end) => {
      last = read(bytes, start, end);
      if (Number.isFinite(last)) return undefined;
      last = NaN;
      return isEmpty(bytes, start, end) ? undefined : `expected a number, found ${shown(bytes, start, end)}`;
    },
    add: () => values.push(last),
    made: (order) => ({ kind: 'number', values: filled(new Float64Array(order.length), (i) => values.at(order[i]!)) }),
  };
};

const categories = (name: string, found: boolean, read: NumberAt): EventColumn => {
  const known = codes();
  const values = growing(Int32Array);
  let last = 0;
  return {
    name,
    look: (bytes, start, end) => {
      last = isEmpty(bytes, start, end) ? 0 : 1 + known.at(bytes, start, end);
      if (last > 0 || isEmpty(bytes, start, end)) return undefined;
      const fault = faultIn(spelled(decode(bytes.subarray(start, end))));
      return fault === 'is empty' ? undefined : `the value ${shown(bytes, start, end)} ${fault ?? 'cannot be read'}`;
    },
    add: () => values.push(last),
    made: (order) => {
      // Only words of rows that are left, in an order that the file's does not change.
      const used = new Uint8Array(known.ids.length);
      order.forEach((row) => void (values.at(row) > 0 && (used[values.at(row) - 1] = 1)));
      const left = known.ids.flatMap((_, code) => (used[code] === 1 ? [code] : []));
      const point = read === commaNumberAt ? withPoint : (text: string) => text;
      if (found && left.length > 0 && left.every((code) => isNumber(point(known.ids[code]!)))) {
        const numbers = known.ids.map((id) => Number(point(id)));
        return {
          kind: 'number',
          values: filled(new Float64Array(order.length), (i) => numbers[values.at(order[i]!) - 1] ?? NaN),
        };
      }
      const { ids, rank } = ranked(left.map((code) => known.ids[code]!));
      const place = new Int32Array(known.ids.length + 1);
      left.forEach((code, i) => (place[code + 1] = 1 + rank[i]!));
      return {
        kind: 'category',
        vocabulary: ids,
        values: filled(new Int32Array(order.length), (i) => place[values.at(order[i]!)]!),
      };
    },
  };
};

const texts = (name: string): EventColumn => {
  const values: (string | undefined)[] = [];
  let last: string | undefined;
  return {
    name,
    look: (bytes, start, end) => {
      last = spelled(decode(bytes.subarray(start, end))) || undefined;
      return undefined;
    },
    add: () => void values.push(last),
    made: (order) => ({ kind: 'text', values: Array.from(order, (row) => values[row]) }),
  };
};

const made: Readonly<Record<EventKind, (name: string, read: NumberAt) => EventColumn>> = {
  number: numbers,
  category: (name, read) => categories(name, false, read),
  text: texts,
};

/** A column of that kind; of the kind that its values turn out to have, where none is given. */
export const eventColumn = (name: string, kind: EventKind | undefined, read: NumberAt): EventColumn =>
  kind === undefined ? categories(name, true, read) : made[kind](name, read);
