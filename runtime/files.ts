/** Files that are either the old ones or the new ones, never half of each, whatever kills the process. */
import { realpathSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { reason } from './contract/words.js';

export { cacheFolder } from './contract/cache.js';
export { reason } from './contract/words.js';

/** Makes a rename durable. Systems that cannot open a folder (Windows) order it by themselves. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};

/** `mkdir -p`. Node's own recursive form never returns where a file system refuses every new folder, as /proc does. */
export const makeFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return; // A file of that name is told by what is then written below it.
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    // Once more and no further: the parent is there now, so another ENOENT is the file system's last word.
    await mkdir(folder);
  }
};

/** Makes a folder, and those around it. Left: one sentence. */
export const folderAt = (path: string): TaskEither<string, void> =>
  TE.tryCatch(
    () => makeFolder(path),
    (error) => `The folder ${path} could not be made: ${reason(error)}.`,
  );

/** Why the pieces of a file end before their time: said as it is, since the file is not to blame. */
export class Interrupted extends Error {}

/** What a file is made of, in pieces. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Whether something is there that is neither a file nor a folder: a pipe, or a device like /dev/stdout. */
const isChannel = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile() && !found.isDirectory();
};

const write = async (path: string, parts: Pieces): Promise<void> => {
  // A channel is written to; a file in its place would cut everybody else off.
  if (await isChannel(path)) return writeFile(path, parts);
  await makeFolder(dirname(path));
  // One temporary name a file: what a killed process leaves behind, the next one overwrites.
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    for await (const part of parts) await handle.writeFile(part);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
};

/** Writes a file atomically and durably, making its folder when it is missing. */
export const writeAtomically = (path: string, parts: Pieces): TaskEither<string, void> =>
  TE.tryCatch(
    () => write(path, parts),
    (error) =>
      error instanceof Interrupted
        ? error.message
        : `${path} could not be written: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder cannot be made there' : reason(error)}.`,
  );

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
};

/** Left: a file to be written that is one of those that are read, by whatever path. */
export const sparing =
  (...read: readonly (string | undefined)[]) =>
  (path: string): E.Either<string, void> => {
    const taken = read.find((one) => one !== undefined && real(one) === real(path));
    return taken === undefined
      ? E.right(undefined)
      : E.left(`${path} is read here${taken === path ? '' : `, as ${taken}`}: name another file to write.`);
  };

/** The bytes of a file. Left: the end of the sentence "FILE cannot be used: ...". */
export const readBytes = (path: string): TaskEither<string, Buffer> => TE.tryCatch(() => readFile(path), reason);
