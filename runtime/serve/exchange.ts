/** One checkpoint after another at work, without a request that is dropped between them. */
import { stat } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';

/** What can be taken out of service. */
export interface Retiring {
  retire(): Promise<void>;
}

export interface Exchange<A extends Retiring> {
  readonly current: () => A;
  /** Puts another in the place of the current one, which then ends with its last request. Left: why the current one stays. */
  next(): Promise<E.Either<string, void>>;
  /** Takes no other any more, and resolves when all are out of service. */
  end(): Promise<void>;
}

/** One exchange at a time, in the order that they are asked for. `load` is given what it is to take the place of. */
export const exchange = <A extends Retiring>(
  first: A,
  load: (before: A) => TaskEither<string, A>,
  told: (taken: E.Either<string, A>) => void,
): Exchange<A> => {
  let [current, ended] = [first, false];
  const retiring = new Set<Promise<void>>();
  const retire = (one: A): void => {
    const gone = one.retire();
    retiring.add(gone);
    void gone.then(() => retiring.delete(gone));
  };
  let last: Promise<E.Either<string, void>> = Promise.resolve(E.right(undefined));
  const turn = async (): Promise<E.Either<string, void>> => {
    if (ended) return E.left('The server is ending.');
    const found = await load(current)();
    told(found);
    if (E.isLeft(found)) return found;
    const before = current;
    current = found.right;
    retire(before);
    return E.right(undefined);
  };
  return {
    current: () => current,
    next: () => (last = last.then(turn)),
    end: async () => {
      ended = true;
      await last;
      retire(current);
      await Promise.all(retiring);
    },
  };
};

/**
 * Calls back when a file has become another one; the result stops looking. It is looked at every `every` milliseconds: that sees what
 * notices miss, as mounts, links, and volumes of containers.
 */
export const watched = (path: string, every: number, changed: () => void): (() => void) => {
  const look = async (): Promise<string | undefined> => {
    const found = await stat(path).catch(() => undefined);
    return found && `${found.mtimeMs} ${found.size} ${found.ino}`;
  };
  let last = look();
  const timer = setInterval(async () => {
    const [before, now] = [await last, await look()];
    if (now === undefined || now === before) return;
    last = Promise.resolve(now);
    changed();
  }, every);
  return () => clearInterval(timer);
};
