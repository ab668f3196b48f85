/**
 * Vectors of the values of a column of events: `instruction.npy`, with its ids, says as numbers what each value of the column
 * `instruction` says in words. Events share them: what many asked is kept once.
 */
import { basename } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { plural } from '../../contract/words.js';
import { quoted } from '../cells.js';
import type { FeatureColumn, FeatureColumns } from '../columns.js';
import { type Vectors, readVectors } from './vectors.js';

/** One file. */
export interface LookupTable extends Vectors {
  readonly path: string;
}

/** The files of vectors. Left: one that is none, or an id twice. */
export const readLookups = async (paths: readonly string[]): Promise<Either<string, readonly LookupTable[]>> => {
  const tables: LookupTable[] = [];
  for (const path of paths) {
    const found = await readVectors(path);
    if (isLeft(found)) return found;
    const { ids } = found.right;
    const places = new Map(ids.map((id, at) => [id, at]));
    const twice = ids.find((id, at) => places.get(id) !== at);
    if (twice !== undefined) return left(`${path}: ${quoted(twice)} has two rows; remove one of the two`);
    tables.push({ path, ...found.right });
  }
  return right(tables);
};

type Lookup = Extract<FeatureColumn, { readonly kind: 'lookup' }>;

const lookup = (
  { path, ids }: LookupTable,
  { name, width, values }: Vectors['columns'][number],
  column: FeatureColumn | undefined,
): Either<string, { readonly made: Lookup; readonly says: string }> => {
  const ask = `--columns ${name}=COLUMN:category`;
  if (column === undefined)
    return left(`${path}: no column of events is called ${quoted(name)}; name the one that it tells of with ${ask}`);
  if (column.kind !== 'category')
    return left(
      `${path}: the column ${quoted(name)} of events is a ${column.kind}; say that its values are names with ${ask}`,
    );
  const rows = new Map(ids.map((id, at) => [id, at]));
  const known = column.vocabulary.flatMap((word) => rows.get(word) ?? []);
  if (known.length === 0 && column.vocabulary.length > 0)
    return left(
      `${path}: it knows none of the values of ${quoted(name)}: ${quoted(column.vocabulary[0]!)} is not there, and ${quoted(ids[0] ?? '')} is; give the ids as the events have them`,
    );
  const vectors = new Float32Array(known.length * width);
  known.forEach((row, i) => vectors.set(values.subarray(row * width, (row + 1) * width), i * width));
  let next = 0;
  const codes = Int32Array.from(['', ...column.vocabulary], (word) => (word !== '' && rows.has(word) ? ++next : 0));
  const made: Lookup = { kind: 'lookup', width, vectors, values: column.values.map((value) => codes[value]!) };
  const count = made.values.reduce((sum, value) => sum + Number(value > 0), 0);
  return right({
    made,
    says: `Vectors of ${basename(path)}: ${known.length} of ${plural(column.vocabulary.length, 'value')} of ${name} have one, ${plural(width, 'number')} each; ${plural(count, 'event')} of ${made.values.length.toLocaleString('en-US')} come with one.`,
  });
};

/** Columns of events with vectors in the place of their values. Left: a file for no column, or of none of its values. */
export const withLookups = (
  tables: readonly LookupTable[],
  events: FeatureColumns,
): Either<string, { readonly events: FeatureColumns; readonly says: readonly string[] }> => {
  const [columns, says] = [new Map(events), [] as string[]];
  for (const table of tables)
    for (const column of table.columns) {
      const one = lookup(table, column, columns.get(column.name));
      if (isLeft(one)) return one;
      columns.set(column.name, one.right.made);
      says.push(one.right.says);
    }
  return right({ events: columns, says });
};
