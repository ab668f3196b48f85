/**
 * What sequential recommenders share, so that a difference between two models is the model's: the input, the loss, the
 * scores and the optimizer of PROTOCOL "HSTU" (generative-recommenders).
 */
import { type Axis, axis } from './axis.js';
import { add, mul } from './elementwise.js';
import { embedding, normalise } from './layer.js';
import { sampledSoftmax } from './loss.js';
import { type Batch, type Outputs, type Phase, integer, number } from './model.js';
import { adamw } from './optimizers.js';
import type { Optimizer } from './optimizer.js';
import { truncatedNormal } from './parameter.js';
import { embed, last } from './position.js';
import { dropout } from './random.js';
import { dot, mean } from './reduction.js';
import type { Tensor } from './tensor.js';

/** The hyperparameters of the shared parts; defaults are those for ML-1M. */
export const recommenderHypers = {
  width: integer(50, 'channels of an item and of a state'),
  length: integer(200, 'positions of the history that are read, the newest'),
  dropout: number(0.2, 'share of values set to 0 while training', { min: 0, max: 0.99 }),
  negatives: integer(128, 'items drawn to stand against each target'),
  temperature: number(0.05, 'divides the cosine scores in the loss', { min: 1e-4 }),
  rate: number(1e-3, 'learning rate of AdamW', { min: 0 }),
} as const;

export interface RecommenderHyper {
  readonly width: number;
  readonly length: number;
  readonly dropout: number;
  readonly negatives: number;
  readonly temperature: number;
  readonly rate: number;
}
export interface RecommenderContext<H extends RecommenderHyper = RecommenderHyper> {
  readonly hyper: H;
  readonly batch: Batch;
  readonly phase: Phase;
}

export type State = Tensor<'batch' | 'seq' | 'width'>;
export interface SequenceInput {
  readonly width: Axis<'width'>;
  /** The item table; also what states are scored against. */
  readonly items: Tensor<'item' | 'width'>;
  /** items[id] sqrt(width) + position, then dropout. */
  readonly input: State;
}

/** Item embedding times sqrt(width) plus a learned position (truncated normal, deviation 1 / sqrt(width)), then dropout. */
export const sequenceInput = ({ hyper, batch, phase }: RecommenderContext): SequenceInput => {
  const width = axis('width', hyper.width);
  const items = embedding('embedding.items', batch.item, width);
  const positions = embedding('embedding.positions', batch.seq, width, truncatedNormal(1 / Math.sqrt(hyper.width)));
  const embedded = add(mul(embed(items, batch.items), Math.sqrt(hyper.width)), positions);
  return { width, items, input: dropout('input', hyper.dropout, phase)(embedded) };
};

/**
 * The loss (sampled softmax of cosine scores over the temperature, mean over the targets that exist) and the scores of all
 * items after the last position. `at` says which positions are trained: `all`, or each row's `last` alone.
 */
export const nextItem = ({ hyper, batch }: RecommenderContext, { width, items }: Omit<SequenceInput, 'input'>, state: State, at: 'all' | 'last' = 'all'): Outputs => {
  const { negatives, temperature } = hyper;
  const common = { items, width, negatives, temperature, key: 'negatives' } as const;
  const final = last(state, batch.seq, batch.batch);
  const loss = at === 'all'
    ? mean(sampledSoftmax({ state, targets: batch.targets, ...common }), [batch.batch, batch.seq])
    : mean(sampledSoftmax({ state: final, targets: batch.target, ...common }), batch.batch);
  return { loss, scores: dot(normalise(final, width), normalise(items, width), width) };
};

/** AdamW, betas 0.9 and 0.98, no weight decay. */
export const recommenderOptimizer = ({ rate }: Pick<RecommenderHyper, 'rate'>): Optimizer => adamw({ rate, betas: [0.9, 0.98] });
