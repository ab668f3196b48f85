/** A toy that was trained, and servers of it that score where they are asked. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft, map } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll } from 'vitest';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import type { Session } from '../../runtime/contract/session.js';
import type { ServeOptions } from '../../runtime/options.js';
import { assembled } from '../../runtime/serve/serve.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from '../runtime/toy.js';

/** Titles with what titles have: commas, years, and one that two items share. */
const titleOf = (item: number): string => (item < 2 ? 'The Twins' : `Film ${item}, The (19${10 + item})`);

export interface Place {
  readonly folder: string;
  readonly data: string;
  readonly out: string;
}

/** Forty users of 25 items, and a run of three epochs in `out`. */
export const place = (): Place => {
  const made = { folder: '', data: '', out: '' };
  beforeAll(async () => {
    made.folder = await mkdtemp(join(tmpdir(), 'pcrec-serve-'));
    made.data = join(made.folder, 'rings.txt');
    made.out = join(made.folder, 'run');
    const titles = join(made.folder, 'titles.csv');
    await writeFile(
      made.data,
      Array.from(
        { length: 40 },
        (_, user) => `u${user} ${Array.from({ length: 8 }, (_, i) => `i${(user + i) % 25}`).join(' ')}\n`,
      ).join(''),
    );
    await writeFile(
      titles,
      `item,title,genre\n${Array.from({ length: 25 }, (_, i) => `i${i},"${titleOf(i)}",${i % 2 === 0 ? 'even' : 'odd'}\n`).join('')}`,
    );
    await trainer(toy()).train({ data: made.data, items: titles, titles, out: made.out, epochs: 3, batch: 16 });
  });
  afterAll(() => rm(made.folder, { recursive: true }));
  return made;
};

/** The toy with sessions that do something else as well. */
export const changed = (run: (session: Session) => Session['run']): CompiledModel => {
  const model = toy();
  return {
    manifest: model.manifest,
    open: async (device, sizes) =>
      map((session: Session) => ({ ...session, run: run(session) }))(await model.open(device, sizes)),
  };
};

export const silent = { say: () => undefined } as const;

/** A server without its socket. */
export const standing = async (options: ServeOptions, compiled: CompiledModel = toy()) => {
  const found = await assembled(compiled, { ...silent, workers: 0, ...options })();
  if (isLeft(found)) throw new Error(found.left);
  return found.right;
};
