/** Results on disk: one JSON file a run, written when the run is finished and never half. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { reason, writeAtomically } from '../files.js';
import { logFile } from '../log.js';
import type { Comparison } from './comparison.js';
import { type RunMeasured, parse, type RunResult, type RunIdentity } from './result.js';

export const fileName = (model: string, seed: number): string => `${model}.${seed}.json`;

/** Where the tables are kept. */
export const comparisonFile = (out: string): string => join(out, 'comparison.json');

/** Where a run keeps its checkpoints. Another identity has another folder, so what lies there always belongs to the run. */
export const runFolder = (out: string, identity: RunIdentity): string =>
  join(
    out,
    'runs',
    `${identity.model}.${identity.settings.seed}.${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12)}`,
  );

/** One line a part: readable, and short where ranks are many. */
const text = (value: object): string =>
  `{\n${Object.entries(value)
    .map(([name, part]) => `  ${JSON.stringify(name)}: ${JSON.stringify(part)}`)
    .join(',\n')}\n}\n`;

export const write = (path: string, value: RunResult | Comparison): TE.TaskEither<string, void> =>
  writeAtomically(path, [Buffer.from(text(value))]);

/** The result of one run; undefined where there is none yet. Left: a file that is no result, or another run's. */
export const read = (out: string, model: string, seed: number): TE.TaskEither<string, RunResult | undefined> => {
  const path = join(out, fileName(model, seed));
  if (!existsSync(path)) return TE.right(undefined);
  return pipe(
    TE.tryCatch(() => readFile(path, 'utf8'), reason),
    TE.chainEitherK(parse),
    TE.filterOrElse(
      ({ identity }) => identity.model === model && identity.settings.seed === seed,
      ({ identity }) => `it holds the run of ${identity.model} with seed ${identity.settings.seed}`,
    ),
    TE.mapLeft(
      (why) =>
        `The result ${path} cannot be used: ${why}. Delete it, or move it away, and the comparison does that run again.`,
    ),
  );
};

export interface Found {
  readonly model: string;
  readonly seed: number;
}

/** The runs that have a file, by model and seed. */
export const found = async (out: string): Promise<readonly Found[]> => {
  const names = await readdir(out).catch((): readonly string[] => []);
  return names
    .flatMap((name) =>
      [...name.matchAll(/^(.+)\.(\d+)\.json$/g)].map(([, model = '', seed]) => ({ model, seed: Number(seed) })),
    )
    .sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.seed - b.seed));
};

/** Moves a result of another comparison out of the way, to `previous`. */
export const setAside = (out: string, model: string, seed: number): TE.TaskEither<string, void> => {
  const [from, folder] = [join(out, fileName(model, seed)), join(out, 'previous')];
  return TE.tryCatch(
    async () => {
      await mkdir(folder, { recursive: true });
      await rename(from, join(folder, fileName(model, seed)));
    },
    (error) => `${from} could not be moved to ${folder}: ${reason(error)}.`,
  );
};

/** Seconds of each epoch, from the log that a run keeps beside its checkpoints: an interrupted one knows all its epochs. */
export const epochSeconds = async (folder: string): Promise<RunMeasured['seconds']> => {
  const log = await readFile(logFile(folder), 'utf8').catch(() => '');
  const records = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly seconds?: number });
  return records.filter(({ kind }) => kind === 'epoch').map(({ seconds }) => Number(seconds));
};
