/**
 * From a path to a data set.
 */
import { basename, dirname, resolve } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Dataset } from './dataset.js';
import { type Format, describeFormats, formats } from './formats.js';
import { type Interactions, assemble, interactions } from './interactions.js';
import { type Step, eachLine } from './lines.js';
import { sample } from './sample.js';
import { readTitles } from './titles.js';

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
  const stem = basename(path).replace(/\.gz$/, '').replace(/\.[^.]+$/, '');
  const folder = basename(dirname(resolve(path)));
  return sharedNames.has(stem) && folder !== '' ? folder : stem;
};

/** The format of that name; without a name, undefined: the file decides. */
const named = (format: string | undefined): Either<string, Format | undefined> => {
  const found = formats.find(({ name }) => name === format);
  return format !== undefined && found === undefined ? left(`--format ${format}: there is no such format; expected one of\n${describeFormats()}`) : right(found);
};

/** Reads interactions, deciding on the format at the first line unless it is given. */
const readInteractions = (path: string, given: Format | undefined): TE.TaskEither<string, Interactions> => async () => {
  let rows: Interactions | undefined;
  const begin: Step = (bytes, start, end) => {
    const format = given ?? formats.find(({ detect }) => detect(bytes.toString('latin1', start, end)));
    if (format === undefined) return `the first line is of no format known here; expected one of the following, or a name with --format\n${describeFormats()}`;
    rows = interactions(format.timed);
    return format.read(rows)(bytes, start, end);
  };
  const read = await eachLine(path, begin);
  if (isLeft(read)) return read;
  return rows === undefined || rows.count() === 0 ? left(`${path}: there is a header and nothing below it; expected one interaction a line`) : right(rows);
};

const titlesAt = (path: string | undefined): TE.TaskEither<string, ReadonlyMap<string, string> | undefined> =>
  path === undefined ? TE.right(undefined) : () => readTitles(path);

/**
 * The data set in a file, plain or gzip, or the generated `sample`.
 *
 * Errors are complete sentences for the terminal: the file, the line, what was expected, what to do.
 */
export const load = (path: string, options: LoadOptions = {}): Promise<Either<string, Dataset>> =>
  path === samplePath
    ? Promise.resolve(right(sample()))
    : pipe(
        TE.Do,
        TE.bind('format', () => TE.fromEither(named(options.format))),
        // Titles first: they are quick to read, and a mistake in their path should not cost a long wait.
        TE.bind('titles', () => titlesAt(options.titles)),
        TE.bind('rows', ({ format }) => readInteractions(path, format)),
        TE.map(({ rows, titles }) => assemble(nameOf(path), rows, titles)),
      )();
