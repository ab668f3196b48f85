/**
 * A data set: who met what, in which order. Everything after the readers sees this and nothing else.
 */
import { createHash, type Hash } from 'node:crypto';
import { plural } from '../contract/words.js';
import type { FeatureColumn, FeatureColumns } from './columns.js';
import { canonical } from './recode.js';
import { type Times, isCalendar, longestSpan } from './times.js';

/** How a file was understood: nothing that a model learns from, but what a person should see before it learns. */
export interface Understood {
  /** Sentences: the format, the columns, the times, the titles. */
  readonly says: readonly string[];
  /** The same where something is odd enough to be looked at. */
  readonly warns: readonly string[];
  /** What the times are; absent where there are none. */
  readonly times?: Times;
  /** A sentence on the packed copy that was read or made; absent where there is none. */
  readonly copy?: string;
}

/**
 * Immutable: the typed arrays are shared, never written to after construction.
 *
 * User `u` met `sequence[offsets[u] .. offsets[u + 1])`, in order of time; equal times keep the file's order.
 */
export interface Dataset {
  readonly name: string;
  /** Raw ids by user code and by item code, in the order of `compareIds`. Every item here was met by somebody, but for those that `withKnown` adds. */
  readonly users: readonly string[];
  readonly items: readonly string[];
  /** [users + 1], ascending from 0. */
  readonly offsets: Int32Array;
  /** [interactions], item codes. */
  readonly sequence: Int32Array;
  /** [interactions], Unix seconds; absent where the file tells only the order. */
  readonly times?: Float64Array;
  /** What is known of each event beside who and when, one value an event in the order of `sequence`. */
  readonly events?: FeatureColumns;
  /** What is known of each item, one value an item code; then one for each of `unmet`. */
  readonly features?: FeatureColumns;
  /** What is known of each user, one value a user code. */
  readonly userFeatures?: FeatureColumns;
  /** Ids of items that nobody met and `features` knows: their codes follow those of `items` where a model reads features. */
  readonly unmet?: readonly string[];
  /** Titles by raw item id. */
  readonly titles?: ReadonlyMap<string, string>;
  /** How the file was understood. */
  readonly reading?: Understood;
  /** sha-256, in hexadecimal, of ids, offsets, sequence, times and features: of what a model can learn from, not of its name, titles or other texts. */
  readonly hash: string;
}

const idsPerUpdate = 4096;

