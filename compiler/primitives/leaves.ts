/** Nodes without arguments. */
import type { Axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { ANYTHING, constantFacts, type Flow, inInput } from '../dependence/flow.js';
import { equal, zone } from '../dependence/zone.js';
import { apply, integer } from '../loops/build.js';
import type { Expr } from '../loops/ir.js';
import { cellwise } from './prefix.js';
import type { Of, Primitive } from './record.js';

const leaf = { ...cellwise, vjp: () => [], cost: () => 0, support: () => [] } as const;

/** Inputs and parameters are buffers: the lowering reads them and never asks here. */
const buffer = {
  ...leaf,
  lower: (node: Node): Expr => {
    throw new Error(`${node.op} has no buffer`);
  },
} as const;

/** Data, read at the very position. */
const given = (name: string, axes: readonly Axis[]): Flow => ({
  edges: [],
  facts: ANYTHING,
  input: { name, where: zone(...axes.flatMap((a) => equal(inInput(a.name), a.name))) },
});
/** Parameters and random numbers are nobody's data. */
const nothing = (): Flow => ({ edges: [], facts: ANYTHING });

export const input: Primitive<Of<'input'>> = {
  ...buffer,
  reference: (n, e) => e.leaf(n),
  dependence: (n) => given(n.name, n.axes),
};
export const param: Primitive<Of<'param'>> = { ...buffer, reference: (n, e) => e.leaf(n), dependence: nothing };
export const variable: Primitive<Of<'variable'>> = {
  ...buffer,
  reference: (n, e) => e.leaf(n),
  dependence: (n) => given(n.name, n.axes),
};

export const constant: Primitive<Of<'constant'>> = {
  ...leaf,
  reference: (n, e) => e.fill([], () => n.value),
  lower: (n) => ({ kind: 'literal', value: n.value, dtype: n.dtype }),
  dependence: (n) => ({ edges: [], facts: constantFacts(n.value) }),
};

export const index: Primitive<Of<'index'>> = {
  ...leaf,
  reference: (n, e) => e.fill([n.axis], (at) => at[n.axis.name]!),
  lower: (n, scope, l) => l.position(scope, n.axis.name),
  dependence: (n) => ({ edges: [], facts: { ...ANYTHING, linear: { plus: [n.axis.name], minus: [], constant: 0 } } }),
};

export const extent: Primitive<Of<'extent'>> = {
  ...leaf,
  reference: (n, e) => e.fill(n.axes, (at) => e.extent(n.axis, at)),
  lower: (n, scope, l) => l.extent(n.axis, scope),
  restricted: (n, { end, isCopy }) => (isCopy(n.axis) ? build.map('add', end, build.constant(1, 'i32')) : n),
  dependence: (n) =>
    n.axis.extent.kind === 'fixed' || n.axes.length === 0 ? nothing() : given(n.axis.extent.lengths, n.axes),
};

/** The counter is the row-major position over the axes sorted by name, each at its bound: the same under every layout. */
export const uniform: Primitive<Of<'uniform'>> = {
  ...leaf,
  cost: () => 12,
  dependence: nothing,
  reference: (n, e) =>
    e.fill(n.axes, (at) =>
      e.uniform(
        n.key,
        n.axes.reduce((counter, a) => counter * e.bound(a) + at[a.name]!, 0),
      ),
    ),
  lower: (n, scope, l) => ({
    kind: 'uniform',
    key: n.key,
    counter: build.unionAxes(n.axes).reduce<Expr>((counter, a) => {
      const { name, size } = l.axis(a);
      return apply('add', apply('mul', counter, { kind: 'extent', axis: { name, size } }), l.position(scope, a.name));
    }, integer(0)),
  }),
};
