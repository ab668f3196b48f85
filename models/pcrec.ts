/**
 * PCRec: "Breaking the Bottleneck: User-Specific Optimization and Real-Time Inference Integration for Sequential
 * Recommendation", KDD 2025. HSTU blocks make a first guess of the states s_0 ... s_L bottom-up; the forward pass then
 * minimises the layered prediction error of predictive coding, each user's alone,
 *
 *     E = 1/2 sum_l |s_l - theta_{l+1} f(s_{l+1})|^2,   0 <= l < L,
 *
 * where theta mixes positions: position `seq` of one layer is predicted from positions `key` of the layer above. The
 * update is not written here: it is the gradient of E, which the compiler derives, and training differentiates through it.
 *
 * Choices and deviations, each with its reason:
 * - The equations are implemented, not the authors' released code, which differs from them (scalar squared errors, and an
 *   update that writes the shared weights).
 * - The blocks are HSTU's as published, without biases; the factor of E is 1/2, so that the step is gamma times the plain
 *   prediction error; gamma_l is read from what block l reads, per position and channel.
 * - All states move, s_0 too, all at once; the prediction reads s_L alone. After one step s_L has met the error of the layer
 *   below it only: errors travel one layer a step.
 * - theta^T carries later positions into earlier states. `horizon: prefix` (training on all positions) lets position t
 *   descend the energy of the history up to t alone; `last` trains on each sequence's last position, where the whole
 *   history may be read. Ranking uses the horizon that was trained: after a single step the last position is the same under
 *   both, after several it need not be, since under `prefix` earlier positions have moved on their own prefixes.
 * - theta adapts to the user after the states, as a state of the same descent, starting from the trained theta, which
 *   itself is never written. Only a further step reads the adapted theta, and each prefix would need its own: so
 *   `adaptation` asks for two steps and for horizon `last`, and is off unless set (preset `adaptive`).
 * - theta starts N(0, 0.02) and gamma's bias at -2, so that the first steps are within the bound of stable descent.
 */
import {
  type StackEnergy,
  type State,
  type Tensor,
  activations,
  add,
  dot,
  gates,
  infer,
  inferenceHypers,
  like,
  model,
  mul,
  nextItem,
  normal,
  param,
  pipe,
  recommenderOptimizer,
  rename,
  sequenceInput,
  square,
  statesOf,
  sub,
  sum,
  trainedAt,
} from 'pcrec';
import { hstuBlock, hstuHypers } from 'pcrec/models/hstu';

/** E, at states s_0 ... s_L of a stack, for each user. Parameters: `theta.1` ... `theta.L`, shared by all users. */
export const layeredPredictionError: StackEnergy<'seq' | 'key'> = ({
  batch: { seq },
  width,
  layers,
  activation: f,
}) => {
  const key = like('key', seq);
  const theta = Array.from({ length: layers }, (_, l) => param(`theta.${l + 1}`, [seq, key], normal(0.02)));
  /** |s_l - mu_l|^2, with mu_l = theta_{l+1} f(s_{l+1}): what layer l should be, given the layer above. */
  const error = (states: readonly State[], weight: Tensor<'batch' | 'seq' | 'key'>, l: number): Tensor<'batch'> => {
    const above = rename(f(states[l + 1]!), seq, key);
    const mu = dot(weight, above, key);
    return pipe(sub(states[l]!, mu), square, sum([seq, width]));
  };
  return {
    weights: theta,
    at: (states, weights) =>
      mul(
        weights.map((weight, l) => error(states, weight, l)).reduce((total, layer) => add(total, layer)),
        0.5,
      ),
  };
};

export default model({
  name: 'pcrec',
  doc: "HSTU blocks whose states descend a user's own prediction error before the prediction.",
  hyper: { ...hstuHypers, ...inferenceHypers },
  presets: { base: {}, large: { blocks: 8, heads: 2 }, adaptive: { horizon: 'last', steps: 2, adaptation: 0.01 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper, batch } = context;
    const { width, items, input } = sequenceInput(context);
    // Bottom-up: s_0 is the input, s_l the output of block l.
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    const guess = statesOf({ input, blocks });
    // Top-down: the guess descends E, each state by a rate gamma_l of its own.
    const gamma = gates(guess, width);
    const energy = layeredPredictionError({
      batch,
      width,
      layers: hyper.blocks,
      activation: activations[hyper.activation],
    });
    const s = infer(context, { guess, gamma, energy });
    return nextItem(context, { width, items }, s.at(-1)!, trainedAt(hyper));
  },
});
