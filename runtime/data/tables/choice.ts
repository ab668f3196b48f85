/**
 * What a person says of a table's columns: `user=customer_id,item=sku,time=ts:ms,rating=stars,channel=shop:category`. On the left
 * what we call it, on the right the table's column, by name or, where there are no names, by place (1 is the first), and after a
 * colon what it holds. `rating` alone asks for the column that says itself that it is the rating.
 */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { suggest } from '../../contract/words.js';
import { quoted } from '../cells.js';
import { type TimeUnit, timeUnits } from '../times.js';

/** What a column may hold. */
export const kinds = ['category', 'categories', 'number', 'vector', 'text'] as const;
export type Kind = (typeof kinds)[number];

/** RecBole's names of the same; it marks no text. */
export const typedKinds: Readonly<Record<string, Kind>> = {
  token: 'category',
  token_seq: 'categories',
  float: 'number',
  float_seq: 'vector',
};

/** What every event has, or may have, by the same name in all tables. */
export const roles = ['user', 'item', 'time', 'rating', 'action'] as const;
export type Role = (typeof roles)[number];

/** One column that was asked for. */
export interface Wanted {
  /** What we call it: a role, or a name of the person's own. */
  readonly name: string;
  /** The table's name of it, or its place from 1; absent where the table is to say it. */
  readonly column?: string;
  readonly kind?: Kind;
  readonly unit?: TimeUnit;
}

/** The columns that were asked for, in order; empty where the table speaks for itself. */
export type Choice = readonly Wanted[];

/** Parts between commas, those inside double quotes aside. */
const partsOf = (text: string): readonly string[] => text.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
const unquoted = (text: string): string => text.trim().replace(/^"(.*)"$/s, '$1');

const example = 'user=customer_id,item=sku,time=ts';

/** `column:kind`, where what follows the last colon is a kind or a unit; RecBole writes its types so too. */
const typed = (text: string, names: readonly string[]): readonly [string, string | undefined] => {
  const [, column, kind] = /^(.*):([a-z_]+)$/s.exec(text.trim()) ?? [];
  return column !== undefined && kind !== undefined && names.includes(kind)
    ? [unquoted(column), kind]
    : [unquoted(text), undefined];
};

const kindNames = [...kinds, ...Object.keys(typedKinds)];

const wanted = (option: string, part: string): Either<string, Wanted> => {
  const [, given = '', rest] = /^\s*([^=]*?)\s*(?:=(.*))?$/s.exec(part) ?? [];
  const isTime = (name: string): boolean => name === 'time';
  const [bare, bareKind] = rest === undefined ? typed(given, kindNames) : [unquoted(given), undefined];
  const named = rest === undefined ? undefined : typed(rest, isTime(bare) ? Object.keys(timeUnits) : kindNames);
  const suffix = named?.[1] ?? bareKind;
  if (bare === '' || named?.[0] === '')
    return left(`${option}: expected NAME=COLUMN, found ${quoted(part)}; write it like ${example}`);
  const kind = suffix === undefined || isTime(bare) ? undefined : (typedKinds[suffix] ?? (suffix as Kind));
  return right({
    name: bare,
    ...(named === undefined
      ? (roles as readonly string[]).includes(bare)
        ? {}
        : { column: bare }
      : { column: named[0] }),
    ...(kind === undefined ? {} : { kind }),
    ...(suffix !== undefined && isTime(bare) ? { unit: suffix as TimeUnit } : {}),
  });
};

/** Which columns a text asks for. Left: what is wrong with it; `option` is what it was given as. */
export const choiceOf = (option: string, text: string | undefined): Either<string, Choice> => {
  if (text === undefined) return right([]);
  const found: Wanted[] = [];
  for (const part of partsOf(text)) {
    const one = wanted(option, part);
    if (isLeft(one)) return one;
    if (found.some(({ name }) => name === one.right.name))
      return left(`${option}: ${quoted(one.right.name)} is there twice; leave one of the two out`);
    found.push(one.right);
  }
  return found.length > 0 ? right(found) : left(`${option}: it is empty; write it like ${example}`);
};

/** Whether columns are asked for by their places: then a table has no header. */
export const byPlace = (choice: Choice): boolean =>
  choice.length > 0 && choice.every(({ column }) => column !== undefined && /^[1-9]\d{0,3}$/.test(column));

/** The name of a column as names are compared: letters and digits alone, without RecBole's type. */
export const bareName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/:[a-z_]*$/, '')
    .replace(/[^\p{L}\p{N}]/gu, '');

/** The place of a column by its name: as it is written, else by letters and digits. Left: none, or several. */
export const placeOf = (names: readonly string[], column: string): Either<string, number> => {
  for (const same of [
    (name: string) => name === column,
    (name: string) => bareName(name) !== '' && bareName(name) === bareName(column),
  ]) {
    const places = names.flatMap((name, at) => (same(name) ? [at] : []));
    if (places.length === 1) return right(places[0]!);
    if (places.length > 1)
      return left(
        `columns ${places.map((at) => at + 1).join(' and ')} are both named ${quoted(column)}; rename all but one`,
      );
  }
  return left(`there is no column ${quoted(column)}; ${suggest(column, names.map(shownName), 'the columns are')}`);
};

const shownName = (name: string): string => name.replace(/:[a-z_]*$/, '');
