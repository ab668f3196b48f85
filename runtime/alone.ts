/** One training, or one search, in a folder at a time: two would write the same files, each believing them to be its own. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { messageOf } from './errors.js';
import { reason } from './files.js';

/** What is at work, and whether its mark is heeded on another machine: a training that was killed there goes on here, as clusters do. */
const works = { search: { elsewhere: true }, training: { elsewhere: false } } as const;

const own = (): string => `${process.pid} ${hostname()}`;
/** Marks of this process, which may train twice at once. */
const held = new Set<string>();

/** Whether the process that a mark names may still be at work. */
const atWork = (path: string, text: string, { elsewhere }: (typeof works)[keyof typeof works]): boolean => {
  const [pid, host] = text.trim().split(' ');
  // Another writes it just now.
  if (host === undefined) return true;
  if (host !== hostname()) return elsewhere;
  // Else it is the number of one that was killed, given again.
  if (Number(pid) === process.pid) return held.has(resolve(path));
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Does what is to be done in a folder while nobody else does. Left: somebody does, or a folder that cannot be written to. */
export const alone = async <A>(
  folder: string,
  what: keyof typeof works,
  work: () => Promise<E.Either<string, A>>,
): Promise<E.Either<string, A>> => {
  const path = join(folder, `${what}.lock`);
  const take = (flag: 'wx' | 'w'): void => writeFileSync(path, own(), { flag });
  try {
    take('wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      return E.left(`${path} could not be written: ${reason(error)}.`);
    const found = E.tryCatch(() => readFileSync(path, 'utf8'), messageOf);
    if (E.isRight(found) && atWork(path, found.right, works[what]))
      return E.left(
        `Another ${what} is at work in ${folder} (process ${found.right.trim().replace(' ', ' of ')}): wait for it, or choose another --out. If there is none, delete ${path}.`,
      );
    take('w');
  }
  held.add(resolve(path));
  try {
    return await work();
  } finally {
    held.delete(resolve(path));
    rmSync(path, { force: true });
  }
};
