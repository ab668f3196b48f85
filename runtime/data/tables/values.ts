/**
 * Values of JSON, Parquet and databases as cells of bytes, so that what an id, a time or a number is, and what is wrong with one,
 * is said in one place for all tables.
 */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from '../cells.js';
import { columnsOf } from '../headers.js';
import { laid, type Reading } from '../reading.js';
import { taking } from '../rows.js';

/** A value as a table of text would have it: nothing for what is missing, Unix seconds for a date, JSON for what has parts. */
export const textOf = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isNaN(value) ? '' : `${value}`;
    case 'bigint':
    case 'boolean':
      return `${value}`;
    default:
      return value === null || value === undefined
        ? ''
        : value instanceof Date
          ? `${value.getTime() / 1000}`
          : (JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)) ?? '');
  }
};

/** A whole number from 0 on that a number holds exactly; -1 for what is none. */
const countIn = (value: unknown): number => {
  const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : -1;
  return Number.isSafeInteger(number) && number >= 0 && !Object.is(number, -0) ? number : -1;
};

/** Writes the last `width` decimal digits of a number below 2³¹. */
const digitsTo = (bytes: Buffer, to: number, width: number, number: number): void => {
  let rest = number;
  for (let i = to + width - 1; i >= to; i--) {
    const tenth = (rest / 10) | 0;
    bytes[i] = 0x30 + rest - 10 * tenth;
    rest = tenth;
  }
};

/** An id that is a number of more digits than numbers keep: it would be another's. */
const isRounded = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);

/** Cells of one row at a time, by place. */
interface ValueCells {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Forgets the row before. */
  readonly begin: () => void;
  /** Writes the value of a place. */
  readonly put: (place: number, value: unknown) => void;
  readonly bytes: () => Buffer;
}

const valueCells = (columns: number): ValueCells => {
  const starts = new Int32Array(columns);
  const ends = new Int32Array(columns);
  let bytes = Buffer.alloc(1 << 10);
  let to = 0;
  return {
    starts,
    ends,
    bytes: () => bytes,
    begin: () => void (to = 0),
    put: (place, value) => {
      starts[place] = to;
      const count = countIn(value);
      if (count >= 0) {
        // Whole numbers, which are most ids and times, take no string.
        if (to + 16 > bytes.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
        let width = 1;
        for (let ten = 10; ten <= count; ten *= 10) width++;
        const low = Math.min(width, 9);
        if (width > 9) digitsTo(bytes, to, width - 9, Math.floor(count / 1e9));
        digitsTo(bytes, to + width - low, low, count % 1e9);
        ends[place] = to += width;
        return;
      }
      const text = textOf(value);
      // Three bytes a character at most: a pair of surrogates takes four.
      if (to + 3 * text.length > bytes.length) bytes = Buffer.concat([bytes], 2 * (to + 3 * text.length));
      if (text.length < 24) {
        let i = 0;
        for (; i < text.length; i++) {
          const unit = text.charCodeAt(i);
          if (unit > 0x7f) break;
          bytes[to + i] = unit;
        }
        to += i === text.length ? i : bytes.write(text, to);
      } else to += bytes.write(text, to);
      ends[place] = to;
    },
  };
};

/** Takes rows of values. */
export interface ValueRows {
  /** Places of the columns that are looked at. */
  readonly used: ReadonlySet<number>;
  /** Takes a row by the value of each place; returns what is wrong with it. */
  readonly take: (value: (place: number) => unknown) => string | undefined;
}

/** What becomes of a table of values whose columns have these names. Left: no user, no item or no time, or what was asked for and is not there. */
export const valueRows = (reading: Reading, names: readonly string[]): Either<string, ValueRows> => {
  const columns = columnsOf(names, reading.choice);
  if (isLeft(columns)) return columns;
  const { of } = columns.right;
  const ordered = (['user', 'item'] as const).every((role) => reading.choice.some(({ name }) => name === role));
  const [missing] = (['user', 'item', 'time'] as const).filter((role) => of[role] < 0 && !(role === 'time' && ordered));
  if (missing !== undefined)
    return left(
      `no column says that it is the ${missing}; name it with --columns ${missing}=COLUMN${missing === 'time' ? ", or, if each user's rows stand in order of time, say so with --columns user=COLUMN,item=COLUMN" : ''}; the columns are ${names.map((name) => quoted(name)).join(', ')}`,
    );
  const found = laid(reading, names, columns.right, (place) => quoted(names[place] ?? ''));
  if (isLeft(found)) return found;
  const { layout, bound } = found.right;
  const take = taking({ ...layout, shape: 'a value of each column' }, bound);
  const used = [
    ...new Set([
      layout.user,
      layout.item,
      layout.rating,
      layout.action,
      layout.time,
      ...layout.kept.map(({ place }) => place),
    ]),
  ].filter((place) => place >= 0);
  const cells = valueCells(names.length);
  return right({
    used: new Set(used),
    take: (value) => {
      for (const role of ['user', 'item'] as const)
        if (isRounded(value(layout[role])))
          return `the ${role} id in ${layout.called(layout[role])} has more digits than a number keeps; write ids of more than 15 digits as texts`;
      cells.begin();
      for (const place of used) cells.put(place, value(place));
      return take(cells.bytes(), cells.starts, cells.ends);
    },
  });
};
