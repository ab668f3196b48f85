/** The files that the path of data means (itself, all that a folder holds, or what a pattern matches), and what data there are called. */
import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { glob, isDynamicPattern } from 'tinyglobby';

/** Marks and half-written files of those who write folders of tables: `_SUCCESS`, `.part-0.crc`. */
const notData = ['**/_*', '**/.*'];

/**
 * In the order of their names, which is the order of events without times. A path that is a file is that file, whatever it looks like;
 * one that is nothing is left to whoever opens it. Left: a folder without files, or a pattern that matches none.
 */
export const filesAt = async (path: string): Promise<Either<string, readonly string[]>> => {
  const found = await stat(path).catch(() => undefined);
  const folder = found?.isDirectory() === true;
  if (!folder && (found !== undefined || !isDynamicPattern(path))) return right([path]);
  const paths = folder
    ? (await glob('**/*', { cwd: path, ignore: notData })).map((name) => join(path, name))
    : await glob(path.replaceAll('\\', '/'), { ignore: notData, absolute: isAbsolute(path) });
  return paths.length === 0
    ? left(`${path}: ${folder ? 'the folder holds no files' : 'no file matches the pattern'}; check the path`)
    : right(paths.sort());
};

/** File names that many data sets share: there the folder says more. */
const sharedNames = new Set(['ratings', 'u', 'interactions', 'sequences', 'data']);

/** What data at a path are called. */
export const nameOf = (path: string): string => {
  const stem = basename(path)
    .replace(/\.gz$/, '')
    .replace(/\.[^.]+$/, '');
  const folder = basename(dirname(resolve(path)));
  return sharedNames.has(stem) && folder !== '' ? folder : stem;
};
