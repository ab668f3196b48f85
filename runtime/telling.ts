/** One evaluation of what a model tells of labels: its logits of held-out events, beside the item's own mean. */
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { EventLabel } from './contract/batch.js';
import { labelText } from './contract/features.js';
import type { Split } from './data/index.js';
import { type Judge, logitsOf } from './evaluation.js';
import type { Part } from './events.js';
import { heldLabels, itemLogits, told } from './labels.js';
import type { Figure } from './measures/figures.js';
import { labelMeasures, type LabelMetrics, labelMetrics } from './measures/labelled.js';

/** How well a label was told of the events of a part. */
export interface LabelFigures {
  /** `rating >= 4` */
  readonly label: string;
  /** Events of which it is known, and of how many of these it holds. */
  readonly events: number;
  readonly holds: number;
  readonly model: LabelMetrics;
  /** By the mean of each item's label in training alone. */
  readonly items: LabelMetrics;
}

/** The same of what a model has to beat alone. */
export type LabelBaseline = Omit<LabelFigures, 'model'>;

/** The held-out events that a label is known of: what the items' own means tell of them, and the figures of whatever logit a row has. */
const judgedBy = (split: Split, part: Part, label: EventLabel) => {
  const { users, starts, wanted } = split.held[part];
  const labels = heldLabels(split, part, label);
  const known = Array.from(labels.keys()).filter((row) => labels[row] !== told.unknown);
  const asked = new Int32Array(labels.length);
  users.forEach((user, question) => void asked.fill(user, starts[question], starts[question + 1]));
  const holds = Int32Array.from(known, (row) => Number(labels[row] === told.holds));
  const own = Int32Array.from(known, (row) => asked[row]!);
  const metrics = (of: (row: number) => number): LabelMetrics =>
    labelMetrics({ logits: Float64Array.from(known, of), holds, users: own });
  const means = itemLogits(split, label);
  const baseline: LabelBaseline = {
    label: labelText(label),
    events: known.length,
    holds: holds.reduce((a, b) => a + b, 0),
    items: metrics((row) => means[wanted[row]!]!),
  };
  return { baseline, metrics };
};

/** Which events of a part a label is told of, and how well the mean of each item's label in training tells it. The data have its column. */
export const labelBaseline = (split: Split, part: Part, label: EventLabel): LabelBaseline =>
  judgedBy(split, part, label).baseline;

/** Judges the states on the device; undefined where the model predicts no label, or the signal aborts it. */
export const labelled = (job: Judge, part: Part): TaskEither<string, LabelFigures | undefined> => {
  const { label } = job.manifest;
  if (label === undefined) return TE.right(undefined);
  const { split } = job.feed;
  return pipe(
    () => logitsOf(job, part, labelText(label)),
    TE.map((logits) => {
      if (logits === undefined) return undefined;
      const { baseline, metrics } = judgedBy(split, part, label);
      const { items, ...of } = baseline;
      return { ...of, model: metrics((row) => logits[row]!), items };
    }),
  );
};

/** The same as rows of the table of figures. */
export const labelTable = ({ events, model, items }: LabelFigures): readonly Figure[] =>
  Object.entries({ model, 'item mean': items }).flatMap(([of, metrics]) =>
    labelMeasures.map((measure): Figure => ({
      of,
      measure,
      cutoff: null,
      by: 'all',
      from: null,
      to: null,
      count: events,
      value: metrics[measure],
    })),
  );
