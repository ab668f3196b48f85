/** What each node reads as it is written, and which of them are worth a name. */
import { argsOf } from '../../../dsl/build.js';
import type { Node, Reduce } from '../../../dsl/node.js';
import { inLoop, topological, userCounts } from '../../graph.js';

export interface Needs {
  readonly order: readonly Node[];
  readonly factors: (sum: Reduce) => readonly Node[];
  /** What is written below a node: its arguments, or the factors of what it sums. */
  readonly below: (node: Node) => readonly Node[];
  /** Nodes that more than one reads, or that a step of a loop reads from outside. */
  readonly named: ReadonlySet<Node>;
  /** Nodes that are worked out in a loop's step. */
  readonly inLoops: ReadonlySet<Node>;
}

/** Whether a product is larger than what it is made of: nobody writes such a one down who need not. */
const widens = (n: Node): boolean => argsOf(n).every((a) => a.axes.length < n.axes.length);

/** `instead`: what is read for a node that is not written here but comes out of a call. */
export const needsOf = (
  roots: readonly Node[],
  instead: (n: Node) => readonly Node[] | undefined = () => undefined,
): Needs => {
  const users = userCounts(topological(roots, undefined, (n) => instead(n) ?? argsOf(n)));
  const factorsOf = (n: Node): readonly Node[] => {
    if (instead(n) !== undefined) return [n];
    if (n.op === 'broadcast' || n.op === 'barrier') return factorsOf(n.arg);
    const product = n.op === 'map' && n.fn === 'mul' && n.dtype === 'f32';
    return product && (users.get(n) === 1 || widens(n)) ? n.args.flatMap(factorsOf) : [n];
  };
  const sums = new Map<Reduce, readonly Node[]>();
  const factors = (sum: Reduce): readonly Node[] => {
    const found = sums.get(sum) ?? factorsOf(sum.arg);
    sums.set(sum, found);
    return found;
  };
  const below = (n: Node): readonly Node[] =>
    instead(n) ?? (n.op === 'reduce' && n.monoid === 'sum' ? factors(n) : n.op === 'implicit' ? [n.value] : argsOf(n));
  const order = topological(roots, undefined, below);
  const inLoops = new Set<Node>();
  const named = new Set<Node>();
  const readers = new Map<Node, number>();
  for (const n of order) {
    for (const a of below(n)) readers.set(a, (readers.get(a) ?? 0) + 1);
    if (n.op !== 'scan' || instead(n) !== undefined) continue;
    const inside = inLoop(n);
    for (const x of inside) {
      inLoops.add(x);
      for (const a of below(x)) if (!inside.has(a)) named.add(a);
    }
    for (const x of n.next) if (!inside.has(x)) named.add(x);
  }
  for (const [n, count] of readers) if (count > 1) named.add(n);
  return { order, factors, below, named, inLoops };
};
