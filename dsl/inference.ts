/**
 * Forward inference for any stack (PCRec, KDD 2025, leaves this to future work): the blocks' states are a first guess, which
 * descends an energy of the row's own before the prediction.
 */
import { pipe } from 'fp-ts/lib/function.js';
import { type Activation, activations, sigmoid } from './activation.js';
import { type Axis, like } from './axis.js';
import { prefix, whole } from './backward.js';
import { descend } from './descend.js';
import { add, mul, square, sub } from './elementwise.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { type Batch, choice, type Context, type Hypers, integer, type Model, number, type Values } from './model.js';
import type { Init } from './node.js';
import { filled, normal, param, zeros } from './parameter.js';
import { expand, rename } from './position.js';
import type { State } from './recommender.js';
import { dot, sum } from './reduction.js';
import { predicted, type Stack, type StackedModel, type StackHypers, statesOf } from './stacked.js';
import { type Tensor, typed } from './tensor.js';

/** What `withInference` adds to a model's hyperparameters. */
export const inferenceHypers = {
  steps: integer(1, 'inference steps on the prediction error', { min: 0 }),
  activation: choice(['softplus', 'sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'], 'f in theta f(s)'),
  adaptation: number(0, "rate of each user's own update of theta; 0 leaves theta as trained", { min: 0 }),
  horizon: choice(['prefix', 'last'], 'train all positions, each on its own prefix, or the last alone'),
} as const;
type Inference = typeof inferenceHypers;
export type InferringModel<H extends Hypers> = Model<H & Inference>;

/** A weight of an energy: one for all users, or each user's own. */
export type Weight = Tensor<string>;

export interface LayeredEnergy {
  /** What the energy has of trained tensors, which a user may adapt beside the states. */
  readonly weights: readonly Weight[];
  /** The energy of each row at the states s_0 ... s_L, from the input to the top. */
  readonly at: (states: readonly State[], weights: readonly Weight[]) => Tensor<'batch'>;
}

/** What an energy may know of the stack that it is for. */
export interface StackShape {
  readonly batch: Batch;
  readonly width: Axis<'width'>;
  /** How many blocks there are: L. */
  readonly layers: number;
  /** The hyperparameter `activation`. */
  readonly activation: Activation;
}
export type Energy = (shape: StackShape) => LayeredEnergy;

export interface LayeredPredictionErrorOptions {
  /** Default: the hyperparameter `activation`. */
  readonly f?: Activation;
  /** How theta_1 ... theta_L start; default N(0, 0.02). */
  readonly theta?: Init;
}
/**
 * 1/2 sum over 0 <= l < L of |s_l - theta_{l+1} f(s_{l+1})|^2, where theta mixes positions: position `seq` of one layer is
 * predicted from positions `key` of the layer above. Parameters: `theta.1` ... `theta.L`, shared by all users.
 */
export const layeredPredictionError = ({ f, theta = normal(0.02) }: LayeredPredictionErrorOptions = {}): Energy =>
  ({ batch: { seq }, width, layers, activation }) => {
    const key = like('key', seq);
    const above = (state: State): Tensor<string> => typed(rename((f ?? activation)(state), seq, key));
    const error = (states: readonly State[]) => (weight: Weight, l: number): Tensor<'batch'> => {
      const mu: State = typed(dot<string, string, string>(weight, above(states[l + 1]!), key as Axis));
      return pipe(sub(states[l]!, mu), square, sum([seq, width]));
    };
    return {
      weights: Array.from({ length: layers }, (_, l) => typed<string>(param(`theta.${l + 1}`, [seq, key], theta))),
      at: (states, weights) => mul(weights.map(error(states)).reduce((total, layer) => add(total, layer)), 0.5),
    };
  };

export interface WithInferenceOptions<H extends Hypers> {
  /** Default: the model's name and `-pc`. */
  readonly name?: string;
  readonly doc?: string;
  /** Default: the model's own. */
  readonly presets?: Readonly<Record<string, Partial<Values<H & Inference>>>>;
}

/** gamma_l in (0, 1), for each position and channel, from what block l reads. Parameters: `gamma.0` ... `gamma.L`. */
const gates = (states: readonly State[], width: Axis<'width'>): readonly State[] =>
  states.map((_, l) => sigmoid(linear(`gamma.${l}`, states[Math.max(l - 1, 0)]!, width, width, { init: zeros, biasInit: filled(-2) })));

const inferred = ({ hyper, batch: { batch, seq }, batch: all }: Context<Inference>, stack: Stack, energy: Energy): State => {
  const { table: { width }, blocks } = stack;
  if (blocks.length === 0) fail('a stack without blocks has one state, and nothing to predict it from');
  const guess = statesOf(stack);
  const { weights, at } = energy({ batch: all, width, layers: blocks.length, activation: activations[hyper.activation] });
  const gamma = gates(guess, width);
  const common = { steps: hyper.steps, horizon: hyper.horizon === 'prefix' ? prefix(seq) : whole } as const;
  if (hyper.adaptation === 0) return descend(([s]) => at(s, weights), { wrt: [guess], rate: [gamma], ...common }).states[0].at(-1)!;
  if (hyper.horizon !== 'last' || hyper.steps < 2) fail('adaptation needs horizon last and 2 steps: the first step does not read the adapted theta');
  const own = weights.map((weight) => typed<string>(expand(weight, batch)));
  return descend(([s, o]) => at(s, o), { wrt: [guess, own], rate: [gamma, hyper.adaptation], ...common }).states[0].at(-1)!;
};

/**
 * The stack, whose states s_0 ... s_L descend the energy of their own row before the prediction, `steps` times and all at once,
 *
 *     s_l <- s_l - gamma_l * dE/ds_l,   gamma_l = sigmoid(W_l x + b_l), x what block l reads,
 *
 * the top state is then read as the stack's is. With `steps` 0 it predicts what the stack predicts. `horizon` `prefix` lets
 * position t descend the energy of the history up to t alone, so that all positions can be trained; `last` trains each
 * sequence's last position, on the whole history. `adaptation` lets each user's own weights descend after the states.
 *
 *     export default withInference(sasrec, layeredPredictionError());
 */
export const withInference = <H extends StackHypers>(of: StackedModel<H>, energy: Energy, options: WithInferenceOptions<H> = {}): InferringModel<H> => {
  const taken = Object.keys(inferenceHypers).filter((name) => name in of.hyper);
  if (taken.length > 0) fail(`the model '${of.name}' has the hyperparameter '${taken[0]}' already`);
  return {
    kind: 'pcrec.model', name: options.name ?? `${of.name}-pc`,
    doc: options.doc ?? `${of.doc} Its states descend a user's own prediction error before the prediction.`,
    hyper: { ...of.hyper, ...inferenceHypers }, presets: (options.presets ?? of.presets) as InferringModel<H>['presets'],
    optimizer: (values) => of.optimizer(values),
    build: (context) => {
      const stack = of.stack(context);
      const own: Context<Inference> = context;
      return predicted(context, stack, inferred(own, stack, energy), own.hyper.horizon === 'last' ? 'last' : 'all');
    },
  };
};
