/**
 * From a path to a data set.
 */
import { basename, dirname, resolve } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import { quoted, shown } from './cells.js';
import { type Dataset, type Understood, dataset, overlong } from './dataset.js';
import { type Format, type Reading, describeFormats, formats } from './formats.js';
import { type Interactions, type Packed, interactions, pack } from './interactions.js';
import { type Step, eachLine } from './lines.js';
import { sample } from './sample.js';
import { calendarText, clock, timesText } from './times.js';
import { readTitles } from './titles.js';

/** What the file does not say of itself. */
export interface LoadOptions {
  /** A name from `formats`; without it the file's first line decides. */
  readonly format?: string | undefined;
  /** A file of titles: see `readTitles`. */
  readonly titles?: string | undefined;
}

/** The path that means the generated sample. A file of this name is still at hand as `./sample`. */
export const samplePath = 'sample';

/** File names that many data sets share: there the folder says more. */
const sharedNames = new Set(['ratings', 'u', 'interactions', 'sequences', 'data']);

const nameOf = (path: string): string => {
  const stem = basename(path)
    .replace(/\.gz$/, '')
    .replace(/\.[^.]+$/, '');
  const folder = basename(dirname(resolve(path)));
  return sharedNames.has(stem) && folder !== '' ? folder : stem;
};

/** The format of that name; without a name, undefined: the file decides. */
const named = (format: string | undefined): Either<string, Format | undefined> => {
  const found = formats.find(({ name }) => name === format);
  return format !== undefined && found === undefined
    ? left(`--format ${format}: there is no such format; expected one of\n${describeFormats()}`)
    : right(found);
};

/** What a file gave. */
interface Read {
  readonly rows: Interactions;
  readonly format: Format;
  readonly reading: Reading;
}

/** Reads interactions, deciding on the format at the first line unless it is given. */
const readInteractions =
  (path: string, given: Format | undefined): TE.TaskEither<string, Read> =>
  async () => {
    let found: Read | undefined;
    const begin: Step = (bytes, start, end) => {
      const format = given ?? formats.find(({ detect }) => detect(bytes.toString('latin1', start, end)));
      if (format === undefined)
        return `the first line, ${shown(bytes, start, end)}, is of no format known here; expected one of the following, or a name with --format\n${describeFormats()}`;
      const rows = interactions(format.timed);
      const reading: Reading = {
        into: rows,
        clock: clock(),
        named: given !== undefined,
        columns: '',
        end: () => undefined,
      };
      found = { rows, format, reading };
      return format.read(reading)(bytes, start, end);
    };
    const read = await eachLine(path, begin);
    if (isLeft(read)) return read;
    if (found === undefined || found.rows.count() === 0)
      return left(`${path}: there is a header and nothing below it; expected one interaction a line`);
    const fault = found.reading.end() ?? found.reading.clock.fault();
    return fault === undefined ? right(found) : left(`${path}: ${fault}`);
  };

const titlesAt = (path: string | undefined): TE.TaskEither<string, ReadonlyMap<string, string> | undefined> =>
  path === undefined ? TE.right(undefined) : () => readTitles(path);

/** How the file was understood, in sentences. */
const understood = (
  { rows, format, reading }: Read,
  titles: ReadonlyMap<string, string> | undefined,
  data: Packed,
): Understood => {
  const times = reading.clock.times();
  const order = format.name === 'sequences' ? 'the order of a line' : "the order of a user's rows";
  const mixed = reading.clock.mixture().map(({ unit, user }) => `${unit} (user ${quoted(rows.users.ids[user]!)})`);
  const titled = titles === undefined ? undefined : data.items.filter((id) => titles.has(id)).length;
  return {
    says: [
      `Read as ${format.name}: ${reading.columns}.`,
      times === undefined ? `Times: none; ${order} is taken for the order in time.` : timesText(times),
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

/** A data set of what was read. Left: a history longer than a batch can count. */
const assembled = (
  path: string,
  read: Read,
  titles: ReadonlyMap<string, string> | undefined,
): Either<string, Dataset> => {
  const packed = pack(read.rows);
  const long = overlong(packed);
  if (long !== undefined)
    return left(
      `${path}: the times of user ${quoted(long.user)} reach from ${long.from} (${calendarText(long.from)}) to ${long.to} (${calendarText(long.to)}) in seconds, and a history may span 68 years at most; ` +
        'correct or remove the lines of that user whose time is a filler or of another unit',
    );
  return right(
    dataset({
      name: nameOf(path),
      ...packed,
      ...(titles === undefined ? {} : { titles: titles }),
      reading: understood(read, titles, packed),
    }),
  );
};

/** Left: what is said of a file where there is none. */
const generated = (options: LoadOptions): Either<string, Dataset> => {
  const [idle] = (['format', 'titles'] as const).filter((name) => options[name] !== undefined);
  return idle === undefined
    ? right(sample())
    : left(
        `the data '${samplePath}' are generated and take no --${idle}: leave it out, or give the file that it belongs to with --data`,
      );
};

/**
 * The data set in a file, plain or gzip, or the generated `sample`.
 *
 * Errors are complete sentences for the terminal: the file, the line, what was expected, what to do.
 */
export const load = (path: string, options: LoadOptions = {}): Promise<Either<string, Dataset>> =>
  path === samplePath
    ? Promise.resolve(generated(options))
    : pipe(
        TE.Do,
        TE.bind('format', () => TE.fromEither(named(options.format))),
        // Titles first: they are quick to read, and a mistake in their path should not cost a long wait.
        TE.bind('titles', () => titlesAt(options.titles)),
        TE.bind('read', ({ format }) => readInteractions(path, format)),
        TE.chainEitherK(({ read, titles }) => assembled(path, read, titles)),
      )();
