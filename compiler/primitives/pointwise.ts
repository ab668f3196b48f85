/** `map`, and the nodes that hand their argument on unchanged. */
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { Facts, Flow } from '../dependence/flow.js';
import { scalarFlow } from '../dependence/scalars.js';
import { within } from '../gate.js';
import { isPositional } from '../loops/bounds.js';
import { apply } from '../loops/build.js';
import { exprText } from '../loops/text.js';
import { table, worth } from '../scalars.js';
import { conditions } from '../softmax.js';
import { cellwise } from './prefix.js';
import type { Of, Primitive } from './record.js';

/** Sums a cotangent over the axes that an argument does not have. */
export const fit = (ct: Node, arg: Node): Node => {
  const extra = ct.axes.filter((a) => !build.hasAxis(arg, a.name)).map((a) => a.name);
  return extra.length === 0 ? ct : build.reduce('sum', ct, extra);
};

const isZero = (n: Node): boolean => n.op === 'constant' && n.value === 0;
const union = (a: readonly Node[], b: readonly Node[]): readonly Node[] => [...new Set([...a, ...b])];
const intersection = (a: readonly Node[], b: readonly Node[]): readonly Node[] => a.filter((x) => b.includes(x));

export const map: Primitive<Of<'map'>> = {
  ...cellwise,
  reference: (n, e) => {
    const args = n.args.map(e.value);
    const meaning = worth(n.fn, n.dtype);
    return e.fill(n.axes, (at) => meaning(...args.map((a) => e.read(a, at))));
  },
  vjp: (ct, n, { gates }) => {
    const asked = gates.of(ct, n);
    // A scalar's share may lack axes of the node (a constant, say): it gets all of them before it is summed.
    return table[n.fn]
      .vjp(ct, n.args, n)
      .map((share, i) =>
        share === null || n.args[i]!.dtype !== 'f32' ? null : fit(within(asked[i]!, build.along(share, n)), n.args[i]!),
      );
  },
  cost: (n) => table[n.fn].cost,
  lower: (n, scope, l) => {
    if (n.fn === 'select') {
      const condition = l.expr(n.args[0]!, scope);
      if (isPositional(condition) && scope.known.has(exprText(condition))) return l.expr(n.args[1]!, scope);
      return {
        kind: 'guard',
        condition,
        then: l.expr(n.args[1]!, scope),
        otherwise: l.expr(n.args[2]!, scope),
        dtype: n.dtype,
      };
    }
    return apply(n.fn, ...n.args.map((a) => l.expr(a, scope)));
  },
  support: (n, of) => {
    const [a, b, c] = n.args;
    switch (n.fn) {
      case 'mul':
      case 'min':
        return n.fn === 'mul' ? union(of(a!), of(b!)) : intersection(of(a!), of(b!));
      case 'div':
      case 'neg':
      case 'abs':
      case 'sign':
      case 'floor':
      case 'sqrt':
      case 'tanh':
      case 'sin':
      case 'erf':
      case 'log1p':
        return of(a!);
      case 'add':
      case 'sub':
      case 'max':
        return intersection(of(a!), of(b!));
      case 'select':
        return isZero(c!) ? union(conditions(a!), of(b!)) : intersection(of(b!), of(c!));
      default:
        return [];
    }
  },
  dependence: (n, of) => {
    const { reads, facts } = scalarFlow(n.fn, n.args.map(of));
    return { edges: n.args.map((arg, i) => ({ arg, where: reads[i]! })), facts };
  },
};

/** Every cell reads the cell of `arg` where it is itself. */
export const same = (arg: Node, of: (node: Node) => Facts): Flow => ({ edges: [{ arg }], facts: of(arg) });

export const broadcast: Primitive<Of<'broadcast'>> = {
  ...cellwise,
  reference: (n, e) => {
    const arg = e.value(n.arg);
    return e.fill(n.axes, (at) => e.read(arg, at));
  },
  vjp: (ct, n) => [fit(ct, n.arg)],
  cost: () => 0,
  lower: (n, scope, l) => l.expr(n.arg, scope),
  support: (n, of) => of(n.arg),
  dependence: (n, of) => same(n.arg, of),
};

const identity = {
  ...cellwise,
  reference: (n: Of<'stop'> | Of<'barrier'>, e: Parameters<Primitive['reference']>[1]) => e.value(n.arg),
  cost: () => 0,
  lower: (
    n: Of<'stop'> | Of<'barrier'>,
    scope: Parameters<Primitive['lower']>[1],
    l: Parameters<Primitive['lower']>[2],
  ) => l.expr(n.arg, scope),
  support: (n: Of<'stop'> | Of<'barrier'>, of: (node: Node) => readonly Node[]) => of(n.arg),
  dependence: (n: Of<'stop'> | Of<'barrier'>, of: (node: Node) => Facts) => same(n.arg, of),
} as const;

export const stop: Primitive<Of<'stop'>> = { ...identity, vjp: () => [null] };
export const barrier: Primitive<Of<'barrier'>> = { ...identity, vjp: (ct) => [ct] };
