/** Parameters of one run in the place of another's first ones: of a smaller catalogue, or of a model that has fewer. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { readForeign, save } from '../../runtime/checkpoint.js';
import { labelOf } from '../../runtime/compare/models.js';
import { fileName } from '../../runtime/compare/store.js';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import type { Dataset } from '../../runtime/data/index.js';
import { grown } from '../../runtime/grow.js';
import { initialStates } from '../../runtime/init.js';
import { fileOf as checkpointOf } from '../../runtime/train.js';
import { slug } from './result.js';

export const orThrow = <A>(found: E.Either<string, A>): A => {
  if (E.isLeft(found)) throw new Error(found.left);
  return found.right;
};

/** Where a cell's models and checkpoints are. */
export const folderOf = (work: string, study: string, cell: string): string => join(work, study, slug(cell));

/** The best checkpoints that runs of a cell with this seed have left, the newest first; none where the run is not finished. */
export const checkpointsOf = (folder: string, model: string, seed: number): readonly string[] => {
  const runs = join(folder, 'runs');
  const finished = existsSync(join(folder, fileName(labelOf(model), seed)));
  return (finished && existsSync(runs) ? readdirSync(runs) : [])
    .filter((name) => name.startsWith(`${labelOf(model)}.${seed}.`))
    .map((name) => checkpointOf(join(runs, name), 'best'))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
};

/** Where to begin. */
export interface Carrying {
  readonly from: string;
  readonly compiled: CompiledModel;
  readonly data: Dataset;
  readonly source: string;
  readonly seed: number;
  readonly into: string;
}

/**
 * Writes a checkpoint of `compiled`: what the checkpoint `from` learned, by name and by item, and first values of the seed elsewhere. For
 * models that read no features. Throws a sentence.
 */
export const carry = async ({ from, compiled, data, source, seed, into }: Carrying): Promise<string> => {
  const { manifest } = compiled;
  const { kept } = orThrow(await readForeign(from)());
  const fresh = orThrow(initialStates(seed, { items: data.items.length }, manifest.states));
  const states = orThrow(grown(manifest, kept, { items: data.items }, fresh));
  const { features: _, ...rest } = kept;
  mkdirSync(dirname(into), { recursive: true });
  const identity = { hash: data.hash, source, format: null, titles: null };
  const { model, hash } = manifest;
  orThrow(
    await save(into, manifest, {
      ...rest,
      model,
      manifest: hash,
      data: identity,
      items: data.items,
      titles: null,
      states,
    })(),
  );
  return into;
};
