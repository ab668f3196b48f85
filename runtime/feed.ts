/** A data set as a model reads it: the batches that a manifest's `train` and `rank` entries ask for, under one protocol. */
import * as E from 'fp-ts/lib/Either.js';
import { type Dataset, evaluationBatches, seenMax, split, target, trainingBatches } from './data/index.js';
import { withColumns } from './entries.js';
import { eventValues, givenStates, learnt, type Lexicon, met, rowIn, sizesOf } from './features.js';
import type { RankBatch, Feed, Inputs } from './job.js';
import { popularity } from './metrics.js';
import type { Settings } from './contract/settings.js';
import type { Manifest } from './contract/session.js';

/** A model that reads an answer at each position learns from all of them at once; one that reads only a row's needs windows ending anywhere. */
const horizonOf = (manifest: Manifest): 'all' | 'last' => {
  const told = new Set(manifest.entries['train']?.inputs.map(({ name }) => rowIn(manifest, name)?.tells));
  return told.has('answerOfRow') && !told.has('answer') ? 'last' : 'all';
};

/**
 * `kept` is what an earlier training found of features; without it this one finds it. Left: data too small to train on or to evaluate
 * with, or without a column that the model reads.
 */
export const feedOf = (
  manifest: Manifest,
  data: Dataset,
  { batch, seed, protocol }: Pick<Settings, 'batch' | 'seed' | 'protocol'>,
  kept?: Lexicon,
): E.Either<string, Feed> => {
  const complete = withColumns(manifest, data);
  if (E.isLeft(complete)) return complete;
  const parts = split(data, protocol);
  const found = kept === undefined ? learnt(manifest, parts) : E.right(kept);
  if (E.isLeft(found)) return found;
  const lexicon = found.right;
  const own =
    manifest.rows === undefined ? {} : { own: { rows: manifest.rows, features: eventValues(lexicon, data.events) } };
  const seen = Math.max(1, seenMax(parts));
  const { length } = manifest;
  const epochOf = (epoch: number) =>
    trainingBatches(parts, { batch, length, seed, epoch, horizon: horizonOf(manifest), ...own });
  const batches = epochOf(0).count;
  if (batches === 0)
    return E.left(
      `${data.name} holds nothing to train on: no user has two items left once those for validation and test are set aside.`,
    );
  if (parts.evaluated.length === 0)
    return E.left(`${data.name} holds nothing to evaluate on: a user needs at least three interactions.`);

  const training = function* (epoch: number, from: number): Generator<Inputs> {
    for (const { rows: _, ...inputs } of epochOf(epoch).batchesFrom(from)) yield inputs;
  };
  const evaluation: Feed['evaluation'] = (part) => {
    const found = evaluationBatches(parts, part, { batch, length, seenMax: seen, ...own });
    const all = function* (): Generator<RankBatch> {
      for (const { rows, users: _, ...inputs } of found) yield { inputs, rows };
    };
    return { batches: found.count, all: all() };
  };
  return E.right({
    batches,
    training,
    evaluation,
    popularity: (part) => popularity(parts, part),
    seen,
    features: { lexicon, sizes: sizesOf(lexicon), given: () => givenStates(manifest, lexicon, parts) },
    warm: (part) => {
      const known = met(parts);
      return parts.evaluated.map((user) => known[target(parts, part, user)]!);
    },
  });
};
