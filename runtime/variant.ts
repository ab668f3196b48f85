/**
 * A checkpoint under other hyperparameters than those it was trained with: steps of inference, say. It stays tied to the model that trained
 * it; what is asked for is compiled from the same file, and may have no parameter that was not trained.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Checkpoint } from './checkpoint.js';
import { openTrainer, targetFor } from './compare/compiler.js';
import { pcrecCompile } from './compiler.js';
import type { CompiledModel } from './contract/compiled.js';
import type { Manifest } from './contract/session.js';
import { sizesOf } from './features.js';
import { shapeOf } from './init.js';
import type { EvaluateOptions } from './options.js';
import { modelFile } from './search/source.js';

type Asked = Pick<EvaluateOptions, 'device' | 'model' | 'signal'> & {
  /** `name=value`. */
  readonly set: readonly string[];
  /** Where variants are compiled into. */
  readonly folder: string;
};

const nameOf = (setting: string): string => setting.split('=', 1)[0]!.trim();

/** Compiles the file with the hyperparameters of the manifest, but for what is set, and gives the folder. Left: the compiler's words. */
const compiledInto = async (
  { hyper, hash }: Manifest,
  file: string,
  { device, signal, set, folder }: Asked,
): Promise<E.Either<string, string>> => {
  const told = new Set(set.map(nameOf));
  const settings = [
    ...Object.entries(hyper).flatMap(([name, value]) => (told.has(name) ? [] : [`${name}=${value}`])),
    ...set,
  ];
  const target = targetFor(device);
  // A module that was imported once stays what it was then, so what is other lies elsewhere.
  const name = [set.length === 0 ? 'as-trained' : set.join('+').replace(/[^\w=.+-]/g, '_'), target, hash.slice(2, 10)];
  const into = join(folder, name.join('.'));
  const ended = await pcrecCompile(
    [file, '--out', into, '--target', target, ...settings.flatMap((one) => ['--set', one])],
    signal ?? new AbortController().signal,
  );
  if (E.isLeft(ended)) return ended;
  if (ended.right === undefined) return E.left('Interrupted.');
  return ended.right.code === 0 ? E.right(into) : E.left(`--set ${set.join(' --set ')}: ${ended.right.err}`);
};

/** The trainer of the file with what is set. */
const compiledWith = async (
  manifest: Manifest,
  file: string,
  asked: Asked,
): Promise<E.Either<string, CompiledModel>> => {
  const into = await compiledInto(manifest, file, asked);
  if (E.isLeft(into)) return into;
  const opened = await openTrainer(into.right);
  return E.isLeft(opened) ? E.left(`The trainer in ${opened.left}`) : E.right(opened.right.compiled);
};

/** What a variant would have to have learned and the checkpoint has not, or has of another shape; undefined where there is nothing. */
const unlearned = (
  { states }: Pick<Manifest, 'states'>,
  trained: Pick<Manifest, 'states'>,
  { items, features }: Pick<Checkpoint, 'items' | 'features'>,
): string | undefined => {
  const sizes = { items: items.length, ...sizesOf(features) };
  const shape = (of: Manifest['states'][number]): string =>
    pipe(
      shapeOf(of, sizes),
      E.fold(
        () => of.shape.join(', '),
        (found) => found.join(', '),
      ),
    );
  for (const state of states) {
    if (state.role !== 'parameter') continue;
    const there = trained.states.find(({ name }) => name === state.name);
    if (there === undefined) return `\`${state.name}\` was not trained`;
    if (shape(there) !== shape(state)) return `\`${state.name}\` would be [${shape(state)}], and is [${shape(there)}]`;
  }
  return undefined;
};

/** Files that were found to be what trainers were compiled from, as they were then: a study sets one thing after another. */
const unchanged = new Set<string>();

/** Whether the file gives what was trained. Left: as for compiling it. */
const isOrigin = async (manifest: Manifest, file: string, asked: Asked): Promise<E.Either<string, boolean>> => {
  const at = `${manifest.hash} ${file} ${statSync(file).mtimeMs}`;
  if (unchanged.has(at)) return E.right(true);
  const same = E.map(
    (into: string) =>
      (JSON.parse(readFileSync(join(into, 'manifest.json'), 'utf8')) as Manifest).hash === manifest.hash,
  )(await compiledInto(manifest, file, { ...asked, set: [] }));
  if (E.isRight(same) && same.right) unchanged.add(at);
  return same;
};

/**
 * The model of a checkpoint compiled with other hyperparameters. Left: no such hyperparameter or value, one that changes what is trained, or
 * a model's file that is not what this trainer was compiled from.
 */
export const variantOf = (
  compiled: CompiledModel,
  kept: Pick<Checkpoint, 'items' | 'features'>,
  asked: Asked,
): TaskEither<string, CompiledModel> => {
  const { manifest, url } = compiled;
  const words = `--set ${asked.set.join(' --set ')}`;
  return pipe(
    TE.fromEither(modelFile({ manifest, ...(url === undefined ? {} : { url }) }, asked.model)),
    TE.bindTo('file'),
    // What the file says now is what was trained only if it gives what was trained.
    TE.bind(
      'same',
      ({ file }) =>
        () =>
          isOrigin(manifest, file, asked),
    ),
    TE.filterOrElse(
      ({ same }) => same,
      ({ file }) =>
        `${words} compiles ${file} anew, and that is no more what this trainer was compiled from: compile it again and train, or evaluate without --set.`,
    ),
    TE.chain(
      ({ file }) =>
        () =>
          compiledWith(manifest, file, asked),
    ),
    TE.chainEitherK((variant) => {
      const why = unlearned(variant.manifest, manifest, kept);
      return why === undefined
        ? E.right(variant)
        : E.left(`${words} changes what is trained, and cannot be set for a checkpoint: ${why}.`);
    }),
  );
};
