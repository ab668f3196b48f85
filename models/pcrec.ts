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
  type Tensor, activations, add, choice, descend, dot, expand, fail, filled, integer, like, linear,
  model, mul, nextItem, normal, number, param, pipe, prefix, recommenderOptimizer, rename, sequenceInput, sigmoid, square, sub, sum, whole, zeros,
} from 'pcrec';
import { hstuBlock, hstuHypers } from 'pcrec/models/hstu';

type State = Tensor<'batch' | 'seq' | 'width'>;

export default model({
  name: 'pcrec',
  doc: 'HSTU blocks whose states descend a user\'s own prediction error before the prediction.',
  hyper: {
    ...hstuHypers,
    steps: integer(1, 'inference steps on the prediction error', { min: 0 }),
    activation: choice(['softplus', 'sigmoid', 'tanh', 'relu', 'silu', 'gelu', 'linear'], 'f in theta f(s)'),
    adaptation: number(0, 'rate of each user\'s own update of theta; 0 leaves theta as trained', { min: 0 }),
    horizon: choice(['prefix', 'last'], 'train all positions, each on its own prefix, or the last alone'),
  },
  presets: { base: {}, large: { blocks: 8, heads: 2 }, adaptive: { horizon: 'last', steps: 2, adaptation: 0.01 } },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const { hyper, batch: { batch, seq } } = context;
    const { width, items, input } = sequenceInput(context);
    const key = like('key', seq);
    const f = activations[hyper.activation];

    // Bottom-up: s_0 is the input, s_l the output of block l.
    const blocks = Array.from({ length: hyper.blocks }, (_, l) => hstuBlock(`block.${l}`, context, width));
    const guess = blocks.reduce<readonly State[]>((s, block) => [...s, block(s.at(-1)!)], [input]);

    // Top-down: mu_l = theta_{l+1} f(s_{l+1}) is what layer l should be, given the layer above.
    const theta = blocks.map((_, l) => param(`theta.${l + 1}`, [seq, key], normal(0.02)));
    const above = (states: readonly State[], l: number) => rename(f(states[l + 1]!), seq, key);
    const energy = (states: readonly State[], mu: readonly State[]): Tensor<'batch'> => {
      const layers = mu.map((prediction, l) => pipe(sub(states[l]!, prediction), square, sum([seq, width])));
      return mul(layers.reduce((total, layer) => add(total, layer)), 0.5);
    };

    // gamma_l, for each position and channel, from what block l reads.
    const gamma = guess.map((_, l) =>
      sigmoid(linear(`gamma.${l}`, guess[Math.max(l - 1, 0)]!, width, width, { init: zeros, biasInit: filled(-2) })));
    const common = { steps: hyper.steps, horizon: hyper.horizon === 'prefix' ? prefix(seq) : whole } as const;

    const inferred = (): readonly State[] => {
      const { states: [s] } = descend(
        ([s]) => energy(s, theta.map((weight, l) => dot(weight, above(s, l), key))),
        { wrt: [guess], rate: [gamma], ...common });
      return s;
    };
    const adapted = (): readonly State[] => {
      if (hyper.horizon !== 'last' || hyper.steps < 2) fail('adaptation needs horizon last and 2 steps: the first step does not read the adapted theta');
      const { states: [s] } = descend(
        ([s, own]) => energy(s, own.map((weight, l) => dot(weight, above(s, l), key))),
        { wrt: [guess, theta.map((weight) => expand(weight, batch))], rate: [gamma, hyper.adaptation], ...common });
      return s;
    };
    const states = hyper.adaptation > 0 ? adapted() : inferred();

    return nextItem(context, { width, items }, states.at(-1)!, hyper.horizon === 'last' ? 'last' : 'all');
  },
});
