/**
 * Reverse mode, graph to graph. A derivative is an expression of the same primitives, so it can be differentiated again.
 */
import * as build from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { argsOf } from '../dsl/build.js';
import { dependents, type Origins, topological } from './graph.js';
import { supports } from './lower/support.js';
import { primitive } from './primitives/index.js';
import { recomputed } from './recompute.js';

const zeros = (like: Node): Node => build.broadcast(build.constant(0), like.axes);

export interface Options {
  readonly origins?: Origins;
  /** Receives one bool per row from each linear solve that the derivative contains. */
  readonly check?: (solved: Node) => void;
}

/**
 * The derivative of the sum of all entries of `of` with respect to each node of `wrt`, with that node's axes; zeros where
 * `of` does not depend on it. Names of derivatives follow the names of what they differentiate.
 */
export const gradient = (of: Node, wrt: readonly Node[], { origins, check = () => {} }: Options = {}): readonly Node[] => {
  const order = topological([of]);
  const active = dependents(order, new Set(wrt));
  const kept = recomputed(order);
  const rules = { check, support: supports() };
  const cotangents = new Map<Node, Node>([[of, build.broadcast(build.constant(1), of.axes)]]);
  for (const node of [...order].reverse()) {
    const ct = cotangents.get(node);
    if (ct === undefined || !active.has(node)) continue;
    const origin = origins?.get(node);
    if (origin !== undefined && origins !== undefined && !origins.has(ct)) {
      origins.set(ct, { ...origin, ...(origin.name === undefined ? {} : { name: `d_${origin.name}` }) });
    }
    const args = argsOf(node);
    if (args.length === 0) continue;
    primitive(node).vjp(ct, kept(node), rules).forEach((share, i) => {
      const arg = args[i]!;
      if (share === null || !active.has(arg)) return;
      const sofar = cotangents.get(arg);
      cotangents.set(arg, sofar === undefined ? share : build.map('add', sofar, share));
    });
  }
  return wrt.map((node) => cotangents.get(node) ?? zeros(node));
};
