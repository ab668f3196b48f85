/** Nodes without arguments. */
import { unionAxes } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { apply, integer } from '../loops/build.js';
import type { Expr } from '../loops/ir.js';
import type { Of, Primitive } from './record.js';

const leaf = { rebuild: (node: Node) => node, vjp: () => [], cost: () => 0, support: () => [] } as const;

/** Inputs and parameters are buffers: the lowering reads them and never asks here. */
const buffer = {
  ...leaf,
  lower: (node: Node): Expr => {
    throw new Error(`${node.op} has no buffer`);
  },
} as const;

export const input: Primitive<Of<'input'>> = { ...buffer, reference: (n, e) => e.leaf(n) };
export const param: Primitive<Of<'param'>> = { ...buffer, reference: (n, e) => e.leaf(n) };
export const variable: Primitive<Of<'variable'>> = { ...buffer, reference: (n, e) => e.leaf(n) };

export const constant: Primitive<Of<'constant'>> = {
  ...leaf,
  reference: (n, e) => e.fill([], () => n.value),
  lower: (n) => ({ kind: 'literal', value: n.value, dtype: n.dtype }),
};

export const index: Primitive<Of<'index'>> = {
  ...leaf,
  reference: (n, e) => e.fill([n.axis], (at) => at[n.axis.name]!),
  lower: (n, scope, l) => l.position(scope, n.axis.name),
};

export const extent: Primitive<Of<'extent'>> = {
  ...leaf,
  reference: (n, e) => e.fill(n.axes, (at) => e.extent(n.axis, at)),
  lower: (n, scope, l) => l.extent(n.axis, scope),
};

/** The counter is the row-major position over the axes sorted by name, each at its bound: the same under every layout. */
export const uniform: Primitive<Of<'uniform'>> = {
  ...leaf,
  cost: () => 12,
  reference: (n, e) =>
    e.fill(n.axes, (at) => e.uniform(n.key, n.axes.reduce((counter, a) => counter * e.extent(a, {}) + at[a.name]!, 0))),
  lower: (n, scope, l) => ({
    kind: 'uniform', key: n.key,
    counter: unionAxes(n.axes).reduce<Expr>((counter, a) => {
      const { name, size } = l.axis(a);
      return apply('add', apply('mul', counter, { kind: 'extent', axis: { name, size } }), l.position(scope, a.name));
    }, integer(0)),
  }),
};
