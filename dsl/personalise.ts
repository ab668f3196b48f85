/**
 * Models that learn each user's history before they rank for that user (PCRec-simple, KDD 2025): a model wrapped in a model.
 */
import { argsOf, project, rebind } from './build.js';
import { descend } from './descend.js';
import { add, div, lt, maximum, sub, toF32, where } from './elementwise.js';
import { fail } from './errors.js';
import {
  type Batch,
  type Context,
  type Hyper,
  type Hypers,
  integer,
  type Model,
  number,
  type Outputs,
  type Values,
} from './model.js';
import type { Node, Param } from './node.js';
import { expand, extent, index, shift } from './position.js';
import { sum } from './reduction.js';
import { type Tensor, typed } from './tensor.js';

/** What `personalise` adds to a model's hyperparameters. */
export type Adaptation = { readonly adaptationRate: Hyper<number>; readonly adaptationSteps: Hyper<number> };

/** The size and number of a user's own steps, and what the new model is called. */
export interface PersonaliseOptions<H extends Hypers> {
  /** Default: the model's name and `-simple`. */
  readonly name?: string;
  readonly doc?: string;
  /** The size of a step: the default of the hyperparameter `adaptationRate`. */
  readonly rate: number;
  /** How many steps: the default of `adaptationSteps`; default 1. */
  readonly steps?: number;
  /** Default: the model's own. */
  readonly presets?: Readonly<Record<string, Partial<Values<H & Adaptation>>>>;
}

/** Every trained parameter below some expressions, one for each path. */
const parametersOf = (roots: readonly Node[]): readonly Param[] => {
  const found = new Map<string, Param>();
  const seen = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.op === 'param' && node.init.kind !== 'given') found.set(node.path, node);
    pending.push(...argsOf(node));
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
};

/** The history as its own lesson: each item is to be predicted at the position before it, nothing at the last. */
const retold = (batch: Batch): Batch => ({ ...batch, targets: shift(batch.items, batch.seq, -1) });

/** The mean of each user's losses at the positions of the history that another follows; 0 where there is none. Axes: batch. */
const meanOwn = (losses: Tensor<'batch' | 'seq'>, { batch, seq }: Batch): Tensor<'batch'> => {
  const length = extent(seq, batch);
  const followed = lt(add(index(seq), 1), length);
  return div(sum(where(followed, losses, 0), seq), maximum(sub(toF32(length), 1), 1));
};

/** Expressions in which each user's rows read that user's own values of the parameters. */
const given = (
  of: readonly Node[],
  parameters: readonly Param[],
  values: readonly Node[],
  { batch }: Batch,
): readonly Node[] => {
  const rebound = rebind(of, new Map(parameters.map((p, i) => [p, values[i]!])), batch);
  return of.map((_, i) => project(rebound, String(i)));
};

/**
 * The model, which before it scores a user's next item takes `steps` steps of gradient descent, at `rate`, on *all* its
 * parameters theta, for that user alone:
 *
 *     theta_u <- theta_u - rate * d/d theta_u  1/(n - 1) sum over t < n of loss(item_t+1 | item_1 ... item_t; theta_u)
 *
 * from the trained theta, which is never written: the user's theta_u is used for the scores and forgotten. The losses are the
 * model's own (`losses` of its outputs: `nextItem` gives them) in the phase `inference`, so nothing is dropped out; where
 * negatives are drawn, every user meets the same ones, by the run's seed. A history of one item leaves theta as it is.
 * Training is the model's own.
 *
 *     export default personalise(hstu, { name: 'pcrec-simple', rate: 0.01 });
 *
 * Users are computed together. Of each user's theta_u only what is small is formed: the step of a linear map is a product
 * over the user's positions, the step of an embedding is rows of the items that the user met.
 */
export const personalise = <H extends Hypers>(of: Model<H>, options: PersonaliseOptions<H>): Model<H & Adaptation> => {
  const taken = ['adaptationRate', 'adaptationSteps'].filter((name) => name in of.hyper);
  if (taken.length > 0)
    fail('PC3008', `the model '${of.name}' has the hyperparameter '${taken[0]}' already: it is personalised`);
  const hyper = {
    ...of.hyper,
    adaptationRate: number(
      options.rate,
      "rate of each user's own step on all parameters, before the prediction; 0 leaves them as trained",
      { min: 0 },
    ),
    adaptationSteps: integer(options.steps ?? 1, "steps on the loss of the user's own history", { min: 0 }),
  };
  const adapted = (context: Context<H & Adaptation>): Outputs => {
    const batch = retold(context.batch);
    const plain = of.build({ ...context, batch });
    const losses =
      plain.losses ??
      fail(
        'PC4011',
        `the model '${of.name}' gives no losses, one for each position: there is nothing a user's own step could descend`,
      );
    const parameters = parametersOf([losses, plain.scores]);
    const {
      states: [own],
    } = descend(([values]) => meanOwn(typed(given([losses], parameters, values, batch)[0]!), batch), {
      wrt: [parameters.map((p) => expand(typed<string>(p), batch.batch))],
      rate: context.hyper.adaptationRate,
      steps: context.hyper.adaptationSteps,
    });
    return { ...plain, scores: typed(given([plain.scores], parameters, own, batch)[0]!) };
  };
  return {
    kind: 'pcrec.model',
    name: options.name ?? `${of.name}-simple`,
    doc: options.doc ?? `${of.doc} Each user's own history is learnt before the prediction.`,
    hyper,
    presets: options.presets ?? of.presets,
    optimizer: (values) => of.optimizer(values),
    build: (context) => (context.phase === 'training' ? of.build(context) : adapted(context)),
  };
};
