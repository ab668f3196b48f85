/**
 * Small tables, read whole: what is known of items, titles among it. They are full of quotes, accents and lists, so a record is a
 * list of values and not of bytes.
 */
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../../errors.js';
import { isNumber, quoted, visible, withPoint } from '../cells.js';
import { cellsOf, type Delimiter, delimiters, namesItem } from '../headers.js';
import { decode } from '../ids.js';
import { wholeFile } from '../lines.js';
import { byPlace, type Choice, placeOf } from './choice.js';
import { fileFormatOf } from './files.js';
import { objectOf } from './json.js';
import { wholeParquet } from './parquet.js';

/** A record, and the line (or, in Parquet, the row) that it ends on. */
export interface Rec {
  readonly line: number;
  readonly values: readonly unknown[];
}

/** A table of records. */
export interface Records {
  /** What a header must look like, for messages. */
  readonly shape: string;
  /** Names of the columns, with RecBole's types where they have them. */
  readonly names: readonly string[];
  readonly records: readonly Rec[];
  /** Whether a record may have fewer cells, or more: where no header promises how many. */
  readonly ragged: boolean;
}

/** What Excel may write above a table; the table says it itself. */
export const separatorLine = /^"?sep=.?"?\s*$/i;

interface RecordFormat {
  readonly name: string;
  readonly shape: string;
  readonly detect: (firstLine: string, choice: Choice) => boolean;
  /** All records, the header among them. */
  readonly split: (text: string, firstLine: string, choice: Choice) => Either<string, readonly Rec[]>;
  /** Names of the columns, where no header says them. */
  readonly names?: (records: readonly Rec[]) => readonly string[];
}

const lines = (text: string): readonly { readonly line: number; readonly text: string }[] =>
  text
    .split(/\r*\n/)
    .map((of, i) => ({ line: i + 1, text: of }))
    .filter((of) => of.text.trim() !== '');
const separated =
  (cells: (line: string) => readonly string[]) =>
  (text: string): Either<string, readonly Rec[]> =>
    right(lines(text).map(({ line, text: of }) => ({ line, values: cells(of) })));

/** `item::title::genres`, and titles like `Mission::Impossible`: the title is all between two cells. */
const film = (line: string): readonly string[] => {
  const cells = line.split('::');
  return cells.length > 3 ? [cells[0]!, cells.slice(1, -1).join('::'), cells.at(-1)!] : cells;
};

/** The delimiter under which a line has the column that is asked for as the item's id, or one that says that it is. */
const delimiterOf = (line: string, choice: Choice): Delimiter | undefined => {
  const column = choice.find(({ name }) => name === 'item')?.column;
  const among = (fits: (cells: readonly string[]) => boolean): Delimiter | undefined =>
    delimiters.find((delimiter) => delimiter !== '::' && delimiter !== ' ' && fits(cellsOf(line, delimiter)));
  return (column === undefined ? undefined : among((cells) => isRight(placeOf(cells, column)))) ?? among(namesItem);
};
const isTyped = (line: string): boolean => /(?:^|\t)item_id:/.test(line);

/** Columns of numbers with decimal commas, with points. */
const withPoints = (records: readonly Rec[]): readonly Rec[] => {
  const columns = [...(records[0]?.values.keys() ?? [])].filter((c) =>
    records
      .slice(1)
      .every(({ values }) => String(values[c] ?? '').trim() === '' || isNumber(withPoint(String(values[c])))),
  );
  return records.map(({ line, values }) => ({
    line,
    values: values.map((value, c) => (columns.includes(c) ? withPoint(String(value)) : value)),
  }));
};

const quotedRecords =
  (delimiter: (first: string, choice: Choice) => Delimiter | undefined) =>
  (text: string, first: string, choice: Choice): Either<string, readonly Rec[]> => {
    try {
      const between = delimiter(first, choice) ?? ',';
      const found = parse(text, {
        delimiter: between,
        relax_column_count: true,
        skip_empty_lines: true,
        record_delimiter: ['\r\r\n', '\r\n', '\n'],
        info: true,
      }) as unknown as readonly { readonly record: readonly string[]; readonly info: { readonly lines: number } }[];
      const records = found.map(({ record, info }) => ({ line: info.lines, values: record }));
      return right(between === ';' ? withPoints(records) : records);
    } catch (error) {
      return left(visible(messageOf(error)));
    }
  };

