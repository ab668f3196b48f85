/**
 * A new layer is one small pure function. This file adds a pre-normalised SwiGLU block,
 *
 *     x + (silu(RMSNorm(x) W_gate) * RMSNorm(x) W_up) W_down,
 *
 * and a model that stacks it on causal attention:
 *
 *     npx pcrec-compile examples/swiglu.ts && node build/swiglu/trainer.js --data ml-1m/ratings.dat
 */
import {
  type Axis,
  type State,
  add,
  axis,
  causal,
  integer,
  like,
  linear,
  model,
  mul,
  nextItem,
  pipe,
  recommenderHypers,
  recommenderOptimizer,
  rename,
  rmsNorm,
  sequenceInput,
  silu,
  softmaxAttention,
} from 'pcrec';

/** The new layer. `path` names its parameters; `hidden` is the axis between the two maps. */
const swiGlu =
  (path: string, width: Axis<'width'>, hidden: Axis<'hidden'>) =>
  (x: State): State => {
    const normed = rmsNorm(x, width, { path: `${path}.norm` });
    const gate = pipe(linear(`${path}.gate`, normed, width, hidden, { bias: false }), silu);
    const up = linear(`${path}.up`, normed, width, hidden, { bias: false });
    return add(x, linear(`${path}.down`, mul(gate, up), hidden, width, { bias: false }));
  };

export default model({
  name: 'swiglu',
  doc: 'Causal attention and SwiGLU feed-forward blocks.',
  hyper: {
    ...recommenderHypers,
    blocks: integer(2, 'blocks, one above the other'),
    hidden: integer(128, 'channels between the two maps of a feed-forward block'),
  },
  optimizer: recommenderOptimizer,

  build: (context) => {
    const {
      hyper,
      batch: { seq },
    } = context;
    const { width, items, input } = sequenceInput(context);
    const key = like('key', seq);
    const depth = axis('depth', hyper.width);
    const hidden = axis('hidden', hyper.hidden);

    const attend =
      (path: string) =>
      (x: State): State => {
        const normed = rmsNorm(x, width, { path: `${path}.norm` });
        const project = (name: string) => linear(`${path}.${name}`, normed, width, depth, { bias: false });
        const read = softmaxAttention(
          project('query'),
          rename(project('key'), seq, key),
          rename(project('value'), seq, key),
          depth,
          key,
          causal(seq, key),
        );
        return add(x, linear(`${path}.out`, read, depth, width, { bias: false }));
      };
    const block = (x: State, l: number): State =>
      pipe(x, attend(`block.${l}.attention`), swiGlu(`block.${l}.feedForward`, width, hidden));
    const state = Array.from({ length: hyper.blocks }).reduce<State>((x, _, l) => block(x, l), input);

    return nextItem(
      context,
      { width, items },
      pipe(state, (x) => rmsNorm(x, width, { path: 'norm' })),
    );
  },
});
