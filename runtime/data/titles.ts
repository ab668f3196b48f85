/**
 * Titles of items, for showing recommendations to a person: nothing that is learnt depends on them. The files are small and
 * full of quotes and accents, so they are read whole, as text.
 */
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { decode } from './ids.js';
import { wholeFile } from './lines.js';

interface TitleFormat {
  readonly name: string;
  readonly shape: string;
  readonly detect: (firstLine: string) => boolean;
  /** All records, the header among them, as fields. */
  readonly split: (text: string) => readonly (readonly string[])[];
  /** Column names of the id and the title where there is a header; places where there is none. */
  readonly columns: (first: readonly string[]) => { readonly header: boolean; readonly id: number; readonly title: number };
}

const lines = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line !== '');
const separated = (delimiter: string) => (text: string) => lines(text).map((line) => line.split(delimiter));
const places = { header: false, id: 0, title: 1 };
const named = (id: RegExp, title: RegExp) => (first: readonly string[]) => ({
  header: true,
  id: first.findIndex((name) => id.test(name)),
  title: first.findIndex((name) => title.test(name)),
});

const titleFormats: readonly TitleFormat[] = [
  { name: 'movies.dat', shape: 'item::title::genres', detect: (line) => line.includes('::'), split: separated('::'), columns: () => places },
  { name: 'u.item', shape: 'item|title|…', detect: (line) => /^[^|,\t]+\|/.test(line), split: separated('|'), columns: () => places },
  {
    name: 'item',
    shape: 'item_id:token<TAB>title:token_seq (a typed header, columns in any order)',
    detect: (line) => /(?:^|\t)item_id:/.test(line),
    split: separated('\t'),
    columns: named(/^item_id(?::|$)/, /title|name/i),
  },
  {
    name: 'movies.csv',
    shape: 'movieId,title,genres (a header, columns in any order)',
    detect: (line) => /(?:^|,)"?(?:movieId|item_id|parent_asin|asin)"?(?:,|$)/i.test(line),
    split: (text) => parse(text, { relax_column_count: true, skip_empty_lines: true }),
    columns: named(/^(?:movieId|item_id|parent_asin|asin)$/i, /title|name/i),
  },
];

const shapes = titleFormats.map(({ name, shape }) => `  ${name.padEnd(12)} ${shape}`).join('\n');

/** `split`, with a quote that never closes as a value. */
const records = (path: string, { split, name }: TitleFormat, text: string): Either<string, readonly (readonly string[])[]> => {
  try {
    return right(split(text));
  } catch (error) {
    return left(`${path}: not ${name} after all: ${error instanceof Error ? error.message : String(error)}; correct the file`);
  }
};

/**
 * Titles by raw item id, from `movies.dat`, `movies.csv`, `u.item` or a RecBole `.item` file, plain or gzip, UTF-8 or Latin-1.
 * Errors name the file, the record and what was expected.
 */
export const readTitles = async (path: string): Promise<Either<string, ReadonlyMap<string, string>>> => {
  const bytes = await wholeFile(path);
  if (isLeft(bytes)) return bytes;
  const text = decode(bytes.right).replace(/^\uFEFF/, '');
  const first = lines(text.slice(0, 1 << 16))[0];
  if (first === undefined) return left(`${path}: the file is empty; expected one item a line`);
  const format = titleFormats.find(({ detect }) => detect(first));
  if (format === undefined) return left(`${path}:1: ${basename(path)} holds titles in no format known here; expected one of\n${shapes}`);
  const found = records(path, format, text);
  if (isLeft(found)) return found;
  const { header, id, title } = format.columns(found.right[0] ?? []);
  if (id < 0 || title < 0) return left(`${path}:1: expected a header like ${format.shape}, found '${first}'; name the columns so`);
  const titles = new Map<string, string>();
  for (const [i, fields] of found.right.entries()) {
    if (header && i === 0) continue;
    const [key, value] = [fields[id], fields[title]];
    if (!key || !value) return left(`${path}: record ${i + 1}: expected ${format.shape}, found '${fields.join(' ').slice(0, 40)}'; correct or remove it`);
    titles.set(key, value);
  }
  return right(titles);
};
