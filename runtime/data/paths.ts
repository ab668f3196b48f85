/** The files that the path of data means: itself, all that a folder holds, or what a pattern matches. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
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
