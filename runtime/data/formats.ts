/**
 * File formats as one table. A format is a name, what a line looks like, how to recognise the first line, and a reader. Two
 * kinds of reader exist: rows of delimited cells (`rows.ts`, with a header that `headers.ts` reads) and one user a line
 * (`sequences.ts`); a new format is one row here.
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import { isNumber, shown, visible } from './cells.js';
import {
  type Header,
  aliases,
  cellsOf,
  columnOf,
  type Delimiter,
  delimiters,
  headerDelimiter,
  headerText,
  readHeader,
} from './headers.js';
import { decode } from './ids.js';
import type { Interactions } from './interactions.js';
import type { Step } from './lines.js';
import { orFormat, rowsOf } from './rows.js';
import { sequencesOf } from './sequences.js';
import { type Clock, isTime } from './times.js';

/** One reading of a file: where rows go, and what is learnt on the way. Mutable: it lives only while a file is read. */
export interface Reading {
  readonly into: Interactions;
  readonly clock: Clock;
  /** Whether somebody named the format; then nothing is doubted that it allows. */
  readonly named: boolean;
  /** Which columns were taken for what, for a person. */
  columns: string;
  /** What is wrong with the whole, when all lines are read. */
  end: () => string | undefined;
}

/** A data format: a row of `formats`. */
export interface Format {
  readonly name: string;
  /** What a line looks like, for help and error messages. */
  readonly shape: string;
  /** Whether rows carry times; otherwise the order in the file is the order in time. */
  readonly timed: boolean;
  /** Whether a file that begins with this line (Latin-1 text) is of this format. */
  readonly detect: (firstLine: string) => boolean;
  /** What consumes the first line. */
  readonly read: (reading: Reading) => Step;
}

const textOf = (bytes: Buffer, start: number, end: number): string => decode(bytes.subarray(start, end));

/** `::` and quotes do not go together: titles of films hold both. */
const quotesIn = (delimiter: Delimiter): boolean => delimiter !== '::';

const orPairs = 'if the rows of each user stand in order of time, say so with --format pairs';

/** Reads rows laid out as a header says. */
const rowsUnder = (header: Header, reading: Reading): Step => {
  const { delimiter, cells, columns } = header;
  reading.columns = headerText(header);
  return rowsOf(
    {
      shape: visible(cells.join(delimiter)),
      delimiter,
      quotes: quotesIn(delimiter),
      columns: cells.length,
      ...columns,
    },
    reading.into,
    reading.clock,
  );
};

/** Reads a header, then rows laid out as it says, columns in any order. */
const headed =
  (shape: string) =>
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const header = readHeader(textOf(bytes, start, end), shape, orFormat);
    if (isLeft(header)) return header.left;
    if (header.right.columns.time < 0)
      return `the header ${shown(bytes, start, end)} has no column for the time (${aliases.time.join(' or ')}); name it so, or, ${orPairs}`;
    return rowsUnder(header.right, reading);
  };

/** The delimiter, of those that a format allows, under which a line is four cells of which the last two are a rating and a time. */
const ratingDelimiter = (line: string, allowed: readonly Delimiter[]): Delimiter | undefined =>
  allowed.find((delimiter) => {
    const cells = cellsOf(line, delimiter);
    return cells.length === 4 && isNumber(cells[2]!) && isTime(cells[3]!);
  });

/** Reads rows of four columns, and a header where there is one after all. */
const headless =
  (shape: string, allowed: readonly Delimiter[], user: number, item: number) =>
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const line = textOf(bytes, start, end);
    if (headerDelimiter(line) !== undefined) return headed(shape)(reading)(bytes, start, end);
    const delimiter = ratingDelimiter(line, allowed) ?? allowed.find((d) => line.includes(d)) ?? allowed[0]!;
    reading.columns = shape;
    return rowsOf(
      { shape, delimiter, quotes: quotesIn(delimiter), columns: 4, user, item, rating: 2, time: 3 },
      reading.into,
      reading.clock,
    )(bytes, start, end);
  };

/** Reads rows of a user and an item, below a header or without one, whose order is that of time. */
const pairs =
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const line = textOf(bytes, start, end);
    if (headerDelimiter(line) === undefined) {
      const delimiter = delimiters.find((d) => cellsOf(line, d).length === 2);
      if (delimiter === undefined)
        return `expected two columns, a user and an item, or a header that names them (user_id, item_id), found ${shown(bytes, start, end)}; ${orFormat}`;
      reading.columns = 'user, item';
      return rowsOf(
        {
          shape: visible(`user${delimiter}item`),
          delimiter,
          quotes: quotesIn(delimiter),
          columns: 2,
          user: 0,
          item: 1,
          rating: -1,
          time: -1,
        },
        reading.into,
        reading.clock,
      )(bytes, start, end);
    }
    const header = readHeader(line, 'user_id,item_id', orFormat);
    if (isLeft(header)) return header.left;
    const { cells, columns } = header.right;
    if (columns.time >= 0)
      return `the header has a column for the time (${cells[columns.time]}), which the format pairs does not read; leave --format out`;
    return rowsUnder({ ...header.right, columns: { ...columns, rating: -1 } }, reading);
  };

