/** Folders of sealed files that anybody may read and write at once, and that hold nothing that could not be made again. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../errors.js';
import { makeFolder, reason } from '../files.js';
import { sectionsOf, readSealed, writeSealed } from './packed.js';

/** What was found under a name. */
export type Found =
  | { readonly kind: 'there'; readonly path: string; readonly value: unknown }
  | { readonly kind: 'damaged'; readonly path: string; readonly why: string }
  | { readonly kind: 'absent' };

/** Whether a file is of this user, or of whoever owns the folder that its folder is in: in a place such as /tmp anybody may leave one. */
const isOurs = async (path: string, { uid }: { readonly uid: number }): Promise<boolean> =>
  process.getuid === undefined || uid === process.getuid() || uid === (await stat(dirname(dirname(path)))).uid;

const lookedAt = async (path: string, key: string): Promise<Found> => {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return { kind: 'absent' };
  try {
    if (!(await isOurs(path, await handle.stat()))) return { kind: 'absent' };
    const found = await readSealed(handle);
    if (isLeft(found)) return { kind: 'damaged', path, why: found.left };
    return found.right.key === key
      ? { kind: 'there', path, value: found.right.value }
      : { kind: 'damaged', path, why: 'it is of something else' };
  } catch (error) {
    return { kind: 'damaged', path, why: messageOf(error) };
  } finally {
    await handle.close();
  }
};

/** What the first of the folders has that has anything sound. */
export const taken = async (folders: readonly string[], name: string, key: string): Promise<Found> => {
  let found: Found = { kind: 'absent' };
  for (const folder of folders) {
    const one = await lookedAt(join(folder, name), key);
    if (one.kind === 'there') return one;
    if (found.kind === 'absent') found = one;
  }
  return found;
};

const namesIn = async (folder: string, begin: string, end: string): Promise<readonly string[]> =>
  (await readdir(folder).catch((): readonly string[] => [])).filter(
    (name) => name.startsWith(begin) && name.endsWith(end),
  );

/** Whether any of the folders has a file whose name begins and ends so. */
export const hasAny = async (folders: readonly string[], begin: string, end: string): Promise<boolean> => {
  for (const folder of folders) if ((await namesIn(folder, begin, end)).length > 0) return true;
  return false;
};

/** Makes the folder, which no git repository around it tracks. It throws where nobody may write. */
const begun = async (folder: string): Promise<void> => {
  const around = dirname(folder);
  await makeFolder(around);
  // Even from whom the system lets write everywhere.
  if (((await stat(around)).mode & 0o222) === 0) throw Object.assign(new Error(around), { code: 'EACCES' });
  const made = await mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );
  if (made) await writeFile(join(folder, '.gitignore'), '*\n');
};

/** Writes a file that appears whole or not at all. */
const written = async (path: string, parts: readonly Uint8Array[]): Promise<void> => {
  await begun(dirname(path));
  const half = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.half`;
  const handle = await open(half, 'wx');
  try {
    await writeSealed(handle, parts);
    await handle.close();
    await rename(half, path);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(half, { force: true }).catch(() => undefined);
    throw error;
  }
};

/** Puts a value into the first of the folders that takes it. Right: its path. Left: why the last does not. */
export const put = async (
  folders: readonly string[],
  name: string,
  key: string,
  value: unknown,
): Promise<Either<string, string>> => {
  let why = 'there is no folder';
  for (const folder of folders) {
    try {
      const path = join(folder, name);
      await written(path, sectionsOf(key, value));
      return right(path);
    } catch (error) {
      why = `${folder}: ${reason(error)}`;
    }
  }
  return left(why);
};

/** Says that a file was of use. */
export const used = async (path: string): Promise<void> => {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
};

const dayOld = 86_400_000;

/** Leaves the `most` files beside a path whose names begin and end so that were last of use, and nothing half-written of yesterday. */
export const tidied = async (path: string, begin: string, end: string, most: number): Promise<void> => {
  const folder = dirname(path);
  const times = async (names: readonly string[]): Promise<readonly { readonly at: string; readonly time: number }[]> =>
    Promise.all(
      names.map(async (name) => {
        const at = join(folder, name);
        return { at, time: (await stat(at).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
  const old = (await times(await namesIn(folder, begin, end)))
    .filter(({ at }) => basename(at) !== basename(path))
    .sort((a, b) => b.time - a.time)
    .slice(most - 1);
  const halves = (await times(await namesIn(folder, begin, '.half'))).filter(({ time }) => time < Date.now() - dayOld);
  for (const { at } of [...old, ...halves]) await rm(at, { force: true }).catch(() => undefined);
};
