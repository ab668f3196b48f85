/**
 * Headers: which column holds what. Names are compared by their letters and digits alone, so `User ID`, `"user_id"` and `userId`
 * are one name, and each part takes its first name of the table that is there, wherever the column stands.
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from './cells.js';

/** Names of the columns we read, the better before the worse: reviews have `asin` and `parent_asin`, catalogues the second alone. */
export const aliases = {
  user: ['user_id', 'user', 'reviewerID'],
  item: ['item_id', 'item', 'movieId', 'parent_asin', 'asin'],
  rating: ['rating', 'overall'],
  time: ['timestamp', 'time', 'unixReviewTime'],
} as const;
export type Role = keyof typeof aliases;

/** RecBole's types of what we read: of another type, a cell holds something else (a list, say). */
const types: Readonly<Record<Role, string>> = { user: 'token', item: 'token', rating: 'float', time: 'float' };

/** What may stand between cells. `::` first, since a comma or a space may be inside a cell; the space last, which may come in runs. */
export const delimiters = ['::', '\t', ';', '|', ',', ' '] as const;
export type Delimiter = (typeof delimiters)[number];

/** The cells of a line as text, for looking at headers and first lines. */
export const cellsOf = (line: string, delimiter: Delimiter): readonly string[] =>
  (delimiter === ' ' ? line.trim().split(/ +/) : line.split(delimiter)).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .trim(),
  );

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replace(/:[a-z_]*$/, '')
    .replace(/[^a-z0-9]/g, '');

/** Places of the columns of that name. */
const placesOf = (names: readonly string[], name: string): readonly number[] =>
  names.flatMap((of, at) => (of === bare(name) ? [at] : []));

/** Where a part is by its first name that is there, and what it is called there; -1 where it is not. */
export const columnOf = (cells: readonly string[], names: readonly string[]): number => {
  const low = cells.map(bare);
  return names.flatMap((name) => placesOf(low, name))[0] ?? -1;
};

/** The delimiter under which a line names a column for the user and one for the item. */
export const headerDelimiter = (line: string): Delimiter | undefined =>
  delimiters.find((delimiter) => {
    const cells = cellsOf(line, delimiter);
    return columnOf(cells, aliases.user) >= 0 && columnOf(cells, aliases.item) >= 0;
  });

export interface Header {
  readonly delimiter: Delimiter;
  readonly cells: readonly string[];
  /** Place of each part, -1 where it has none. */
  readonly columns: Readonly<Record<Role, number>>;
}

/** What is wrong with the column of one part. */
const faultOf = (role: Role, cells: readonly string[], at: number): string | undefined => {
  const cell = cells[at] ?? '';
  const twice = cells.findIndex((other, i) => i !== at && bare(other) === bare(cell));
  if (twice >= 0)
    return `columns ${Math.min(at, twice) + 1} and ${Math.max(at, twice) + 1} are both named ${quoted(cell)}; which holds the ${role}? rename the other`;
  const type = /:([a-z_]*)$/.exec(cell)?.[1];
  return type === undefined || type === types[role]
    ? undefined
    : `the column ${quoted(cell)} should be of the type ${types[role]}, for it holds the ${role} of each row; correct the header`;
};

/** A header as it is to be read. Left: what is wrong with it. `orFormat` ends the advice. */
export const readHeader = (line: string, shape: string, orFormat: string): Either<string, Header> => {
  const delimiter = headerDelimiter(line);
  const cells = cellsOf(line, delimiter ?? delimiters.find((d) => line.includes(d)) ?? ',');
  const place = (role: Role): number => columnOf(cells, aliases[role]);
  const columns = { user: place('user'), item: place('item'), rating: place('rating'), time: place('time') };
  const missing = (['user', 'item'] as const).filter((role) => columns[role] < 0);
  if (delimiter === undefined)
    return left(
      [
        `expected a header like ${shape}, found ${quoted(line)}`,
        ...(missing.length > 0 ? missing : (['user', 'item'] as const)).map(
          (role) => `no column for the ${role} (${aliases[role].join(' or ')})`,
        ),
        `name the columns so, ${orFormat}`,
      ].join('; '),
    );
  const fault = (['user', 'item', 'time'] as const)
    .filter((role) => columns[role] >= 0)
    .map((role) => faultOf(role, cells, columns[role]))
    .find((found) => found !== undefined);
  return fault === undefined ? right({ delimiter, cells, columns }) : left(fault);
};

/** `user 'userId', item 'movieId', time 'timestamp'`. */
export const headerText = ({ cells, columns }: Header): string =>
  (['user', 'item', 'time'] as const)
    .filter((role) => columns[role] >= 0)
    .map((role) => `${role} ${quoted(cells[columns[role]]!)}`)
    .join(', ');
