/** ONNX models run by ONNX Runtime's WebAssembly, and what they are given. */
import * as ort from 'onnxruntime-web';
import type { Environment } from '../../compiler/targets/reference.js';
import {
  draw,
  elements,
  encode,
  joined,
  type OnnxGraph,
  type OnnxModel,
  type OnnxValue,
  sizeName,
  versions,
} from '../../runtime/contract/onnx.js';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

/** Arrays by name, with the sizes of their symbols. */
export interface Arrays {
  readonly sizes: Readonly<Record<string, number>>;
  readonly data: Readonly<Record<string, ArrayLike<number>>>;
}
type Results = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

const tensor = ({ name, type }: OnnxValue, { sizes, data }: Arrays): ort.Tensor => {
  const numbers = data[name!];
  if (numbers === undefined) throw new Error(`no value was given for '${name}'`);
  const shape = (type!.tensor!.shape!.dims ?? []).map(({ value, symbol }) => value ?? sizes[symbol!]!);
  switch (type!.tensor!.element) {
    case elements.i32:
      return new ort.Tensor('int32', Int32Array.from(numbers), shape);
    case elements.i64:
      return new ort.Tensor('int64', BigInt64Array.from(Array.from(numbers, BigInt)), shape);
    case elements.bool:
      return new ort.Tensor('bool', Uint8Array.from(numbers, Number), shape);
    default:
      return new ort.Tensor('float32', Float32Array.from(numbers), shape);
  }
};

/** A graph as a model of its own. */
export const wrapped = (graph: OnnxGraph): OnnxModel => ({
  irVersion: versions.ir,
  graph,
  opsets: [{ domain: '', version: versions.opset }],
});

/** What programs draw, and sizes that no array of theirs tells. */
export const besides = ({ random, sizes }: Environment): Arrays['data'] => ({
  [draw.seed]: [random?.seed ?? 0],
  [draw.step]: [random?.step ?? 0],
  ...Object.fromEntries(Object.entries(sizes).map(([symbol, size]) => [sizeName(symbol), [size]])),
});

/** What a model gives, by name; numbers are flat, in the order of its axes. */
export const ran = async (model: OnnxModel | Uint8Array, arrays: Arrays, inputs = given(model)): Promise<Results> => {
  const bytes = model instanceof Uint8Array ? model : joined(encode('Model', model));
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 3 });
  try {
    const results = await session.run(Object.fromEntries(inputs.map((value) => [value.name!, tensor(value, arrays)])));
    return Object.fromEntries(
      Object.entries(results).map(([name, t]) => [
        name,
        { shape: t.dims, data: Float64Array.from(t.data as Float32Array, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
};
const given = (model: OnnxModel | Uint8Array): readonly OnnxValue[] =>
  model instanceof Uint8Array ? [] : (model.graph!.inputs ?? []);

/** The cells of two arrays that are not as near as `tolerance` allows, of what is larger than 1 relatively. */
export const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): readonly string[] =>
  Array.from(want).flatMap((x, i) =>
    Object.is(x, got[i]) || Math.abs(x - got[i]!) <= tolerance * Math.max(1, Math.abs(x))
      ? []
      : [`cell ${i}: ${got[i]} instead of ${x}`],
  );
