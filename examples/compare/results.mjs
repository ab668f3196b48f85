// @ts-check
/** Results on disk: one JSON file a run, written when the run is finished and never half. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { measureNames, writeAtomically } from 'pcrec/runtime';

/**
 * @import { Either } from 'fp-ts/lib/Either.js'
 * @import { TaskEither } from 'fp-ts/lib/TaskEither.js'
 * @import { Comparison, Identity, Measured, Result } from './types.ts'
 */

export const format = 'pcrec-comparison-1';

/** @type {(model: string, seed: number) => string} */
export const fileName = (model, seed) => `${model}.${seed}.json`;

/** Where a run keeps its checkpoints. Another identity has another folder, so what lies there always belongs to the run. @type {(out: string, identity: Identity) => string} */
export const runFolder = (out, identity) =>
  join(out, 'runs', `${identity.model}.${identity.settings.seed}.${createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12)}`);

/** One line a part: readable, and short where ranks are many. @type {(value: object) => string} */
const text = (value) => `{\n${Object.entries(value).map(([name, part]) => `  ${JSON.stringify(name)}: ${JSON.stringify(part)}`).join(',\n')}\n}\n`;

/** @type {(path: string, value: Result | Comparison) => TaskEither<string, void>} */
export const write = (path, value) => writeAtomically(path, [Buffer.from(text(value))]);

/** @param {unknown} x @returns {x is Readonly<Record<string, unknown>>} */
const isTable = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
/** @type {(x: unknown) => boolean} */
const isNumber = (x) => typeof x === 'number' && Number.isFinite(x);
/** @type {(x: unknown) => boolean} */
const isText = (x) => typeof x === 'string';
/** @type {(x: unknown) => boolean} */
const isRank = (x) => Number.isInteger(x) && Number(x) >= 1;
/** @type {(x: unknown) => boolean} */
const isMetrics = (x) => isTable(x) && measureNames.every((name) => isNumber(x[name]));

/** What must stand at each path of a result. @type {Readonly<Record<string, (x: unknown) => boolean>>} */
const form = {
  'identity.model': isText,
  'identity.manifest': isText,
  'identity.data': isText,
  'identity.settings': isTable,
  'identity.settings.seed': isNumber,
  'outcome.data': isTable,
  'outcome.hyper': isTable,
  'outcome.parameters': isNumber,
  'outcome.epochs': isNumber,
  'outcome.best': isNumber,
  'outcome.test': isMetrics,
  'outcome.popularity': isMetrics,
  'outcome.ranks': (x) => Array.isArray(x) && x.length > 0 && x.every(isRank),
  'measured.backend': isText,
  'measured.seconds': (x) => Array.isArray(x) && x.every(isNumber),
};

/** @type {(value: unknown, path: string) => unknown} */
const at = (value, path) => path.split('.').reduce((x, name) => (isTable(x) ? x[name] : undefined), value);

/** A result from a file's text. Left: the end of the sentence "FILE cannot be used: ...". @type {(content: string) => Either<string, Result>} */
export const parse = (content) =>
  pipe(
    E.tryCatch(() => /** @type {unknown} */ (JSON.parse(content)), (error) => `it is not JSON (${error instanceof Error ? error.message : String(error)})`),
    E.filterOrElse((value) => at(value, 'format') === format, (value) => `its format is ${JSON.stringify(at(value, 'format') ?? 'unknown')} and not ${format}`),
    E.chain((value) => {
      const bad = Object.entries(form).find(([path, holds]) => !holds(at(value, path)));
      return bad === undefined ? E.right(/** @type {Result} */ (value)) : E.left(`\`${bad[0]}\` is ${at(value, bad[0]) === undefined ? 'missing' : 'not what it should be'}`);
    }),
  );

/** The result of one run; undefined where there is none yet. @type {(out: string, model: string, seed: number) => Promise<Either<string, Result | undefined>>} */
export const read = async (out, model, seed) => {
  const path = join(out, fileName(model, seed));
  if (!existsSync(path)) return E.right(undefined);
  return pipe(
    await readFile(path, 'utf8').then(E.right, (error) => E.left(error instanceof Error ? error.message : String(error))),
    E.chain(parse),
    E.filterOrElse(({ identity }) => identity.model === model && identity.settings.seed === seed, ({ identity }) => `it holds the run of ${identity.model} with seed ${identity.settings.seed}`),
    E.mapLeft((why) => `The result ${path} cannot be used: ${why}. Delete it, or move it away, and the comparison does that run again.`),
  );
};

/** The runs that have a file, by model and seed. @type {(out: string) => Promise<readonly { readonly model: string, readonly seed: number }[]>} */
export const found = async (out) => {
  const names = await readdir(out).catch(() => /** @type {string[]} */ ([]));
  return names
    .flatMap((name) => [...name.matchAll(/^(.+)\.(\d+)\.json$/g)].map(([, model = '', seed]) => ({ model, seed: Number(seed) })))
    .sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.seed - b.seed));
};

/** In what two identities differ, in words; empty if they do not. @type {(kept: Identity, wanted: Identity) => readonly string[]} */
export const differences = (kept, wanted) => {
  const names = /** @type {const} */ (['batch', 'epochs', 'patience', 'protocol']);
  return [
    ...(kept.data === wanted.data ? [] : ['other data']),
    ...(kept.manifest === wanted.manifest ? [] : ['another model file, compiler or hyperparameter']),
    ...names.filter((name) => kept.settings[name] !== wanted.settings[name]).map((name) => `${name} ${kept.settings[name]}, not ${wanted.settings[name]}`),
  ];
};

/** Moves a result of another comparison out of the way, to `previous`. @type {(out: string, model: string, seed: number) => Promise<void>} */
export const setAside = async (out, model, seed) => {
  await mkdir(join(out, 'previous'), { recursive: true });
  await rename(join(out, fileName(model, seed)), join(out, 'previous', fileName(model, seed)));
};

/** Seconds of each epoch, from the log that a run keeps beside its checkpoints: an interrupted one knows all its epochs. @type {(folder: string) => Promise<Measured['seconds']>} */
export const epochSeconds = async (folder) => {
  const log = await readFile(join(folder, 'metrics.jsonl'), 'utf8').catch(() => '');
  return log.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'epoch').map(({ seconds }) => Number(seconds));
};
