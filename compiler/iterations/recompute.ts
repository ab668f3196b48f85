/**
 * Checkpointing (`checkpoint(k)`): between two checkpoints nothing is kept for the derivative; it is computed again from
 * the first of the two. The forward expression marks a stretch by barriers at its start and its end; the derivative reads
 * copies of the stretch that hang on another barrier, which nothing can merge with the first computation.
 */
import * as build from '../../dsl/build.js';
import { argsOf } from '../../dsl/build.js';
import type { Carry, Node, Scan } from '../../dsl/node.js';
import { carriedBy, inLoop, recarried, topological } from '../graph.js';
import { rebuild } from '../primitives/rebuild.js';

const START = 'checkpoint ';
const END = 'checkpoint end';
const AGAIN = ' again';

/** Values at the start of the stretch `name`, which is unique in the program. */
export const start = (values: readonly Node[], name: string): readonly Node[] =>
  values.map((v) => build.barrier(v, `${START}${name}`));
export const end = (values: readonly Node[]): readonly Node[] => values.map((v) => build.barrier(v, END));

/** The nodes outside a scan's loop that the loop reads. */
const frontier = (inside: ReadonlySet<Node>): readonly Node[] => [
  ...new Set([...inside].flatMap((n) => argsOf(n)).filter((a) => !inside.has(a))),
];

/**
 * What the derivative reads in place of each node: its copy where it lies in a stretch, else the node. Inside a scan's step a
 * carry is the state of the position before, which outside the loop the scan itself knows. A scan computed once more hands
 * its copy to what is made of its states entry by entry; the next sum, which was kept, is not taken again.
 */
export const recomputed = (order: readonly Node[]): ((node: Node) => Node) => {
  const copies = new Map<Node, Node>();
  /** Copies of which only the derivative of the node itself knows. */
  const own = new Map<Node, Node>();
  const light = new Set<Node>();
  const copy = (node: Node): Node => copies.get(node) ?? node;
  const again = (node: Node): void => {
    const changed = argsOf(node).filter((a) => copies.has(a));
    if (changed.length === 0) return;
    const fresh = rebuild(node, argsOf(node).map(copy));
    const isLight = changed.every((a) => light.has(a));
    if (isLight && (node.op === 'reduce' || node.op === 'scatter')) own.set(node, fresh);
    else copies.set(node, fresh);
    if (isLight) light.add(node);
  };
  const loops = new Map<readonly Carry[], readonly Scan[] | null>();
  const looped = new Set(order.flatMap((n) => (n.op === 'scan' ? [...inLoop(n)] : [])));
  const unrolled = (node: Scan): readonly Scan[] | null => {
    const inside = inLoop(node);
    const outside = frontier(inside);
    const changed = outside.filter((n) => copies.has(n));
    const barred =
      node.backward === 'recompute'
        ? outside.map((n) => [n, build.barrier(copy(n), `${START}scan${AGAIN}`)] as const)
        : [];
    const by = new Map([...changed.map((n) => [n, copy(n)] as const), ...barred]);
    const results = by.size === 0 ? null : recarried(node, by);
    if (changed.every((n) => light.has(n))) node.carries.forEach((c) => light.add(c));
    node.carries.forEach((c, k) => copies.set(c, carriedBy(results?.[node.result] ?? node, k)));
    topological(node.next)
      .filter((n) => inside.has(n) && n.op !== 'carry')
      .forEach(inLoopAgain);
    return results;
  };
  /** Inside a loop every node is read at the states that were found. */
  const inLoopAgain = (node: Node): void => void copies.set(node, rebuild(node, argsOf(node).map(copy)));
  for (const node of order) {
    if (looped.has(node)) continue;
    if (node.op === 'scan') {
      if (!loops.has(node.carries)) loops.set(node.carries, unrolled(node));
      const results = loops.get(node.carries)!;
      if (results === null) continue;
      copies.set(node, results[node.result]!);
      if (light.has(node.carries[0]!)) light.add(node);
    } else if (node.op === 'barrier' && node.key.startsWith(START)) {
      if (node.key !== END && !node.key.endsWith(AGAIN))
        copies.set(node, build.barrier(node.arg, `${node.key}${AGAIN}`));
    } else again(node);
  }
  return (node) => own.get(node) ?? copy(node);
};
