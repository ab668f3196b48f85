/** Graphs as data: to keep them in files, to give their axes other sizes, and to leave parts of them out. */
import type { Axis } from '../../../dsl/axis.js';
import * as build from '../../../dsl/build.js';
import { argsOf } from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { dependents, substitute, topological } from '../../../compiler/graph.js';
import type { Json } from '../part.js';

/** Nodes in an order in which each refers only to earlier ones, as `{ "node": i }`; axes by name, as `{ "axis": name }`. */
export interface GraphData {
  readonly axes: { readonly [name: string]: Json };
  readonly nodes: readonly Json[];
  readonly roots: readonly number[];
}

type Plain = Readonly<Record<string, unknown>>;
const isObject = (x: unknown): x is Plain => typeof x === 'object' && x !== null && !Array.isArray(x);
const isNode = (x: Plain): boolean => 'op' in x && 'dtype' in x && 'axes' in x;
const isAxis = (x: Plain): boolean => 'extent' in x && 'name' in x && !('op' in x);

export const toData = (roots: readonly Node[]): GraphData => {
  const axes: Record<string, Json> = {};
  const nodes: Json[] = [];
  const known = new Map<object, number>();
  const write = (x: unknown): Json => {
    if (Array.isArray(x)) return x.map(write);
    if (!isObject(x))
      return Object.is(x, -0)
        ? { number: '-0' }
        : typeof x === 'number' && !Number.isFinite(x)
          ? { number: `${x}` }
          : (x as Json);
    if (isAxis(x)) {
      axes[x['name'] as string] = x['extent'] as Json;
      return { axis: x['name'] as string };
    }
    if (!isNode(x)) return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, write(value)]));
    if (!known.has(x)) {
      const data = Object.fromEntries(Object.entries(x).map(([key, value]) => [key, write(value)]));
      known.set(x, nodes.push(data) - 1);
    }
    return { node: known.get(x)! };
  };
  const at = roots.map((r) => (write(r) as { readonly node: number }).node);
  return { axes, nodes, roots: at };
};

export const fromData = ({ axes, nodes, roots }: GraphData): readonly Node[] => {
  const made: Node[] = [];
  const read = (x: Json): unknown => {
    if (Array.isArray(x)) return x.map(read);
    if (!isObject(x)) return x;
    const { axis, node, number } = x as { readonly axis?: unknown; readonly node?: unknown; readonly number?: unknown };
    if (typeof axis === 'string' && Object.keys(x).length === 1) return { name: axis, extent: axes[axis] };
    if (typeof node === 'number' && Object.keys(x).length === 1) return made[node];
    if (typeof number === 'string' && Object.keys(x).length === 1) return Number(number);
    return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, read(value as Json)]));
  };
  // The states of a scan share their carries and their steps: `statesOf` in differentiate knows them by that.
  const lists = new Map<string, unknown>();
  for (const data of nodes) {
    const node = read(data) as Record<string, unknown>;
    const { carries } = data as { readonly carries?: Json };
    if (carries !== undefined) {
      const key = JSON.stringify(carries);
      node['carries'] = lists.get(key) ?? node['carries'];
      lists.set(key, node['carries']);
    }
    made.push(node as unknown as Node);
  }
  return roots.map((i) => made[i]!);
};

/** The same graph with other bounds of its ragged axes, and other sizes of those that are fixed. */
export const resized = (
  roots: readonly Node[],
  { length, width }: { readonly length: number; readonly width: number },
): readonly Node[] => {
  const data = toData(roots);
  const other = (e: Axis['extent']): Axis['extent'] =>
    e.kind === 'ragged' ? { ...e, max: length } : typeof e.size === 'number' ? { ...e, size: width } : e;
  const axes = Object.entries(data.axes).map(
    ([name, extent]) => [name, other(extent as unknown as Axis['extent']) as unknown as Json] as const,
  );
  return fromData({ ...data, axes: Object.fromEntries(axes) });
};

const fits = (x: Node, place: Node): boolean =>
  x.dtype === place.dtype && x.axes.every((a) => build.hasAxis(place, a.name));

/** Graphs with one root fewer, with a root's argument in its place, with a node's argument or a constant in a node's place. */
export function* smallerGraphs(roots: readonly Node[]): Generator<readonly Node[]> {
  if (roots.length > 1) for (const root of roots) yield [root];
  for (const [i, root] of roots.entries()) for (const arg of argsOf(root)) yield roots.with(i, arg);
  const order = topological(roots);
  // A node inside a loop may be replaced by one inside the same loop only; so none is.
  const carried = dependents(order, new Set(order.filter((n) => n.op === 'carry')));
  for (const node of [...order].reverse()) {
    if (node.op === 'carry' || node.op === 'scan' || node.op === 'constant') continue;
    const args = carried.has(node) ? [] : argsOf(node);
    const below = [...args, ...args.flatMap(argsOf)].filter((x) => fits(x, node));
    for (const x of [...below, ...[1, 0].map((value) => build.constant(value, node.dtype))]) {
      if (node.op === 'broadcast' && x.op === 'constant' && node.arg.op === 'constant') continue;
      // A gather's axis, a shift's, a sum's must be there still.
      try {
        yield substitute(roots, new Map([[node, build.along(x, node)]]));
      } catch {
        /* not well-formed with this in its place */
      }
    }
  }
}
