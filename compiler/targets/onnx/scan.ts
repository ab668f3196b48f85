/** Scans as loops with a body of their own, in which all that lies along the scan's axis is looked at one position at a time. */
import type { Axis } from '../../../dsl/axis.js';
import type { Carry, Node, Scan } from '../../../dsl/node.js';
import { elements, type OnnxGraph } from '../../../runtime/contract/onnx.js';
import { inLoop } from '../../graph.js';
import { type Pen, positions, type Value, whole, zero } from './value.js';

/** Where an expression is worked out: in the graph, or at one position after the other of a scan. */
export interface Frame {
  readonly values: Map<Node, Value>;
  /** Results of the scans written here, by their first states: those of one loop are results of one node. */
  readonly loops: Map<Carry, readonly string[]>;
  readonly loop?: Loop;
}
interface Loop {
  readonly around: Frame;
  readonly inside: ReadonlySet<Node>;
  readonly along: Axis;
  /** What the body is given of each position, by the array outside and by which of its axes runs along. */
  readonly sliced: Map<string, { readonly from: Value; readonly axis: number; readonly id: string }>;
}

/** What is written in a frame, and how other frames are written in. */
export interface Writing extends Pen {
  readonly frame: Frame;
  readonly of: (node: Node) => Value;
  readonly inside: (frame: Frame) => (node: Node) => Value;
}

/** What is outside a loop, at the position where its body is. */
export const sliced = (v: Value, { along, sliced: known }: Loop, { book: b }: Pen): Value => {
  const axis = v.axes.findIndex((a) => a.name === along.name);
  if (axis < 0) return v;
  // What is renamed is the same array.
  const key = `${v.id} ${axis}`;
  const { id } = known.get(key) ?? { id: b.given(v.id) };
  known.set(key, { from: v, axis, id });
  return { ...v, id, axes: v.axes.filter((a) => a.name !== along.name) };
};

const outputsOf = (n: Scan, axis: Axis, rest: readonly (readonly Axis[])[], w: Writing): readonly string[] => {
  const { book: b, frame } = w;
  const starts = rest.map((axes) => whole(w, zero(w, 'f32'), axes).id);
  b.open();
  const before = n.carries.map((c, i): Value => ({ id: b.given(c.name), axes: rest[i]!, dtype: 'f32' }));
  const loop: Loop = { around: frame, inside: inLoop(n), along: axis, sliced: new Map() };
  const inner = w.inside({ values: new Map(n.carries.map((c, i) => [c, before[i]!])), loops: new Map(), loop });
  const next = n.next.map((x, i) => whole(w, inner(x), rest[i]!).id);
  // Something must say how often the body runs.
  if (loop.sliced.size === 0) sliced(positions(w, axis), loop, w);
  const results = [...next, ...next].map((id) => b.here('Identity', [id], 1)[0]!);
  const nodes = b.close();
  const given = [...loop.sliced.values()];
  const typed = (name: string, dtype: Value['dtype']) => ({ name, type: { tensor: { element: elements[dtype] } } });
  const body: OnnxGraph = {
    nodes,
    name: `a step along ${axis.name}`,
    inputs: [...before.map((v) => typed(v.id, v.dtype)), ...given.map(({ id, from }) => typed(id, from.dtype))],
    outputs: results.map((name) => typed(name, 'f32')),
  };
  const way = n.carries[0]!.reverse ? 1 : 0;
  return b
    .here('Scan', [...starts, ...given.map(({ from }) => from.id)], results.length, {
      body,
      num_scan_inputs: given.length,
      scan_input_axes: given.map((g) => g.axis),
      scan_input_directions: given.map(() => way),
      scan_output_axes: n.carries.map(() => 0),
      scan_output_directions: n.carries.map(() => way),
    })
    .slice(n.carries.length);
};

export const looped = (n: Scan, w: Writing): Value => {
  const [first] = n.carries;
  const axis = n.axes.find((a) => a.name === first!.along)!;
  const rest = n.carries.map((c) => c.axes.filter((a) => a.name !== axis.name));
  const outputs = w.frame.loops.get(first!) ?? outputsOf(n, axis, rest, w);
  w.frame.loops.set(first!, outputs);
  return { id: outputs[n.result]!, axes: [axis, ...rest[n.result]!], dtype: 'f32' };
};
