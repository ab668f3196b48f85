/** What is kept of a run: one small JSON file, which says what was asked, what came of it, and on what. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RunResult } from '../../runtime/compare/result.js';
import type { Figure } from '../../runtime/measures/figures.js';
import type { Metrics } from '../../runtime/metrics.js';
import { type Cell, type Searching, type Study, seedsOf } from './declared.js';

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
  readonly share?: number;
  readonly after?: string;
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
  /** By other settings, `name=value`; absent where none were asked for. */
  readonly again?: Readonly<Record<string, Tested>>;
  readonly popularity: Metrics;
  /** HR@10 and NDCG@10 by length of history and by popularity of the wanted item; absent from files of before they were kept. */
  readonly buckets?: readonly Figure[] | undefined;
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
  ...(cell.share === undefined ? {} : { share: cell.share }),
  ...(cell.after === undefined ? {} : { after: cell.after }),
});

/** A cell's name in names of files. */
export const slug = (name: string): string => name.replace(/[^a-z0-9]+/gi, '-');
export const fileOf = (folder: string, { study, cell, seed }: Pick<Asked, 'study' | 'cell' | 'seed'>): string =>
  join(folder, study, `${slug(cell)}.${seed}.json`);
/** Of what is found of a cell beside its runs. */
export const sideFile = (folder: string, study: string, cell: string, what: 'search' | 'inside'): string =>
  join(folder, study, `${slug(cell)}.${what}.json`);

/** One part a line. */
export const writeParts = (path: string, value: object): void => {
  mkdirSync(dirname(path), { recursive: true });
  const lines = Object.entries(value).map(([name, part]) => `  ${JSON.stringify(name)}: ${JSON.stringify(part)}`);
  writeFileSync(path, `{\n${lines.join(',\n')}\n}\n`);
};
/** What a file holds, where it answers what is asked; undefined where it is not there, or is of something else. */
export const readParts = <A extends { readonly format: string; readonly asked: unknown }>(
  path: string,
  form: A['format'],
  asked: A['asked'],
): A | undefined => {
  if (!existsSync(path)) return undefined;
  const found = JSON.parse(readFileSync(path, 'utf8')) as A;
  return found.format === form && JSON.stringify(found.asked) === JSON.stringify(asked) ? found : undefined;
};

/** The result of what is asked, whatever it was tested with beyond. */
export const kept = (folder: string, asked: Asked): Kept | undefined =>
  readParts<Kept>(fileOf(folder, asked), format, asked);

/** Whether a result has all the tests that its cell asks for. */
export const isWhole = ({ steps, again = {} }: Kept, cell: Cell): boolean =>
  (cell.steps ?? []).every((k) => String(k) in steps) && (cell.again ?? []).every((setting) => setting in again);

export const keep = (folder: string, result: Kept): void => writeParts(fileOf(folder, result.asked), result);

/** The settings that a search found, best first; in `asked` all that decides it. */
export interface Search {
  readonly format: typeof searchFormat;
  readonly asked: Pick<Asked, 'cell' | 'study' | 'data' | 'model' | 'set' | 'options'> & {
    readonly search: Omit<Searching, 'cells'>;
  };
  readonly hashes: { readonly data: string };
  readonly rungs: readonly { readonly trials: number; readonly epochs: number }[];
  readonly trials: readonly {
    readonly set: readonly string[];
    readonly rung: number;
    readonly epochs: number;
    readonly best: number;
    /** NDCG@10 on validation; null where the trial failed. */
    readonly value: number | null;
  }[];
  readonly seconds: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly command: string;
}
export const searchFormat = 'pcrec-study-search-1';

/** What is searched for a cell; undefined where the study has no search of it. */
export const searchAsked = (name: string, study: Study, cell: string): Search['asked'] | undefined => {
  const of = study.cells.find((one) => one.name === cell);
  if (study.search?.cells.includes(cell) !== true || of === undefined) return undefined;
  const { seed: _, ...asked } = askedOf(name, study, of, 0);
  const { cells: __, ...search } = study.search;
  return { ...asked, search };
};
export const searchOf = (folder: string, name: string, study: Study, cell: string): Search | undefined => {
  const asked = searchAsked(name, study, cell);
  return asked && readParts<Search>(sideFile(folder, name, cell, 'search'), searchFormat, asked);
};

/** The cells of a study that can be run, those that wait for a search with what it found. */
export const cellsOf = (folder: string, name: string, study: Study): readonly Cell[] =>
  study.cells.flatMap((cell) => {
    if (cell.tuned === undefined) return [cell];
    const [best] = searchOf(folder, name, study, cell.tuned)?.trials ?? [];
    return best === undefined ? [] : [{ ...cell, set: [...(cell.set ?? []), ...best.set] }];
  });

/** All results of a study that answer what the grid asks, in the grid's order. */
export const resultsOf = (folder: string, name: string, study: Study): readonly Kept[] =>
  cellsOf(folder, name, study).flatMap((cell) =>
    seedsOf(study, cell).flatMap((seed) => kept(folder, askedOf(name, study, cell, seed)) ?? []),
  );

/** Files that answer nothing that the grid asks. */
export const strays = (folder: string, name: string, study: Study): readonly string[] => {
  const asked = new Set([
    ...resultsOf(folder, name, study).map((result) => fileOf(folder, result.asked)),
    ...(study.search?.cells ?? []).flatMap((cell) =>
      searchOf(folder, name, study, cell) === undefined ? [] : [sideFile(folder, name, cell, 'search')],
    ),
    ...(study.inside ?? []).map((cell) => sideFile(folder, name, cell, 'inside')),
    join(folder, name, 'cost.json'),
  ]);
  const there = existsSync(join(folder, name)) ? readdirSync(join(folder, name)) : [];
  return there.map((file) => join(folder, name, file)).filter((path) => !asked.has(path));
};
