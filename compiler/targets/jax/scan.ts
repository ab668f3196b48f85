/** Scans as `lax.scan`, its step a function within, in which all that lies along the scan's axis is looked at one position at a time. */
import type { Axis } from '../../../dsl/axis.js';
import type { Carry, Node, Reduce, Scan } from '../../../dsl/node.js';
import { inLoop } from '../../graph.js';
import { call, place, tuple, word } from './piece.js';
import { axisAt, type Pen, positions, scalar, type Value, whole } from './value.js';

/** Where an expression is worked out: in a function, or at one position after the other of a scan. */
export interface Frame {
  readonly values: Map<Node, Value>;
  /** Results of the scans written here, by their first states: those of one loop are results of one call. */
  readonly loops: Map<Carry, readonly Value[]>;
  readonly loop?: Loop;
}
interface Loop {
  readonly around: Frame;
  readonly inside: ReadonlySet<Node>;
  readonly along: Axis;
  /** What a step is given of each position, by the array outside and by which of its axes runs along. */
  readonly sliced: Map<string, { readonly from: Value; readonly axis: number; readonly name: string }>;
}

/** What is written in a frame, and how other frames are written in. */
export interface Writing extends Pen {
  readonly frame: Frame;
  readonly of: (node: Node) => Value;
  /** What a sum multiplies, instead of its argument. */
  readonly factors: (sum: Reduce) => readonly Node[];
  readonly inside: (frame: Frame) => (node: Node) => Value;
}

/** What is outside a loop, at the position where its step is. */
export const sliced = (v: Value, { along, sliced: known }: Loop, { sheet }: Pen): Value => {
  const axis = axisAt(v, along.name);
  if (axis < 0) return v;
  // What is renamed is the same array.
  const key = `${axis} ${v.piece.text}`;
  const like = word(v.piece.text) === v.piece.text ? v.piece.text : along.name;
  const name = known.get(key)?.name ?? sheet.name(`${like}_here`);
  known.set(key, { from: v, axis, name });
  return { ...v, piece: place(name), axes: v.axes.filter((a) => a.name !== along.name) };
};

const outputsOf = (n: Scan, axis: Axis, rest: readonly (readonly Axis[])[], w: Writing): readonly Value[] => {
  const { sheet, frame } = w;
  const starts = rest.map((axes) => whole(w, scalar(w, 0, 'f32'), axes).piece.text);
  const step = sheet.name(`${word(n.carries[0]!.name)}_step`);
  const states = n.carries.map((c) => sheet.name(word(c.name)));
  const loop: Loop = { around: frame, inside: inLoop(n), along: axis, sliced: new Map() };
  const values = new Map<Node, Value>(
    n.carries.map((c, i) => [c, { piece: place(states[i]!), axes: rest[i]!, dtype: 'f32' }]),
  );
  const inner = w.inside({ values, loops: new Map(), loop });
  const from = sheet.lines.length;
  sheet.open();
  const next = n.next.map((x, i) => whole(w, inner(x), rest[i]!).piece.text);
  sheet.line(`return (${tuple(next)},) * 2`);
  sheet.close();
  if (loop.sliced.size === 0) sliced(positions(w, axis), loop, w);
  const given = [...loop.sliced.values()];
  sheet.insert(from, [
    `def ${step}(states, given):`,
    `    ${tuple(states)} = states`,
    `    ${tuple(given.map((g) => g.name))} = given`,
  ]);
  const moved = given.map((g) => (g.axis === 0 ? g.from.piece : call('jnp.moveaxis', g.from.piece, `${g.axis}`, '0')));
  const found = sheet.name(`${step}s`);
  const reverse = n.carries[0]!.reverse ? ', reverse=True' : '';
  sheet.line(`_, ${found} = lax.scan(${step}, ${tuple(starts)}, ${tuple(moved.map((m) => m.text))}${reverse})`);
  return n.carries.map((_, i) => ({ piece: place(`${found}[${i}]`), axes: [axis, ...rest[i]!], dtype: 'f32' }));
};

export const looped = (n: Scan, w: Writing): Value => {
  const [first] = n.carries;
  const axis = n.axes.find((a) => a.name === first!.along)!;
  const rest = n.carries.map((c) => w.inOrder(c.axes.filter((a) => a.name !== axis.name)));
  const outputs = w.frame.loops.get(first!) ?? outputsOf(n, axis, rest, w);
  w.frame.loops.set(first!, outputs);
  return outputs[n.result]!;
};
