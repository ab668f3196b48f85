/**
 * Diagonals go to the leaves: position t of prefix t is never cut out of a tensor that has all pairs, but computed alone.
 * A diagonal is a `rename` to an axis that the tensor already has (it comes from `descend` with the horizon `prefix`).
 */
import { right } from 'fp-ts/lib/Either.js';
import type { Axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { reargue, rewrite } from '../graph.js';
import { argsOf } from '../../dsl/build.js';
import { type Pass, rootsOf, withRoots } from '../program.js';

type Of<O extends Node['op']> = Extract<Node, { op: O }>;

/** `node` at from = to, as a function of `to`. */
const diagonal = (from: Axis, to: Axis): ((node: Node) => Node) => {
  const memo = new Map<Node, Node>();
  const go = (node: Node): Node => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const found = !build.hasAxis(node, from.name)
      ? node
      : build.hasAxis(node, to.name)
        ? inside(node)
        : build.rename(node, from.name, to);
    memo.set(node, found);
    return found;
  };
  const throughArgs = (node: Node): Node => reargue(node, new Map(argsOf(node).map((a) => [a, go(a)])));
  const cut = (node: Node): Node => build.rename(node, from.name, to);
  const touches = (name: string): boolean => name === from.name || name === to.name;
  const inside = (node: Node): Node => {
    switch (node.op) {
      case 'map':
      case 'reduce':
      case 'stop':
      case 'barrier':
      case 'gather':
        return throughArgs(node);
      case 'broadcast':
        return build.broadcast(go(node.arg), build.unionAxes(build.withoutAxes(node.axes, [from.name]), [to]));
      case 'scatter':
        return touches(node.axis.name) ? cut(node) : throughArgs(node);
      case 'shift':
        return touches(node.axis) ? cut(node) : throughArgs(node);
      case 'rename':
        return renamed(node);
      default:
        return cut(node);
    }
  };
  /** The two names may be those that an inner renaming made. */
  const renamed = (node: Of<'rename'>): Node => {
    const inner = build.axisOf(node.arg, node.from);
    if (build.hasAxis(node.arg, node.to.name)) return cut(node);
    if (node.to.name === from.name) return diagonal(inner, to)(node.arg);
    if (node.to.name === to.name) return build.rename(diagonal(from, inner)(node.arg), inner.name, to);
    return throughArgs(node);
  };
  return go;
};

export const diagonalise: Pass = {
  name: 'diagonalise',
  description: 'carries diagonals to the leaves: what only position t of prefix t needs is computed for it alone',
  run: (program) => {
    const rule = (node: Node): Node =>
      node.op === 'rename' && build.hasAxis(node.arg, node.to.name) && node.from !== node.to.name
        ? diagonal(build.axisOf(node.arg, node.from), node.to)(node.arg)
        : node;
    return right(withRoots(program, rewrite(rootsOf(program), program.interned, rule, program.origins)));
  },
};
