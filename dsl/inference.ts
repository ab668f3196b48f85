/**
 * Forward inference for any stack (PCRec, KDD 2025, leaves this to future work): the blocks' states are a first guess, which
 * descends an energy of the row's own before the prediction.
 */
import { type Activation, activations, sigmoid } from './activation.js';
import type { Axis } from './axis.js';
import { prefix, whole } from './backward.js';
import { descend } from './descend.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { type Batch, choice, type Context, type Hypers, integer, type Model, number, type Values } from './model.js';
import { filled, zeros } from './parameter.js';
import { expand } from './position.js';
import type { State } from './recommender.js';
import { predicted, type StackedModel, type StackHypers, statesOf } from './stacked.js';
import { type Tensor, typed } from './tensor.js';

/** What `withInference` adds to a model's hyperparameters. */
export const inferenceHypers = {
  steps: integer(1, 'inference steps on the prediction error', { min: 0 }),
  activation: choice(['softplus', 'sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'], 'f in theta f(s)'),
  adaptation: number(0, "rate of each user's own update of theta; 0 leaves theta as trained", { min: 0 }),
  horizon: choice(['prefix', 'last'], 'train all positions, each on its own prefix, or the last alone'),
} as const;
/** The declarations in `inferenceHypers`, as a type. */
export type InferenceHypers = typeof inferenceHypers;
/** A model whose states descend an energy before it predicts. */
export type InferringModel<H extends Hypers> = Model<H & InferenceHypers>;

/** An energy of a stack's states, and of weights with the axes `W`. */
export interface LayeredEnergy<W extends string> {
  /** What the energy has of trained tensors, which a user may adapt beside the states. */
  readonly weights: readonly Tensor<W>[];
  /** The energy of each row at the states s_0 ... s_L, from the input to the top; the weights may be each user's own. */
  readonly at: (states: readonly State[], weights: readonly Tensor<W | 'batch'>[]) => Tensor<'batch'>;
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
/** An energy for stacks of any shape: PCRec's is `layeredPredictionError` of `pcrec/models/pcrec`. */
export type Energy<W extends string> = (shape: StackShape) => LayeredEnergy<W>;

/** What the new model is called, and its presets. */
export interface WithInferenceOptions<H extends Hypers> {
  /** Default: the model's name and `-pc`. */
  readonly name?: string;
  readonly doc?: string;
  /** Default: the model's own. */
  readonly presets?: Readonly<Record<string, Partial<Values<H & InferenceHypers>>>>;
}

/** gamma_l in (0, 1), for each position and channel, from what block l reads; 0.12 at first. Parameters: `gamma.0` ... `gamma.L`. */
export const gates = (states: readonly State[], width: Axis<'width'>): readonly State[] =>
  states.map((_, l) =>
    sigmoid(linear(`gamma.${l}`, states[Math.max(l - 1, 0)]!, width, width, { init: zeros, biasInit: filled(-2) })),
  );

/** What `infer` starts from. */
export interface Inference<W extends string> {
  /** s_0 ... s_L, where the descent starts. */
  readonly guess: readonly State[];
  /** The rate of each of them. */
  readonly gamma: readonly State[];
  readonly energy: LayeredEnergy<W>;
}
/** The states after `steps` steps on the energy, all at once; with an `adaptation` the weights are states of the descent too, a user's own. */
export const infer = <W extends string>(
  { hyper, batch: { batch, seq } }: Pick<Context<InferenceHypers>, 'hyper' | 'batch'>,
  { guess, gamma, energy: { at, weights } }: Inference<W>,
): readonly State[] => {
  const common = { steps: hyper.steps, horizon: hyper.horizon === 'prefix' ? prefix(seq) : whole } as const;
  if (hyper.adaptation === 0)
    return descend(
      ([s]) =>
        at(
          s,
          weights.map((weight) => typed<W | 'batch'>(weight)),
        ),
      { wrt: [guess], rate: [gamma], ...common },
    ).states[0];
  if (hyper.horizon !== 'last' || hyper.steps < 2)
    fail('PC2014', 'adaptation needs horizon last and 2 steps: the first step does not read the adapted theta');
  const own = weights.map((weight) => typed<W | 'batch'>(expand(typed<string>(weight), batch)));
  return descend(([s, o]) => at(s, o), { wrt: [guess, own], rate: [gamma, hyper.adaptation], ...common }).states[0];
};

/** Which positions the horizon lets be trained. */
export const trainedAt = ({ horizon }: Values<InferenceHypers>): 'all' | 'last' =>
  horizon === 'last' ? 'last' : 'all';

/**
 * The stack, whose states s_0 ... s_L descend the energy of their own row before the prediction, `steps` times and all at once,
 *
 *     s_l <- s_l - gamma_l * dE/ds_l,   gamma_l = sigmoid(W_l x + b_l), x what block l reads,
 *
 * the top state is then read as the stack's is. With `steps` 0 it predicts what the stack predicts. `horizon` `prefix` lets
 * position t descend the energy of the history up to t alone, so that all positions can be trained; `last` trains each
 * sequence's last position, on the whole history. `adaptation` lets each user's own weights descend after the states.
 *
 *     export default withInference(sasrec, layeredPredictionError);  // of pcrec/models/pcrec
 */
export const withInference = <H extends StackHypers, W extends string>(
  of: StackedModel<H>,
  energy: Energy<W>,
  options: WithInferenceOptions<H> = {},
): InferringModel<H> => {
  const taken = Object.keys(inferenceHypers).filter((name) => name in of.hyper);
  if (taken.length > 0) fail('PC3008', `the model '${of.name}' has the hyperparameter '${taken[0]}' already`);
  return {
    kind: 'pcrec.model',
    name: options.name ?? `${of.name}-pc`,
    doc: options.doc ?? `${of.doc} Its states descend a user's own prediction error before the prediction.`,
    hyper: { ...of.hyper, ...inferenceHypers },
    presets: (options.presets ?? of.presets) as InferringModel<H>['presets'],
    optimizer: (values) => of.optimizer(values),
    build: (context) => {
      const { hyper, batch }: Context<InferenceHypers> = context;
      const stack = of.stack(context);
      const {
        table: { width },
        blocks,
      } = stack;
      if (blocks.length === 0) fail('PC4012', 'a stack without blocks has one state, and nothing to predict it from');
      const guess = statesOf(stack);
      const states = infer(
        { hyper, batch },
        {
          guess,
          gamma: gates(guess, width),
          energy: energy({ batch, width, layers: blocks.length, activation: activations[hyper.activation] }),
        },
      );
      return predicted(context, stack, states.at(-1)!, trainedAt(hyper));
    },
  };
};
