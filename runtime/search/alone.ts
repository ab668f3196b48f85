/** One search in a folder at a time: two would train the same trials into the same files. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { messageOf } from '../errors.js';
import { reason } from '../files.js';

const own = (): string => `${process.pid} ${hostname()}`;

/** Whether the process that a file names may still be at work: one of another machine may. */
const atWork = (text: string): boolean => {
  const [pid, host] = text.trim().split(' ');
  if (host !== hostname()) return true;
  // The number of one that was killed, given again.
  if (Number(pid) === process.pid) return false;
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
  work: () => Promise<E.Either<string, A>>,
): Promise<E.Either<string, A>> => {
  const path = join(folder, 'search.lock');
  const take = (flag: 'wx' | 'w'): void => writeFileSync(path, own(), { flag });
  try {
    take('wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      return E.left(`${path} could not be written: ${reason(error)}.`);
    const found = E.tryCatch(() => readFileSync(path, 'utf8'), messageOf);
    if (E.isRight(found) && atWork(found.right))
      return E.left(
        `Another search is at work in ${folder} (process ${found.right.trim().replace(' ', ' of ')}): wait for it, or choose another --out. If there is none, delete ${path}.`,
      );
    take('w');
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
