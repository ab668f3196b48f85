/** Columns of tables, a value an id of the data, and what is said of each table. */
import { basename } from 'node:path';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { plural } from '../../contract/words.js';
import { quoted } from '../cells.js';
import type { FeatureColumn, FeatureColumns } from '../columns.js';
import type { KnownTable, Teller } from './known.js';

/** A column in a few words. */
const told = (name: string, column: FeatureColumn): string => {
  switch (column.kind) {
    case 'category':
    case 'categories':
      return `${name} (${column.kind} of ${column.vocabulary.length})`;
    case 'vector':
    case 'lookup':
      return `${name} (vector of ${column.width})`;
    default:
      return `${name} (${column.kind})`;
  }
};

export interface Joined {
  readonly columns: FeatureColumns;
  /** A sentence a table. */
  readonly says: readonly string[];
}

/**
 * The columns of tables for the ids of the data, and then for those of `more`, which nobody met. Left: a table that knows none of the
 * data's.
 */
export const joined = (
  { role, many, columns: choice }: Teller,
  tables: readonly KnownTable[],
  ids: readonly string[],
  more: readonly string[] = [],
): Either<string, Joined> => {
  const columns = new Map<string, FeatureColumn>();
  const says: string[] = [];
  const all = [...ids, ...more];
  for (const { path, ids: records, columns: own, passed } of tables) {
    const places = new Map(records.map((id, at) => [id, at]));
    const order = Int32Array.from(all, (id) => places.get(id) ?? -1);
    const known = order.subarray(0, ids.length).reduce((sum, at) => sum + Number(at >= 0), 0);
    if (known === 0)
      return left(
        `${path}: it knows none of the ${many} of the data: ${quoted(ids[0]!)} is not there, and ${quoted(records[0]!)} is; give the table of these data, or name its column of ids with ${choice} ${role}=COLUMN`,
      );
    for (const { name, made } of own) columns.set(name, made(order));
    says.push(
      [
        `${many[0]!.toUpperCase()}${many.slice(1)} of ${basename(path)}: ${own.map(({ name }) => told(name, columns.get(name)!)).join(', ')}`,
        `${known} of ${plural(ids.length, role)} are in it`,
        ...(places.size > known ? [`${plural(places.size - known, role)} of it in no event`] : []),
        ...(passed.length > 0 ? [`not read, since they have parts: ${passed.join(', ')}`] : []),
      ].join('; ') + '.',
    );
  }
  return right({ columns, says });
};
