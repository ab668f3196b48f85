/** What is known of items, from tables of any kind, and from vectors: columns by name, a value an item of the data. */
import { basename } from 'node:path';
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { plural } from '../../contract/words.js';
import { quoted } from '../cells.js';
import type { FeatureColumn, FeatureColumns } from '../columns.js';
import { spoken } from '../headers.js';
import { compareIds, faultIn, spelled } from '../ids.js';
import { titleColumn } from '../titles.js';
import { type Choice, type Kind, placeOf, typedKinds } from './choice.js';
import { columnOfKind, type Made, vectors, wayOf } from './kinds.js';
import { type Rec, type Records, readRecords } from './records.js';
import { isVectors, readVectors } from './vectors.js';
import { textOf } from './values.js';

/** One file's columns, and the items of its records. */
export interface ItemTable {
  readonly path: string;
  readonly ids: readonly string[];
  readonly columns: readonly { readonly name: string; readonly made: Made }[];
  /** Columns that are none: objects with names of their own. */
  readonly passed: readonly string[];
  /** The column that is shown to a person, if any. */
  readonly title: string | undefined;
}

/** The ids of records. Left: one that is none, or an item twice with two things known of it. */
const idsOf = (path: string, records: readonly Rec[], place: number): Either<string, readonly string[]> => {
  const lines = new Map<string, Rec>();
  const ids: string[] = [];
  for (const record of records) {
    const id = spelled(textOf(record.values[place]));
    const fault = faultIn(id);
    if (fault !== undefined) return left(`${path}:${record.line}: the item id ${fault}; correct or remove the line`);
    const before = lines.get(id);
    if (before !== undefined && before.values.some((value, i) => textOf(value) !== textOf(record.values[i])))
      return left(
        `${path}:${record.line}: the item ${quoted(id)} is in line ${before.line} too, with other values; remove one of the two`,
      );
    lines.set(id, record);
    ids.push(id);
  }
  return right(ids);
};

/** A column that is kept: its name here, its place, and its kind where it is given or typed. */
interface Kept {
  readonly name: string;
  readonly place: number;
  readonly given: Kind | undefined;
  readonly typed: Kind | undefined;
}

const typeOf = (name: string): Kind | undefined => typedKinds[/:([a-z_]+)$/.exec(name)?.[1] ?? ''];

/** The columns that are kept. Left: one that is asked for and not there, where no other file may have it. */
const keptOf = ({ names }: Records, id: number, choice: Choice, alone: boolean): Either<string, readonly Kept[]> => {
  const asked = choice.filter(({ name }) => name !== 'item');
  if (asked.length === 0)
    return right(
      names.flatMap((name, place) =>
        place === id || name === ''
          ? []
          : [
              {
                name: typeOf(name) === undefined ? name : name.replace(/:[a-z_]+$/, ''),
                place,
                given: undefined,
                typed: typeOf(name),
              },
            ],
      ),
    );
  const kept: Kept[] = [];
  for (const { name, column, kind } of asked) {
    const place = placeOf(names, column ?? name);
    if (isLeft(place) && alone) return place;
    if (isRight(place)) kept.push({ name, place: place.right, given: kind, typed: typeOf(names[place.right]!) });
  }
  return right(kept);
};

/** The place of the ids, -1 where no column says that it holds them. */
const idPlace = ({ names }: Records, choice: Choice, alone: boolean): Either<string, number> => {
  const column = choice.find(({ name }) => name === 'item')?.column;
  const named = column === undefined ? undefined : placeOf(names, column);
  return named === undefined || (isLeft(named) && !alone) ? spoken(names, 'item') : named;
};

const tableOf = (path: string, of: Records, choice: Choice, alone: boolean): Either<string, ItemTable> => {
  const { names, records } = of;
  const id = idPlace(of, choice, alone);
  if (isLeft(id)) return left(`${path}:1: ${id.left.replace('--columns', '--item-columns')}`);
  if (id.right < 0)
    return left(
      `${path}:1: no column says that it is the item; name it with --item-columns item=COLUMN; the columns are ${names.map((name) => quoted(name)).join(', ')}`,
    );
  if (records.length === 0) return left(`${path}: there is a header and nothing below it; expected one item a line`);
  const ragged = of.ragged ? undefined : records.find(({ values }) => values.length !== names.length);
  if (ragged !== undefined)
    return left(
      `${path}:${ragged.line}: expected ${names.length} columns (${names.join(', ')}), found ${ragged.values.length}; correct or remove the line`,
    );
  const ids = idsOf(path, records, id.right);
  if (isLeft(ids)) return ids;
  const kept = keptOf(of, id.right, choice, alone);
  if (isLeft(kept)) return left(`${path}:1: ${kept.left}`);
  const title = titleColumn(names);
  const [columns, passed]: [ItemTable['columns'][number][], string[]] = [[], []];
  for (const { name, place, given, typed } of kept.right) {
    const values = records.map((record) => record.values[place]);
    const isTitle = place === title;
    const way = wayOf(values, given ?? (isTitle ? 'text' : typed), typed === 'categories');
    if (way === undefined) {
      passed.push(name);
      continue;
    }
    const made = columnOfKind(values, way);
    if (isLeft(made))
      return left(
        `${path}:${records[made.left.at]!.line}: ${name}, which is read as ${way.kind}: ${made.left.why}; correct the line, or say what the column is with --item-columns ${name}=${names[place]!.replace(/:[a-z_]+$/, '')}:KIND`,
      );
    columns.push({ name, made: made.right });
  }
  const titled = kept.right.find(({ place }) => place === title)?.name;
  return right({ path, ids: ids.right, columns, passed, title: titled });
};

