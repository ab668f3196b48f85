/**
 * Forward inference for any stack (PCRec, KDD 2025, leaves this to future work): the states that blocks make are a first guess, which
 * descends an energy of the row's own before it is read.
 */
import { type Activation, activations, sigmoid } from './activation.js';
import type { Axis } from './axis.js';
import { prefix, whole } from './backward.js';
import { descend } from './descend.js';
import { add } from './elementwise.js';
import { fail } from './errors.js';
import { linear } from './layer.js';
import { type Batch, choice, type Context, type Hypers, integer, type Model, number, type Values } from './model.js';
import { filled, zeros } from './parameter.js';
import { expand } from './position.js';
import type { State } from './recommender.js';
import { predicted, type Stack, type StackedModel, type StackHypers, statesOf } from './stacked.js';
import { type Tensor, typed } from './tensor.js';

/** What `withInference` adds to a model's hyperparameters. */
export const inferenceHypers = {
  inference: choice(
    ['pass', 'after'],
    "when states settle: each before the next block reads it, or all after the last block's guess",
  ),
  steps: integer(1, 'inference steps on the prediction error', { min: 0 }),
  activation: choice(['softplus', 'sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'], 'f in theta f(s)'),
  adaptation: number(0, "rate of each user's own update of theta; 0 leaves theta as trained", { min: 0 }),
  horizon: choice(['prefix', 'last'], 'train all positions, each on its own prefix, or the last alone'),
} as const;
/** The declarations in `inferenceHypers`, as a type. */
export type InferenceHypers = typeof inferenceHypers;
/** A model whose states descend an energy before it predicts. */
export type InferringModel<H extends Hypers> = Model<H & InferenceHypers>;

