/**
 * Checkpoints: everything that a run needs to go on bit for bit, and that a recommendation needs without the data file.
 * Nothing in them depends on the clock, so that an interrupted run and an uninterrupted one end in the same bytes.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { isLexicon, type Lexicon, sizesOf } from './features.js';
import { readBytes, writeAtomically } from './files.js';
import { shapeOf, type States } from './init.js';
import { decode, encode, type Safetensors, type Tensor } from './safetensors.js';
import { type Manifest, manifestHash } from './contract/session.js';
import { missing } from './contract/words.js';
import type { Settings } from './contract/settings.js';
import type { Identity, Progress } from './progress.js';

export interface Checkpoint {
  /** The model's name and the hash of its manifest. */
  readonly model: string;
  readonly manifest: string;
  readonly data: Identity;
  readonly settings: Settings;
  readonly progress: Progress;
  /** Item ids in the order of their indices, and their titles when they are known. */
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
  /** What training found of features; absent where the model reads none. */
  readonly features?: Lexicon | undefined;
  /** Parameters and optimizer slots, by name. */
  readonly states: States;
}

const format = 'pcrec-checkpoint-1';

/** The parts kept as JSON in the metadata. */
const parts = ['data', 'settings', 'progress', 'items', 'titles'] as const;
/** And one that only checkpoints of models have that read features. */
const optional = ['features'] as const;

/** The sizes of the catalogue that a checkpoint's states have. */
const tensorsOf = (
  manifest: Manifest,
  { states, items, features }: Checkpoint,
): E.Either<string, Readonly<Record<string, Tensor>>> =>
  pipe(
    manifest.states,
    E.traverseArray((info) =>
      pipe(
        shapeOf(info, { items: items.length, ...sizesOf(features) }),
        E.map((shape) => [info.name, { shape, data: states[info.name] ?? new Float32Array() }] as const),
      ),
    ),
    E.map((entries) => Object.fromEntries(entries)),
  );

/** The first state that is not finite, as a sentence. */
export const unfit = (states: States): string | undefined => {
  const bad = Object.entries(states).find(([, data]) => !data.every(Number.isFinite));
  return bad && `\`${bad[0]}\` holds a value that is not finite.`;
};

/** Writes a checkpoint atomically. Left: a non-finite state (the file on disk stays the last good one), or the disk's refusal. */
export const save = (path: string, manifest: Manifest, checkpoint: Checkpoint): TaskEither<string, void> =>
  pipe(
    TE.fromEither(
      pipe(
        checkpoint.states,
        E.fromPredicate(
          (states) => unfit(states) === undefined,
          (states) => `${path} was not overwritten: ${unfit(states)}`,
        ),
        E.chain(() => tensorsOf(manifest, checkpoint)),
      ),
    ),
    TE.chain((tensors) =>
      writeAtomically(
        path,
        encode({
          metadata: {
            format,
            model: checkpoint.model,
            manifest: checkpoint.manifest,
            ...Object.fromEntries(
              [...parts, ...optional.filter((part) => checkpoint[part] !== undefined)].map((part) => [
                part,
                JSON.stringify(checkpoint[part]),
              ]),
            ),
          },
          tensors,
        }),
      ),
    ),
  );

const isList = (x: unknown): x is readonly string[] => Array.isArray(x) && x.every((id) => typeof id === 'string');
const isTable = (x: unknown): boolean => typeof x === 'object' && x !== null && !Array.isArray(x);

/** What each part must be at least; the checksum vouches that a file of our format was written whole by `save`. */
type Part = (typeof parts)[number] | (typeof optional)[number];
const kinds: Readonly<Record<Part, (x: unknown) => boolean>> = {
  data: isTable,
  settings: isTable,
  progress: isTable,
  items: isList,
  titles: (x) => x === null || isList(x),
  features: isLexicon,
};

