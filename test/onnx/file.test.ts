/** The file: its bytes, what a graph looks like, and what holds of every graph. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onnxFile, onnxModel } from '../../compiler/targets/onnx/index.js';
import { pipeline, runPasses } from '../../compiler/pipeline.js';
import { decode, encode, hashKey, joined, type OnnxGraph, type OnnxModel } from '../../runtime/contract/onnx.js';
import type { Manifest } from '../../runtime/contract/session.js';
import gru4rec from '../../models/gru4rec.js';
import sasrec from '../../models/sasrec.js';
import { cases, programs } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { graphText } from './text.js';

const manifest = { model: 'm', source: 'models/m.ts', hash: '2-abc', states: [], entries: {} } as unknown as Manifest;
const finished = (model: Parameters<typeof programs>[0], over: Parameters<typeof programs>[1]) =>
  rightOf(runPasses(pipeline, programs(model, over)[2]!));
const modelOf = (...of: Parameters<typeof finished>): OnnxModel => onnxModel(finished(...of), manifest);

describe('a file', () => {
  it('is bytes as protocol buffers have them', () => {
    const bytes = joined(encode('Node', { inputs: ['a', ''], op: 'Abs', attributes: [{ name: 'i', i: -1, type: 2 }] }));
    expect(Buffer.from(bytes).toString('hex')).toBe(
      // 1: "a", 1: "", 4: "Abs", 5: { 1: "i", 3: -1 (ten bytes), 20: 2 }
      '0a0161' + '0a00' + '2203416273' + '2a11' + '0a0169' + '18ffffffffffffffffff01' + 'a00102',
    );
  });
  it('is read as it was written', () => {
    const number = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
    const tensor = fc.record({
      dims: fc.array(number, { minLength: 1 }),
      type: fc.nat(),
      name: fc.string({ unit: 'grapheme' }),
      raw: fc.uint8Array(),
    });
    fc.assert(
      fc.property(fc.array(tensor, { minLength: 1 }), fc.string(), (constants, name) => {
        const model: OnnxModel = { irVersion: 8, doc: name, graph: { name, constants } };
        expect(decode('Model', joined(encode('Model', model)))).toEqual(model);
      }),
    );
  });
  it('that ends too early is refused', () => {
    const bytes = joined(encode('Model', { doc: 'a longer text', graph: { name: 'x' } }));
    for (let n = 1; n < bytes.length; n++) {
      const cut = bytes.subarray(0, n);
      try {
        expect(joined(encode('Model', decode('Model', cut)))).toEqual(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });
  it('is the same each time, and says of which manifest it is', () => {
    const twice = [0, 1].map(() => onnxFile(finished(sasrec, {}), manifest));
    expect(twice[0]).toEqual(twice[1]);
    expect(modelOf(sasrec, {}).metadata).toEqual([{ key: hashKey, value: '2-abc' }]);
  });
});

it('reads like the model that it was made of', () => {
  const { graph } = modelOf(sasrec, { blocks: 1, width: 4, length: 6 });
  expect(graphText(graph!).join('\n')).toMatchSnapshot();
});
it('has loops with bodies for scans', () => {
  const { graph } = modelOf(gru4rec, { hidden: 5, blocks: 1 });
  expect(graphText(graph!).join('\n')).toMatchSnapshot();
});

/** Names before they are read, each given once, in bodies of loops too; and none that nobody reads. */
const faults = (graph: OnnxGraph, around: ReadonlySet<string> = new Set()): readonly string[] => {
  const known = new Set([...around, ...[...(graph.inputs ?? []), ...(graph.constants ?? [])].map(({ name }) => name!)]);
  const said: string[] = [];
  for (const { inputs = [], outputs = [], attributes = [] } of graph.nodes ?? []) {
    said.push(...inputs.filter((name) => !known.has(name)).map((name) => `${name} is read before it is there`));
    attributes.forEach(({ g }) => said.push(...(g === undefined ? [] : faults(g, known))));
    said.push(...outputs.filter((name) => known.has(name)).map((name) => `${name} is there twice`));
    outputs.forEach((name) => known.add(name));
  }
  return [...said, ...(graph.outputs ?? []).filter(({ name }) => !known.has(name!)).map(({ name }) => `no ${name}`)];
};
it.each(cases)('%s is a graph in order', (_, model, over) => {
  const { graph } = modelOf(model, over);
  expect(faults(graph!)).toEqual([]);
  expect(graph!.outputs!.map(({ name }) => name)).toEqual(['scores']);
  expect(new Set(graph!.constants!.map(({ name }) => name)).size).toBe(graph!.constants!.length);
});
