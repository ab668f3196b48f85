/** A data set as a model reads it: the batches that a manifest's `train` and `rank` entries ask for, under one protocol. */
import * as E from 'fp-ts/lib/Either.js';
import { type Batch, type Dataset, evaluationBatches, seenMax, split, trainingBatches } from './data/index.js';
import { withTimes } from './entries.js';
import type { RankBatch, Feed, Inputs } from './job.js';
import { popularity } from './metrics.js';
import type { Settings } from './contract/settings.js';
import type { Data, Manifest } from './contract/session.js';

/** The arrays of a batch, without its counts and codes. */
const inputsOf = (batch: Batch): Inputs =>
  Object.fromEntries(Object.entries(batch).filter((entry): entry is [string, Data] => entry[0] !== 'users' && typeof entry[1] === 'object'));

/** A model that reads `targets` learns from all positions at once; one that reads only `target` needs windows ending anywhere. */
const horizonOf = (manifest: Manifest): 'all' | 'last' => {
  const names = new Set(manifest.entries['train']?.inputs.map(({ name }) => name));
  return names.has('target') && !names.has('targets') ? 'last' : 'all';
};

/** Left: data too small to train on or to evaluate with, or without times for a model that reads them. */
export const feedOf = (manifest: Manifest, data: Dataset, { batch, seed, protocol }: Pick<Settings, 'batch' | 'seed' | 'protocol'>): E.Either<string, Feed> => {
  const clocked = withTimes(manifest, data);
  if (E.isLeft(clocked)) return clocked;
  const parts = split(data, protocol);
  const seen = Math.max(1, seenMax(parts));
  const { length } = manifest;
  const epochOf = (epoch: number) => trainingBatches(parts, { batch, length, seed, epoch, horizon: horizonOf(manifest) });
  const batches = epochOf(0).count;
  if (batches === 0) return E.left(`${data.name} holds nothing to train on: no user has two items left once those for validation and test are set aside.`);
  if (parts.evaluated.length === 0) return E.left(`${data.name} holds nothing to evaluate on: a user needs at least three interactions.`);

  const training = function* (epoch: number, from: number): Generator<Inputs> {
    for (const rows of epochOf(epoch).batchesFrom(from)) yield inputsOf(rows);
  };
  const evaluation: Feed['evaluation'] = (part) => {
    const found = evaluationBatches(parts, part, { batch, length, seenMax: seen });
    const all = function* (): Generator<RankBatch> {
      for (const rows of found) yield { inputs: inputsOf(rows), rows: rows.rows };
    };
    return { batches: found.count, all: all() };
  };
  return E.right({ batches, training, evaluation, popularity: (part) => popularity(parts, part), seen });
};
