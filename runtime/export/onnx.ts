/** A trained model as one ONNX file: the graph that the compiler wrote beside the trainer, with a checkpoint's numbers in it. */
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Checkpoint, restore } from '../checkpoint.js';
import type { CompiledModel } from '../contract/compiled.js';
import {
  decode,
  draw,
  elements,
  encode,
  graphFiles,
  hashKey,
  type OnnxModel,
  type OnnxTensor,
  type OnnxValue,
  sizeName,
} from '../contract/onnx.js';
import type { Manifest, Sizes } from '../contract/session.js';
import { missing } from '../contract/words.js';
import { lacking } from '../entries.js';
import { sizesOf } from '../features.js';
import { readBytes, sparing, writeAtomically } from '../files.js';
import { shapeOf } from '../init.js';
import { outOf } from '../defaults.js';
import { fileOf } from '../train.js';
import { ofUser } from './user-graph.js';

export interface OnnxOptions {
  /** The file to write. */
  readonly onnx: string;
  /** `runs/<model>/best.safetensors` unless given. */
  readonly checkpoint?: string | undefined;
  /** What makes the vectors of users from their histories, in the place of scores. */
  readonly vectorsOf?: 'user' | 'item' | undefined;
}

/** What was written: inputs and outputs as `items i32 [batch, 50]`. */
export interface ExportedOnnx {
  readonly file: string;
  /** The ids of items, in the order of scores: a list in JSON. */
  readonly ids: string;
  readonly checkpoint: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A message of protocol buffers has 2 GiB at most. */
const mostBytes = 2 ** 31 - 1;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
const drawn = (name: string, value: number): OnnxTensor => ({
  dims: [],
  type: elements.i32,
  name,
  raw: new Uint8Array(Int32Array.of(value | 0).buffer),
});
const sized = ([symbol, value]: readonly [string, number]): OnnxTensor => ({
  dims: [1],
  type: elements.i64,
  name: sizeName(symbol),
  raw: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
});

/** What the graph is given besides the batch, as constants: states, and the random numbers that `recommend` draws. */
const constantsOf = (
  { states: infos }: Manifest,
  { states, settings }: Checkpoint,
  sizes: Sizes,
): E.Either<string, readonly OnnxTensor[]> =>
  pipe(
    infos,
    E.traverseArray((info) =>
      pipe(
        shapeOf(info, sizes),
        E.map((dims): OnnxTensor => ({ dims, type: elements.f32, name: info.name, raw: bytesOf(states[info.name]!) })),
      ),
    ),
    E.map((tensors) => [
      ...tensors,
      drawn(draw.seed, settings.seed),
      drawn(draw.step, 0),
      ...Object.entries(sizes).map(sized),
    ]),
  );

/** The graph with these in the place of inputs of their names, and their sizes in the place of symbols. */
const filled = (model: OnnxModel, constants: readonly OnnxTensor[], sizes: Sizes): OnnxModel => {
  const { inputs = [], outputs = [], constants: own = [], ...graph } = model.graph ?? {};
  const asked = new Set(inputs.map(({ name }) => name));
  const given = new Set(constants.map(({ name }) => name));
  const known = (value: OnnxValue): OnnxValue => {
    const { tensor } = value.type!;
    const dims = (tensor!.shape?.dims ?? []).map((dim) => {
      const size = dim.symbol === undefined ? undefined : sizes[dim.symbol];
      return size === undefined ? dim : { value: size };
    });
    return { ...value, type: { tensor: { ...tensor, shape: { dims } } } };
  };
  return {
    ...model,
    graph: {
      ...graph,
      constants: [...own, ...constants.filter(({ name }) => asked.has(name))],
      inputs: inputs.filter(({ name }) => !given.has(name)).map(known),
      outputs: outputs.map(known),
    },
  };
};

const names = new Map<number, string>(Object.entries(elements).map(([name, number]) => [number, name]));
const shown = ({ name, type }: OnnxValue): string => {
  const dims = (type!.tensor!.shape?.dims ?? []).map(({ value, symbol }) => symbol ?? value);
  return `${name} ${names.get(type!.tensor!.element!)} [${dims.join(', ')}]`;
};

/** The graph of an entry beside the trainer. Left: there is none, or it is of another version of the model. */
const graphBeside = (
  { url, manifest }: CompiledModel,
  entry: keyof typeof graphFiles,
): TaskEither<string, OnnxModel> => {
  const path = fileURLToPath(new URL(graphFiles[entry], url ?? import.meta.url));
  const again = `compile the model for it into the same folder, with the same --set and --preset: pcrec-compile ${manifest.source} --target onnx`;
  return pipe(
    readBytes(path),
    TE.mapLeft((why) =>
      why === missing ? `There is no ${path}: ${again}.` : `The graph ${path} could not be read: ${why}.`,
    ),
    TE.chainEitherK((bytes) =>
      E.tryCatch(
        () => decode('Model', bytes),
        () => `The graph ${path} is damaged: ${again}.`,
      ),
    ),
    TE.filterOrElse(
      ({ metadata = [] }) => metadata.some(({ key, value }) => key === hashKey && value === manifest.hash),
      () => `The graph ${path} is of another version of \`${manifest.model}\`: ${again}.`,
    ),
  );
};

/** The graph that is asked for. Left: as above, or what no graph makes. */
const graphOf = (compiled: CompiledModel, vectorsOf: OnnxOptions['vectorsOf']): TaskEither<string, OnnxModel> => {
  if (vectorsOf === undefined) return graphBeside(compiled, 'score');
  const none =
    vectorsOf === 'item'
      ? "Vectors of items hang on nobody's history, so there is nothing to run: write them with --vectors-of item --out FILE, and those of users with --vectors-of user --onnx FILE."
      : lacking(compiled.manifest, 'vectors');
  return none === undefined ? TE.map(ofUser)(graphBeside(compiled, 'vectors')) : TE.left(none);
};

/** Writes the file. Left: no graph or no checkpoint, or ones that do not belong together; a disk's refusal. */
export const exportOnnx =
  (compiled: CompiledModel) =>
  ({ onnx, checkpoint, vectorsOf }: OnnxOptions): TaskEither<string, ExportedOnnx> => {
    const { manifest } = compiled;
    const path = checkpoint ?? fileOf(outOf(compiled, undefined), 'best');
    return pipe(
      TE.Do,
      TE.chainFirstEitherK(() => sparing(path)(onnx)),
      TE.bind('graph', () => graphOf(compiled, vectorsOf)),
      TE.bind('kept', () => restore(path, manifest)),
      TE.let('sizes', ({ kept }): Sizes => ({ items: kept.items.length, ...sizesOf(kept.features) })),
      TE.bind('constants', ({ kept, sizes }) => TE.fromEither(constantsOf(manifest, kept, sizes))),
      TE.let('model', ({ graph, constants, sizes }) => filled(graph, constants, sizes)),
      TE.let('parts', ({ model }) => encode('Model', model)),
      TE.filterOrElse(
        ({ parts }) => parts.reduce((n, part) => n + part.length, 0) <= mostBytes,
        () => `${onnx} was not written: an ONNX file has at most 2 GiB, and these parameters take more.`,
      ),
      TE.let('ids', () => `${onnx.replace(/\.onnx$/, '')}.items.json`),
      TE.chainFirst(({ parts }) => writeAtomically(onnx, parts)),
      TE.chainFirst(({ ids, kept }) => writeAtomically(ids, [Buffer.from(`${JSON.stringify(kept.items)}\n`)])),
      TE.map(({ ids, model: { graph } }) => ({
        file: onnx,
        ids,
        checkpoint: path,
        inputs: (graph?.inputs ?? []).map(shown),
        outputs: (graph?.outputs ?? []).map(shown),
      })),
    );
  };
