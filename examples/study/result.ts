/** What is kept of a run: one small JSON file, which says what was asked, what came of it, and on what. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunResult } from '../../runtime/compare/result.js';
import type { Figure } from '../../runtime/measures/figures.js';
import type { Metrics } from '../../runtime/metrics.js';
import type { Cell, Study } from './grid.js';

export const format = 'pcrec-study-1';

/** All that was asked: a result of other words is another's. */
export interface Asked {
  readonly study: string;
  readonly cell: string;
  readonly data: string;
  readonly model: string;
  readonly set: readonly string[];
  readonly options: Study['options'];
  readonly seed: number;
}

/** A test of one set of parameters. */
export interface Tested {
  readonly metrics: Metrics;
  /** Each user's rank, packed: see `packed`. */
  readonly ranks: string;
}

export interface Kept {
  readonly format: typeof format;
  readonly asked: Asked;
  /** Hashes of the model (its manifest) and of the data. */
  readonly hashes: { readonly model: string; readonly data: string };
  readonly data: RunResult['outcome']['data'];
  readonly parameters: number;
  readonly epochs: { readonly trained: number; readonly best: number };
  readonly validation: Metrics | null;
  readonly test: Tested;
  /** By steps of inference, without further training. */
  readonly steps: Readonly<Record<string, Tested>>;
  readonly popularity: Metrics;
  /** HR@10 and NDCG@10 by length of history and by popularity of the wanted item; absent from files of before they were kept. */
  readonly buckets?: readonly Figure[];
  /** Seconds of an epoch (the median, evaluation included: of a machine that others may have used), and what computed. */
  readonly measured: { readonly seconds: number | null; readonly backend: string };
  readonly machine: Readonly<Record<string, string>>;
  readonly command: string;
}

/** Ranks beyond the longest list that is measured are one. */
const beyond = 51;
/** A byte a user, compressed: HR and NDCG of lists up to 50 can be had of it again. */
export const packed = (ranks: ArrayLike<number>): string =>
  gzipSync(
    Uint8Array.from(ranks, (rank) => Math.min(rank, beyond)),
    { level: 9 },
  ).toString('base64');
export const unpacked = (text: string): Uint8Array => new Uint8Array(gunzipSync(Buffer.from(text, 'base64')));

export const askedOf = (name: string, { data, options, set }: Study, cell: Cell, seed: number): Asked => ({
  study: name,
  cell: cell.name,
  data,
  model: cell.model,
  set: [...set, ...(cell.set ?? [])],
  options,
  seed,
});

/** A cell's name in names of files. */
export const slug = (name: string): string => name.replace(/[^a-z0-9]+/gi, '-');
export const fileOf = (folder: string, { study, cell, seed }: Pick<Asked, 'study' | 'cell' | 'seed'>): string =>
  join(folder, study, `${slug(cell)}.${seed}.json`);

const read = (path: string): Kept => JSON.parse(readFileSync(path, 'utf8')) as Kept;

/** The result of what is asked, with all its steps; undefined where it is not there, or is of something else. */
export const kept = (folder: string, asked: Asked, steps: readonly number[]): Kept | undefined => {
  const path = fileOf(folder, asked);
  if (!existsSync(path)) return undefined;
  const found = read(path);
  const same = found.format === format && JSON.stringify(found.asked) === JSON.stringify(asked);
  return same && steps.every((k) => String(k) in found.steps) ? found : undefined;
};

/** One part a line. */
export const keep = (folder: string, result: Kept): void => {
  const path = fileOf(folder, result.asked);
  mkdirSync(dirname(path), { recursive: true });
  const lines = Object.entries(result).map(([name, part]) => `  ${JSON.stringify(name)}: ${JSON.stringify(part)}`);
  writeFileSync(path, `{\n${lines.join(',\n')}\n}\n`);
};

/** All results of a study that answer what the grid asks, in the grid's order. */
export const resultsOf = (folder: string, name: string, study: Study): readonly Kept[] =>
  study.cells.flatMap((cell) =>
    (cell.seeds ?? study.seeds).flatMap(
      (seed) => kept(folder, askedOf(name, study, cell, seed), cell.steps ?? []) ?? [],
    ),
  );

/** Files that answer nothing that the grid asks. */
export const strays = (folder: string, name: string, study: Study): readonly string[] => {
  const asked = new Set(resultsOf(folder, name, study).map((result) => fileOf(folder, result.asked)));
  const there = existsSync(join(folder, name)) ? readdirSync(join(folder, name)) : [];
  return there.map((file) => join(folder, name, file)).filter((path) => !asked.has(path));
};
