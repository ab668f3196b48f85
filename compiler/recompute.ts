/**
 * Checkpointing (`checkpoint(k)`): between two checkpoints nothing is kept for the derivative; it is computed again from
 * the first of the two. The forward expression marks a stretch by barriers at its start and its end; the derivative reads
 * copies of the stretch that hang on another barrier, which nothing can merge with the first computation.
 */
import * as build from '../dsl/build.js';
import { argsOf } from '../dsl/build.js';
import type { Node } from '../dsl/node.js';
import { rebuild } from './primitives/index.js';

const START = 'checkpoint ';
const END = 'checkpoint end';
const AGAIN = ' again';

/** Values at the start of the stretch `name`, which is unique in the program. */
export const start = (values: readonly Node[], name: string): readonly Node[] => values.map((v) => build.barrier(v, `${START}${name}`));
export const end = (values: readonly Node[]): readonly Node[] => values.map((v) => build.barrier(v, END));

/** What the derivative reads in place of each node: its copy where it lies in a stretch, else the node. */
export const recomputed = (order: readonly Node[]): ((node: Node) => Node) => {
  const copies = new Map<Node, Node>();
  for (const node of order) {
    if (node.op === 'barrier' && node.key.startsWith(START)) {
      if (node.key !== END && !node.key.endsWith(AGAIN)) copies.set(node, build.barrier(node.arg, `${node.key}${AGAIN}`));
      continue;
    }
    const args = argsOf(node);
    if (args.some((a) => copies.has(a))) copies.set(node, rebuild(node, args.map((a) => copies.get(a) ?? a)));
  }
  return (node) => copies.get(node) ?? node;
};
