/**
 * PCRec: "Breaking the Bottleneck: User-Specific Optimization and Real-Time Inference Integration for Sequential
 * Recommendation", KDD 2025. HSTU blocks make first guesses of the states s_0 ... s_L bottom-up; the forward pass
 * minimises the layered prediction error of predictive coding, each user's alone,
 *
 *     E = sum_l E_l,   E_l = 1/2 |s_{l-1} - theta_l f(s_l)|^2,   1 <= l <= L,
 *
 * where theta mixes positions: position `seq` of one layer is predicted from positions `key` of the layer above. The
 * update is not written here: it is the gradient of E, which the compiler derives, and training differentiates through it.
 *
 * Two readings of the paper's forward process, which speaks of inference within the forward pass and gives the rules for all states
 * (`inference`):
 * - `pass`, the default: the forward pass *is* the process. Block l guesses s_l from the settled s_{l-1}, s_l descends E_l with the state
 *   below held, and then block l + 1 reads it. So the errors of all layers reach the prediction in one step, and every theta is trained.
 * - `after`: the pass guesses all states first; then all of them, s_0 too, descend E at once, and the prediction reads s_L. An error
 *   travels one layer a step: after one step s_L has met the error of the layer below it only.
 * With one block and one step both are the same. `pass` predicts better on the data that we tried (models/README.md).
 *
 * Choices and deviations, each with its reason:
 * - The equations are implemented, not the authors' released code, which differs from them (scalar squared errors, and an
 *   update that writes the shared weights).
 * - The blocks are HSTU's as published, without biases; the factor of E is 1/2, so that the step is gamma times the plain
 *   prediction error; gamma_l is read from what block l reads, per position and channel.
 * - theta^T carries later positions into earlier states. `horizon: prefix` (training on all positions) lets position t
 *   descend the energy of the history up to t alone; `last` trains on each sequence's last position, where the whole
 *   history may be read. Ranking uses the horizon that was trained: after a single step the last position of s_1 (of s_L, under
 *   `after`) is the same under both, after several it need not be, since under `prefix` earlier positions have moved on their own prefixes.
 * - theta adapts to the user together with the states, as a state of the same descents, starting from the trained theta, which
 *   itself is never written. Only a further step reads the adapted theta, and each prefix would need its own: so
 *   `adaptation` asks for two steps and for horizon `last`, and is off unless set (preset `adaptive`).
 * - theta starts N(0, 0.02) and gamma's bias at -2, so that the first steps are within the bound of stable descent.
 */
import {
  type StackEnergy,
  dot,
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
  sub,
  sum,
  trainedAt,
} from 'pcrec';
import { hstuBlock, hstuHypers } from 'pcrec/models/hstu';

/** E_l of each user, for block l. Parameter: `theta.l`, shared by all users. */
export const layeredPredictionError: StackEnergy<'seq' | 'key'> = ({ batch: { seq }, width, activation: f }, l) => {
  const key = like('key', seq);
  return {
    weights: [param(`theta.${l}`, [seq, key], normal(0.02))],
    at: (below, above, [theta]) => {
      /** What the layer below should be, given the one above. */
      const mu = dot(theta!, rename(f(above), seq, key), key);
      return pipe(sub(below, mu), square, sum([seq, width]), mul(0.5));
    },
  };
};

export default model({
  name: 'pcrec',
  doc: "HSTU blocks whose states descend a user's own prediction error before the prediction.",
  hyper: { ...hstuHypers, ...inferenceHypers },
  presets: { base: {}, large: { blocks: 8, heads: 2 }, adaptive: { horizon: 'last', steps: 2, adaptation: 0.01 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper } = context;
    const { width, items, input } = sequenceInput(context);
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    // s_0 is the input, s_l what block l makes of the state below and descends E_l from.
    const s = infer(context, { input, blocks, width, energy: layeredPredictionError });
    return nextItem(context, { width, items }, s.at(-1)!, trainedAt(hyper));
  },
});
