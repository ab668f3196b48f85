/** Where an exit works expressions out, each once: in the program, or at one position after the other of a scan. */
import type { Axis } from '../../dsl/axis.js';
import type { Carry, Node, Scan } from '../../dsl/node.js';
import { inLoop } from '../graph.js';
import { axisAt, type Varying } from './varying.js';

export interface Frame<V> {
  readonly values: Map<Node, V>;
  /** Results of the scans written here, by their first states: those of one loop are made together. */
  readonly loops: Map<Carry, readonly V[]>;
  readonly loop?: Loop<V>;
}
export interface Loop<V> {
  readonly around: Frame<V>;
  readonly inside: ReadonlySet<Node>;
  readonly along: Axis;
  /** What a step is given of each position, by the array outside and by which of its axes runs along. */
  readonly sliced: Map<string, { readonly from: V; readonly axis: number; readonly name: string }>;
}

/** What an expression is written in, and how others are. */
export interface Framed<V> {
  readonly frame: Frame<V>;
  readonly of: (node: Node) => V;
  readonly inside: (frame: Frame<V>) => (node: Node) => V;
}

/** What is outside a loop, at the position where its step is: which name a step has for it, and the axes that are left. */
export const sliceOf = <V extends Varying>(
  v: V,
  { along, sliced }: Loop<V>,
  { text, fresh }: { readonly text: string; readonly fresh: () => string },
): { readonly name: string; readonly axes: readonly Axis[] } | undefined => {
  const axis = axisAt(v, along.name);
  if (axis < 0) return undefined;
  // What is renamed is the same array.
  const key = `${axis} ${text}`;
  const name = sliced.get(key)?.name ?? fresh();
  sliced.set(key, { from: v, axis, name });
  return { name, axes: v.axes.filter((a) => a.name !== along.name) };
};

/** Writes a node in a frame: `rule` where it belongs there, `slice` of what is outside a loop. */
export const writer = <V>(
  rule: (node: Node, frame: Frame<V>) => V,
  slice: (v: V, loop: Loop<V>) => V,
): ((frame: Frame<V>, node: Node) => V) => {
  const written = (frame: Frame<V>, node: Node): V => {
    const known = frame.values.get(node);
    if (known !== undefined) return known;
    const { loop } = frame;
    const outside = loop !== undefined && !loop.inside.has(node);
    const value = outside ? slice(written(loop.around, node), loop) : rule(node, frame);
    frame.values.set(node, value);
    return value;
  };
  return written;
};

/** A loop about to be written in a frame. */
export const loopOf = <V>(n: Scan, along: Axis, around: Frame<V>): Loop<V> => ({
  around,
  inside: inLoop(n),
  along,
  sliced: new Map(),
});

/** A result of a scan, whose loop `write` writes once: `rest` are the axes of each state, as they are at one position. */
export const looped = <V, W extends Framed<V>>(
  n: Scan,
  w: W,
  write: (along: Axis, rest: readonly (readonly Axis[])[]) => readonly V[],
): V => {
  const [first] = n.carries;
  const along = n.axes.find((a) => a.name === first!.along)!;
  const outputs =
    w.frame.loops.get(first!) ??
    write(
      along,
      n.carries.map((c) => c.axes.filter((a) => a.name !== along.name)),
    );
  w.frame.loops.set(first!, outputs);
  return outputs[n.result]!;
};
