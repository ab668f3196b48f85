/** Scans as loops with a body of their own, in which all that lies along the scan's axis is looked at one position at a time. */
import type { Axis } from '../../../dsl/axis.js';
import type { Scan } from '../../../dsl/node.js';
import { elements, type OnnxGraph } from '../../../runtime/contract/onnx.js';
import { type Framed, type Loop, loopOf, looped as once, sliceOf } from '../../exits/frames.js';
import { type Pen, positions, type Value, whole, zero } from './value.js';

/** What is written in a frame, and how other frames are written in. */
export interface Writing extends Pen, Framed<Value> {}

/** What is outside a loop, at the position where its body is. */
export const sliced = (v: Value, loop: Loop<Value>, { book }: Pen): Value => {
  const here = sliceOf(v, loop, { text: v.id, fresh: () => book.given(v.id) });
  return here === undefined ? v : { ...v, id: here.name, axes: here.axes };
};

const outputsOf = (n: Scan, axis: Axis, rest: readonly (readonly Axis[])[], w: Writing): readonly Value[] => {
  const { book: b, frame } = w;
  const starts = rest.map((axes) => whole(w, zero(w, 'f32'), axes).id);
  b.open();
  const before = n.carries.map((c, i): Value => ({ id: b.given(c.name), axes: rest[i]!, dtype: 'f32' }));
  const loop = loopOf(n, axis, frame);
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
    inputs: [...before.map((v) => typed(v.id, v.dtype)), ...given.map(({ name, from }) => typed(name, from.dtype))],
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
    .slice(n.carries.length)
    .map((id, i) => ({ id, axes: [axis, ...rest[i]!], dtype: 'f32' }));
};

export const looped = (n: Scan, w: Writing): Value => once(n, w, (axis, rest) => outputsOf(n, axis, rest, w));
