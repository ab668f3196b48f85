/** What is asked of a reading: the options of `load`, and the same when they have been looked at. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from './cells.js';
import { type Format, describeFormats, formats } from './formats.js';
import { type Choice, choiceOf } from './tables/choice.js';
import { type FileFormat, fileFormats } from './tables/files.js';
import { type Teller, tellers } from './tables/known.js';
import { type FilterOptions, type Filters, filtersOf } from './tables/sieve.js';
import { type TimeUnit, timeUnits } from './times.js';

/** What the file does not say of itself, and what of it is wanted. */
export interface LoadOptions extends FilterOptions {
  /** A name from `formats`; without it the file's first line decides. */
  readonly format?: string | undefined;
  /** Which column is what, and which are kept beside user, item and time: see `choiceOf`. */
  readonly columns?: string | undefined;
  /** What times are, where their size misleads: a name from `timeUnits`. */
  readonly timeUnit?: string | undefined;
  /** What to read of a database. */
  readonly query?: string | undefined;
  /** Files of what is known of items: see `readKnown`. In one text they are separated by commas. */
  readonly items?: string | readonly string[] | undefined;
  /** Which columns of these are kept, and their kinds; all of them unless given. */
  readonly itemColumns?: string | undefined;
  /** Files of what is known of users, and which of their columns are kept: the same. */
  readonly users?: string | readonly string[] | undefined;
  readonly userColumns?: string | undefined;
  /** Files of vectors of the values of columns of events: see `withLookups`. In one text they are separated by commas. */
  readonly vectors?: string | readonly string[] | undefined;
  /** A file of titles: see `readTitles`. */
  readonly titles?: string | undefined;
  /** False: no packed copy of the data is read or kept. */
  readonly cache?: boolean | undefined;
}

/** How an option bears on what is read: by its value, by what is in the files that it names, or not at all. */
export const bearing: { readonly [K in keyof LoadOptions]-?: 'value' | 'file' | 'files' | 'none' } = {
  format: 'value',
  columns: 'value',
  timeUnit: 'value',
  query: 'value',
  minRating: 'value',
  actions: 'value',
  since: 'value',
  until: 'value',
  dropRepeats: 'value',
  minUser: 'value',
  minItem: 'value',
  items: 'files',
  itemColumns: 'value',
  users: 'files',
  userColumns: 'value',
  vectors: 'files',
  titles: 'file',
  cache: 'none',
};
/** The files that an option names. */
export const filesIn = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? value.split(',') : value;

/** Files of what is known, and which of their columns are kept. */
export interface AskedTables {
  readonly files: readonly string[];
  readonly choice: Choice;
}

/** The options, checked. */
export interface Asked {
  readonly format: Format | FileFormat | undefined;
  readonly choice: Choice;
  readonly unit: TimeUnit | undefined;
  readonly query: string | undefined;
  readonly filters: Filters;
  /** What is known of items, and of users. */
  readonly items: AskedTables;
  readonly users: AskedTables;
  readonly vectors: readonly string[];
  readonly titles: string | undefined;
}

const isUnit = (text: string): text is TimeUnit => Object.hasOwn(timeUnits, text);

/** Left: columns of a table that is not given. */
const tablesAsked = (
  { option, columns }: Teller,
  given: string | readonly string[] = [],
  kept: string | undefined,
): Either<string, AskedTables> => {
  const choice = choiceOf(columns, kept);
  if (isLeft(choice)) return choice;
  const files = filesIn(given);
  return choice.right.length > 0 && files.length === 0
    ? left(`${columns} says what to keep of ${option}, which is not given: add it, or leave ${columns} out.`)
    : right({ files, choice: choice.right });
};

/** Left: an option that is none, or that goes with none of the others. */
export const asked = (options: LoadOptions): Either<string, Asked> => {
  const { format: name, timeUnit, query, titles, vectors = [] } = options;
  const format = [...formats, ...fileFormats].find((of) => of.name === name);
  if (name !== undefined && format === undefined)
    return left(`--format ${name}: there is no such format; expected one of\n${describeFormats()}`);
  if (timeUnit !== undefined && !isUnit(timeUnit))
    return left(`--time-unit takes one of ${Object.keys(timeUnits).join(', ')}, not ${quoted(timeUnit)}.`);
  const choice = choiceOf('--columns', options.columns);
  if (isLeft(choice)) return choice;
  const items = tablesAsked(tellers.item, options.items, options.itemColumns);
  if (isLeft(items)) return items;
  const users = tablesAsked(tellers.user, options.users, options.userColumns);
  if (isLeft(users)) return users;
  const filters = filtersOf(options);
  if (isLeft(filters)) return filters;
  const ofColumn = choice.right.find(({ unit }) => unit !== undefined)?.unit;
  return right({
    format,
    choice: choice.right,
    unit: timeUnit ?? ofColumn,
    query,
    filters: filters.right,
    items: items.right,
    users: users.right,
    vectors: filesIn(vectors),
    titles,
  });
};
