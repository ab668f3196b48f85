/**
 * Headers: which column holds what. Names are compared by their letters and digits alone, so `User ID`, `"user_id"` and `userId`
 * are one name, and each part takes its first name of the table that is there, wherever the column stands, or what a person says.
 */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from './cells.js';
import { type Choice, bareName, placeOf, type Role, roles } from './tables/choice.js';

/** Names of the columns we read, the better before the worse: reviews have `asin` and `parent_asin`, catalogues the second alone. */
export const aliases: Readonly<Record<Role, readonly string[]>> = {
  user: ['user_id', 'user', 'reviewerID'],
  item: ['item_id', 'item', 'movieId', 'parent_asin', 'asin'],
  time: ['timestamp', 'time', 'unixReviewTime'],
  rating: ['rating', 'overall'],
  action: ['action', 'action_type', 'event_type', 'behavior', 'behavior_type', 'behaviour'],
};

/** Names that say it too, none better than another: a table with two of them is ambiguous. */
const others: Readonly<Record<Role, readonly string[]>> = {
  user: [
    'uid',
    'customer_id',
    'customer',
    'client_id',
    'visitor_id',
    'member_id',
    'account_id',
    'buyer_id',
    'reader_id',
    'listener_id',
    'session_id',
    'session',
    'user_session',
  ],
  item: [
    'iid',
    'product_id',
    'product',
    'sku',
    'article_id',
    'movie',
    'book_id',
    'track_id',
    'song_id',
    'artist_id',
    'video_id',
    'news_id',
    'content_id',
    'business_id',
    'game_id',
    'isbn',
  ],
  time: [
    'ts',
    'datetime',
    'date',
    'event_time',
    'event_timestamp',
    'unix_time',
    'time_stamp',
    'created_at',
    'review_date',
    'order_date',
    't_dat',
  ],
  rating: ['stars', 'score'],
  action: ['event', 'type'],
};

/** RecBole's types of what we read: of another type, a cell holds something else (a list, say). */
const types: Readonly<Partial<Record<Role, string>>> = { user: 'token', item: 'token', time: 'float' };

/** What may stand between cells. `::` first, since a comma or a space may be inside a cell; the space last, which may come in runs. */
export const delimiters = ['::', '\t', ';', '|', ',', ' '] as const;
export type Delimiter = (typeof delimiters)[number];

/** A line cut at delimiters that are not inside a quoted cell. */
const cut = (line: string, delimiter: Delimiter): readonly string[] => {
  if (!line.includes('"') || delimiter === '::') return line.split(delimiter);
  const cells: string[] = [];
  let open: string | undefined;
  for (const part of line.split(delimiter)) {
    const cell: string = open === undefined ? part : `${open}${delimiter}${part}`;
    // A quoted cell is open while it has an odd number of quotes.
    open = /^\s*"/.test(cell) && cell.split('"').length % 2 === 0 ? cell : undefined;
    if (open === undefined) cells.push(cell);
  }
  return open === undefined ? cells : [...cells, open];
};

/** The cells of a line as text, for looking at headers and first lines. */
export const cellsOf = (line: string, delimiter: Delimiter): readonly string[] =>
  (delimiter === ' ' ? line.trim().split(/ +/) : cut(line, delimiter)).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll('""', '"')
      .trim(),
  );

/** Where a part is by its first name that is there, and what it is called there; -1 where it is not. */
export const columnOf = (cells: readonly string[], names: readonly string[]): number => {
  const low = cells.map(bareName);
  return names.map(bareName).flatMap((name) => low.flatMap((of, at) => (of === name ? [at] : [])))[0] ?? -1;
};

/** Places of the columns that may be a part: its best name alone, or all that any other name of it fits. */
const candidates = (cells: readonly string[], role: Role): readonly number[] => {
  const best = columnOf(cells, aliases[role]);
  const low = others[role].map(bareName);
  return best >= 0 ? [best] : cells.flatMap((cell, at) => (low.includes(bareName(cell)) ? [at] : []));
};
/** Whether a column says that it is this part. */
export const speaks = (cells: readonly string[], role: Role): boolean => candidates(cells, role).length > 0;

/** The delimiter under which a line names a column for the user and one for the item. */
export const headerDelimiter = (line: string): Delimiter | undefined =>
  delimiters.find((delimiter) => {
    const cells = cellsOf(line, delimiter);
    return speaks(cells, 'user') && speaks(cells, 'item');
  });

/** The delimiter under which a line has all columns that are asked for by name. */
export const chosenDelimiter = (line: string, choice: Choice): Delimiter | undefined =>
  delimiters.find((delimiter) => {
    const cells = cellsOf(line, delimiter);
    return (
      choice.every(({ column }) => column === undefined || !isLeft(placeOf(cells, column))) &&
      (['user', 'item'] as const).every((role) => choice.some(({ name }) => name === role) || speaks(cells, role))
    );
  });

