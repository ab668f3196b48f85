/** Scans as `lax.scan`, its step a function within, in which all that lies along the scan's axis is looked at one position at a time. */
import type { Axis } from '../../../dsl/axis.js';
import type { Node, Reduce, Scan } from '../../../dsl/node.js';
import { type Framed, type Loop, loopOf, looped as once, sliceOf } from '../../exits/frames.js';
import { call, place, tuple, word } from './piece.js';
import { type Pen, positions, scalar, type Value, whole } from './value.js';

/** What is written in a frame, and how other frames are written in. */
export interface Writing extends Pen, Framed<Value> {
  /** What a sum multiplies, instead of its argument. */
  readonly factors: (sum: Reduce) => readonly Node[];
}

/** What is outside a loop, at the position where its step is. */
export const sliced = (v: Value, loop: Loop<Value>, { sheet }: Pen): Value => {
  const { text } = v.piece;
  const like = word(text) === text ? text : loop.along.name;
  const here = sliceOf(v, loop, { text, fresh: () => sheet.name(`${like}_here`) });
  return here === undefined ? v : { ...v, piece: place(here.name), axes: here.axes };
};

const outputsOf = (n: Scan, axis: Axis, rest: readonly (readonly Axis[])[], w: Writing): readonly Value[] => {
  const { sheet, frame } = w;
  const starts = rest.map((axes) => whole(w, scalar(w, 0, 'f32'), axes).piece.text);
  const step = sheet.name(`${word(n.carries[0]!.name)}_step`);
  const states = n.carries.map((c) => sheet.name(word(c.name)));
  const loop = loopOf(n, axis, frame);
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

export const looped = (n: Scan, w: Writing): Value =>
  once(n, w, (axis, rest) => outputsOf(n, axis, rest.map(w.inOrder), w));