const tableAt = async (path: string, choice: Choice, alone: boolean): Promise<Either<string, ItemTable>> => {
  if (isVectors(path)) {
    const found = await readVectors(path);
    if (isLeft(found)) return found;
    const { ids, columns } = found.right;
    const places = new Map(ids.map((id, at) => [id, at]));
    const twice = ids.find((id, at) => places.get(id) !== at);
    return twice !== undefined
      ? left(`${path}: the item ${quoted(twice)} has two rows; remove one of the two`)
      : right({
          path,
          ids,
          columns: columns.map(({ name, width, values }) => ({
            name,
            made: (order) => vectors(width, order, (of) => values.subarray(of * width, (of + 1) * width)),
          })),
          passed: [],
          title: undefined,
        });
  }
  const records = await readRecords(path, 'items', choice);
  return isLeft(records) ? records : tableOf(path, records.right, choice, alone);
};

/**
 * Tables of items: any that `readRecords` reads, and vectors that `readVectors` reads. Without a choice all columns are kept, each of
 * the kind that it is typed as or that its values turn out to be. Left: the file, the line, what was expected, what to do.
 */
export const readItems = async (
  paths: readonly string[],
  choice: Choice,
): Promise<Either<string, readonly ItemTable[]>> => {
  const tables: ItemTable[] = [];
  for (const path of paths) {
    const one = await tableAt(path, choice, paths.length === 1);
    if (isLeft(one)) return one;
    for (const { name } of one.right.columns) {
      const other = tables.find(({ columns }) => columns.some((column) => column.name === name));
      if (other !== undefined)
        return left(
          `${path}: the column ${quoted(name)} is in ${other.path} too; name one otherwise with --item-columns`,
        );
    }
    tables.push(one.right);
  }
  const nowhere = choice.find(
    ({ name }) =>
      name !== 'item' &&
      !tables.some(({ columns, passed }) => columns.some((column) => column.name === name) || passed.includes(name)),
  );
  if (nowhere !== undefined && tables.length > 0)
    return left(
      `${paths.join(', ')}: none of these has the column ${quoted(nowhere.column ?? nowhere.name)} that --item-columns asks for; correct its name, or leave it out`,
    );
  return right(tables);
};

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

interface Features {
  readonly columns: FeatureColumns;
  /** Ids of items that a table knows and nobody met, whose values follow those of the items; none where columns are for the eyes alone. */
  readonly unmet: readonly string[];
  /** Titles by raw item id, where a table has them. */
  readonly titles: ReadonlyMap<string, string> | undefined;
  /** A sentence a table. */
  readonly says: readonly string[];
}

/** The columns of tables for the items of the data, and for those that nobody met. Left: a table that knows none of the data's. */
export const featuresOf = (tables: readonly ItemTable[], items: readonly string[]): Either<string, Features> => {
  const columns = new Map<string, FeatureColumn>();
  const says: string[] = [];
  let titles: ReadonlyMap<string, string> | undefined;
  const met = new Set(items);
  const unmet = [...new Set(tables.flatMap(({ ids }) => ids.filter((id) => !met.has(id))))].sort(compareIds);
  const all = [...items, ...unmet];
  for (const { path, ids, columns: own, passed, title } of tables) {
    const records = new Map(ids.map((id, at) => [id, at]));
    const order = Int32Array.from(all, (id) => records.get(id) ?? -1);
    const known = order.subarray(0, items.length).reduce((sum, at) => sum + Number(at >= 0), 0);
    if (known === 0)
      return left(
        `${path}: it knows none of the items of the data: ${quoted(items[0]!)} is not there, and ${quoted(ids[0]!)} is; give the table of these data, or name its column of ids with --item-columns item=COLUMN`,
      );
    for (const { name, made } of own) columns.set(name, made(order));
    const texts = title === undefined ? undefined : columns.get(title);
    if (texts?.kind === 'text')
      titles ??= new Map(all.flatMap((id, i) => (texts.values[i] === undefined ? [] : [[id, texts.values[i]]])));
    says.push(
      [
        `Items of ${basename(path)}: ${own.map(({ name }) => told(name, columns.get(name)!)).join(', ')}`,
        `${known} of ${plural(items.length, 'item')} are in it`,
        ...(records.size > known ? [`${plural(records.size - known, 'item')} of it in no event`] : []),
        ...(passed.length > 0 ? [`not read, since they have parts: ${passed.join(', ')}`] : []),
      ].join('; ') + '.',
    );
  }
  const learnt = [...columns.values()].some(({ kind }) => kind !== 'text');
  return right({
    columns: learnt ? columns : shortened(columns, items.length),
    unmet: learnt ? unmet : [],
    titles,
    says,
  });
};

/** Texts of the first items alone. */
const shortened = (columns: FeatureColumns, count: number): FeatureColumns =>
  new Map(
    [...columns].map(([name, column]) => [
      name,
      column.kind === 'text' ? { ...column, values: column.values.slice(0, count) } : column,
    ]),
  );
