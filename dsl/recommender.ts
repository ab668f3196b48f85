/**
 * What sequential recommenders share, so that a difference between two models is the model's: the input, the loss, the
 * scores and the optimizer of the HSTU repository (generative-recommenders, ML-1M).
 */
import { type Axis, axis } from './axis.js';
import { add, mul } from './elementwise.js';
import { embedding, normalise } from './layer.js';
import { sampledSoftmax } from './loss.js';
import { type Batch, type Outputs, type Phase, choice, integer, number } from './model.js';
import { adamw } from './optimizers.js';
import type { Optimizer } from './optimizer.js';
import { truncatedNormal } from './parameter.js';
import { boundOf, embed, last } from './position.js';
import { dropout } from './random.js';
import { dot, mean } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

/** The hyperparameters of the shared parts; defaults are those for ML-1M. */
export const recommenderHypers = {
  width: integer(50, 'channels of an item and of a state'),
  length: integer(200, 'positions of the history that are read, the newest'),
  dropout: number(0.2, 'share of values set to 0 while training', { min: 0, max: 0.99 }),
  negatives: integer(128, 'items drawn to stand against each target'),
  draws: choice(
    ['user', 'batch', 'position'],
    'for whom negatives are drawn: each user, the whole batch, or each position of each user',
  ),
  temperature: number(0.05, 'divides the cosine scores in the loss', { min: 1e-4 }),
  rate: number(1e-3, 'learning rate of AdamW', { min: 0 }),
} as const;

/** The values of `recommenderHypers`. */
export interface RecommenderHyper {
  readonly width: number;
  readonly length: number;
  readonly dropout: number;
  readonly negatives: number;
  readonly draws: 'user' | 'batch' | 'position';
  readonly temperature: number;
  readonly rate: number;
}
/** A context of a model that has at least these hyperparameters. */
export interface RecommenderContext<H extends RecommenderHyper = RecommenderHyper> {
  readonly hyper: H;
  readonly batch: Batch;
  readonly phase: Phase;
}

/** A vector for each position of each user's history. */
export type State = Tensor<'batch' | 'seq' | 'width'>;
/** What `sequenceInput` gives. */
export interface SequenceInput {
  readonly width: Axis<'width'>;
  /** The item table; also what states are scored against. */
  readonly items: Tensor<'item' | 'width'>;
  /** items[id] sqrt(width) + position, then dropout. */
  readonly input: State;
}

/** The item table and its width. */
export type ItemTable = Omit<SequenceInput, 'input'>;

/** The width, and the item table that is read at the input and scored against at the end. */
export const itemTable = ({ hyper, batch }: Pick<RecommenderContext, 'hyper' | 'batch'>): ItemTable => {
  const width = axis('width', hyper.width);
  return { width, items: embedding('embedding.items', batch.item, width) };
};

/** One learned state a position: truncated normal, deviation 1 / sqrt(width). */
export const positionTable = <S extends string>(along: Axis<S>, width: Axis<'width'>): Tensor<S | 'width'> =>
  embedding('embedding.positions', along, width, truncatedNormal(1 / Math.sqrt(boundOf(width))));

/** What is added to the items. */
export interface SequenceInputOptions {
  /** Whether learned positions are added; default true. */
  readonly positions?: boolean;
}
/** Item embedding times sqrt(width) plus a learned position, then dropout. */
export const sequenceInput = (
  context: RecommenderContext,
  { positions = true }: SequenceInputOptions = {},
): SequenceInput => {
  const { hyper, batch, phase } = context;
  const { width, items } = itemTable(context);
  const scaled = mul(embed(items, batch.items), Math.sqrt(hyper.width));
  const embedded = positions ? add(scaled, positionTable(batch.seq, width)) : scaled;
  return { width, items, input: dropout('input', hyper.dropout, phase)(embedded) };
};

const drawnFor: Readonly<Record<RecommenderHyper['draws'], (batch: Batch) => readonly Axis[]>> = {
  user: ({ batch }) => [batch],
  batch: () => [],
  position: ({ batch, seq }) => [batch, seq],
};

/**
 * The sampled softmax of cosine scores over the temperature, for each state and the item that it should predict. A draw for
 * each user is one for each place in the batch, which is not the user's own: outside training all meet the same negatives.
 */
export const itemLoss = <A extends string>(
  { hyper, batch, phase }: Pick<RecommenderContext, 'hyper' | 'batch' | 'phase'>,
  { width, items }: ItemTable,
  state: Tensor<A | 'width'>,
  targets: Tensor<A, 'i32'>,
): Tensor<A> =>
  typed(
    sampledSoftmax({
      state,
      targets,
      items,
      width,
      negatives: hyper.negatives,
      temperature: hyper.temperature,
      key: 'negatives',
      drawnFor: phase === 'training' ? drawnFor[hyper.draws](batch) : [],
    }),
  );

/** The cosine of each row's state with every item. */
export const itemScores = ({ width, items }: ItemTable, state: Tensor<'batch' | 'width'>): Tensor<'batch' | 'item'> =>
  dot(normalise(state, width), normalise(items, width), width);

/**
 * The loss (sampled softmax of cosine scores over the temperature, mean over the targets that exist) and the scores of all
 * items after the last position. `at` says which positions are trained: `all`, or each row's `last` alone (the others may
 * then have seen what follows them, so there are no `losses`).
 */
export const nextItem = (
  context: RecommenderContext,
  table: ItemTable,
  state: State,
  at: 'all' | 'last' = 'all',
): Outputs => {
  const { batch } = context;
  const final = last(state, batch.seq, batch.batch);
  const scores = itemScores(table, final);
  if (at === 'last') return { loss: mean(itemLoss(context, table, final, batch.target), batch.batch), scores };
  const losses = itemLoss(context, table, state, batch.targets);
  return { loss: mean(losses, [batch.batch, batch.seq]), losses, scores };
};

/** AdamW, betas 0.9 and 0.98, no weight decay. */
export const recommenderOptimizer = ({ rate }: Pick<RecommenderHyper, 'rate'>): Optimizer =>
  adamw({ rate, betas: [0.9, 0.98] });