/** The same for columns whose vocabularies are in another order: they mean the same. */
const hashColumns = (hash: Hash, of: string, columns: FeatureColumns | undefined): void => {
  for (const [name, column] of [...(columns ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (column.kind === 'text') continue;
    const same = canonical(column);
    hash.update(`${JSON.stringify([of, name, same.kind, 'vocabulary' in same ? same.vocabulary : []])}\n`);
    if (same.kind === 'vector' || same.kind === 'lookup') hash.update(`${same.width}\n`);
    if (same.kind === 'lookup') hash.update(same.vectors);
    if (same.kind === 'categories') hash.update(same.offsets);
    hash.update(same.values);
  }
};

const contentHash = ({
  users,
  items,
  offsets,
  sequence,
  times,
  events,
  features,
  userFeatures,
  unmet = [],
}: Omit<Dataset, 'hash'>): string => {
  const hash = createHash('sha256');
  hash.update(
    `pcrec data 1: ${users.length} ${items.length} ${sequence.length} ${times === undefined ? 'order' : 'times'}\n`,
  );
  for (const ids of [users, items]) {
    for (let i = 0; i < ids.length; i += idsPerUpdate) hash.update(JSON.stringify(ids.slice(i, i + idsPerUpdate)));
  }
  // The arrays in the machine's byte order, which is little-endian wherever this has been run.
  for (const array of times === undefined ? [offsets, sequence] : [offsets, sequence, times]) hash.update(array);
  hashColumns(hash, 'events', events);
  hashColumns(hash, 'items', features);
  hashColumns(hash, 'users', userFeatures);
  if (unmet.length > 0) hash.update(JSON.stringify(unmet));
  return hash.digest('hex');
};

/**
 * The first user whose times reach further than the whole seconds of a batch can count, and the two ends; undefined where
 * all fit. Such times are of a wrong unit, or a filler (0, 9999-12-31) stands among them.
 */
export const overlong = ({
  users,
  offsets,
  times,
}: Pick<Dataset, 'users' | 'offsets' | 'times'>):
  | { readonly user: string; readonly from: number; readonly to: number }
  | undefined => {
  if (times === undefined) return undefined;
  for (let u = 0; u < users.length; u++) {
    const [from, to] = [times[offsets[u]!]!, times[offsets[u + 1]! - 1]!];
    if (!(to - from <= longestSpan)) return { user: users[u]!, from, to };
  }
  return undefined;
};

/** All that is said of how a data set was read. */
export const readingSays = ({ reading }: Pick<Dataset, 'reading'>): readonly string[] =>
  reading === undefined ? [] : [...reading.says, ...(reading.copy === undefined ? [] : [reading.copy])];

/** What times are that came in no file: seconds, and dates where they may be. */
export const timesFrom = (times: Iterable<number>): Times => {
  let [from, to] = [Infinity, -Infinity];
  for (const time of times) [from, to] = [Math.min(from, time), Math.max(to, time)];
  return { units: ['seconds'], calendar: isCalendar(from, to), from, to };
};

/** What the times of a data set are; undefined where it has none. */
export const timesOf = ({ times, reading }: Pick<Dataset, 'times' | 'reading'>): Times | undefined =>
  times === undefined || reading?.times !== undefined ? reading?.times : timesFrom(times);

/** The longest time between two events of one user, one after the other; 0 where there are no times. */
export const longestGap = ({ offsets, times, users }: Dataset): number => {
  let longest = 0;
  if (times !== undefined)
    for (let u = 0; u < users.length; u++)
      for (let i = offsets[u]! + 1; i < offsets[u + 1]!; i++) longest = Math.max(longest, times[i]! - times[i - 1]!);
  return longest;
};

/** How many rows a column has, and whether its codes are of its vocabulary. */
const fits = (column: FeatureColumn, rows: number): boolean => {
  const known = (codes: Int32Array, least: number): boolean =>
    'vocabulary' in column && codes.every((code) => code >= least && code <= column.vocabulary.length);
  switch (column.kind) {
    case 'category':
      return column.values.length === rows && known(column.values, 0);
    case 'categories':
      return (
        column.offsets.length === rows + 1 && column.offsets.at(-1) === column.values.length && known(column.values, 1)
      );
    case 'vector':
      return column.values.length === rows * column.width;
    case 'lookup':
      return (
        column.values.length === rows &&
        column.values.every((code) => code >= 0 && code * column.width <= column.vectors.length)
      );
    case 'number':
    case 'text':
      return column.values.length === rows;
  }
};

/**
 * Names the parts by their content. Throws a RangeError where a user's times are no numbers or span more than 68 years, and where a column
 * has not one value for each event, for each user, or for each item and then each of `unmet`.
 */
export const dataset = (parts: Omit<Dataset, 'hash'>): Dataset => {
  for (const [what, columns, rows] of [
    ['events', parts.events, parts.sequence.length],
    ['items', parts.features, parts.items.length + (parts.unmet?.length ?? 0)],
    ['users', parts.userFeatures, parts.users.length],
  ] as const)
    for (const [name, column] of columns ?? [])
      if (!fits(column, rows))
        throw new RangeError(
          `the column '${name}' of ${what} is not one ${column.kind} for each of ${plural(rows, 'row')}, of its own vocabulary`,
        );
  const found = overlong(parts);
  if (found !== undefined)
    throw new RangeError(
      `the times of user ${found.user} reach from ${found.from} to ${found.to} seconds: a history may span at most ${longestSpan}`,
    );
  return { ...parts, hash: contentHash(parts) };
};

/** The size of a data set. */
export interface Statistics {
  readonly name: string;
  readonly users: number;
  readonly items: number;
  readonly interactions: number;
  /** Interactions a user. */
  readonly meanLength: number;
}

/** The columns of Table 1 of the paper. */
export const statistics = ({ name, users, items, sequence }: Dataset): Statistics => ({
  name,
  users: users.length,
  items: items.length,
  interactions: sequence.length,
  meanLength: users.length === 0 ? 0 : sequence.length / users.length,
});

/** One line, in the order of the paper's Table 1. */
export const summary = (of: Statistics): string =>
  `${of.name}: ${plural(of.users, 'user')}, ${plural(of.items, 'item')}, ${plural(of.interactions, 'interaction')}, mean length ${of.meanLength.toFixed(2)}`;

/** What to call an item in front of a person. */
export const titleOf = ({ items, titles }: Dataset, item: number): string => {
  const id = items[item] ?? `${item}`;
  return titles?.get(id) ?? id;
};