/** Which column is what. */
export interface Columns {
  /** Place of each part, -1 where it has none. */
  readonly of: Readonly<Record<Role, number>>;
  /** The columns beside these that were asked for by name. */
  readonly further: readonly { readonly name: string; readonly place: number }[];
  /** `user = customer_id, item = sku`. */
  readonly text: string;
}

/** What is wrong with the column of one part, which a person may have named as it is written. */
const faultOf = (role: Role, cells: readonly string[], at: number, named: boolean): string | undefined => {
  const cell = cells[at] ?? '';
  const twice = named ? -1 : cells.findIndex((other, i) => i !== at && bareName(other) === bareName(cell));
  if (twice >= 0)
    return `columns ${Math.min(at, twice) + 1} and ${Math.max(at, twice) + 1} are both named ${quoted(cell)}; which holds the ${role}? rename the other`;
  const type = /:([a-z_]*)$/.exec(cell)?.[1];
  return type === undefined || types[role] === undefined || type === types[role]
    ? undefined
    : `the column ${quoted(cell)} should be of the type ${types[role]}, for it holds the ${role} of each row; correct the header`;
};

const list = (cells: readonly string[]): string => cells.map((cell) => quoted(cell)).join(', ');

/** The place of a part that nobody named, -1 where there is none. Left: several columns might be it. */
export const spoken = (cells: readonly string[], role: Role): Either<string, number> => {
  const found = candidates(cells, role);
  return found.length < 2
    ? right(found[0] ?? -1)
    : left(
        `which column holds the ${role}: ${found.map((at) => quoted(cells[at]!)).join(' or ')}? say so with --columns ${role}=${cells[found[0]!]!}; the columns are ${list(cells)}`,
      );
};

/** Which of the columns of these names is what. Left: what is asked for and not there, ambiguous, or of a type that does not fit. */
export const columnsOf = (cells: readonly string[], choice: Choice): Either<string, Columns> => {
  const of: Record<Role, number> = { user: -1, item: -1, time: -1, rating: -1, action: -1 };
  const further: { name: string; place: number }[] = [];
  for (const role of roles) {
    const wanted = choice.find(({ name }) => name === role);
    // Actions and further ratings are read only where somebody asks: nothing else depends on them.
    const place = wanted?.column === undefined ? spoken(cells, role) : placeOf(cells, wanted.column);
    if (isLeft(place)) {
      if (wanted === undefined && (role === 'rating' || role === 'action')) continue;
      return place;
    }
    if (place.right < 0 && wanted !== undefined)
      return left(
        `no column says that it is the ${role}; name it with --columns ${role}=COLUMN; the columns are ${list(cells)}`,
      );
    of[role] = place.right;
  }
  for (const { name, column } of choice) {
    if ((roles as readonly string[]).includes(name) || column === undefined) continue;
    const place = placeOf(cells, column);
    if (isLeft(place)) return place;
    further.push({ name, place: place.right });
  }
  const fault = (['user', 'item', 'time'] as const)
    .filter((role) => of[role] >= 0)
    .map((role) =>
      faultOf(
        role,
        cells,
        of[role],
        choice.some(({ name, column }) => name === role && column !== undefined),
      ),
    )
    .find((found) => found !== undefined);
  if (fault !== undefined) return left(fault);
  const asked = [
    ...roles
      .filter(
        (role) =>
          of[role] >= 0 && ((role !== 'rating' && role !== 'action') || choice.some(({ name }) => name === role)),
      )
      .map((role) => ({ name: role, place: of[role] })),
    ...further,
  ];
  return right({
    of,
    further,
    text: asked.map(({ name, place }) => `${name} = ${visibleName(cells[place]!)}`).join(', '),
  });
};

const visibleName = (cell: string): string => quoted(cell.replace(/:[a-z_]+$/, '')).slice(1, -1);

export interface Header {
  readonly delimiter: Delimiter;
  readonly cells: readonly string[];
  readonly columns: Columns;
}

/** A header as it is to be read. Left: what is wrong with it. `orFormat` ends the advice. */
export const readHeader = (
  line: string,
  shape: string,
  orFormat: string,
  choice: Choice = [],
): Either<string, Header> => {
  const delimiter = (choice.length > 0 ? chosenDelimiter(line, choice) : undefined) ?? headerDelimiter(line);
  const cells = cellsOf(line, delimiter ?? delimiters.find((d) => line.includes(d)) ?? ',');
  if (delimiter === undefined && choice.length > 0) {
    const columns = columnsOf(cells, choice);
    if (isLeft(columns)) return columns;
  }
  if (delimiter === undefined) {
    const missing = (['user', 'item'] as const).filter((role) => !speaks(cells, role));
    return left(
      [
        `expected a header like ${shape}, found ${quoted(line)}`,
        ...(missing.length > 0 ? missing : (['user', 'item'] as const)).map(
          (role) => `no column for the ${role} (${aliases[role].join(' or ')})`,
        ),
        `name the columns so, say which they are with --columns user=COLUMN,item=COLUMN, ${orFormat}`,
      ].join('; '),
    );
  }
  const columns = columnsOf(cells, choice);
  return isLeft(columns) ? columns : right({ delimiter, cells, columns: columns.right });
};
