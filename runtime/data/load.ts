/**
 * From a path to a data set.
 */
import { type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import { flag } from '../contract/settings.js';
import { type Asked, asked, type LoadOptions } from './asked.js';
import { throughCopies } from './copies.js';
import { quoted, shown } from './cells.js';
import { type Dataset, type Understood, dataset, overlong } from './dataset.js';
import type { FeatureColumns } from './columns.js';
import { type Format, describeFormats, formatOf } from './formats.js';
import { cellsOf, delimiters } from './headers.js';
import { decode } from './ids.js';
import { type Packed, pack } from './interactions.js';
import { type Step, eachLine } from './lines.js';
import { filesAt, nameOf } from './paths.js';
import type { Reading } from './reading.js';
import { sample } from './sample.js';
import { core } from './tables/core.js';
import { fileFormatOf } from './tables/files.js';
import { featuresOf } from './tables/items.js';
import { joined } from './tables/joined.js';
import { type KnownTable, readKnown, tellers } from './tables/known.js';
import { type LookupTable, readLookups, withLookups } from './tables/lookups.js';
import { type Sieve, sieveOf } from './tables/sieve.js';
import { calendarText, clock, timesLeft, timesText } from './times.js';
import { separatorLine } from './tables/records.js';
import { readTitles } from './titles.js';

/** The path that means the generated sample. A file of this name is still at hand as `./sample`. */
export const samplePath = 'sample';

/** What the files gave. */
interface Read {
  readonly format: string;
  readonly files: number;
  readonly reading: Reading;
}

/** What to do about a header that names no user, or no item. */
const headerHint = (line: string): string => {
  const columns = delimiters
    .filter((delimiter) => delimiter !== ' ')
    .map((delimiter) => cellsOf(line, delimiter))
    .sort((a, b) => b.length - a.length)[0]!;
  return columns.length < 2
    ? ''
    : `say which column is what with --columns user=COLUMN,item=COLUMN,time=COLUMN, by names where this is a header (${columns.map((column) => quoted(column)).join(', ')}), by places (1 to ${columns.length}) where it is none; or `;
};

/** Reads lines of text, deciding on the format at the first unless it is given. */
const readText = async (path: string, given: Format | undefined, reading: Reading): Promise<Either<string, string>> => {
  let found = given;
  const begin: Step = (bytes, start, end) => {
    // Excel's own line above a table.
    if (separatorLine.test(bytes.toString('latin1', start, Math.min(end, start + 10)))) return begin;
    found ??= formatOf(decode(bytes.subarray(start, end)), reading.choice);
    return found === undefined
      ? `the first line, ${shown(bytes, start, end)}, is of no format known here; ${headerHint(decode(bytes.subarray(start, end)))}expected one of the following, or a name with --format\n${describeFormats()}`
      : found.read(reading)(bytes, start, end);
  };
  const read = await eachLine(path, begin);
  return isLeft(read) ? read : right(found!.name);
};

/** Reads one file. Right: its format. */
const readOne = async (path: string, { format, query }: Asked, reading: Reading): Promise<Either<string, string>> => {
  const file = format === undefined ? await fileFormatOf(path) : 'magic' in format ? format : undefined;
  if (query !== undefined && file?.name !== 'sqlite' && file?.name !== 'duckdb')
    return left(`${path}: --query asks databases, and this is no SQLite or DuckDB file; leave it out`);
  const read =
    file === undefined
      ? await readText(path, format as Format | undefined, reading)
      : map(() => file.name)(await file.read(path, reading, query));
  const fault = isLeft(read) ? undefined : reading.end();
  reading.end = () => undefined;
  return fault === undefined ? read : left(`${path}: ${fault}`);
};

/** Reads interactions, of several files one after the other. Left: also files without any. */
const readInteractions =
  (path: string, of: Asked, sieve: Sieve | undefined): TE.TaskEither<string, Read> =>
  async () => {
    const reading: Reading = {
      clock: clock(of.unit),
      choice: of.choice,
      sieve,
      named: of.format !== undefined,
      into: undefined,
      columns: '',
      end: () => undefined,
    };
    const files = await filesAt(path);
    if (isLeft(files)) return files;
    const formats = new Set<string>();
    for (const file of files.right) {
      const read = await readOne(file, of, reading);
      if (isLeft(read)) return read;
      formats.add(read.right);
    }
    const fault = reading.clock.fault();
    if (fault !== undefined) return left(`${path}: ${fault}`);
    const format = [...formats].join(' and ');
    if ((reading.into?.count() ?? 0) > 0) return right({ format, files: files.right.length, reading });
    return left(
      reading.into?.sieved === true
        ? `${path}: nothing is left; ask for less, or leave the filters out. ${(sieve?.says() ?? []).join(' ')}`
        : `${path}: there is a header and nothing below it; expected one interaction a line`,
    );
  };

type Titles = ReadonlyMap<string, string>;

const titlesAt = (path: string | undefined): TE.TaskEither<string, Titles | undefined> =>
  path === undefined ? TE.right(undefined) : () => readTitles(path);

/** How the file was understood, in sentences. */
const understood = (
  { reading, format, files }: Read,
  left: readonly string[],
  titles: Titles | undefined,
  known: readonly string[],
  data: Packed,
): Understood => {
  const read = reading.clock.times();
  const times = read === undefined || data.times === undefined ? read : timesLeft(read, data.times);
  const order = format === 'sequences' ? 'the order of a line' : "the order of a user's rows";
  const mixed = reading.clock
    .mixture()
    .map(({ unit, user }) => `${unit} (user ${quoted(reading.into!.users.ids[user]!)})`);
  const titled = titles === undefined ? undefined : data.items.filter((id) => titles.has(id)).length;
  return {
    says: [
      `Read as ${format}${files === 1 ? '' : `, ${files} files`}: ${reading.columns}.`,
      times === undefined
        ? `Times: none; ${order}${files === 1 ? '' : ', the files in the order of their names,'} is taken for the order in time.`
        : timesText(times),
      ...left,
      ...known,
      ...(titles === undefined || titled === undefined
        ? []
        : [
            `Titles: ${titled} of ${data.items.length} items have one${titled < data.items.length ? '; the others are shown by their ids' : ''}.`,
          ]),
    ],
    warns: [
      ...(mixed.length === 0
        ? []
        : [
            `The times are written in more than one way: ${mixed.join(', ')}. Each is read by its own; users must not mix them.`,
          ]),
      ...(titled === 0
        ? ['No item of the data has a title in the file of titles: do its ids belong to these data?']
        : []),
    ],
    ...(times === undefined ? {} : { times }),
  };
};

/** Tables of what is known. */
interface Tables {
  readonly items: readonly KnownTable[];
  readonly users: readonly KnownTable[];
}

/** A data set of what was read. Left: nothing is left, a history longer than a batch can count, or a table that does not fit. */
const assembled = (
  path: string,
  { filters }: Asked,
  sieve: Sieve | undefined,
  read: Read,
  tables: Tables,
  vectors: readonly LookupTable[],
  titles: Titles | undefined,
): Either<string, Dataset> => {
  const rows = read.reading.into!;
  const { data: all, order } = pack(rows);
  const kept = core(all, filters);
  if (kept === undefined)
    return left(
      `${path}: nothing is left where each user has ${filters.minUser} and each item ${filters.minItem} events; ask for less with --min-user and --min-item`,
    );
  const { data } = kept;
  const long = overlong(data);
  if (long !== undefined)
    return left(
      `${path}: the times of user ${quoted(long.user)} reach from ${long.from} (${calendarText(long.from)}) to ${long.to} (${calendarText(long.to)}) in seconds, and a history may span 68 years at most; ` +
        'correct or remove the lines of that user whose time is a filler or of another unit',
    );
  const places = order === undefined || kept.kept === undefined ? order : kept.kept.map((at) => order[at]!);
  const told: FeatureColumns = new Map(
    places === undefined ? [] : rows.columns.map((column) => [column.name, column.made(places)]),
  );
  const looked = withLookups(vectors, told);
  if (isLeft(looked)) return looked;
  const { events } = looked.right;
  const features = featuresOf(tables.items, data.items);
  if (isLeft(features)) return features;
  const users = joined(tellers.user, tables.users, data.users);
  if (isLeft(users)) return users;
  const known = titles ?? features.right.titles;
  return right(
    dataset({
      name: nameOf(path),
      ...data,
      ...(events.size === 0 ? {} : { events }),
      ...(features.right.columns.size === 0 ? {} : { features: features.right.columns }),
      ...(users.right.columns.size === 0 ? {} : { userFeatures: users.right.columns }),
      ...(features.right.unmet.length === 0 ? {} : { unmet: features.right.unmet }),
      ...(known === undefined ? {} : { titles: known }),
      reading: understood(
        read,
        [...(sieve?.says() ?? []), ...kept.says],
        known,
        [...features.right.says, ...users.right.says, ...looked.right.says],
        data,
      ),
    }),
  );
};

/** Left: what is said of a file where there is none. */
const generated = (options: LoadOptions): Either<string, Dataset> => {
  const [idle] = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || name === 'cache' ? [] : [name],
  );
  return idle === undefined
    ? right(sample())
    : left(
        `the data '${samplePath}' are generated and take no ${flag(idle)}: leave it out, or give the file that it belongs to with --data`,
      );
};

