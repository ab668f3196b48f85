/** The graph of the entry `vectors` as who searches an index of items' vectors wants it. */
import { elements, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue, pruned } from '../contract/onnx.js';

/** The output, and what it is before it takes the 1. */
const [user, plain] = ['user', '@user'];
const int64 = (name: string, ...numbers: readonly number[]): OnnxTensor => ({
  dims: [numbers.length],
  type: elements.i64,
  name,
  raw: new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer),
});
/** One column more at the end, of ones. */
const pads = int64('@user.pads', 0, 0, 0, 1);
const one: OnnxTensor = {
  dims: [],
  type: elements.f32,
  name: '@user.one',
  raw: new Uint8Array(Float32Array.of(1).buffer),
};
const pad: OnnxNode = { inputs: [plain, pads.name!, one.name!], outputs: [user], name: user, op: 'Pad' };

const wider = ({ type, ...about }: OnnxValue): OnnxValue => {
  const [rows = {}, { value, symbol } = {}] = type?.tensor?.shape?.dims ?? [];
  const width = value === undefined ? { symbol: `${symbol} + 1` } : { value: value + 1 };
  return { ...about, type: { tensor: { ...type?.tensor, shape: { dims: [rows, width] } } } };
};

/**
 * Its output `user` [batch, width] alone, and what that is made of. Where items have a bias, exported vectors of items have it last, and
 * `user` a 1 there: the product of the two is the score.
 */
export const ofUser = ({ graph = {}, ...model }: OnnxModel): OnnxModel => {
  const { nodes = [], constants = [], outputs = [] } = graph;
  const own = outputs.filter(({ name }) => name === user);
  const biased = outputs.some(({ name }) => name === 'bias');
  return {
    ...model,
    graph: pruned(
      biased
        ? {
            ...graph,
            nodes: [...nodes.map((n) => (n.outputs?.[0] === user ? { ...n, outputs: [plain], name: plain } : n)), pad],
            constants: [...constants, pads, one],
            outputs: own.map(wider),
          }
        : { ...graph, outputs: own },
    ),
  };
};
