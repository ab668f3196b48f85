/** ONNX: an entry of the trainer as one file that other engines run, from the graph and not from loops. */
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Manifest } from '../../../runtime/contract/session.js';
import { encode, hashKey, joined, type OnnxModel, versions } from '../../../runtime/contract/onnx.js';
import { bound } from '../../../dsl/axis.js';
import type { Node } from '../../../dsl/node.js';
import { type Diagnostic, type Diagnostics, error } from '../../diagnostics.js';
import { topological } from '../../graph.js';
import { packageFile } from '../../package.js';
import { padding } from '../../passes/padded.js';
import { type Program, rootsOf } from '../../program.js';
import { graphOf, leavesOf, nameOf, type Order } from './graph.js';
import { carriers } from './sizes.js';

/** What no ONNX graph can say. */
const refusals = (program: Program): readonly Diagnostic[] => {
  const nodes = topological(rootsOf(program));
  const known = carriers(leavesOf(program).map((n) => ({ id: nameOf(n), axes: n.axes })));
  const drawn = nodes.find((n) => n.op === 'uniform');
  const unbound = nodes.find((n) => n.axes.some((a) => typeof bound(a) === 'string' && !known.has(bound(a))));
  const at = (n: Node | undefined) => (n === undefined ? undefined : program.origins.get(n)?.source);
  return [
    ...(drawn?.op === 'uniform'
      ? [
          error(
            'PC6006',
            `the entry '${program.entry}' draws random numbers ('${drawn.key}'), which ONNX cannot say so that they are ours`,
            at(drawn),
            "draw in the phase 'training' alone",
          ),
        ]
      : []),
    ...(unbound === undefined
      ? []
      : [
          error(
            'PC6007',
            `nothing that the entry '${program.entry}' is given says how long its axes are: ${unbound.axes.map((a) => `'${a.name}'`).join(', ')}`,
            at(unbound),
            'let the scores read an input or a parameter that has them all between them',
          ),
        ]),
  ];
};

const orderOf =
  ({ states, entries }: Manifest, entry: string): Order =>
  (name) => {
    const { inputs, outputs } = entries[entry] ?? { inputs: [], outputs: [] };
    return [...states, ...inputs, ...outputs].find((tensor) => tensor.name === name)?.axes;
  };

/** A program after its passes as an ONNX model. Left: what ONNX cannot say. */
export const onnxModel = (program: Program, manifest: Manifest): Either<Diagnostics, OnnxModel> => {
  const rectangles = padding(program);
  const [first, ...more] = refusals(rectangles);
  if (first !== undefined) return left([first, ...more]);
  return right({
    irVersion: versions.ir,
    producer: `Emitted by ${packageFile.name}-compile`,
    producerVersion: packageFile.version,
    doc: `The entry '${program.entry}' of ${manifest.model}, from ${manifest.source}.`,
    graph: graphOf(rectangles, program.entry, orderOf(manifest, program.entry)),
    opsets: [{ domain: '', version: versions.opset }],
    metadata: [{ key: hashKey, value: manifest.hash }],
  });
};

/** The same as a file's bytes. */
export const onnxFile = (program: Program, manifest: Manifest): Either<Diagnostics, Uint8Array> => {
  const model = onnxModel(program, manifest);
  return isLeft(model) ? model : right(joined(encode('Model', model.right)));
};