/** The data set in files, read from the first byte to the last. */
const readAll = (path: string, options: LoadOptions): TE.TaskEither<string, Dataset> =>
  pipe(
    TE.Do,
    TE.bind('asked', () => TE.fromEither(asked(options))),
    TE.let('sieve', ({ asked }) => sieveOf(asked.filters)),
    // Titles, items and users first: they are quick to read, and a mistake in their path should not cost a long wait.
    TE.bind('titles', ({ asked }) => titlesAt(asked.titles)),
    TE.bind(
      'items',
      ({ asked: { items } }) =>
        () =>
          readKnown(tellers.item, items.files, items.choice),
    ),
    TE.bind(
      'users',
      ({ asked: { users } }) =>
        () =>
          readKnown(tellers.user, users.files, users.choice),
    ),
    TE.bind(
      'vectors',
      ({ asked }) =>
        () =>
          readLookups(asked.vectors),
    ),
    TE.bind('read', ({ asked, sieve }) => readInteractions(path, asked, sieve)),
    TE.chainEitherK(({ asked, sieve, read, items, users, vectors, titles }) =>
      assembled(path, asked, sieve, read, { items, users }, vectors, titles),
    ),
  );

/**
 * The data set in a file, plain or gzip, in all files of a folder or of a pattern (`events-*.parquet`), or the generated `sample`. Of large
 * files a packed copy is kept and read the next time, unless `cache` is false.
 *
 * Errors are complete sentences for the terminal: the file, the line, what was expected, what to do.
 */
export const load = (path: string, options: LoadOptions = {}): Promise<Either<string, Dataset>> =>
  path === samplePath ? Promise.resolve(generated(options)) : throughCopies(path, options, readAll(path, options));
