/**
 * ONNX files: what of `onnx.proto` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) we write, field numbers included, and
 * its wire format (https://protobuf.dev/programming-guides/encoding). A file that we wrote is read back whole: of others, what we
 * never write is passed over.
 */

interface Kinds {
  readonly int: number;
  readonly text: string;
  readonly bytes: Uint8Array;
}
interface Field {
  readonly at: number;
  readonly kind: keyof Kinds | Name;
  readonly many?: true;
}

// oxfmt-ignore
const messages = {
  Model: {
    irVersion: { at: 1, kind: 'int' }, producer: { at: 2, kind: 'text' }, producerVersion: { at: 3, kind: 'text' }, doc: { at: 6, kind: 'text' },
    graph: { at: 7, kind: 'Graph' }, opsets: { at: 8, kind: 'Opset', many: true }, metadata: { at: 14, kind: 'Entry', many: true },
  },
  Opset: { domain: { at: 1, kind: 'text' }, version: { at: 2, kind: 'int' } },
  Entry: { key: { at: 1, kind: 'text' }, value: { at: 2, kind: 'text' } },
  Graph: {
    nodes: { at: 1, kind: 'Node', many: true }, name: { at: 2, kind: 'text' }, constants: { at: 5, kind: 'Tensor', many: true },
    inputs: { at: 11, kind: 'Value', many: true }, outputs: { at: 12, kind: 'Value', many: true },
  },
  Node: {
    inputs: { at: 1, kind: 'text', many: true }, outputs: { at: 2, kind: 'text', many: true }, name: { at: 3, kind: 'text' },
    op: { at: 4, kind: 'text' }, attributes: { at: 5, kind: 'Attribute', many: true }, doc: { at: 6, kind: 'text' },
  },
  Attribute: {
    name: { at: 1, kind: 'text' }, i: { at: 3, kind: 'int' }, s: { at: 4, kind: 'text' }, g: { at: 6, kind: 'Graph' },
    ints: { at: 8, kind: 'int', many: true }, type: { at: 20, kind: 'int' },
  },
  Tensor: { dims: { at: 1, kind: 'int', many: true }, type: { at: 2, kind: 'int' }, name: { at: 8, kind: 'text' }, raw: { at: 9, kind: 'bytes' } },
  Value: { name: { at: 1, kind: 'text' }, type: { at: 2, kind: 'Type' }, doc: { at: 3, kind: 'text' } },
  Type: { tensor: { at: 1, kind: 'TensorType' } },
  TensorType: { element: { at: 1, kind: 'int' }, shape: { at: 2, kind: 'Shape' } },
  Shape: { dims: { at: 1, kind: 'Dim', many: true } },
  Dim: { value: { at: 1, kind: 'int' }, symbol: { at: 2, kind: 'text' } },
} as const satisfies Readonly<Record<string, Readonly<Record<string, { at: number; kind: string; many?: true }>>>>;

type Name = keyof typeof messages;
type Single<K> = K extends keyof Kinds ? Kinds[K] : K extends Name ? Message<K> : never;
/** A message of that name; what it leaves out is not written. */
export type Message<N extends Name> = {
  readonly [F in keyof (typeof messages)[N]]?: (typeof messages)[N][F] extends { readonly kind: infer K }
    ? (typeof messages)[N][F] extends { readonly many: true }
      ? readonly Single<K>[]
      : Single<K>
    : never;
};
export type OnnxModel = Message<'Model'>;
export type OnnxGraph = Message<'Graph'>;
export type OnnxNode = Message<'Node'>;
export type OnnxTensor = Message<'Tensor'>;
export type OnnxValue = Message<'Value'>;

/** Element types (TensorProto.DataType). */
export const elements = { f32: 1, i32: 6, i64: 7, bool: 9, u32: 12 } as const;
/** What an attribute holds (AttributeProto.AttributeType). */
export const attributeTypes = { i: 2, s: 3, g: 5, ints: 7 } as const;
/** What our files ask of who runs them: ONNX 1.13 (2022), ONNX Runtime 1.14. */
export const versions = { ir: 8, opset: 18 } as const;
/** Which random numbers are drawn, where any are: i32 inputs without axes. Names of models have no `@`. */
export const draw = { seed: '@seed', step: '@step' } as const;
/** What a graph calls a size that none of its arrays tells: an i64 input of one number. */
export const sizeName = (symbol: string): string => `@size.${symbol}`;
/** What the compiler calls the graphs of entries beside a trainer. */
export const graphFiles = { score: 'score.onnx', vectors: 'vectors.onnx' } as const;
/** The metadata under which a model carries its manifest's hash. */
export const hashKey = 'pcrec.manifest';

