/**
 * Labels: what holds of the event that follows, or does not, given its item: that it is rated 4 or better, that it is a purchase. A
 * label is an answer, which losses alone may read.
 */
import type { EventLabel, InputRow, LabelTest } from '../runtime/contract/batch.js';
import { labelRows } from '../runtime/contract/features.js';
import { softplus } from './activation.js';
import type { Axis } from './axis.js';
import { inputNode } from './batch.js';
import { div, eq, gt, maximum, sub, where } from './elementwise.js';
import { fail } from './errors.js';
import type { Batch } from './model.js';
import { named } from './names.js';
import { indicator } from './position.js';
import { sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';
import type { AxesIn, Without } from './wording.js';

/** Holds of a number that is at least so large: `atLeast(4)`, of ratings. */
export const atLeast = (value: number): LabelTest =>
  Number.isFinite(value) ? { kind: 'atLeast', value } : fail('PC2012', `a label begins at a number, not at ${value}`);
/** Holds of a category that is one of these: `among('buy', 'cart')`, of actions. */
export const among = (...values: readonly [string, ...string[]]): LabelTest => ({
  kind: 'among',
  values: [...new Set(values)],
});

/** What is known of a label (training only). */
export interface Told<A extends string> {
  /** Whether it holds; not where nobody knows. */
  readonly holds: Tensor<A, 'bool'>;
  /** Whether the event has a value to ask at all. */
  readonly known: Tensor<A, 'bool'>;
}
/** A label of events. */
export interface Label {
  /** What is asked, for the `label` that a model returns. */
  readonly of: EventLabel;
  /** Of the event after each position. */
  readonly next: Told<'batch' | 'seq'>;
  /** Of the event after each row's last position, for models trained on one target a sequence. */
  readonly asked: Told<'batch'>;
}

/** A test of a column of events, of those that follow: `eventLabel('rating', atLeast(4), batch)`. */
export const eventLabel = (name: string, test: LabelTest, batch: Pick<Batch, 'batch' | 'seq'>): Label => {
  const of: EventLabel = { column: named('a feature', name), test };
  const rows = labelRows(of);
  const read = <A extends string>(row: InputRow): Told<A> => {
    const value = typed<A, 'i32'>(inputNode(row, batch));
    return { holds: eq(value, 2) as Tensor<A, 'bool'>, known: gt(value, 0) as Tensor<A, 'bool'> };
  };
  return { of, next: read(rows.next), asked: read(rows.asked) };
};

type Loose = Tensor<string>;
/**
 * -(y log p + (1 - y) log(1 - p)), p the sigmoid of the logit and y whether the label holds: a mean over the positions of these axes
 * at which it is known, in nats; 0 where it is known at none. Axes: those of the logit without these.
 */
export const labelLoss = <A extends string, K extends string>(
  logit: Tensor<A>,
  told: Told<A>,
  over: AxesIn<K, A>,
): Tensor<Without<A, K>> => {
  const [holds, known] = [told.holds, told.known] as unknown as readonly Tensor<string, 'bool'>[];
  const z: Loose = typed(logit);
  const losses: Loose = where(known!, sub(softplus(z), where(holds!, z, 0)), 0);
  const axes = over as unknown as readonly Axis<string>[];
  return typed(div(sum(losses, axes as never), maximum(sum(indicator(known!), axes as never), 1)));
};
