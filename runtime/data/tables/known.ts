/** Tables of what is known of items, or of users: of any kind that holds records, and vectors. */
import { type Either, isLeft, isRight, left, right } from 'fp-ts/lib/Either.js';
import { quoted, visible } from '../cells.js';
import { spoken } from '../headers.js';
import { faultIn, spelled } from '../ids.js';
import { titleColumn } from '../titles.js';
import { type Choice, type Kind, placeOf, typedKinds } from './choice.js';
import { columnOfKind, type Made, vectors, wayOf } from './kinds.js';
import { type Rec, type Records, readRecords } from './records.js';
import { isVectors, readVectors } from './vectors.js';
import { textOf } from './values.js';

/** Of whom a table tells, and how options name it. */
export const tellers = {
  item: { role: 'item', many: 'items', option: '--items', columns: '--item-columns' },
  user: { role: 'user', many: 'users', option: '--users', columns: '--user-columns' },
} as const;
export type Teller = (typeof tellers)[keyof typeof tellers];

/** One file's columns, and the ids of its records. */
export interface KnownTable {
  readonly path: string;
  readonly ids: readonly string[];
  readonly columns: readonly { readonly name: string; readonly made: Made }[];
  /** Columns that are none: objects with names of their own. */
  readonly passed: readonly string[];
  /** The column that is shown to a person, if any. */
  readonly title: string | undefined;
}

/** The ids of records. Left: one that is none, or an id twice with two things known of it. */
const idsOf = (
  { role }: Teller,
  path: string,
  records: readonly Rec[],
  place: number,
): Either<string, readonly string[]> => {
  const lines = new Map<string, Rec>();
  const ids: string[] = [];
  for (const record of records) {
    const id = spelled(textOf(record.values[place]));
    const fault = faultIn(id);
    if (fault !== undefined) return left(`${path}:${record.line}: the ${role} id ${fault}; correct or remove the line`);
    const before = lines.get(id);
    if (before !== undefined && before.values.some((value, i) => textOf(value) !== textOf(record.values[i])))
      return left(
        `${path}:${record.line}: the ${role} ${quoted(id)} is in line ${before.line} too, with other values; remove one of the two`,
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
const keptOf = (
  { role }: Teller,
  { names }: Records,
  id: number,
  choice: Choice,
  alone: boolean,
): Either<string, readonly Kept[]> => {
  const asked = choice.filter(({ name }) => name !== role);
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
const idPlace = ({ role }: Teller, { names }: Records, choice: Choice, alone: boolean): Either<string, number> => {
  const column = choice.find(({ name }) => name === role)?.column;
  const named = column === undefined ? undefined : placeOf(names, column);
  return named === undefined || (isLeft(named) && !alone) ? spoken(names, role) : named;
};

const tableOf = (
  teller: Teller,
  path: string,
  of: Records,
  choice: Choice,
  alone: boolean,
): Either<string, KnownTable> => {
  const { names, records } = of;
  const { role, columns: option } = teller;
  const id = idPlace(teller, of, choice, alone);
  if (isLeft(id)) return left(`${path}:1: ${id.left.replace('--columns', option)}`);
  if (id.right < 0)
    return left(
      `${path}:1: no column says that it is the ${role}; name it with ${option} ${role}=COLUMN; the columns are ${names.map((name) => quoted(name)).join(', ')}`,
    );
  if (records.length === 0) return left(`${path}: there is a header and nothing below it; expected one ${role} a line`);
  const ragged = of.ragged ? undefined : records.find(({ values }) => values.length !== names.length);
  if (ragged !== undefined)
    return left(
      `${path}:${ragged.line}: expected ${names.length} columns (${visible(names.join(', '))}), found ${ragged.values.length}; correct or remove the line`,
    );
  const ids = idsOf(teller, path, records, id.right);
  if (isLeft(ids)) return ids;
  const kept = keptOf(teller, of, id.right, choice, alone);
  if (isLeft(kept)) return left(`${path}:1: ${kept.left}`);
  const title = role === 'item' ? titleColumn(names) : -1;
  const [columns, passed]: [KnownTable['columns'][number][], string[]] = [[], []];
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
        `${path}:${records[made.left.at]!.line}: ${visible(name)}, which is read as ${way.kind}: ${made.left.why}; correct the line, or say what the column is with ${option} ${visible(`${name}=${names[place]!.replace(/:[a-z_]+$/, '')}`)}:KIND`,
      );
    columns.push({ name, made: made.right });
  }
  const titled = kept.right.find(({ place }) => place === title)?.name;
  return right({ path, ids: ids.right, columns, passed, title: titled });
};

const tableAt = async (
  teller: Teller,
  path: string,
  choice: Choice,
  alone: boolean,
): Promise<Either<string, KnownTable>> => {
  if (isVectors(path)) {
    const found = await readVectors(path);
    if (isLeft(found)) return found;
    const { ids, columns } = found.right;
    const places = new Map(ids.map((id, at) => [id, at]));
    const twice = ids.find((id, at) => places.get(id) !== at);
    return twice !== undefined
      ? left(`${path}: the ${teller.role} ${quoted(twice)} has two rows; remove one of the two`)
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
  const records = await readRecords(path, teller.many, choice);
  return isLeft(records) ? records : tableOf(teller, path, records.right, choice, alone);
};

/**
 * Tables of items or users: any that `readRecords` reads, and vectors that `readVectors` reads. Without a choice all columns are kept,
 * each of the kind that it is typed as or that its values turn out to be. Left: the file, the line, what was expected, what to do.
 */
export const readKnown = async (
  teller: Teller,
  paths: readonly string[],
  choice: Choice,
): Promise<Either<string, readonly KnownTable[]>> => {
  const tables: KnownTable[] = [];
  for (const path of paths) {
    const one = await tableAt(teller, path, choice, paths.length === 1);
    if (isLeft(one)) return one;
    for (const { name } of one.right.columns) {
      const other = tables.find(({ columns }) => columns.some((column) => column.name === name));
      if (other !== undefined)
        return left(
          `${path}: the column ${quoted(name)} is in ${other.path} too; name one otherwise with ${teller.columns}`,
        );
    }
    tables.push(one.right);
  }
  const nowhere = choice.find(
    ({ name }) =>
      name !== teller.role &&
      !tables.some(({ columns, passed }) => columns.some((column) => column.name === name) || passed.includes(name)),
  );
  if (nowhere !== undefined && tables.length > 0)
    return left(
      `${paths.join(', ')}: none of these has the column ${quoted(nowhere.column ?? nowhere.name)} that ${teller.columns} asks for; correct its name, or leave it out`,
    );
  return right(tables);
};