const fieldsOf = (name: Name): readonly (readonly [string, Field])[] => Object.entries<Field>(messages[name]);
const isMessage = (kind: Field['kind']): kind is Name => kind in messages;

const varint = (value: number): readonly number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};

const utf8 = new TextEncoder();
/** A stretch of a file; large ones are referred to and not copied. */
type Parts = readonly Uint8Array[];
const lengthOf = (parts: Parts): number => parts.reduce((n, part) => n + part.length, 0);
const delimited = (at: number, parts: Parts): Parts => [
  Uint8Array.from([...varint(at * 8 + 2), ...varint(lengthOf(parts))]),
  ...parts,
];

const one = ({ at, kind }: Field, value: unknown): Parts => {
  if (kind === 'int') return [Uint8Array.from([...varint(at * 8), ...varint(value as number)])];
  if (kind === 'text') return delimited(at, [utf8.encode(value as string)]);
  return delimited(at, kind === 'bytes' ? [value as Uint8Array] : encode(kind, value as Message<Name>));
};

/** A message as bytes, in pieces to be written one after the other: fields in the order of the table. */
export const encode = <N extends Name>(name: N, message: Message<N>): Parts =>
  fieldsOf(name).flatMap(([field, row]) => {
    const value = (message as Readonly<Record<string, unknown>>)[field];
    if (value === undefined) return [];
    return (row.many === true ? (value as readonly unknown[]) : [value]).flatMap((v) => one(row, v));
  });

/** One after the other. */
export const joined = (parts: Parts): Uint8Array => {
  const whole = new Uint8Array(lengthOf(parts));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
};

/** A number at a place, and where it ends. */
const readVarint = (bytes: Uint8Array, from: number): readonly [number, number] => {
  let [value, at, shift] = [0n, from, 0n];
  for (; ; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 63n) throw new RangeError('it ends within a number');
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [Number(BigInt.asIntN(64, value)), at];
  }
};

const valueOf = (kind: Field['kind'], wire: number, body: Uint8Array | number): unknown => {
  if (typeof body === 'number') return kind === 'int' && wire === 0 ? body : undefined;
  if (kind === 'text') return new TextDecoder().decode(body);
  if (kind === 'bytes') return body;
  return isMessage(kind) ? decode(kind, body) : undefined;
};

/** The message that these bytes hold. Throws a RangeError where they hold none. */
export const decode = <N extends Name>(name: N, bytes: Uint8Array): Message<N> => {
  const fields = new Map(fieldsOf(name).map(([field, row]) => [row.at, [field, row] as const]));
  const found: Record<string, unknown> = {};
  const skip: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
  for (let at = 0; at < bytes.length;) {
    const [tag, start] = readVarint(bytes, at);
    const wire = tag & 7;
    const [size, from] = wire === 0 || wire === 2 ? readVarint(bytes, start) : [skip[wire] ?? NaN, start];
    at = wire === 0 ? from : from + size;
    if (!(at <= bytes.length) || at < from) throw new RangeError('it ends within a field');
    const known = fields.get(tag >> 3);
    if (known === undefined) continue;
    const [field, row] = known;
    const value = valueOf(row.kind, wire, wire === 0 ? size : bytes.subarray(from, at));
    if (row.many === true) ((found[field] ??= []) as unknown[]).push(value);
    else found[field] = value;
  }
  return found as Message<N>;
};

/** Nodes whose results somebody reads, bodies of loops included; what these read is wanted, too. */
const alive = (nodes: readonly OnnxNode[], wanted: Set<string>): readonly OnnxNode[] =>
  [...nodes]
    .reverse()
    .flatMap((node): readonly OnnxNode[] => {
      if (!(node.outputs ?? []).some((name) => wanted.has(name))) return [];
      node.inputs?.forEach((name) => wanted.add(name));
      const attributes = node.attributes?.map((a) => {
        if (a.g === undefined) return a;
        a.g.outputs?.forEach(({ name = '' }) => wanted.add(name));
        return { ...a, g: { ...a.g, nodes: alive(a.g.nodes ?? [], wanted) } };
      });
      return [{ ...node, ...(attributes === undefined ? {} : { attributes }) }];
    })
    .reverse();

/** A graph without what none of its outputs is made of. */
export const pruned = ({ nodes = [], constants = [], inputs = [], ...graph }: OnnxGraph): OnnxGraph => {
  const wanted = new Set((graph.outputs ?? []).map(({ name = '' }) => name));
  const read = ({ name = '' }: { readonly name?: string }): boolean => wanted.has(name);
  return { ...graph, nodes: alive(nodes, wanted), constants: constants.filter(read), inputs: inputs.filter(read) };
};
