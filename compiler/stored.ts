/**
 * A value that is computed once, into a buffer, for all who read it. Kernels compute again what is cheap, and two
 * computations of one value need not agree to the last bit: a device may keep more digits on the way. What is decided by
 * comparing numbers that must be the same is decided on one buffer.
 */
import * as build from '../dsl/build.js';
import type { Node } from '../dsl/node.js';

const KEY = 'stored';

export const stored = (n: Node): Node =>
  n.op === 'input' || n.op === 'param' || n.op === 'constant' ? n : build.barrier(n, KEY);
export const mustBeStored = (n: Node): boolean => n.op === 'barrier' && n.key === KEY;
