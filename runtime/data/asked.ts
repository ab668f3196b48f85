/** What is asked of a reading: the options of `load`, and the same when they have been looked at. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { quoted } from './cells.js';
import { type Format, describeFormats, formats } from './formats.js';
import { type Choice, choiceOf } from './tables/choice.js';
import { type FileFormat, fileFormats } from './tables/files.js';
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
  /** Files of what is known of items: see `readItems`. In one text they are separated by commas. */
  readonly items?: string | readonly string[] | undefined;
  /** Which columns of these are kept, and their kinds; all of them unless given. */
  readonly itemColumns?: string | undefined;
  /** Files of vectors of the values of columns of events: see `withLookups`. In one text they are separated by commas. */
  readonly vectors?: string | readonly string[] | undefined;
  /** A file of titles: see `readTitles`. */
  readonly titles?: string | undefined;
}

/** The options, checked. */
export interface Asked {
  readonly format: Format | FileFormat | undefined;
  readonly choice: Choice;
  readonly unit: TimeUnit | undefined;
  readonly query: string | undefined;
  readonly filters: Filters;
  readonly items: readonly string[];
  readonly itemChoice: Choice;
  readonly vectors: readonly string[];
  readonly titles: string | undefined;
}

const isUnit = (text: string): text is TimeUnit => Object.hasOwn(timeUnits, text);

/** Left: an option that is none, or that goes with none of the others. */
export const asked = (options: LoadOptions): Either<string, Asked> => {
  const { format: name, timeUnit, query, titles, items = [], vectors = [] } = options;
  const format = [...formats, ...fileFormats].find((of) => of.name === name);
  if (name !== undefined && format === undefined)
    return left(`--format ${name}: there is no such format; expected one of\n${describeFormats()}`);
  if (timeUnit !== undefined && !isUnit(timeUnit))
    return left(`--time-unit takes one of ${Object.keys(timeUnits).join(', ')}, not ${quoted(timeUnit)}.`);
  const choice = choiceOf('--columns', options.columns);
  if (isLeft(choice)) return choice;
  const itemChoice = choiceOf('--item-columns', options.itemColumns);
  if (isLeft(itemChoice)) return itemChoice;
  const files = typeof items === 'string' ? items.split(',') : items;
  if (itemChoice.right.length > 0 && files.length === 0)
    return left(
      '--item-columns says what to keep of --items, which is not given: add it, or leave --item-columns out.',
    );
  const filters = filtersOf(options);
  if (isLeft(filters)) return filters;
  const ofColumn = choice.right.find(({ unit }) => unit !== undefined)?.unit;
  return right({
    format,
    choice: choice.right,
    unit: timeUnit ?? ofColumn,
    query,
    filters: filters.right,
    items: files,
    itemChoice: itemChoice.right,
    vectors: typeof vectors === 'string' ? vectors.split(',') : vectors,
    titles,
  });
};
