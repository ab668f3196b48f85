/** The way from a tensor to the data that it must not read: a chain of the model's own expressions. */
import { hasAxis } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { Dependence } from './analysis.js';
import type { Leak } from './certificate.js';
import { type Edge, fresh, inInput } from './flow.js';
import { equal, EVERYWHERE, meet, project, renamed, type Zone, zone } from './zone.js';

/** The position that is predicted for, whatever tensor is looked at. */
const PREDICTED = '^';

/** Where an edge's argument is read, given where its user is: over the argument's axes and `^`. */
const below = (edge: Edge, at: Zone): Zone => {
  const moved = edge.moved ?? [];
  const kept = (name: string): boolean =>
    name === PREDICTED ||
    (hasAxis(edge.arg, name) && !moved.includes(name)) ||
    moved.some((axis) => name === fresh(axis));
  return renamed(project(meet(at, edge.where ?? EVERYWHERE), kept), (name) =>
    name.startsWith('~') ? name.slice(1) : name,
  );
};

/** Positions that must not be read, before or after those that may. */
const forbidden = ({ read, allowed: { least, most } }: Leak): readonly Zone[] => {
  if (read === null) return [EVERYWHERE];
  const at = inInput(read);
  return [
    ...(most < Infinity ? [zone([PREDICTED, at, -most - 1])] : []),
    ...(least > -Infinity ? [zone([at, PREDICTED, least - 1])] : []),
  ];
};

/** From the leaking term to the input, both included; the shortest there is. */
export const pathOf = (leak: Leak, { reads, flow }: Dependence): readonly Node[] => {
  const wrong = forbidden(leak);
  const leads = (node: Node, at: Zone): boolean =>
    (reads(node).get(leak.input.name) ?? []).some((z) => wrong.some((w) => meet(meet(at, z), w) !== null));
  interface Step {
    readonly node: Node;
    readonly at: Zone;
    readonly from: Step | null;
  }
  const queue: Step[] = [
    { node: leak.term, at: leak.along === null ? EVERYWHERE : zone(...equal(PREDICTED, leak.along)), from: null },
  ];
  const seen = new Set<Node>();
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    if (seen.has(step.node)) continue;
    seen.add(step.node);
    if (step.node === leak.input) {
      const path: Node[] = [];
      for (let s: Step | null = step; s !== null; s = s.from) path.unshift(s.node);
      return path;
    }
    for (const edge of flow(step.node).edges) {
      const at = below(edge, step.at);
      if (leads(edge.arg, at)) queue.push({ node: edge.arg, at, from: step });
    }
  }
  return [leak.term, leak.input];
};
