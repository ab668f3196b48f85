/**
 * Titles of items, for showing recommendations to a person: nothing that is learnt depends on them, so a record without a title
 * costs no more than that title.
 */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from './cells.js';
import { columnOf, spoken } from './headers.js';
import { spelled } from './ids.js';
import { type Records, readRecords } from './tables/records.js';
import { textOf } from './tables/values.js';

const titleNames = ['title', 'movie_title', 'item_title', 'product_title', 'name', 'item_name', 'product_name'];

/** The place of the title: the best name that is there, else any that has `title` or `name` in it; -1 where there is none. */
export const titleColumn = (names: readonly string[]): number => {
  const known = columnOf(names, titleNames);
  return known >= 0 ? known : names.findIndex((name) => /title|name/i.test(name));
};

const titlesOf = ({ records }: Records, id: number, title: number): ReadonlyMap<string, string> =>
  new Map(
    records
      .map(({ values }) => [spelled(textOf(values[id])), spelled(textOf(values[title]))] as const)
      .filter(([of, text]) => of !== '' && text !== ''),
  );

/** Titles by raw item id, of any table that `readRecords` reads. A record without an id or a title is passed over. */
export const readTitles = async (path: string): Promise<Either<string, ReadonlyMap<string, string>>> => {
  const found = await readRecords(path, 'titles', []);
  if (isLeft(found)) return found;
  const { names, shape } = found.right;
  const id = spoken(names, 'item');
  if (isLeft(id)) return left(`${path}:1: ${id.left}`);
  const title = titleColumn(names);
  if (id.right < 0 || title < 0)
    return left(
      `${path}:1: expected a header like ${shape}, found ${names.map((name) => quoted(name)).join(', ')}; name the columns so`,
    );
  const titles = titlesOf(found.right, id.right, title);
  return titles.size > 0 ? right(titles) : left(`${path}: no record has an id and a title; expected ${shape}`);
};
