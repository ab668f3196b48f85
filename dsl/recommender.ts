/**
 * What sequential recommenders share, so that a difference between two models is the model's: the input, the loss, the
 * scores and the optimizer of the HSTU repository (generative-recommenders, ML-1M).
 */
import { type Axis, axis } from './axis.js';
import { add, mul } from './elementwise.js';
import { embedding } from './layer.js';
import {
  type Against,
  binaryCrossEntropy,
  calibratedBeta,
  fullSoftmax,
  generalisedBinaryCrossEntropy,
  type NextItem,
  sampledSoftmax,
} from './loss.js';
import { type Batch, boolean, choice, fail as refuse, integer, number, type Outputs, type Phase } from './model.js';
import { batchNegatives, type Sampled, uniformNegatives } from './negatives.js';
import { adamw } from './optimizers.js';
import type { Optimizer } from './optimizer.js';
import { truncatedNormal } from './parameter.js';
import { boundOf, embed, last } from './position.js';
import { dropout } from './random.js';
import { constantRate, cosineDecay, type Schedule, warmUp } from './rates.js';
import { mean } from './reduction.js';
import { cosineSimilarity, dotSimilarity, mixtureOfLogits, type Similarity } from './similarity.js';
import { type Tensor, typed } from './tensor.js';

/** The hyperparameters of the shared parts; defaults are those for ML-1M. */
export const recommenderHypers = {
  width: integer(50, 'channels of an item and of a state'),
  length: integer(200, 'positions of the history that are read, the newest'),
  dropout: number(0.2, 'share of values set to 0 while training', { min: 0, max: 0.99 }),
  loss: choice(
    ['sampledSoftmax', 'fullSoftmax', 'bce', 'gbce'],
    "softmax over the target and its negatives, or over all items; binary cross-entropy, or gSASRec's generalised one",
  ),
  against: choice(
    ['uniform', 'batch', 'mixed'],
    'negatives: items drawn uniformly, the answers of other rows at the same position, or both',
  ),
  negatives: integer(128, 'items drawn to stand against each target'),
  draws: choice(
    ['user', 'batch', 'position'],
    'for whom negatives are drawn: each user, the whole batch, or each position of each user that is trained',
  ),
  logQ: boolean(false, 'a sampled softmax makes up for how often each item is a negative'),
  calibration: number(0.75, 'the t of gbce: 0 is bce, 1 calibrates its scores wholly', { min: 0, max: 1 }),
  similarity: choice(
    ['cosine', 'dot', 'mixture'],
    'items are scored by their cosine with the state, by the dot product (give a temperature of 1 or so), or by a mixture of the cosines of components of both',
  ),
  components: integer(4, 'of a mixture: components of a state, and of an item, each half as wide'),
  temperature: number(0.05, 'divides the scores in the loss', { min: 1e-4 }),
  rate: number(1e-3, 'learning rate of AdamW', { min: 0 }),
  warmUp: integer(0, 'updates over which the rate rises to that', { min: 0 }),
  decaySteps: integer(0, 'updates until it has fallen to 0 along a cosine; 0: it stays', { min: 0 }),
  weightDecay: number(0, 'share of each parameter that AdamW takes off at an update, times the rate', { min: 0 }),
} as const;

/** The values of `recommenderHypers`. */
export interface RecommenderHyper {
  readonly width: number;
  readonly length: number;
  readonly dropout: number;
  readonly loss: 'sampledSoftmax' | 'fullSoftmax' | 'bce' | 'gbce';
  readonly against: 'uniform' | 'batch' | 'mixed';
  readonly negatives: number;
  readonly draws: 'user' | 'batch' | 'position';
  readonly logQ: boolean;
  readonly calibration: number;
  readonly similarity: 'cosine' | 'dot' | 'mixture';
  readonly components: number;
  readonly temperature: number;
  readonly rate: number;
  readonly warmUp: number;
  readonly decaySteps: number;
  readonly weightDecay: number;
}
/** A context of a model that has at least these hyperparameters. */
export interface RecommenderContext<H extends RecommenderHyper = RecommenderHyper> {
  readonly hyper: H;
  readonly batch: Batch;
  readonly phase: Phase;
}

/** A vector for each position of each user that is trained's history. */
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

type Given = NextItem<string, string, string>;

/** For whom negatives are drawn. Each position that is trained has a target: all of a row, those that it hides, or what comes after it. */
const drawn: Readonly<
  Record<RecommenderHyper['draws'], (batch: Batch, targets: Given['targets']) => Pick<Sampled, 'key' | 'drawnFor'>>
> = {
  user: ({ batch }) => ({ key: 'negatives', drawnFor: [batch] }),
  batch: () => ({ key: 'negatives' }),
  position: ({ seq }, { axes }) => ({
    key: axes.some(({ name }) => name === seq.name) ? 'negatives' : 'negatives.end',
    drawnFor: axes,
  }),
};

type Wanted = Pick<RecommenderContext, 'hyper' | 'batch' | 'phase'>;

