/**
 * The reference target: what a program means, in float64, one whole array a node. It is slow and obviously right; every
 * other target is tested against it.
 */
import { type Axis, bound, type Size } from '../../dsl/axis.js';
import type { Node, Variable } from '../../dsl/node.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { dependents, topological } from '../graph.js';
import { primitive } from '../primitives/index.js';
import type { At, Evaluation, Value } from '../primitives/record.js';

export interface Environment {
  /** The symbols of sizes: `batch`, `items`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Dense, row-major over the axes sorted by name; lengths of ragged axes and numbers of missing positions too, by the name of their input. */
  readonly inputs?: Readonly<Record<string, ArrayLike<number>>>;
  readonly params?: Readonly<Record<string, ArrayLike<number>>>;
  readonly variables?: ReadonlyMap<Variable, ArrayLike<number>>;
  readonly random?: { readonly seed: number; readonly step: number };
}

const sizeOf = (size: Size, env: Environment): number => {
  const n = typeof size === 'number' ? size : env.sizes[size];
  if (n === undefined) throw new Error(`the size '${size}' is not bound`);
  return n;
};

const offset = (value: Value, at: At): number => {
  let position = 0;
  for (let i = 0; i < value.axes.length; i++) {
    const p = at[value.axes[i]!.name]!;
    if (p < 0 || p >= value.shape[i]!) return -1;
    position = position * value.shape[i]! + p;
  }
  return position;
};

const evaluation = (env: Environment, values: ReadonlyMap<Node, Value>): Evaluation => {
  const extent = (axis: Axis, at: At): number => {
    if (axis.extent.kind === 'fixed')
      return (
        sizeOf(axis.extent.size, env) -
        (axis.extent.missing === undefined ? 0 : (env.inputs?.[axis.extent.missing]?.[0] ?? 0))
      );
    const row = at[axis.extent.rows];
    const lengths = env.inputs?.[axis.extent.lengths];
    return row === undefined || lengths === undefined ? sizeOf(axis.extent.max, env) : lengths[row]!;
  };
  const each: Evaluation['each'] = (axes, at, visit) => {
    // Rows before the ragged axes whose lengths they give.
    const order = [...axes].sort((a, b) => Number(a.extent.kind === 'ragged') - Number(b.extent.kind === 'ragged'));
    const position: Record<string, number> = { ...at };
    const go = (i: number): void => {
      if (i === order.length) return visit(position);
      const axis = order[i]!;
      const n = extent(axis, position);
      for (let p = 0; p < n; p++) {
        position[axis.name] = p;
        go(i + 1);
      }
    };
    go(0);
  };
  const empty = (axes: readonly Axis[]): Value => {
    const shape = axes.map((a) => sizeOf(bound(a), env));
    return { axes, shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
  };
  const leaf = (values: ArrayLike<number> | undefined, name: string, axes: readonly Axis[]): Value => {
    const value = empty(axes);
    if (values === undefined) throw new Error(`no value was given for '${name}'`);
    if (values.length !== value.data.length)
      throw new Error(`'${name}' has ${values.length} numbers, not ${value.data.length}`);
    each(axes, {}, (at) => {
      const i = offset(value, at);
      value.data[i] = values[i]!;
    });
    return value;
  };
  return {
    value: (node) => values.get(node)!,
    read: (value, at) => {
      const i = offset(value, at);
      return i < 0 ? 0 : value.data[i]!;
    },
    fill: (axes, cell) => {
      const value = empty(axes);
      each(axes, {}, (at) => {
        value.data[offset(value, at)] = cell(at);
      });
      return value;
    },
    each,
    extent,
    bound: (axis) => sizeOf(bound(axis), env),
    again: (roots, places) => {
      const order = topological(roots);
      const moved = dependents(order, new Set(places));
      const anew = order.filter((node) => moved.has(node) && !places.includes(node));
      const found = new Map(values);
      const inner = evaluation(env, found);
      return (given) => {
        places.forEach((node, i) => found.set(node, given[i]!));
        for (const node of anew) found.set(node, primitive(node).reference(node, inner));
        return roots.map((root) => found.get(root)!);
      };
    },
    leaf: (node) => {
      switch (node.op) {
        case 'input':
          return leaf(env.inputs?.[node.name], node.name, node.axes);
        case 'param':
          return leaf(env.params?.[node.path], node.path, node.axes);
        case 'variable':
          return leaf(env.variables?.get(node), node.name, node.axes);
      }
    },
    uniform: (key, counter) => uniformAt(stream(env.random?.seed ?? 0, env.random?.step ?? 0, key), counter),
  };
};

/** The value of each root, an expanded expression. */
export const evaluate = (roots: readonly Node[], env: Environment): readonly Value[] => {
  const values = new Map<Node, Value>();
  const e = evaluation(env, values);
  for (const node of topological(roots)) values.set(node, primitive(node).reference(node, e));
  return roots.map((root) => values.get(root)!);
};
