/** A data set as a model reads it: the batches that a manifest's `train` and `rank` entries ask for, under one split. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import {
  type Dataset,
  evaluationBatches,
  type Held,
  ruleText,
  seenMax,
  type Split,
  trainingBatches,
} from './data/index.js';
import type { OwnInputs } from './data/batches.js';
import { withColumns } from './entries.js';
import { requestsOf } from './asking.js';
import {
  eventValues,
  givenStates,
  learnt,
  type Lexicon,
  met,
  rowIn,
  sizesOf,
  userValues,
  withUsers,
} from './features.js';
import { labelValues, withLabels } from './labels.js';
import type { RankBatch, Feed, Inputs } from './job.js';
import type { Settings } from './contract/settings.js';
import type { Manifest } from './contract/session.js';

/** A model that reads an answer at each position learns from all of them at once; one that reads only a row's needs windows ending anywhere. */
export const horizonOf = (manifest: Manifest): 'all' | 'last' => {
  const told = new Set(manifest.entries['train']?.inputs.map(({ name }) => rowIn(manifest, name)?.tells));
  return told.has('answerOfRow') && !told.has('answer') ? 'last' : 'all';
};

/** The rows of inputs that a model has of its own, and what data say in them. Left: requests that are not as the model reads them. */
export const ownInputs = (
  manifest: Manifest,
  lexicon: Lexicon | undefined,
  data: Dataset,
  silent?: boolean,
): E.Either<string, OwnInputs | undefined> =>
  pipe(
    requestsOf(manifest, lexicon, data, silent),
    E.map(
      (requests) =>
        manifest.rows && {
          rows: manifest.rows,
          features: eventValues(lexicon, data.events),
          labels: labelValues(manifest, data.events),
          users: userValues(lexicon, data.userFeatures),
          requests,
        },
    ),
  );

/** What is said of a part that asks nothing; undefined where all is well. */
const unasked = ({ dataset, rule, held }: Split): string | undefined => {
  const empty = (['validation', 'test'] as const).find((which: Held) => held[which].users.length === 0);
  if (rule.kind === 'all' || empty === undefined) return undefined;
  return rule.kind === 'hstu' || (rule.kind === 'last' && rule.count === 1)
    ? `${dataset.name} holds nothing to evaluate on: a user needs at least three interactions.`
    : `${dataset.name} holds nothing for ${empty} where ${ruleText(rule, dataset)}: nobody has a history and something held out after it. Choose another --split.`;
};

/**
 * `kept` is what an earlier training found of features; without it this one finds it. `silent`: as if nobody had asked for anything. Left: data too small to train on or to evaluate
 * with, or without a column that the model reads.
 */
export const feedOf = (
  manifest: Manifest,
  parts: Split,
  { batch, seed }: Pick<Settings, 'batch' | 'seed'>,
  kept?: Lexicon,
  silent?: boolean,
): E.Either<string, Feed> => {
  const data = parts.dataset;
  const complete = pipe(
    withColumns(manifest, data),
    E.chain(() => withUsers(manifest, data)),
    E.chain(() => withLabels(manifest, data)),
  );
  if (E.isLeft(complete)) return complete;
  const found = kept === undefined ? learnt(manifest, parts) : E.right(kept);
  if (E.isLeft(found)) return found;
  const lexicon = found.right;
  const mine = ownInputs(manifest, lexicon, data, silent);
  if (E.isLeft(mine)) return mine;
  const own = mine.right === undefined ? {} : { own: mine.right };
  const seen = Math.max(1, seenMax(parts));
  const { length } = manifest;
  const epochOf = (epoch: number) =>
    trainingBatches(parts, { batch, length, seed, epoch, horizon: horizonOf(manifest), ...own });
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
    const found = evaluationBatches(parts, part, { batch, length, seenMax: seen, ...own });
    const all = function* (): Generator<RankBatch> {
      for (const { rows, users: _, questions, ...inputs } of found) yield { inputs, rows, questions };
    };
    return { batches: found.count, all: all() };
  };
  return E.right({
    batches,
    training,
    evaluation,
    split: parts,
    seen,
    features: { lexicon, sizes: sizesOf(lexicon), given: () => givenStates(manifest, lexicon, parts) },
    warm: (part) => {
      const known = met(parts);
      return parts.held[part].wanted.map((item) => known[item]!);
    },
  });
};
