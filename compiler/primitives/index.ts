/** One record for each primitive. The type is mapped over the union of nodes: the table cannot miss one. */
import type { Node, Op } from '../../dsl/node.js';
import { implicit } from './implicit.js';
import * as indexing from './indexing.js';
import * as leaves from './leaves.js';
import * as pointwise from './pointwise.js';
import type { Mixes, Of, Primitive } from './record.js';
import { reduce } from './reduction.js';
import { carry, scan } from './scan.js';

export const primitives: { readonly [O in Op]: Primitive<Of<O>> } = {
  input: leaves.input,
  param: leaves.param,
  variable: leaves.variable,
  constant: leaves.constant,
  index: leaves.index,
  extent: leaves.extent,
  uniform: leaves.uniform,
  map: pointwise.map,
  broadcast: pointwise.broadcast,
  stop: pointwise.stop,
  barrier: pointwise.barrier,
  reduce,
  implicit,
  carry,
  scan,
  gather: indexing.gather,
  scatter: indexing.scatter,
  rename: indexing.rename,
  shift: indexing.shift,
  project: indexing.project,
};

/** The record of a node's own primitive. */
export const primitive = (node: Node): Primitive => primitives[node.op] as unknown as Primitive;
/** How a node combines positions of `axis`, in words; null where it does not. */
export const mixes: Mixes = (node, axis) => primitive(node).mixes(node, axis);
