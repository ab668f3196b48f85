/** ONNX graphs as lines that a person can read. */
import { elements, type OnnxGraph, type OnnxNode, type OnnxValue } from '../../runtime/contract/onnx.js';

const names = new Map<number, string>(Object.entries(elements).map(([name, number]) => [number, name]));
const valueText = ({ name, type }: OnnxValue): string => {
  const { element, shape } = type!.tensor!;
  const dims = shape === undefined ? '' : `[${(shape.dims ?? []).map((d) => d.symbol ?? d.value).join(', ')}]`;
  return `${name}: ${names.get(element!)}${dims}`;
};
const nodeText = ({ inputs = [], outputs = [], op, attributes = [] }: OnnxNode): readonly string[] => {
  const bodies = attributes.flatMap(({ name, g }) =>
    g === undefined ? [] : [`  ${name}:`, ...indented(graphText(g))],
  );
  const rest = attributes.flatMap(({ name, i, s, ints, g }) =>
    g === undefined ? [`${name}=${i ?? s ?? `[${ints?.join() ?? ''}]`}`] : [],
  );
  return [`${outputs.join(', ')} = ${op}(${[...inputs, ...rest].join(', ')})`, ...bodies];
};
const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `    ${line}`);

export const graphText = ({ inputs = [], outputs = [], nodes = [] }: OnnxGraph): readonly string[] => [
  ...inputs.map((v) => `in  ${valueText(v)}`),
  ...nodes.flatMap(nodeText),
  ...outputs.map((v) => `out ${valueText(v)}`),
];