/** Reads one user a line. */
const sequences = (reading: Reading): Step => {
  const { step, end } = sequencesOf(reading.into, reading.named);
  reading.columns = 'user, then items in order of time';
  reading.end = end;
  return step;
};

/** Whether a line is a header whose item goes by one of these names, the best that it has. */
const hasHeader = (line: string, ...items: readonly string[]): boolean => {
  const delimiter = headerDelimiter(line);
  const cells = delimiter === undefined ? [] : cellsOf(line, delimiter);
  const item = columnOf(cells, aliases.item);
  return item >= 0 && items.some((name) => columnOf(cells, [name]) === item);
};
/** Amazon's item ids have ten characters, a B or an ISBN; its users begin with an A. The release of 2018 puts items first. */
const itemFirst = (line: string): boolean => /^"?(?:B[0-9A-Z]{9}|\d{9}[\dX])"?,"?A[0-9A-Z]{8,}"?,/.test(line);
const separated: readonly Delimiter[] = [',', ';', '|'];
/** With spaces between, four numbers may be a history: only a rating and a time of our days make them a row. */
const isSpacedRating = (line: string): boolean => {
  const cells = cellsOf(line, ' ').map(Number);
  return cells.length === 4 && cells[2]! <= 10 && cells[3]! >= 1e8;
};

/** In order of detection: the first format that recognises the first line is taken. */
export const formats: readonly Format[] = [
  {
    name: 'ratings.dat',
    shape: 'user::item::rating::time',
    timed: true,
    detect: (line) => line.includes('::'),
    read: headless('user::item::rating::time', ['::'], 0, 1),
  },
  {
    name: 'inter',
    shape: 'user_id:token<TAB>item_id:token<TAB>timestamp:float (a typed header, columns in any order)',
    timed: true,
    detect: (line) => /(?:^|\t)"?user_id:/.test(line),
    read: headed('user_id:token<TAB>item_id:token<TAB>timestamp:float'),
  },
  {
    name: 'u.data',
    shape: 'user<TAB>item<TAB>rating<TAB>time',
    timed: true,
    detect: (line) => ratingDelimiter(line, ['\t']) !== undefined || isSpacedRating(line),
    read: headless('user<TAB>item<TAB>rating<TAB>time', ['\t', ' '], 0, 1),
  },
  {
    name: 'ratings.csv',
    shape: 'userId,movieId,rating,timestamp (a header, columns in any order)',
    timed: true,
    detect: (line) => hasHeader(line, 'movieId', 'item_id', 'item'),
    read: headed('userId,movieId,rating,timestamp'),
  },
  {
    name: 'amazon-2023',
    shape: 'user_id,parent_asin,rating,timestamp (a header, columns in any order; milliseconds)',
    timed: true,
    detect: (line) => hasHeader(line, 'parent_asin', 'asin'),
    read: headed('user_id,parent_asin,rating,timestamp'),
  },
  {
    name: 'amazon-2018',
    shape: 'item,user,rating,time',
    timed: true,
    detect: (line) => itemFirst(line) && ratingDelimiter(line, [',']) !== undefined,
    read: headless('item,user,rating,time', [','], 1, 0),
  },
  {
    name: 'amazon',
    shape: 'user,item,rating,time',
    timed: true,
    detect: (line) => ratingDelimiter(line, separated) !== undefined,
    read: headless('user,item,rating,time', separated, 0, 1),
  },
  {
    name: 'sequences',
    shape: 'user item item … (one user a line, items in order of time)',
    timed: false,
    // Tabs promise columns: a file of three of them must not pass for a very short history.
    detect: (line) => /^[^\s,:]+(?: +[^\s,:]+)+ *$/.test(line),
    read: sequences,
  },
  {
    name: 'pairs',
    shape: 'user item (below a header or not, rows in order of time; never guessed: to be named)',
    timed: false,
    detect: () => false,
    read: pairs,
  },
];

/** The table as help and error messages show it. */
export const describeFormats = (): string =>
  formats.map(({ name, shape }) => `  ${name.padEnd(12)} ${shape}`).join('\n');
