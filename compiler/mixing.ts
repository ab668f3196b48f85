/** Which primitives combine positions of an axis: what is computed at one of them then depends on others. */
import type { Node } from '../dsl/node.js';

/** How a node combines positions of `axis`, in words; null where it does not. */
export const mixes = (n: Node, axis: string): string | null => {
  switch (n.op) {
    case 'reduce': return n.over.includes(axis) ? `takes the ${n.monoid} over '${axis}'` : null;
    case 'scatter': return n.over.includes(axis) || n.axis.name === axis ? `adds up positions of '${axis}'` : null;
    case 'gather': return n.axis === axis ? `looks up other positions of '${axis}'` : null;
    case 'rename': return n.from === axis || n.to.name === axis ? `compares positions of '${axis}'` : null;
    case 'shift': return n.axis === axis ? `moves along '${axis}'` : null;
    case 'scan': return n.carries[0]!.along === axis ? `runs along '${axis}'` : null;
    default: return null;
  }
};
