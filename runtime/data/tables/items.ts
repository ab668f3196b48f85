/** What is known of items: columns by name, a value an item of the data, and then an item that nobody met. */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { FeatureColumns } from '../columns.js';
import { compareIds } from '../ids.js';
import { type Joined, joined } from './joined.js';
import { type KnownTable, tellers } from './known.js';

interface Features extends Joined {
  /** Ids of items that a table knows and nobody met, whose values follow those of the items; none where columns are for the eyes alone. */
  readonly unmet: readonly string[];
  /** Titles by raw item id, where a table has them. */
  readonly titles: ReadonlyMap<string, string> | undefined;
}

/** The titles of the first table that has them. */
const titlesIn = (
  tables: readonly KnownTable[],
  columns: FeatureColumns,
  all: readonly string[],
): ReadonlyMap<string, string> | undefined => {
  const texts = tables
    .flatMap(({ title }) => (title === undefined ? [] : [columns.get(title)]))
    .find((column) => column?.kind === 'text');
  return texts?.kind === 'text'
    ? new Map(all.flatMap((id, i) => (texts.values[i] === undefined ? [] : [[id, texts.values[i]]])))
    : undefined;
};

/** The columns of tables for the items of the data, and for those that nobody met. Left: a table that knows none of the data's. */
export const featuresOf = (tables: readonly KnownTable[], items: readonly string[]): Either<string, Features> => {
  const met = new Set(items);
  const unmet = [...new Set(tables.flatMap(({ ids }) => ids.filter((id) => !met.has(id))))].sort(compareIds);
  return pipe(
    joined(tellers.item, tables, items, unmet),
    map(({ columns, says }) => {
      const learnt = [...columns.values()].some(({ kind }) => kind !== 'text');
      return {
        columns: learnt ? columns : shortened(columns, items.length),
        unmet: learnt ? unmet : [],
        titles: titlesIn(tables, columns, [...items, ...unmet]),
        says,
      };
    }),
  );
};

/** Texts of the first items alone. */
const shortened = (columns: FeatureColumns, count: number): FeatureColumns =>
  new Map(
    [...columns].map(([name, column]) => [
      name,
      column.kind === 'text' ? { ...column, values: column.values.slice(0, count) } : column,
    ]),
  );
