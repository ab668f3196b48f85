/**
 * Data and their split as files for a program that trains elsewhere (`--target jax`): arrays in NumPy's own format, which is mapped into
 * memory without a conversion, and an index in JSON that says all that a trainer and its checkpoints want to know. Same data, same bytes.
 */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { allInputs, type EventLabel } from '../contract/batch.js';
import { labelText } from '../contract/features.js';
import type { Manifest } from '../contract/session.js';
import { newSettings, type Protocol } from '../contract/settings.js';
import { plural } from '../contract/words.js';
import type { OwnInputs } from '../data/batches.js';
import { columnsRead } from '../entries.js';
import { type Split, splitText, statistics } from '../data/index.js';
import type { Lexicon } from '../features.js';
import { feedOf, horizonOf, ownInputs } from '../feed.js';
import { makeFolder, reason, sparing, writeAtomically } from '../files.js';
import { npyHead } from '../export/npy.js';
import { shapeOf } from '../init.js';
import type { Feed } from '../job.js';
import { heldLabels } from '../labels.js';
import { chain, popular } from '../measures/baselines.js';
import { metrics } from '../metrics.js';
import { checked } from '../checked.js';
import type { DataOptions } from '../options.js';
import { type Parts, partsOf } from '../parts.js';
import { dataOf, sourcesOf, titlesOf } from '../source.js';
import { labelBaseline } from '../telling.js';
import { arraysOf, type Range, sharedArrays, shardsOf, type Source, type Stored, typeOf } from './arrays.js';

/** What `pack` takes. */
export type PackOptions = DataOptions & {
  /** The folder of the shards. */
  readonly out: string;
  readonly protocol?: Protocol;
  readonly split?: string;
  readonly trainOn?: 'all';
  /** Events of a shard at most; 16,777,216 unless given. */
  readonly shardEvents?: number;
};

/** What was written. */
export interface Packed {
  readonly out: string;
  readonly shards: number;
  readonly users: number;
  readonly events: number;
  readonly bytes: number;
}

const format = 'pcrec-shards-1';
const indexName = 'index.json';
/** 64 MiB of item codes. */
const usualEvents = 2 ** 24;

/** A file as the index lists it. */
interface Listed {
  readonly name: string;
  readonly file: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Stored['values']): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Writes an array. Names of columns are anybody's, so files are numbered. */
const put = (out: string, folder: string, { name, shape, values }: Stored, at: number): TaskEither<string, Listed> => {
  const file = `${folder}/${String(at).padStart(2, '0')}-${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.npy`;
  const parts = [npyHead(typeOf(values), shape), bytesOf(values)];
  return pipe(
    writeAtomically(join(out, file), parts),
    TE.map(() => ({
      name,
      file,
      type: typeOf(values),
      shape,
      bytes: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
      sha256: parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex'),
    })),
  );
};

const putAll = (out: string, folder: string, arrays: readonly Stored[]): TaskEither<string, readonly Listed[]> =>
  pipe(
    arrays.map((array, at) => [array, at] as const),
    TE.traverseSeqArray(([array, at]) => put(out, folder, array, at)),
  );

/** Every input that an entry may be given, by its name: what it is and how it is filled; of a label, the words that its array is called by. */
const inputsOf = ({ rows = [] }: Manifest) =>
  Object.fromEntries(
    [...allInputs(), ...rows].map((row) => [
      row.name,
      row.fill.from === 'label' ? { ...row, label: labelText(row.fill.label) } : row,
    ]),
  );

/** Left: a folder with files that `pack` did not write. An earlier packing is unfinished from here on. */
const emptied = (out: string): TaskEither<string, void> =>
  pipe(
    TE.tryCatch(
      async () => {
        await makeFolder(out);
        const found = await readdir(out);
        const ours = found.every((name) => name === indexName || name === 'shared' || /^\d{5}$/.test(name));
        if (!ours) return false;
        await rm(join(out, indexName), { force: true });
        for (const name of found) await rm(join(out, name), { recursive: true, force: true });
        return true;
      },
      (error) => `The folder ${out} could not be made: ${reason(error)}.`,
    ),
    TE.filterOrElse(
      (ours) => ours,
      () => `${out} holds other files than shards: name an empty folder, or a new one.`,
    ),
    TE.map(() => undefined),
  );

/** What a model has to beat on each part: rankings by counts alone, or the items' own means of a label, by which nothing is ranked. */
const baselinesOf = (split: Split, label: EventLabel | undefined) =>
  Object.fromEntries(
    (['validation', 'test'] as const).map((part) => {
      if (label !== undefined)
        return [part, { popularity: metrics([]), markov: metrics([]), label: labelBaseline(split, part, label) }];
      const worth = (ranks: Float32Array) => metrics(ranks, split.held[part].starts);
      return [part, { popularity: worth(popular(split).ranks(part)), markov: worth(chain(split).ranks(part)) }];
    }),
  );

/** What is known of a label of every event that is asked for. */
const labelsOf = (split: Split, label: EventLabel | undefined): Source['labels'] =>
  label && { validation: heldLabels(split, 'validation', label), test: heldLabels(split, 'test', label) };

const sizeOf = ({ bytes }: Listed): number => bytes;
const total = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

