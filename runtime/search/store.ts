/** `search.json`: what a search is, and what its trials came to so far. Written after each, so that a killed one goes on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { readBytes, writeAtomically } from '../files.js';
import type { Settings } from '../contract/settings.js';
import type { Metrics } from '../metrics.js';

/** All that decides what trials there are and what they come to. */
export interface SearchIdentity {
  readonly model: string;
  /** Of the trainer that it was asked of: its hyperparameters are those of all trials, but for the space. */
  readonly manifest: string;
  readonly space: string;
  readonly trials: number;
  readonly settings: Settings & { readonly split: string | undefined };
  /** The hash of the data. */
  readonly data: string;
}

/** What a trial came to on a rung. */
export interface Step {
  readonly rung: number;
  readonly trial: number;
  /** Of its best epoch on validation: NDCG@10, or AUC of a model that predicts a label; null where it failed. */
  readonly value: number | null;
  /** Epochs trained, and the best. */
  readonly epochs: number;
  readonly best: number;
  /** Why it failed. */
  readonly why?: string;
}

export interface Search {
  readonly format: string;
  readonly identity: SearchIdentity;
  readonly steps: readonly Step[];
  /** Of the best trial; null for a model that predicts a label. */
  readonly test?: { readonly trial: number; readonly metrics: Metrics | null };
}

const format = 'pcrec-search-1';
export const searchFile = (out: string): string => join(out, 'search.json');
export const trialFolder = (out: string, trial: number): string =>
  join(out, 'trials', String(trial + 1).padStart(3, '0'));

export const keep = (out: string, search: Search): TaskEither<string, void> =>
  writeAtomically(searchFile(out), [Buffer.from(`${JSON.stringify(search, null, 1)}\n`)]);

const has = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => name in value);
/** People edit JSON. */
const isSearch = (value: unknown): value is Search => {
  if (!has(value, 'format', 'identity', 'steps')) return false;
  const { format: of, identity, steps, test } = value as Search;
  return (
    of === format &&
    has(identity) &&
    Array.isArray(steps) &&
    steps.every((step: unknown) => has(step, 'rung', 'trial', 'value')) &&
    (test === undefined || has(test, 'trial', 'metrics'))
  );
};

const parsed = (bytes: Buffer): E.Either<string, Search> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(bytes.toString('utf8')),
      () => 'it is not JSON',
    ),
    E.filterOrElse(isSearch, () => `it is no ${format}`),
  );

/** The search that a folder holds, or its beginning; what failed is tried again. Left: a file that is none, or another search's. */
export const begun = (out: string, identity: SearchIdentity): TaskEither<string, Search> => {
  const path = searchFile(out);
  if (!existsSync(path)) return TE.right({ format, identity, steps: [] });
  return pipe(
    readBytes(path),
    TE.chainEitherK(parsed),
    TE.mapLeft((why) => `The search in ${path} cannot be used: ${why}. Choose another --out, or delete the folder.`),
    TE.filterOrElse(
      (found) => JSON.stringify(found.identity) === JSON.stringify(identity),
      (found) => {
        // JSON leaves out what is undefined, so both are read from it.
        const wanted = JSON.parse(JSON.stringify(identity)) as SearchIdentity;
        const differing = (Object.keys(wanted) as (keyof SearchIdentity)[]).filter(
          (name) => JSON.stringify(found.identity[name]) !== JSON.stringify(wanted[name]),
        );
        return `${path} is of another search (another ${differing.join(', ')}): choose another --out, or delete the folder.`;
      },
    ),
    TE.map((found) => ({ ...found, steps: found.steps.filter(({ value }) => value !== null) })),
  );
};