/** What a block adds to the energy of a stack: an energy of the state below it and its own, and of weights with the axes `W`. */
export interface LayerEnergy<W extends string> {
  /** What the energy has of trained tensors, which a user may adapt beside the states. */
  readonly weights: readonly Tensor<W>[];
  /** The energy of each row; the weights may be each user's own. */
  readonly at: (below: State, above: State, weights: readonly Tensor<W | 'batch'>[]) => Tensor<'batch'>;
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
/** An energy for stacks of any shape, the sum over blocks 1 ... L of what this gives for each: PCRec's is `layeredPredictionError` of `pcrec/models/pcrec`. */
export type Energy<W extends string> = (shape: StackShape, block: number) => LayerEnergy<W>;

/** What the new model is called, and its presets. */
export interface WithInferenceOptions<H extends Hypers> {
  /** Default: the model's name and `-pc`. */
  readonly name?: string;
  readonly doc?: string;
  /** Default: the model's own. */
  readonly presets?: Readonly<Record<string, Partial<Values<H & InferenceHypers>>>>;
}

/** gamma_l in (0, 1) for state l, for each position and channel, from `x`, what block l reads; 0.12 at first. Parameters: `gamma.l`. */
export const gate = (l: number, x: State, width: Axis<'width'>): State =>
  sigmoid(linear(`gamma.${l}`, x, width, width, { init: zeros, biasInit: filled(-2) }));

/** What `infer` works on. */
export interface Inference<W extends string> extends Pick<Stack, 'input' | 'blocks'> {
  readonly width: Axis<'width'>;
  readonly energy: Energy<W>;
}
type Asked = Pick<Context<InferenceHypers>, 'hyper' | 'batch'>;

/** States after their descent, and what it is on. */
interface Descending<W extends string> {
  readonly guess: readonly State[];
  /** The rate of each of them. */
  readonly gamma: readonly State[];
  readonly weights: readonly Tensor<W>[];
  readonly energy: (states: readonly State[], weights: readonly Tensor<W | 'batch'>[]) => Tensor<'batch'>;
}
/** The states after `steps` steps, all at once; with an `adaptation` the weights are states of the descent too, a user's own. */
const settled = <W extends string>(
  { hyper, batch: { batch, seq } }: Asked,
  { guess, gamma, weights, energy }: Descending<W>,
): readonly State[] => {
  const common = { steps: hyper.steps, horizon: hyper.horizon === 'prefix' ? prefix(seq) : whole } as const;
  const trained = weights.map((weight) => typed<W | 'batch'>(weight));
  if (hyper.adaptation === 0)
    return descend(([s]) => energy(s, trained), { wrt: [guess], rate: [gamma], ...common }).states[0];
  if (hyper.horizon !== 'last' || hyper.steps < 2)
    fail('PC2014', 'adaptation needs horizon last and 2 steps: the first step does not read the adapted theta');
  const own = weights.map((weight) => typed<W | 'batch'>(expand(typed<string>(weight), batch)));
  return descend(([s, o]) => energy(s, o), { wrt: [guess, own], rate: [gamma, hyper.adaptation], ...common }).states[0];
};

/** How states settle: s_0 ... s_L, of a stack and the energy of each of its blocks. */
type Settling = <W extends string>(
  asked: Asked,
  of: Omit<Inference<W>, 'energy'> & { readonly energies: readonly LayerEnergy<W>[] },
) => readonly State[];

/** Block by block: what it makes of the settled state below descends the block's energy; then the next block reads it. */
const inThePass: Settling = (asked, { input, blocks, width, energies }) =>
  blocks.reduce<readonly State[]>(
    (s, block, l) => {
      const below = s[l]!;
      const { weights, at } = energies[l]!;
      return [
        ...s,
        ...settled(asked, {
          guess: [block(below)],
          gamma: [gate(l + 1, below, width)],
          weights,
          energy: ([above], own) => at(below, above!, own),
        }),
      ];
    },
    [input],
  );

/** All blocks guess, and all states, the input too, descend the sum of the energies. */
const afterThePass: Settling = (asked, { width, energies, ...stack }) => {
  const guess = statesOf(stack);
  // Where a block's own weights begin among those of all.
  const first = energies.map((_, l) => energies.slice(0, l).reduce((n, { weights }) => n + weights.length, 0));
  return settled(asked, {
    guess,
    gamma: guess.map((_, l) => gate(l, guess[Math.max(l - 1, 0)]!, width)),
    weights: energies.flatMap(({ weights }) => weights),
    energy: (s, own) =>
      energies
        .map(({ weights, at }, l) => at(s[l]!, s[l + 1]!, own.slice(first[l]!, first[l]! + weights.length)))
        .reduce((total, layer) => add(total, layer)),
  });
};

const settlings: Readonly<Record<Values<InferenceHypers>['inference'], Settling>> = {
  pass: inThePass,
  after: afterThePass,
};

/**
 * The states s_0 ... s_L of a stack whose states descend an energy, as the hyperparameters say: under `inference` `pass` each block's state
 * before the next block reads it, the state below held; under `after` all states together once all blocks have guessed.
 */
export const infer = <W extends string>(asked: Asked, { energy, ...stack }: Inference<W>): readonly State[] => {
  const { hyper, batch } = asked;
  const layers = stack.blocks.length;
  if (layers === 0) fail('PC4012', 'a stack without blocks has one state, and nothing to predict it from');
  const shape: StackShape = { batch, width: stack.width, layers, activation: activations[hyper.activation] };
  const energies = stack.blocks.map((_, l) => energy(shape, l + 1));
  return settlings[hyper.inference](asked, { ...stack, energies });
};

/** Which positions the horizon lets be trained. */
export const trainedAt = ({ horizon }: Values<InferenceHypers>): 'all' | 'last' =>
  horizon === 'last' ? 'last' : 'all';

/**
 * The stack, whose states descend an energy of their own row, `steps` times, before they are read:
 *
 *     s_l <- s_l - gamma_l * dE/ds_l,   gamma_l = sigmoid(W_l x + b_l), x what block l reads.
 *
 * Under `inference` `pass` each block's state does so before the next block reads it; under `after` s_0 ... s_L do so together
 * once all blocks have guessed. The top state is then read as the stack's is. With `steps` 0 it predicts what the stack predicts. `horizon`
 * `prefix` lets position t descend the energy of the history up to t alone, so that all positions can be trained; `last` trains each
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
      const states = infer({ hyper, batch }, { ...stack, width: stack.table.width, energy });
      return predicted(context, stack, states.at(-1)!, trainedAt(hyper));
    },
  };
};
