/**
 * Reverse mode, graph to graph. A derivative is an expression of the same primitives, so it can be differentiated again.
 */
import * as build from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { argsOf } from '../dsl/build.js';
import { gates } from './gate.js';
import { dependents, type Origin, type Origins, substitute, topological } from './graph.js';
import { mixes, primitive } from './primitives/index.js';
import { recomputed } from './iterations/recompute.js';

const derived = ({ name, label, ...rest }: Origin): Origin => ({
  ...rest,
  ...(name === undefined ? {} : { name: `d_${name}` }),
  ...(label === undefined ? {} : { label: `d_${label}` }),
});

const zeros = (like: Node): Node => build.broadcast(build.constant(0), like.axes);

/** Of each state of a scan, all that are in this order, the first of them first. */
const statesOf = (order: readonly Node[]): ReadonlyMap<Node, readonly Node[]> => {
  const groups = new Map<object, Node[]>();
  for (const n of order) if (n.op === 'scan') groups.set(n.carries, [...(groups.get(n.carries) ?? []), n]);
  return new Map([...groups.values()].flatMap((group) => group.map((n) => [n, group] as const)));
};

/**
 * Derivatives of an equilibrium are taken at a point that is held still while they are taken. What comes out is read at the
 * equilibrium itself, which moves with the parameters: so the next derivative sees it move.
 */
const moving = (order: readonly Node[], derivatives: readonly Node[]): readonly Node[] => {
  const equilibria = order.filter((n): n is Extract<Node, { op: 'implicit' }> => n.op === 'implicit');
  return equilibria.length === 0
    ? derivatives
    : substitute(
        derivatives,
        new Map(
          equilibria.flatMap((n): readonly (readonly [Node, Node])[] => [
            [n.value, n],
            [n, n],
          ]),
        ),
      );
};

export interface Options {
  readonly origins?: Origins;
  /** Receives one bool per row from each linear solve that the derivative contains. */
  readonly check?: (solved: Node) => void;
}

/**
 * The derivative of the sum of all entries of `of` with respect to each node of `wrt`, with that node's axes; zeros where
 * `of` does not depend on it. Names of derivatives follow the names of what they differentiate.
 */
export const gradient = (
  of: Node,
  wrt: readonly Node[],
  { origins, check = () => {} }: Options = {},
): readonly Node[] => {
  const order = topological([of]);
  const active = dependents(order, new Set(wrt));
  const kept = recomputed(order);
  const rules = { check, gates: gates(), mixes, gradient };
  const cotangents = new Map<Node, Node>([[of, build.broadcast(build.constant(1), of.axes)]]);
  /** The states of a scan are differentiated together, once nothing before the first of them is left to say of any. */
  const states = statesOf(order);
  for (const node of [...order].reverse()) {
    const group = states.get(node) ?? [node];
    if (group[0] !== node) continue;
    const given = group.map((n) => cotangents.get(n));
    const ct = given[0] ?? (given.some((g) => g !== undefined) ? zeros(node) : undefined);
    if (ct === undefined || !active.has(node)) continue;
    const origin = origins?.get(node);
    if (origin !== undefined && origins !== undefined && !origins.has(ct)) {
      origins.set(ct, derived(origin));
    }
    const args = argsOf(node);
    if (args.length === 0) continue;
    const beside = new Map(
      group.flatMap((n, i) =>
        n !== node && n.op === 'scan' && given[i] !== undefined ? [[n.result, given[i]] as const] : [],
      ),
    );
    primitive(node)
      .vjp(ct, kept(node), { ...rules, beside })
      .forEach((share, i) => {
        const arg = args[i]!;
        if (share === null || !active.has(arg)) return;
        const sofar = cotangents.get(arg);
        cotangents.set(arg, sofar === undefined ? share : build.map('add', sofar, share));
      });
  }
  return moving(
    order.map(kept),
    wrt.map((node) => cotangents.get(node) ?? zeros(node)),
  );
};