interface Made {
  readonly manifest: Manifest;
  readonly parts: Parts;
  readonly feed: Feed;
  readonly own: OwnInputs | undefined;
  readonly lexicon: Lexicon | undefined;
  readonly ranges: readonly Range[];
}

/** Everything but numbers. */
const indexOf = (
  { manifest, parts, feed, lexicon }: Made,
  { protocol = 'standard', trainOn }: PackOptions,
  defaults: object,
  shared: readonly Listed[],
  shards: readonly object[],
) => {
  const { split, identity } = parts;
  const { dataset, held } = split;
  return {
    format,
    manifest,
    data: identity,
    statistics: statistics(dataset),
    // Without whether a packed copy was read: the same data are the same bytes.
    reading: [...(dataset.reading?.says ?? []), ...parts.says],
    protocol,
    ...(trainOn === undefined ? {} : { trainOn }),
    defaults,
    sizes: { items: dataset.items.length, seen: feed.seen, ...feed.features.sizes },
    horizon: horizonOf(manifest),
    inputs: inputsOf(manifest),
    ...(manifest.label === undefined ? {} : { label: labelText(manifest.label) }),
    questions: { validation: held.validation.users.length, test: held.test.users.length },
    splitText: identity.split === undefined ? null : splitText(split, identity.split.given, identity.hash),
    baselines: trainOn === undefined ? baselinesOf(split, manifest.label) : null,
    ...(lexicon === undefined ? {} : { features: lexicon }),
    items: dataset.items,
    titles: titlesOf(dataset),
    shared,
    shards,
  };
};

/** Writes the shards, then the index that vouches for them. */
const written = (made: Made, options: PackOptions, defaults: object): TaskEither<string, Packed> => {
  const { manifest, parts, feed, own, ranges } = made;
  const { split } = parts;
  const { out } = options;
  const times = columnsRead(manifest).includes('times');
  const source = { split, own, times, labels: labelsOf(split, manifest.label) };
  const shape = (name: string): readonly number[] =>
    pipe(
      shapeOf(
        manifest.states.find((state) => state.name === name)!,
        {
          items: split.dataset.items.length,
          ...feed.features.sizes,
        },
      ),
      E.getOrElse((): readonly number[] => []),
    );
  return pipe(
    TE.Do,
    TE.chainFirst(() => emptied(out)),
    TE.bind('shared', () => putAll(out, 'shared', sharedArrays(split, own, feed.features.given(), shape))),
    TE.bind('shards', () =>
      pipe(
        ranges.map((range, at) => [range, at] as const),
        TE.traverseSeqArray(([range, at]) =>
          pipe(
            putAll(out, String(at).padStart(5, '0'), arraysOf(source, range)),
            TE.map((files) => ({ users: range.end - range.first, files })),
          ),
        ),
      ),
    ),
    TE.let('text', ({ shared, shards }) =>
      Buffer.from(`${JSON.stringify(indexOf(made, options, defaults, shared, shards), null, 1)}\n`),
    ),
    TE.chainFirst(({ text }) => writeAtomically(join(out, indexName), [text])),
    TE.map(({ shared, shards, text }) => ({
      out,
      shards: shards.length,
      users: split.dataset.users.length,
      events: split.dataset.sequence.length,
      bytes: text.byteLength + total([...shared, ...shards.flatMap(({ files }) => files)].map(sizeOf)),
    })),
  );
};

/** Packs data for a model. Left: as for `train`; a folder that holds other things. */
export const pack =
  ({ manifest }: Pick<CompiledModel, 'manifest'>) =>
  (options: PackOptions): TaskEither<string, Packed> =>
    pipe(
      TE.Do,
      TE.chainFirstEitherK(() => checked(options)),
      TE.bind('settings', () => TE.fromEither(newSettings(manifest, options))),
      TE.bind('loaded', () => dataOf(manifest, options, undefined)),
      TE.chainFirstEitherK(({ loaded: { identity } }) => sparing(...sourcesOf(identity))(options.out)),
      TE.bind('parts', ({ settings, loaded: { data, identity } }) => partsOf(data, identity, settings, options.split)),
      TE.bind('feed', ({ settings, parts }) => TE.fromEither(feedOf(manifest, parts.split, settings))),
      TE.let('lexicon', ({ feed }) => feed.features.lexicon),
      TE.bind('own', ({ lexicon, parts }) => TE.fromEither(ownInputs(manifest, lexicon, parts.split.dataset))),
      TE.let('ranges', ({ parts }) => shardsOf(parts.split, options.shardEvents ?? usualEvents)),
      TE.chain(({ settings: { seed, batch, epochs, patience }, parts, feed, own, lexicon, ranges }) =>
        written({ manifest, parts, feed, own, lexicon, ranges }, options, { seed, batch, epochs, patience }),
      ),
    );

/** What is said of it. */
export const packedText = ({ out, shards, users, events, bytes }: Packed): string =>
  `Packed ${plural(events, 'event')} of ${plural(users, 'user')} into ${plural(shards, 'shard')} in ${out}: ${(bytes / 1e6).toFixed(1)} MB. Train with: python train.py --shards ${out} --out RUN`;
