/** The data that options name, or that a checkpoint remembers. */
import { resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Manifest } from './contract/session.js';
import { type Dataset, load, samplePath, titleOf } from './data/index.js';
import type { Listener } from './events.js';
import { catalogued } from './features.js';
import type { DataOptions } from './options.js';
import type { Identity } from './progress.js';
import { loadOptionsOf } from './taken.js';

/** Whether the options name the file that a checkpoint remembers, or none. */
const sameSource = ({ data }: DataOptions, kept: Identity): boolean =>
  data === undefined || resolve(data) === resolve(kept.source);

/** Loads what the options name, or else what a checkpoint remembers, with the catalogue as the model has it. The same file is read as it was, where nothing else is said. */
export const dataOf = (
  manifest: Manifest,
  options: DataOptions,
  kept: Identity | undefined,
): TaskEither<string, { readonly data: Dataset; readonly identity: Identity }> => {
  const remembered = kept !== undefined && sameSource(options, kept) ? kept : undefined;
  const source = options.data ?? remembered?.source ?? samplePath;
  const given = loadOptionsOf(options);
  const { format = remembered?.format ?? null, titles = remembered?.titles ?? null } = given;
  const { format: _, titles: __, ...reading } = { ...remembered?.reading, ...given };
  return pipe(
    () => load(source, { ...reading, format: format ?? undefined, titles: titles ?? undefined, cache: options.cache }),
    TE.map((data) => ({
      data: catalogued(manifest, data),
      identity: {
        hash: data.hash,
        source,
        format,
        titles,
        ...(Object.keys(reading).length === 0 ? {} : { reading }),
      },
    })),
  );
};

/** The files that data were read from. */
export const sourcesOf = ({ source, titles, reading = {} }: Identity): readonly (string | undefined)[] =>
  [source, titles ?? undefined, reading.items, reading.users, reading.vectors].flat();

/** Says what is odd about data. */
export const warnOf =
  (listen: Listener) =>
  ({ data }: { readonly data: Dataset }): void =>
    data.reading?.warns.forEach((message) => listen({ kind: 'warning', message }));

/** Left: other data than a checkpoint was trained on. Item indices would mean other items. */
export const sameData =
  (path: string, kept: Identity) =>
  ({ identity }: { readonly identity: Identity }): E.Either<string, void> =>
    kept.hash === identity.hash
      ? E.right(undefined)
      : E.left(
          `The checkpoint ${path} was trained on other data (${kept.source}, ${kept.hash.slice(0, 12)}) than these (${identity.source}, ${identity.hash.slice(0, 12)}): give the same file, or train anew.`,
        );

/** What to call each item; null where nobody knows. */
export const titlesOf = (data: Dataset): readonly string[] | null =>
  data.titles === undefined ? null : data.items.map((_, item) => titleOf(data, item));
