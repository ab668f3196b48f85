/**
 * What is done next, predicted beside the item that it is done to: further terms of a loss, for models that name columns of events.
 *
 * p(item, action | history) = p(item | history) p(action | history, item). The second factor is what a ranking of HSTU's authors predicts
 * (Zhai et al. 2024, table 1): of the state and the item, by their product (generative-recommenders, `multitask_module.py`). The action
 * and the item are answers: only this loss reads them, and no score does.
 */
import type { Axis } from './axis.js';
import { add, div, exp, gt, log, mul, square, sub, where } from './elementwise.js';
import { category, type EventColumn, eventFeature, numeric } from './features.js';
import type { FeatureHyper } from './fused.js';
import { normalise } from './layer.js';
import { LOWEST } from './lowest.js';
import { fail, listed, names, number } from './model.js';
import { normal, param, zeros } from './parameter.js';
import { embed, gather, index, last } from './position.js';
import { stop } from './random.js';
import type { ItemTable, RecommenderContext, RecommenderHyper, State } from './recommender.js';
import { dot, max, mean, sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

/** The hyperparameters of these terms. */
export const nextEventHypers = {
  predicted: names(
    '',
    'columns of events, of those that are read, that are predicted of the next event beside its item',
  ),
  weight: number(0.1, 'what the loss of each of them counts beside that of the items', { min: 0 }),
} as const;

/** The values of `nextEventHypers`. */
export interface NextEventHyper {
  readonly predicted: string;
  readonly weight: number;
}
type Predicting = RecommenderContext<RecommenderHyper & FeatureHyper & NextEventHyper>;
type Loose = Tensor<string>;

/** A state, the item that follows it, and what both are compared by. */
interface Pairs {
  readonly state: Loose;
  readonly item: Loose;
  readonly width: Axis<'width'>;
  readonly temperature: number;
}
/**
 * sum over the width of state weight item / temperature, state and item of unit length: one number for each position of the weight's other axes.
 * The weight is with the state, so that the item comes to a prediction that is made, and the certificate sees it: multiplied to the
 * product of state and item it would look like a state that knows the item.
 */
const judged = ({ state, item, width, temperature }: Pairs, weight: Loose): Loose =>
  div(dot(mul(state, weight), item, width as never), temperature);

/** -log softmax of the value's score among all values, in nats; 0 where the value is missing. */
const categoryLoss = (path: string, pairs: Pairs, told: Tensor<string, 'i32'>, vocabulary: Axis): Loose => {
  const weight: Loose = param(`${path}.weight`, [vocabulary, pairs.width], normal(0.02));
  const scores: Loose = add(judged(pairs, weight), param<string>(`${path}.bias`, [vocabulary], zeros));
  const over = vocabulary as never;
  const known: Loose = where(gt(index(vocabulary), 0), scores, LOWEST);
  const top = stop(max(known, over));
  const total = log(sum(where(gt(index(vocabulary), 0), exp(sub(known, top)), 0), over));
  return where(gt(told, 0), sub(add(total, top), gather(scores, told, over)), 0);
};

/** The squared error, in units of the column's own variance; a value that is missing counts as the mean. */
const numberLoss = (path: string, pairs: Pairs, told: Loose): Loose => {
  const weight: Loose = param<string>(`${path}.weight`, [pairs.width], normal(0.02));
  return square(sub(add(judged(pairs, weight), param<string>(`${path}.bias`, [], zeros)), told));
};

/**
 * The losses of the columns that `predicted` names, times `weight`: mean over the positions, or of each row's last alone. Refused is a
 * column that the model does not read.
 */
export const nextEventLoss = (
  { hyper, batch }: Predicting,
  { width, items }: ItemTable,
  state: State,
  at: 'all' | 'last' = 'all',
): Tensor<never> => {
  const all = at === 'all';
  const targets: Tensor<string, 'i32'> = typed(all ? batch.targets : batch.target);
  const pairs: Pairs = {
    state: normalise(typed<string>(all ? state : last(state, batch.seq, batch.batch)), width as never),
    item: normalise(typed<string>(embed(items, targets)), width as never),
    width,
    temperature: hyper.temperature,
  };
  const told = <D extends 'i32' | 'f32'>({ next, asked }: EventColumn<D>): Tensor<string, D> =>
    typed<string, D>(all ? next : asked);
  const [ofCategories, ofNumbers] = [listed(hyper.eventCategories), listed(hyper.eventNumbers)];
  const lossOf = (name: string): Loose => {
    const path = `next.${name}`;
    if (ofCategories.includes(name)) {
      const column = eventFeature(name, category(), batch);
      return categoryLoss(path, pairs, told(column), column.vocabulary);
    }
    if (ofNumbers.includes(name)) return numberLoss(path, pairs, told(eventFeature(name, numeric(), batch)));
    return fail(
      `predicted=${name}, but '${name}' is no column of events that the model reads: name it in eventCategories or eventNumbers too`,
    );
  };
  const over = all ? [batch.batch, batch.seq] : [batch.batch];
  return listed(hyper.predicted)
    .map((name): Tensor<never> => mul(typed<never>(mean(lossOf(name), over as never)), hyper.weight))
    .reduce((total, one) => add(total, one));
};
