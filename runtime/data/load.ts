/**
 * From a path to a data set.
 */
import { basename, dirname, resolve } from 'node:path';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
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

const named = (format: string): Either<string, Format> => {
  const found = formats.find(({ name }) => name === format);
  return found === undefined ? left(`--format ${format}: there is no such format; expected one of\n${describeFormats()}`) : right(found);
};

/** Reads interactions, deciding on the format at the first line unless it is given. */
const readInteractions = async (path: string, given: Format | undefined): Promise<Either<string, Interactions>> => {
  let rows: Interactions | undefined;
  const begin: Step = (bytes, start, end) => {
    const format = given ?? formats.find(({ detect }) => detect(bytes.toString('latin1', start, end)));
    if (format === undefined) return `the first line is of no format known here; expected one of the following, or a name with --format\n${describeFormats()}`;
    rows = interactions(format.timed);
    return format.read(rows)(bytes, start, end);
  };
  const read = await eachLine(path, begin);
  if (read._tag === 'Left') return read;
  return rows === undefined || rows.count() === 0 ? left(`${path}: there is a header and nothing below it; expected one interaction a line`) : right(rows);
};

/**
 * The data set in a file, plain or gzip, or the generated `sample`.
 *
 * Errors are complete sentences for the terminal: the file, the line, what was expected, what to do.
 */
export const load = async (path: string, options: LoadOptions = {}): Promise<Either<string, Dataset>> => {
  if (path === samplePath) return right(sample());
  const format = options.format === undefined ? right(undefined) : named(options.format);
  if (format._tag === 'Left') return format;
  // Titles first: they are quick to read, and a mistake in their path should not cost a long wait.
  const titles = options.titles === undefined ? right(undefined) : await readTitles(options.titles);
  if (titles._tag === 'Left') return titles;
  const rows = await readInteractions(path, format.right);
  return rows._tag === 'Left' ? rows : right(assemble(nameOf(path), rows.right, titles.right));
};
