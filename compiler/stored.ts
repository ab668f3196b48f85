/**
 * A value that is computed once, into a buffer, for all who read it. Kernels compute again what is cheap, and two
 * computations of one value need not agree to the last bit: a device may keep more digits on the way. What is decided by
 * comparing numbers that must be the same is decided on one buffer.
 */
import { STORED } from '../dsl/build.js';
import type { Node } from '../dsl/node.js';

export { stored } from '../dsl/build.js';
export const mustBeStored = (n: Node): boolean => n.op === 'barrier' && n.key === STORED;
