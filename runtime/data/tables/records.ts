/**
 * Small tables, read whole: what is known of items, titles among it, and of users. They are full of quotes, accents and lists, so a record is a
 * list of values and not of bytes.
 */
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../../errors.js';
import { isNumber, quoted, visible, withPoint } from '../cells.js';
import { cellsOf, type Delimiter, delimiters, speaks } from '../headers.js';
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

/** Whose ids a table has. */
type Whose = 'item' | 'user';

/** The delimiter under which a line has the column that is asked for as the id, or one that says that it is. */
const delimiterOf = (whose: Whose, line: string, choice: Choice): Delimiter | undefined => {
  const column = choice.find(({ name }) => name === whose)?.column;
  const among = (fits: (cells: readonly string[]) => boolean): Delimiter | undefined =>
    delimiters.find((delimiter) => delimiter !== '::' && delimiter !== ' ' && fits(cellsOf(line, delimiter)));
  return (
    (column === undefined ? undefined : among((cells) => isRight(placeOf(cells, column)))) ??
    among((cells) => speaks(cells, whose))
  );
};

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

/** Tables of a folder of MovieLens and of RecBole, with the types of columns that look like others: codes of ages are no numbers. */
const named: { readonly [W in Whose]: readonly RecordFormat[] } = {
  item: [
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
      detect: (line, choice) => /^[^|,\t]+\|/.test(line) && delimiterOf('item', line, choice) === undefined,
      split: separated((line) => line.split('|')),
      names: counted(['item', 'title']),
    },
    {
      name: 'item',
      shape: 'item_id:token<TAB>title:token_seq (a typed header, columns in any order)',
      detect: (line) => /(?:^|\t)item_id:/.test(line),
      split: separated((line) => line.split('\t')),
    },
  ],
  user: [
    {
      name: 'users.dat',
      shape: 'user::gender::age::occupation::zip',
      detect: (line) => line.includes('::'),
      split: separated((line) => line.split('::')),
      names: counted(['user', 'gender:token', 'age:token', 'occupation:token', 'zip:token']),
    },
    {
      name: 'u.user',
      shape: 'user|age|gender|occupation|zip',
      detect: (line, choice) => /^[^|,\t]+\|/.test(line) && delimiterOf('user', line, choice) === undefined,
      split: separated((line) => line.split('|')),
      names: counted(['user', 'age:float', 'gender:token', 'occupation:token', 'zip:token']),
    },
    {
      name: 'user',
      shape: 'user_id:token<TAB>age:float (a typed header, columns in any order)',
      detect: (line) => /(?:^|\t)user_id:/.test(line),
      split: separated((line) => line.split('\t')),
    },
  ],
};

const examples = {
  item: {
    object: '{"item_id": "i3", "title": "Heat"}',
    table: { name: 'movies.csv', shape: 'movieId,title,genres' },
  },
  user: { object: '{"user_id": "u3", "age": 41}', table: { name: 'users.csv', shape: 'user_id,age,gender' } },
} as const;

/** Everything that a table may be, as long as it is text. */
const formatsOf = (whose: Whose): readonly RecordFormat[] => [
  {
    name: 'places',
    shape: 'columns without a header, counted from 1',
    detect: (_, choice) => byPlace(choice),
    split: quotedRecords((first) => delimiters.find((d) => d !== ' ' && first.includes(d))),
    names: counted([]),
  },
  ...named[whose],
  {
    name: 'jsonl',
    shape: `${examples[whose].object} (an object a line)`,
    detect: (line) => /^\s*\{\s*"/.test(line),
    split: objects,
  },
  {
    name: examples[whose].table.name,
    shape: `${examples[whose].table.shape} (a header, columns in any order)`,
    detect: (line, choice) => delimiterOf(whose, line, choice) !== undefined,
    split: quotedRecords((line, choice) => delimiterOf(whose, line, choice)),
  },
];

const shapesOf = (formats: readonly RecordFormat[]): string =>
  [...formats.map(({ name, shape }) => [name, shape] as const), ['parquet', 'a Parquet file'] as const]
    .map(([name, shape]) => `  ${name.padEnd(12)} ${shape}`)
    .join('\n');

/** What a table is of, and what is said of one that nobody can read. */
const tables = {
  items: { whose: 'item', hint: ', or a header whose columns --item-columns item=COLUMN names' },
  titles: { whose: 'item', hint: '' },
  users: { whose: 'user', hint: ', or a header whose columns --user-columns user=COLUMN names' },
} as const satisfies Readonly<Record<string, { readonly whose: Whose; readonly hint: string }>>;

/**
 * All records of `movies.dat`, `movies.csv`, `u.item`, a RecBole `.item` file, or of their like for users, of JSON lines (plain or
 * gzip, UTF-8 or Latin-1) or Parquet. Errors name the file and what was expected of a table of `what`.
 */
export const readRecords = async (
  path: string,
  what: keyof typeof tables,
  choice: Choice,
): Promise<Either<string, Records>> => {
  const { whose, hint } = tables[what];
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
  if (first === undefined) return left(`${path}: the file is empty; expected one ${whose} a line`);
  if (text.includes('\0'))
    return left(`${path}: the file holds NUL bytes, as UTF-16 and files that are no text do; save it as UTF-8 text`);
  const formats = formatsOf(whose);
  const format = formats.find(({ detect }) => detect(first, choice));
  if (format === undefined)
    return left(
      `${path}:1: ${basename(path)} holds ${what} in no format known here: ${quoted(first)}; expected one of the following${hint}\n${shapesOf(formats)}`,
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
