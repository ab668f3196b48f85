/** Labels: whether what a model predicts of events holds of each event of the data, and of those that are held out. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { EventLabel } from './contract/batch.js';
import { labelText } from './contract/features.js';
import type { Manifest } from './contract/session.js';
import type { Dataset, FeatureColumn, FeatureColumns, Held, Split } from './data/index.js';
import { columnFor } from './features.js';

/** What is known of a label: nothing, that it does not hold, that it does. */
export const told = { unknown: 0, fails: 1, holds: 2 } as const;

type Tests = EventLabel['test'];
/** The kind of column that each test is asked of. */
const kinds = { atLeast: 'number', among: 'category' } as const satisfies Readonly<Record<Tests['kind'], string>>;

/** The labels that training reads, and the one that the model is measured by, each once. */
export const labelsOf = ({ rows = [], label }: Pick<Manifest, 'rows' | 'label'>): readonly EventLabel[] => [
  ...new Map(
    [
      ...rows.flatMap(({ fill }) => (fill.from === 'label' ? [fill.label] : [])),
      ...(label === undefined ? [] : [label]),
    ].map((of) => [labelText(of), of]),
  ).values(),
];

/** Left: a column of events that a label asks of, and the data lack. */
export const withLabels = (manifest: Manifest, data: Pick<Dataset, 'name' | 'events'>): E.Either<string, void> =>
  pipe(
    labelsOf(manifest),
    E.traverseArray(({ column: name, test }) =>
      columnFor(manifest, data, 'events', data.events, { name, kind: kinds[test.kind] }),
    ),
    E.map(() => undefined),
  );

const answered = (holds: boolean): number => (holds ? told.holds : told.fails);

/** [rows] of a column, what is known of the label: nothing where the column has no value. */
const valuesOf = ({ test }: EventLabel, column: FeatureColumn): Int32Array => {
  if (test.kind === 'atLeast' && column.kind === 'number')
    return Int32Array.from(column.values, (x) => (Number.isNaN(x) ? told.unknown : answered(x >= test.value)));
  if (test.kind === 'among' && column.kind === 'category')
    return column.values.map((code) =>
      code === 0 ? told.unknown : answered(test.values.includes(column.vocabulary[code - 1]!)),
    );
  throw new Error(`a label that asks ${test.kind} was asked of a ${column.kind}`);
};

/** What is known of each label of a model, event by event, by the labels' words. The data have the columns. */
export const labelValues = (
  manifest: Pick<Manifest, 'rows' | 'label'>,
  events: FeatureColumns | undefined,
): ReadonlyMap<string, Int32Array> =>
  new Map(labelsOf(manifest).map((label) => [labelText(label), valuesOf(label, events!.get(label.column)!)]));

/** [rows of a part], the place in `sequence` of the event that each row wants. */
const wantedEvents = ({ dataset: { sequence }, held }: Split, part: Held): Int32Array => {
  const { ends, starts, wanted } = held[part];
  const found = new Int32Array(wanted.length);
  ends.forEach((end, question) => {
    // What is wanted is in the order of its first events.
    let at = end;
    for (let row = starts[question]!; row < starts[question + 1]!; row++) {
      while (sequence[at] !== wanted[row]) at++;
      found[row] = at;
    }
  });
  return found;
};

/** [rows of a part], what is known of the label of the event that each row wants. */
export const heldLabels = (split: Split, part: Held, label: EventLabel): Int32Array => {
  const values = valuesOf(label, split.dataset.events!.get(label.column)!);
  return wantedEvents(split, part).map((event) => values[event]!);
};

/**
 * [items], the logit of the share of an item's training events of which the label holds, as if it had had one event more that is like
 * all: what a model has to beat.
 */
export const itemLogits = (
  { dataset: { events, items, offsets, sequence, users }, trainingEnds }: Split,
  label: EventLabel,
): Float64Array => {
  const values = valuesOf(label, events!.get(label.column)!);
  const [known, held] = [new Int32Array(items.length), new Int32Array(items.length)];
  users.forEach((_, user) => {
    for (let at = offsets[user]!; at < trainingEnds[user]!; at++) {
      if (values[at] === told.unknown) continue;
      known[sequence[at]!]!++;
      if (values[at] === told.holds) held[sequence[at]!]!++;
    }
  });
  const sum = (all: Int32Array): number => all.reduce((a, b) => a + b, 0);
  const usual = (sum(held) + 1) / (sum(known) + 2);
  return Float64Array.from(items, (_, item) => {
    const share = (held[item]! + usual) / (known[item]! + 1);
    return Math.log(share / (1 - share));
  });
};
