/**
 * Dependence of every tensor of a program on every input: which positions of it a cell may read, given the cell's own. The
 * primitives say what is read of their arguments; this composes it, from the leaves up.
 *
 * It is sound (test/dependence): what lies outside can be replaced by anything and the cell keeps its value, bit for bit, as
 * long as all values are finite (0 * x counts as 0). It is not complete: data decides nothing (a mask made of data hides
 * nothing), and what is computed in two ways that cancel is still read.
 */
import { type Axis, sameExtent } from '../../dsl/axis.js';
import { hasAxis } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../graph.js';
import { mixes, primitive } from '../primitives/index.js';
import { type Edge, type Facts, type Flow, fresh, inInput } from './flow.js';
import {
  type Bounded,
  type Constraint,
  equal,
  EVERYWHERE,
  type Interval,
  hull,
  meet,
  offsets,
  project,
  renamed,
  union,
  type Zone,
  zone,
} from './zone.js';

/** By input; each zone is over the node's own axes and `@axis` for the axes of the input. */
export type Reads = ReadonlyMap<string, readonly Bounded[]>;

export interface Dependence {
  readonly reads: (node: Node) => Reads;
  readonly flow: (node: Node) => Flow;
}

const isRead = (name: string): boolean => name.startsWith('@');
const isMoved = ({ moved = [] }: Edge, axis: string): boolean => moved.includes(axis);

/** A zone over the axes of an edge's argument, as the node at its other end speaks of it. */
export const seenFrom = (edge: Edge, of: Zone): Zone => {
  const named = edge.moved === undefined ? of : renamed(of, (name) => (isMoved(edge, name) ? fresh(name) : name));
  return edge.where === undefined ? named : meet(named, edge.where);
};

const isOwn =
  (node: Node) =>
  (name: string): boolean =>
    isRead(name) || hasAxis(node, name);

/**
 * The lengths that an edge reads: whether a position exists is asked wherever a sequence, or its rows, are not the cell's
 * own. Positions at or before one that exists do.
 */
const lengthsRead = (node: Node, edge: Edge): readonly { readonly name: string; readonly where: Zone }[] => {
  const axes = edge.through ?? edge.arg.axes;
  const elsewhere = (axis: string): boolean => !hasAxis(node, axis) || isMoved(edge, axis);
  const there = (axis: string): string => (isMoved(edge, axis) ? fresh(axis) : axis);
  const asks = (axis: Axis) => {
    const { extent } = axis;
    if (
      extent.kind === 'fixed' ||
      !axes.some((a) => a.name === extent.rows) ||
      !(elsewhere(axis.name) || elsewhere(extent.rows))
    )
      return [];
    const known = elsewhere(extent.rows) ? [] : node.axes.filter((own) => sameExtent(own, axis));
    const unknown = known.map((own): Constraint => [own.name, there(axis.name), -1]);
    return [
      {
        name: extent.lengths,
        where: meet(zone(...equal(inInput(extent.rows), there(extent.rows)), ...unknown), edge.where ?? EVERYWHERE),
      },
    ];
  };
  return axes.flatMap(asks);
};

const readsOf = (node: Node, { edges, facts, input }: Flow, of: (node: Node) => Reads): Reads => {
  const found = new Map<string, Zone[]>();
  const own = isOwn(node);
  const add = (name: string, where: Zone): void => {
    const read = project(meet(where, facts.nonzero), own);
    const sofar = found.get(name);
    if (sofar === undefined) found.set(name, [read]);
    else sofar.push(read);
  };
  if (input !== undefined) add(input.name, input.where);
  for (const edge of edges) {
    for (const [name, zones] of of(edge.arg)) for (const z of zones) add(name, seenFrom(edge, z));
    for (const { name, where } of lengthsRead(node, edge)) add(name, where);
  }
  return new Map(
    [...found].flatMap(([name, zones]) => {
      const kept = union(zones);
      return kept.length === 0 ? [] : [[name, kept] as const];
    }),
  );
};

/** Of the expanded programs that these roots span. */
export const dependence = (roots: readonly Node[]): Dependence => {
  const flows = new Map<Node, Flow>();
  const all = new Map<Node, Reads>();
  const facts = (node: Node): Facts => flows.get(node)!.facts;
  for (const node of topological(roots)) {
    const flow = primitive(node).dependence(node, facts, mixes);
    flows.set(node, flow);
    all.set(
      node,
      readsOf(node, flow, (arg) => all.get(arg)!),
    );
  }
  return { reads: (node) => all.get(node)!, flow: (node) => flows.get(node)! };
};

/** The offsets, position read less own position, along an axis of the input and an axis of the node. */
export const offsetsOf = (zones: readonly Bounded[], read: string, own: string): Interval =>
  zones.map((z) => offsets(z, inInput(read), own)).reduce(hull);
