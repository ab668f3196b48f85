/** ONNX models run by ONNX Runtime's WebAssembly, and what they are given. */
import * as ort from 'onnxruntime-web';
import type { Axis } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import type { Program } from '../../compiler/program.js';
import { encode, joined, type OnnxModel, type OnnxValue, elements } from '../../runtime/contract/onnx.js';
import type { Environment } from '../../compiler/targets/reference.js';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

/** Arrays by name, with the sizes of their symbols. */
export interface Arrays {
  readonly sizes: Readonly<Record<string, number>>;
  readonly data: Readonly<Record<string, ArrayLike<number>>>;
}

const shapeOf = ({ type }: OnnxValue, sizes: Arrays['sizes']): readonly number[] =>
  (type!.tensor!.shape!.dims ?? []).map(({ value, symbol }) => value ?? sizes[symbol!]!);

const tensor = (value: OnnxValue, { sizes, data }: Arrays): ort.Tensor => {
  const numbers = data[value.name!];
  if (numbers === undefined) throw new Error(`no value was given for '${value.name}'`);
  const shape = shapeOf(value, sizes);
  const element = value.type!.tensor!.element;
  return element === elements.i32
    ? new ort.Tensor('int32', Int32Array.from(numbers), shape)
    : element === elements.bool
      ? new ort.Tensor('bool', Uint8Array.from(numbers), shape)
      : new ort.Tensor('float32', Float32Array.from(numbers), shape);
};

/** What a model gives, by name; numbers are flat, in the order of its axes. */
export const ran = async (
  model: OnnxModel,
  arrays: Arrays,
): Promise<Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>> => {
  const session = await ort.InferenceSession.create(joined(encode('Model', model)), {
    executionProviders: ['wasm'],
    logSeverityLevel: 3,
  });
  try {
    const results = await session.run(
      Object.fromEntries((model.graph!.inputs ?? []).map((value) => [value.name!, tensor(value, arrays)])),
    );
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
export type { Axis, Environment, Node, Program };