/** Objects as records: the columns are all keys that there are. */
const objects = (text: string): Either<string, readonly Rec[]> => {
  const found: { readonly line: number; readonly of: Readonly<Record<string, unknown>> }[] = [];
  for (const { line, text: of } of lines(text)) {
    const object = objectOf(of);
    if (isLeft(object)) return left(`line ${line}: ${object.left}`);
    found.push({ line, of: object.right });
  }
  const names = [...new Set(found.flatMap(({ of }) => Object.keys(of)))];
  return right([
    { line: 0, values: names },
    ...found.map(({ line, of }) => ({ line, values: names.map((name) => of[name]) })),
  ]);
};

const counted = (names: readonly string[]) => (records: readonly Rec[]) =>
  Array.from({ length: Math.max(...records.map(({ values }) => values.length)) }, (_, i) => names[i] ?? `${i + 1}`);

const formats: readonly RecordFormat[] = [
  {
    name: 'places',
    shape: 'columns without a header, counted from 1',
    detect: (_, choice) => byPlace(choice),
    split: quotedRecords((first) => delimiters.find((d) => d !== ' ' && first.includes(d))),
    names: counted([]),
  },
  {
    name: 'movies.dat',
    shape: 'item::title::genres',
    detect: (line) => line.includes('::'),
    split: separated(film),
    names: counted(['item', 'title', 'genres']),
  },
  {
    name: 'u.item',
    shape: 'item|title|…',
    detect: (line, choice) => /^[^|,\t]+\|/.test(line) && delimiterOf(line, choice) === undefined,
    split: separated((line) => line.split('|')),
    names: counted(['item', 'title']),
  },
  {
    name: 'item',
    shape: 'item_id:token<TAB>title:token_seq (a typed header, columns in any order)',
    detect: isTyped,
    split: separated((line) => line.split('\t')),
  },
  {
    name: 'jsonl',
    shape: '{"item_id": "i3", "title": "Heat"} (an object a line)',
    detect: (line) => /^\s*\{\s*"/.test(line),
    split: objects,
  },
  {
    name: 'movies.csv',
    shape: 'movieId,title,genres (a header, columns in any order)',
    detect: (line, choice) => delimiterOf(line, choice) !== undefined,
    split: quotedRecords(delimiterOf),
  },
];

const shapes = [...formats.map(({ name, shape }) => [name, shape] as const), ['parquet', 'a Parquet file'] as const]
  .map(([name, shape]) => `  ${name.padEnd(12)} ${shape}`)
  .join('\n');

/**
 * All records of `movies.dat`, `movies.csv`, `u.item`, a RecBole `.item` file, JSON lines (plain or gzip, UTF-8 or Latin-1) or
 * Parquet. Errors name the file and what was expected of a table of `what`.
 */
export const readRecords = async (path: string, what: string, choice: Choice): Promise<Either<string, Records>> => {
  if ((await fileFormatOf(path))?.name === 'parquet') {
    const found = await wholeParquet(path);
    return isLeft(found)
      ? found
      : right({
          shape: 'columns with names',
          names: found.right.names,
          records: found.right.rows.map((values, i) => ({ line: i + 1, values })),
          ragged: false,
        });
  }
  const bytes = await wholeFile(path);
  if (isLeft(bytes)) return bytes;
  const text = decode(bytes.right)
    .replace(/^\uFEFF+/, '')
    .replace(/^"?sep=.?"?(?=\r*\n)/i, '');
  const first = lines(text.slice(0, 1 << 16))[0]?.text;
  if (first === undefined) return left(`${path}: the file is empty; expected one item a line`);
  if (text.includes('\0'))
    return left(`${path}: the file holds NUL bytes, as UTF-16 and files that are no text do; save it as UTF-8 text`);
  const format = formats.find(({ detect }) => detect(first, choice));
  if (format === undefined)
    return left(
      `${path}:1: ${basename(path)} holds ${what} in no format known here: ${quoted(first)}; expected one of the following${what === 'titles' ? '' : ', or a header whose columns --item-columns item=COLUMN names'}\n${shapes}`,
    );
  const records = format.split(text, first, choice);
  if (isLeft(records)) return left(`${path}: not ${format.name} after all: ${records.left}; correct the file`);
  const { names } = format;
  return right(
    names === undefined
      ? {
          shape: format.shape,
          names: (records.right[0]?.values ?? []).map((name) => String(name).trim()),
          records: records.right.slice(1),
          ragged: false,
        }
      : { shape: format.shape, names: names(records.right), records: records.right, ragged: true },
  );
};