const json =
  (metadata: Safetensors['metadata']) =>
  (part: Part): E.Either<string, readonly [string, unknown]> =>
    pipe(
      metadata[part],
      E.fromNullable(`its metadata lack \`${part}\``),
      E.chain((text) =>
        E.tryCatch(
          () => [part, JSON.parse(text) as unknown] as const,
          () => `its metadata \`${part}\` are not JSON`,
        ),
      ),
      E.filterOrElse(
        ([, value]) => kinds[part](value),
        () => `its metadata \`${part}\` are of the wrong kind`,
      ),
    );

const fromTensors = ({ metadata, tensors }: Safetensors): E.Either<string, Checkpoint> =>
  metadata['format'] === format
    ? pipe(
        [...parts, ...optional.filter((part) => metadata[part] !== undefined)],
        E.traverseArray(json(metadata)),
        E.map((entries) => ({
          model: metadata['model'] ?? '',
          manifest: metadata['manifest'] ?? '',
          ...(Object.fromEntries(entries) as Pick<Checkpoint, Part>),
          states: Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])),
        })),
      )
    : E.left(`its format is ${JSON.stringify(metadata['format'] ?? 'unknown')} and not ${format}`);

/** Refuses a checkpoint of another model, of another version of it, or with other states than the manifest lists. */
const fitting =
  (manifest: Manifest, tensors: Safetensors['tensors']) =>
  (checkpoint: Checkpoint): E.Either<string, Checkpoint> => {
    if (checkpoint.model !== manifest.model)
      return E.left(`it belongs to the model \`${checkpoint.model}\` and not to \`${manifest.model}\``);
    if (manifestHash.kind(checkpoint.manifest) !== manifestHash.kind(manifest.hash))
      return E.left(
        `it was written with another version of pcrec, whose hashes of models cover other things, so nobody can tell whether it is of this \`${manifest.model}\`; go on with the version that wrote it, or train anew`,
      );
    if (checkpoint.manifest !== manifest.hash)
      return E.left(
        `it was trained by another version of \`${manifest.model}\` (${checkpoint.manifest.slice(0, 12)}, this one is ${manifest.hash.slice(0, 12)}); compile that version again, or train anew`,
      );
    return pipe(
      manifest.states,
      E.traverseArray((info) =>
        pipe(
          shapeOf(info, { items: checkpoint.items.length, ...sizesOf(checkpoint.features) }),
          E.filterOrElse(
            (shape) => JSON.stringify(tensors[info.name]?.shape) === JSON.stringify(shape),
            (shape) =>
              `\`${info.name}\` should have the shape [${shape.join(', ')}] and ${tensors[info.name] ? `has [${tensors[info.name]?.shape.join(', ')}]` : 'is missing'}`,
          ),
        ),
      ),
      E.map(() => checkpoint),
    );
  };

/** A checkpoint from a file's bytes. Left: the reason for refusing it, as the end of a sentence. Never throws. */
export const parse = (manifest: Manifest, bytes: Buffer): E.Either<string, Checkpoint> =>
  pipe(
    decode(bytes),
    E.chain((file) => pipe(fromTensors(file), E.chain(fitting(manifest, file.tensors)))),
  );

/** A checkpoint of any model, and the shapes of its states. */
export interface Foreign {
  readonly kept: Checkpoint;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}
/** Reads a checkpoint, whosever it is. Left: the reason for refusing it, as the end of a sentence. */
export const readForeign = (path: string): TaskEither<string, Foreign> =>
  pipe(
    readBytes(path),
    TE.chainEitherK(decode),
    TE.chainEitherK((file) =>
      pipe(
        fromTensors(file),
        E.map((kept) => ({
          kept,
          shapes: Object.fromEntries(Object.entries(file.tensors).map(([name, { shape }]) => [name, shape])),
        })),
      ),
    ),
  );

/** Reads a checkpoint of this model. Left: one sentence with the path and the reason. */
export const restore = (path: string, manifest: Manifest): TaskEither<string, Checkpoint> =>
  pipe(
    readBytes(path),
    TE.chainEitherK((bytes) => parse(manifest, bytes)),
    TE.mapLeft(
      (why) =>
        `The checkpoint ${path} cannot be used: ${why}${why === missing ? '; train first, or name another with --out or --checkpoint' : ''}.`,
    ),
  );
