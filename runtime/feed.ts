/** A data set as a model reads it: the batches that a manifest's `train` and `rank` entries ask for, under one split. */
import * as E from 'fp-ts/lib/Either.js';
import { evaluationBatches, type Held, ruleText, seenMax, type Split, trainingBatches } from './data/index.js';
import { withColumns } from './entries.js';
import type { RankBatch, Feed, Inputs } from './job.js';
import type { Settings } from './contract/settings.js';
import { tellsOf } from './contract/batch.js';
import type { Manifest } from './contract/session.js';

/** A model that reads an answer at each position learns from all of them at once; one that reads only a row's needs windows ending anywhere. */
const horizonOf = (manifest: Manifest): 'all' | 'last' => {
  const told = new Set(manifest.entries['train']?.inputs.map(({ name }) => tellsOf(name)));
  return told.has('answerOfRow') && !told.has('answer') ? 'last' : 'all';
};

/** What is said of a part that asks nothing; undefined where all is well. */
const unasked = ({ dataset, rule, held }: Split): string | undefined => {
  const empty = (['validation', 'test'] as const).find((which: Held) => held[which].users.length === 0);
  if (rule.kind === 'all' || empty === undefined) return undefined;
  return rule.kind === 'hstu' || (rule.kind === 'last' && rule.count === 1)
    ? `${dataset.name} holds nothing to evaluate on: a user needs at least three interactions.`
    : `${dataset.name} holds nothing for ${empty} where ${ruleText(rule, dataset)}: nobody has a history and something held out after it. Choose another --split.`;
};

/** Left: data too small to train on or to evaluate with, or without a column that the model reads. */
export const feedOf = (
  manifest: Manifest,
  parts: Split,
  { batch, seed }: Pick<Settings, 'batch' | 'seed'>,
): E.Either<string, Feed> => {
  const data = parts.dataset;
  const complete = withColumns(manifest, data);
  if (E.isLeft(complete)) return complete;
  const seen = Math.max(1, seenMax(parts));
  const { length } = manifest;
  const epochOf = (epoch: number) =>
    trainingBatches(parts, { batch, length, seed, epoch, horizon: horizonOf(manifest) });
  const batches = epochOf(0).count;
  if (batches === 0)
    return E.left(
      `${data.name} holds nothing to train on: no user has two items left once those for validation and test are set aside.`,
    );
  const why = unasked(parts);
  if (why !== undefined) return E.left(why);

  const training = function* (epoch: number, from: number): Generator<Inputs> {
    for (const { rows: _, ...inputs } of epochOf(epoch).batchesFrom(from)) yield inputs;
  };
  const evaluation: Feed['evaluation'] = (part) => {
    const found = evaluationBatches(parts, part, { batch, length, seenMax: seen });
    const all = function* (): Generator<RankBatch> {
      for (const { rows, users: _, questions, ...inputs } of found) yield { inputs, rows, questions };
    };
    return { batches: found.count, all: all() };
  };
  return E.right({ batches, training, evaluation, split: parts, seen });
};
