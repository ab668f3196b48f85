/**
 * The axis rules: each primitive with other arguments, its axes and element type worked out anew. A table of its own, total
 * over the union, so that graphs (`compiler/graph.ts`) stand on it and not on the rules that are made of graphs.
 */
import * as build from '../../dsl/build.js';
import type { Node, Op } from '../../dsl/node.js';
import type { Of } from './record.js';

type Rule<N extends Node> = (node: N, args: readonly Node[]) => Node;

const leaf = (node: Node): Node => node;

/** An operator with other arguments, in the order of `argsOf`. */
const operator = (of: Of<'project'>['of'], args: readonly Node[]): Of<'project'>['of'] => {
  switch (of.op) {
    case 'gradient':
      return { ...of, of: args[0]!, wrt: args.slice(1) };
    case 'descend': {
      const n = of.init.length;
      return { ...of, init: args.slice(0, n), rate: args.slice(n, 2 * n), energy: args[2 * n]! };
    }
    case 'fixedPoint':
      return { ...of, init: args[0]!, step: args[1]! };
    case 'rebind':
      return { ...of, of: args.slice(0, of.of.length), values: args.slice(of.of.length) };
  }
};

const rules: { readonly [O in Op]: Rule<Of<O>> } = {
  input: leaf,
  param: leaf,
  variable: leaf,
  constant: leaf,
  index: leaf,
  extent: leaf,
  uniform: leaf,
  carry: leaf,
  map: (n, args) => build.map(n.fn, ...args),
  reduce: (n, [arg]) => build.reduce(n.monoid, arg!, n.over),
  broadcast: (n, [arg]) => build.broadcast(arg!, n.axes),
  gather: (n, [table, at]) => build.gather(table!, at!, n.axis),
  scatter: (n, [arg, at]) => build.scatter(arg!, at!, n.axis, n.over),
  rename: (n, [arg]) => build.rename(arg!, n.from, n.to),
  shift: (n, [arg]) => build.shift(arg!, n.axis, n.by),
  scan: (n, next) => build.scan(n.carries, next, n.result, n),
  stop: (_, [arg]) => build.stop(arg!),
  barrier: (n, [arg]) => build.barrier(arg!, n.key),
  implicit: (n, [value, through]) => build.implicit(value!, through!, n.of),
  project: (n, args) => build.project(operator(n.of, args), n.result),
};

export const rebuild: Rule<Node> = (node, args) => (rules[node.op] as Rule<Node>)(node, args);
