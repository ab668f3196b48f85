/** Delimited text as tables: below a header, in columns that a format knows, or in columns that a person counts. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { commaNumberAt, isNumber, numberAt, quoted, shown, visible } from '../cells.js';
import {
  aliases,
  cellsOf,
  columnsOf,
  type Columns,
  type Delimiter,
  delimiters,
  headerDelimiter,
  readHeader,
} from '../headers.js';
import { decode } from '../ids.js';
import type { Step } from '../lines.js';
import { laid, type Reading } from '../reading.js';
import { orFormat, rowsOf } from '../rows.js';
import { isTime } from '../times.js';
import { byPlace, type Choice } from './choice.js';

const textOf = (bytes: Buffer, start: number, end: number): string => decode(bytes.subarray(start, end));

/** `::` and quotes do not go together: titles of films hold both. */
const quotesIn = (delimiter: Delimiter): boolean => delimiter !== '::';

const orPairs =
  'if the rows of each user stand in order of time, say so with --format pairs or --columns user=COLUMN,item=COLUMN';

/** Reads rows between delimiters whose columns have these names and this meaning. */
const rowsUnder = (
  delimiter: Delimiter,
  cells: readonly string[],
  columns: Columns,
  reading: Reading,
): Step | string => {
  const found = laid(
    reading,
    cells,
    columns,
    (place) => `column ${place + 1}`,
    delimiter === ';' ? commaNumberAt : numberAt,
  );
  return isLeft(found)
    ? found.left
    : rowsOf(
        {
          ...found.right.layout,
          shape: visible(cells.join(delimiter)),
          delimiter,
          quotes: quotesIn(delimiter),
          columns: cells.length,
        },
        found.right.bound,
      );
};

/** Hands a line on: it is the first of the rows. */
const beginning = (step: Step | string, ...line: Parameters<Step>): ReturnType<Step> =>
  typeof step === 'string' ? step : step(...line);

/** Reads a header, then rows laid out as it says, columns in any order. */
export const headed =
  (shape: string) =>
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const header = readHeader(textOf(bytes, start, end), shape, orFormat, reading.choice);
    if (isLeft(header)) return header.left;
    const { delimiter, cells, columns } = header.right;
    const named = (['user', 'item'] as const).every((role) => reading.choice.some(({ name }) => name === role));
    if (columns.of.time < 0 && !named)
      return `the header ${shown(bytes, start, end)} has no column for the time (${aliases.time.join(' or ')}); name it so, or with --columns time=COLUMN, or, ${orPairs}`;
    return rowsUnder(delimiter, cells, columns, reading);
  };

/** The delimiter, of those that a format allows, under which a line is four cells of which the last two are a rating and a time. */
export const ratingDelimiter = (line: string, allowed: readonly Delimiter[]): Delimiter | undefined =>
  allowed.find((delimiter) => {
    const cells = cellsOf(line, delimiter);
    return cells.length === 4 && isNumber(cells[2]!) && isTime(cells[3]!);
  });

/** Reads rows of four columns, and a header where there is one after all. */
export const headless =
  (names: readonly string[], shape: string, allowed: readonly Delimiter[]) =>
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const line = textOf(bytes, start, end);
    if (headerDelimiter(line) !== undefined) return headed(shape)(reading)(bytes, start, end);
    const columns = columnsOf(names, reading.choice);
    if (isLeft(columns)) return columns.left;
    const delimiter = ratingDelimiter(line, allowed) ?? allowed.find((d) => line.includes(d)) ?? allowed[0]!;
    return beginning(rowsUnder(delimiter, names, columns.right, reading), bytes, start, end);
  };

/** Reads rows of a user and an item, below a header or without one, whose order is that of time. */
export const pairs =
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const line = textOf(bytes, start, end);
    if (headerDelimiter(line) === undefined) {
      const delimiter = delimiters.find((d) => cellsOf(line, d).length === 2);
      if (delimiter === undefined)
        return `expected two columns, a user and an item, or a header that names them (user_id, item_id), found ${shown(bytes, start, end)}; ${orFormat}`;
      const names = ['user', 'item'];
      const columns = columnsOf(names, reading.choice);
      return isLeft(columns)
        ? columns.left
        : beginning(rowsUnder(delimiter, names, columns.right, reading), bytes, start, end);
    }
    const header = readHeader(line, 'user_id,item_id', orFormat, reading.choice);
    if (isLeft(header)) return header.left;
    const { cells, columns, delimiter } = header.right;
    if (columns.of.time >= 0)
      return `the header has a column for the time (${cells[columns.of.time]}), which the format pairs does not read; leave --format out`;
    return rowsUnder(delimiter, cells, columns, reading);
  };

/** The delimiter that makes the most columns of a line, and as many as are asked for. */
const countedDelimiter = (line: string, least: number): Delimiter | undefined =>
  delimiters
    .filter((delimiter) => delimiter !== ' ' || !/[\t,;|]/.test(line))
    .map((delimiter) => ({ delimiter, columns: cellsOf(line, delimiter).length }))
    .filter(({ columns }) => columns >= least)
    .sort((a, b) => b.columns - a.columns)[0]?.delimiter;

/** Reads rows without a header, whose columns a person counts from 1. */
const counted =
  (choice: Choice) =>
  (reading: Reading): Step =>
  (bytes, start, end) => {
    const line = textOf(bytes, start, end);
    const most = Math.max(...choice.map(({ column }) => Number(column)));
    const delimiter = countedDelimiter(line, most);
    if (delimiter === undefined)
      return `--columns asks for column ${most}, and the line ${quoted(line)} has fewer; columns are counted from 1, and a table with a header has names: write user=NAME`;
    const names = cellsOf(line, delimiter).map((_, i) => `${i + 1}`);
    const columns = columnsOf(names, choice);
    if (isLeft(columns)) return columns.left;
    const [missing] = (['user', 'item'] as const).filter((role) => columns.right.of[role] < 0);
    return missing !== undefined
      ? `--columns counts columns, and none is the ${missing}; add ${missing}=PLACE`
      : beginning(rowsUnder(delimiter, names, columns.right, reading), bytes, start, end);
  };

/** Reads any table: a person may say which column is what, by name or by place. */
export const table =
  (shape: string) =>
  (reading: Reading): Step =>
    byPlace(reading.choice) ? counted(reading.choice)(reading) : headed(shape)(reading);
