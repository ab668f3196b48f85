/** ONNX: an entry of the trainer as one file that other engines run, from the graph and not from loops. */
import type { Manifest } from '../../../runtime/contract/session.js';
import { encode, hashKey, joined, type OnnxModel, versions } from '../../../runtime/contract/onnx.js';
import { packageFile } from '../../package.js';
import { padding } from '../../passes/padded.js';
import type { Program } from '../../program.js';
import { graphOf, type Order } from './graph.js';

/** Axes as sessions take them. */
const orderOf =
  ({ states, entries }: Manifest, entry: string): Order =>
  (name) => {
    const { inputs, outputs } = entries[entry] ?? { inputs: [], outputs: [] };
    return [...states, ...inputs, ...outputs].find((tensor) => tensor.name === name)?.axes;
  };

/** A program after its passes as an ONNX model. */
export const onnxModel = (program: Program, manifest: Manifest): OnnxModel => ({
  irVersion: versions.ir,
  producer: `Emitted by ${packageFile.name}-compile`,
  producerVersion: packageFile.version,
  doc: `The entry '${program.entry}' of ${manifest.model}, from ${manifest.source}.`,
  graph: graphOf(padding(program), program.entry, orderOf(manifest, program.entry)),
  opsets: [{ domain: '', version: versions.opset }],
  metadata: [{ key: hashKey, value: manifest.hash }],
});

/** The same as a file's bytes. */
export const onnxFile = (program: Program, manifest: Manifest): Uint8Array =>
  joined(encode('Model', onnxModel(program, manifest)));
