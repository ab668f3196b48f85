/** Control: PCRec whose rate is the same for all positions, channels and users: 0.12, what gamma starts as. */
import {
  type State,
  descend,
  dot,
  like,
  mul,
  normal,
  param,
  pipe,
  prefix,
  rename,
  softplus,
  square,
  stacked,
  sub,
  sum,
} from 'pcrec';
import hstu from 'pcrec/models/hstu';

export default stacked({
  name: 'constant-gamma',
  doc: 'PCRec with one rate for all.',
  hyper: hstu.hyper,
  presets: hstu.presets,
  optimizer: (values) => hstu.optimizer(values),
  stack: (context) => {
    const stack = hstu.stack(context);
    const { seq } = context.batch;
    const { width } = stack.table;
    const key = like('key', seq);
    const blocks = stack.blocks.map((block, i) => (below: State) => {
      const theta = param(`theta.${i + 1}`, [seq, key], normal(0.02));
      const error = (s: State) =>
        pipe(sub(below, dot(theta, rename(softplus(s), seq, key), key)), square, sum([seq, width]), mul(0.5));
      return descend(([s]) => error(s), { wrt: [block(below)], rate: 0.12, steps: 1, horizon: prefix(seq) }).states[0];
    });
    return { ...stack, blocks };
  },
});
