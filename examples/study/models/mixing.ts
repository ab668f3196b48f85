/**
 * Control: the same theta, gamma and f as PCRec's, and no error. What is added to a state is gamma f'(s) * theta^T x of the layer x below, as
 * an ordinary layer that mixes positions would; what the state says of that layer is not subtracted. The energy of which this is a step:
 * E_l = -<s_{l-1}, theta f(s_l)>.
 */
import { type StackEnergy, dot, like, mul, normal, param, pipe, rename, sum, withInference } from 'pcrec';
import hstu from 'pcrec/models/hstu';

export const agreement: StackEnergy<'seq' | 'key'> = ({ batch: { seq }, width, activation: f }, l) => {
  const key = like('key', seq);
  return {
    weights: [param(`theta.${l}`, [seq, key], normal(0.02))],
    at: (below, above, [theta]) =>
      pipe(mul(below, dot(theta!, rename(f(above), seq, key), key)), sum([seq, width]), mul(-1)),
  };
};

export default withInference(hstu, agreement, { name: 'mixing', doc: "PCRec's parameters without its error." });
