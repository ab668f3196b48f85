/**
 * Titles of items, for showing recommendations to a person: nothing that is learnt depends on them, so a record without a title
 * costs no more than that title. The files are small and full of quotes and accents, so they are read whole, as text.
 */
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../errors.js';
import { quoted } from './cells.js';
import { aliases, cellsOf, columnOf, type Delimiter, delimiters } from './headers.js';
import { decode, spelled } from './ids.js';
import { wholeFile } from './lines.js';

/** Where a record has its id and its title: the title is all between two cells, since in `::` files it may hold the delimiter. */
interface Places {
  readonly header: boolean;
  readonly id: number;
  readonly title: (cells: readonly string[]) => string;
}

interface TitleFormat {
  readonly name: string;
  readonly shape: string;
  readonly detect: (firstLine: string) => boolean;
  /** All records, the header among them, as cells. */
  readonly split: (text: string, firstLine: string) => readonly (readonly string[])[];
  /** Places by the first record; undefined where its header names no id or no title. */
  readonly places: (first: readonly string[]) => Places | undefined;
}

const lines = (text: string): readonly string[] => text.split(/\r*\n/).filter((line) => line.trim() !== '');
const separated = (delimiter: Delimiter) => (text: string) => lines(text).map((line) => line.split(delimiter));
const second: Places = { header: false, id: 0, title: (cells) => cells[1] ?? '' };
/** `item::title::genres`, and titles like `Mission::Impossible`. */
const between: Places = {
  header: false,
  id: 0,
  title: (cells) => (cells.length > 3 ? cells.slice(1, -1).join('::') : (cells[1] ?? '')),
};

const titleNames = ['title', 'movie_title', 'item_title', 'product_title', 'name', 'item_name', 'product_name'];
/** The best name for the title that is there, else any that has `title` or `name` in it. */
const titleColumn = (cells: readonly string[]): number => {
  const known = columnOf(cells, titleNames);
  return known >= 0 ? known : cells.findIndex((cell) => /title|name/i.test(cell));
};
const named = (first: readonly string[]): Places | undefined => {
  const [id, title] = [columnOf(first, aliases.item), titleColumn(first)];
  return id < 0 || title < 0 ? undefined : { header: true, id, title: (cells) => cells[title] ?? '' };
};

/** The delimiter under which a line names a column for the item's id. */
const delimiterOf = (line: string): Delimiter | undefined =>
  delimiters.find(
    (delimiter) => delimiter !== '::' && delimiter !== ' ' && columnOf(cellsOf(line, delimiter), aliases.item) >= 0,
  );
const isTyped = (line: string): boolean => /(?:^|\t)item_id:/.test(line);

const titleFormats: readonly TitleFormat[] = [
  {
    name: 'movies.dat',
    shape: 'item::title::genres',
    detect: (line) => line.includes('::'),
    split: separated('::'),
    places: () => between,
  },
  {
    name: 'u.item',
    shape: 'item|title|…',
    detect: (line) => /^[^|,\t]+\|/.test(line) && delimiterOf(line) === undefined,
    split: separated('|'),
    places: () => second,
  },
  {
    name: 'item',
    shape: 'item_id:token<TAB>title:token_seq (a typed header, columns in any order)',
    detect: isTyped,
    split: separated('\t'),
    places: named,
  },
  {
    name: 'movies.csv',
    shape: 'movieId,title,genres (a header, columns in any order)',
    detect: (line) => delimiterOf(line) !== undefined,
    split: (text, first) =>
      parse(text, {
        delimiter: delimiterOf(first) ?? ',',
        relax_column_count: true,
        skip_empty_lines: true,
        record_delimiter: ['\r\r\n', '\r\n', '\n'],
      }),
    places: named,
  },
];

const shapes = titleFormats.map(({ name, shape }) => `  ${name.padEnd(12)} ${shape}`).join('\n');

/** `split`, with a quote that never closes as a value. */
const records = (
  path: string,
  { split, name }: TitleFormat,
  text: string,
  first: string,
): Either<string, readonly (readonly string[])[]> => {
  try {
    return right(split(text, first));
  } catch (error) {
    return left(`${path}: not ${name} after all: ${messageOf(error)}; correct the file`);
  }
};

/**
 * Titles by raw item id, from `movies.dat`, `movies.csv`, `u.item` or a RecBole `.item` file, plain or gzip, UTF-8 or Latin-1.
 * A record without an id or a title is passed over. Errors name the file and what was expected.
 */
export const readTitles = async (path: string): Promise<Either<string, ReadonlyMap<string, string>>> => {
  const bytes = await wholeFile(path);
  if (isLeft(bytes)) return bytes;
  const text = decode(bytes.right).replace(/^\uFEFF+/, '');
  const first = lines(text.slice(0, 1 << 16))[0];
  if (first === undefined) return left(`${path}: the file is empty; expected one item a line`);
  if (text.includes('\0'))
    return left(`${path}: the file holds NUL bytes, as UTF-16 and files that are no text do; save it as UTF-8 text`);
  const format = titleFormats.find(({ detect }) => detect(first));
  if (format === undefined)
    return left(`${path}:1: ${basename(path)} holds titles in no format known here; expected one of\n${shapes}`);
  const found = records(path, format, text, first);
  if (isLeft(found)) return found;
  const places = format.places(found.right[0] ?? []);
  if (places === undefined)
    return left(`${path}:1: expected a header like ${format.shape}, found ${quoted(first)}; name the columns so`);
  const titles = new Map<string, string>();
  for (const cells of places.header ? found.right.slice(1) : found.right) {
    const [id, title] = [spelled(cells[places.id] ?? ''), spelled(places.title(cells))];
    if (id !== '' && title !== '') titles.set(id, title);
  }
  return titles.size > 0 ? right(titles) : left(`${path}: no record has an id and a title; expected ${format.shape}`);
};
