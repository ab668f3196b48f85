/**
 * Where nodes of an ONNX graph are written down: one sheet for the graph, and one more for each body of a loop while it is open. A
 * node goes where its inputs are, so what a body computes of nothing of its own is computed once, outside; and equal nodes
 * are one.
 */
import type { DType } from '../../../dsl/scalar.js';
import {
  attributeTypes,
  elements,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../../../runtime/contract/onnx.js';

/** A whole number, a word, several whole numbers, or a body. */
export type Attribute = number | string | readonly number[] | OnnxGraph;
type Attributes = Readonly<Record<string, Attribute>>;
type Element = keyof typeof elements;

interface Sheet {
  readonly nodes: OnnxNode[];
  readonly known: Map<string, string>;
}

export interface Book {
  /** The first result of an operation, by its name. */
  readonly op: (op: string, inputs: readonly string[], attributes?: Attributes) => string;
  /** All `count` results of one that stays on the open sheet, whatever it reads. */
  readonly here: (op: string, inputs: readonly string[], count: number, attributes?: Attributes) => readonly string[];
  /** A constant by its numbers and its shape: a number alone, unless given. */
  readonly numbers: (type: Element, values: readonly number[], shape?: readonly number[]) => string;
  readonly number: (value: number, dtype: DType) => string;
  /** A name that nothing has, for what a sheet is given. */
  readonly given: (hint: string) => string;
  /** What follows is called after this, and comes from there. */
  readonly about: (hint: string, doc?: string) => void;
  readonly open: () => void;
  /** The nodes of the sheet that is open, which it is no more. */
  readonly close: () => readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
}

export const cast = (b: Book, x: string, to: Element): string => b.op('Cast', [x], { to: elements[to] });

const attribute = ([name, value]: readonly [string, Attribute]): NonNullable<OnnxNode['attributes']>[number] =>
  typeof value === 'number'
    ? { name, i: value, type: attributeTypes.i }
    : typeof value === 'string'
      ? { name, s: value, type: attributeTypes.s }
      : 'map' in value
        ? { name, ints: value, type: attributeTypes.ints }
        : { name, g: value, type: attributeTypes.g };

const writers: { readonly [E in Element]: readonly [number, (view: DataView, at: number, value: number) => void] } = {
  f32: [4, (view, at, value) => view.setFloat32(at, value, true)],
  i32: [4, (view, at, value) => view.setInt32(at, value, true)],
  u32: [4, (view, at, value) => view.setUint32(at, value, true)],
  i64: [8, (view, at, value) => view.setBigInt64(at, BigInt(value), true)],
  bool: [1, (view, at, value) => view.setUint8(at, value === 0 ? 0 : 1)],
};
const raw = (type: Element, values: readonly number[]): Uint8Array => {
  const [size, write] = writers[type];
  const bytes = new Uint8Array(size * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => write(view, i * size, value));
  return bytes;
};

/** `taken`: names of inputs and results. */
export const book = (taken: readonly string[]): Book => {
  const names = new Set(taken);
  const sheets: Sheet[] = [{ nodes: [], known: new Map() }];
  /** Of which sheet a name is; constants and what the graph is given are of the first. */
  const home = new Map<string, number>();
  const constants: OnnxTensor[] = [];
  const numbered = new Map<string, number>();
  let [hint, doc]: readonly [string, string | undefined] = ['value', undefined];
  const named = (like: string): string => {
    for (let n = numbered.get(like) ?? 0; ; n++) {
      const name = n === 0 ? like : `${like}.${n}`;
      if (names.has(name)) continue;
      numbered.set(like, n + 1);
      names.add(name);
      return name;
    }
  };
  const own = (name: string, depth: number): string => {
    home.set(name, depth);
    return name;
  };
  const write = (depth: number, op: string, inputs: readonly string[], count: number, attributes: Attributes) => {
    const outputs = Array.from({ length: count }, () => own(named(hint), depth));
    sheets[depth]!.nodes.push({
      inputs,
      outputs,
      name: outputs[0]!,
      op,
      attributes: Object.entries(attributes).map(attribute),
      ...(doc === undefined ? {} : { doc }),
    });
    return outputs;
  };
  const numbers: Book['numbers'] = (type, values, shape = []) => {
    const key = `${type} ${shape.join()} ${values.map((v) => (Object.is(v, -0) ? '-0' : v)).join()}`;
    const known = sheets[0]!.known.get(key);
    if (known !== undefined) return known;
    const name = own(named(values.length === 1 ? `${values[0]}` : `${type}[${shape.join()}]`), 0);
    constants.push({ dims: shape, type: elements[type], name, raw: raw(type, values) });
    sheets[0]!.known.set(key, name);
    return name;
  };
  return {
    op: (op, inputs, attributes = {}) => {
      const depth = Math.max(0, ...inputs.map((name) => home.get(name) ?? 0));
      const key = `${op} ${inputs.join(' ')} ${JSON.stringify(attributes)}`;
      const known = sheets[depth]!.known.get(key);
      if (known !== undefined) return known;
      const [name] = write(depth, op, inputs, 1, attributes);
      sheets[depth]!.known.set(key, name!);
      return name!;
    },
    here: (op, inputs, count, attributes = {}) => write(sheets.length - 1, op, inputs, count, attributes),
    numbers,
    number: (value, dtype) => numbers(dtype, [value]),
    given: (like) => own(named(like), sheets.length - 1),
    about: (like, place) => {
      [hint, doc] = [like, place];
    },
    open: () => {
      sheets.push({ nodes: [], known: new Map() });
    },
    close: () => sheets.pop()!.nodes,
    constants,
  };
};