/** Negatives of these targets. Outside training they are drawn uniformly, for all alike: no row may then read another. */
const negativesOf = ({ hyper, batch, phase }: Wanted, { targets }: Given): Against => {
  const training = phase === 'training';
  const uniform = () =>
    uniformNegatives(batch.item, {
      negatives: hyper.negatives,
      ...drawn[training ? hyper.draws : 'batch'](batch, targets),
    });
  const others = () => batchNegatives(targets, batch.batch, batch.popularity);
  const kinds = {
    uniform: () => [uniform()],
    batch: () => [others()],
    mixed: () => [others(), uniform()],
  };
  return { against: kinds[training ? hyper.against : 'uniform']() };
};

const losses: Readonly<Record<RecommenderHyper['loss'], (given: Given, wanted: Wanted) => Tensor<string>>> = {
  sampledSoftmax: (given, wanted) =>
    sampledSoftmax({
      ...given,
      ...negativesOf(wanted, given),
      logQ: wanted.hyper.logQ && wanted.phase === 'training',
    }),
  fullSoftmax: (given) => fullSoftmax(given),
  bce: (given, wanted) => binaryCrossEntropy({ ...given, ...negativesOf(wanted, given) }),
  gbce: (given, wanted) =>
    generalisedBinaryCrossEntropy({
      ...given,
      ...negativesOf(wanted, given),
      beta: calibratedBeta(wanted.hyper.calibration, wanted.hyper.negatives, wanted.batch.item),
    }),
};

/** Settings that another leaves without effect. */
const unread = ({ loss, against, logQ }: RecommenderHyper): void => {
  if (logQ && loss !== 'sampledSoftmax')
    refuse(`logQ corrects a softmax over a sample: leave it out, or set loss=sampledSoftmax`);
  if (against !== 'uniform' && loss === 'fullSoftmax')
    refuse(`against=${against}, but in a full softmax all items stand against the target: leave one of the two out`);
  if (against !== 'uniform' && loss === 'gbce')
    refuse(`gbce is calibrated for items drawn uniformly, and against=${against}: leave it out, or set loss=bce`);
};

const similarities: Readonly<
  Record<RecommenderHyper['similarity'], (width: Axis, hyper: RecommenderHyper) => Similarity>
> = {
  cosine: cosineSimilarity,
  dot: dotSimilarity,
  mixture: (width, { width: channels, components }) =>
    mixtureOfLogits(width, { queries: components, items: components, depth: Math.ceil(channels / 2) }),
};
const similarityOf = (hyper: RecommenderHyper, width: Axis): Similarity => similarities[hyper.similarity](width, hyper);

/**
 * The loss that the hyperparameters name, of scores over the temperature, for each state and the item that it should predict. A
 * draw for each user is one for each place in the batch, which is not the user's own: outside training all meet the same negatives.
 */
export const itemLoss = <A extends string>(
  wanted: Wanted,
  { width, items }: ItemTable,
  state: Tensor<A | 'width'>,
  targets: Tensor<A, 'i32'>,
): Tensor<A> => {
  const { hyper } = wanted;
  unread(hyper);
  const { temperature } = hyper;
  const given = { state, targets, items, width, temperature, score: similarityOf(hyper, width) } as unknown as Given;
  return typed(losses[hyper.loss](given, wanted));
};

/** How near each row's state is to every item, as the hyperparameters say: by default the cosine. */
export const itemScores = (
  { hyper }: Pick<RecommenderContext, 'hyper'>,
  { width, items }: ItemTable,
  state: Tensor<'batch' | 'width'>,
): Tensor<'batch' | 'item'> => {
  const { query, item, between } = similarityOf(hyper, width);
  return typed(between(query(typed(state)), item(typed(items))));
};

/**
 * The loss (`itemLoss`, mean over the targets that exist) and the scores of all items after the last position. `at` says which positions are trained: `all`, or each row's `last` alone (the others may
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
  const scores = itemScores(context, table, final);
  if (at === 'last') return { loss: mean(itemLoss(context, table, final, batch.target), batch.batch), scores };
  const losses = itemLoss(context, table, state, batch.targets);
  return { loss: mean(losses, [batch.batch, batch.seq]), losses, scores };
};

type OptimizerHyper = Pick<RecommenderHyper, 'rate' | 'warmUp' | 'decaySteps' | 'weightDecay'>;

const schedule = ({ rate, warmUp: rising, decaySteps }: OptimizerHyper): Schedule => {
  if (decaySteps > 0 && decaySteps <= rising)
    refuse(
      `the rate falls from update ${rising} (warmUp) to update ${decaySteps} (decaySteps): the second must be greater`,
    );
  return decaySteps > 0
    ? cosineDecay({ rate, steps: decaySteps, warmUp: rising })
    : rising > 0
      ? warmUp(rising, constantRate(rate))
      : constantRate(rate);
};

/** AdamW, betas 0.9 and 0.98, with the rate, its schedule and the weight decay that the hyperparameters say. */
export const recommenderOptimizer = (hyper: OptimizerHyper): Optimizer =>
  adamw({ rate: schedule(hyper), betas: [0.9, 0.98], weightDecay: hyper.weightDecay });
