/** Where a value is zero, and where it is asked for: predicates that narrow loops instead of multiplying by zeros. */
import type { Node } from '../../dsl/node.js';
import { argsOf } from '../../dsl/build.js';
import { topological } from '../graph.js';
import { primitive } from '../primitives/index.js';

/** Memoised over one program; predicates are nodes over (some of) the value's own axes. */
export const supports = (): ((node: Node) => readonly Node[]) => {
  const memo = new Map<Node, readonly Node[]>();
  const of = (node: Node): readonly Node[] => {
    const known = memo.get(node);
    if (known !== undefined) return known;
    const found = primitive(node).support(node, of);
    memo.set(node, found);
    return found;
  };
  return of;
};

const comparisons: ReadonlySet<string> = new Set(['le', 'lt', 'ge', 'gt', 'eq']);
// How many positions exist is data: to know it is to read a buffer, and a kernel can read only so many.
const affine = (n: Node): boolean =>
  n.op === 'index' ||
  n.op === 'constant' ||
  (n.op === 'extent' && n.axis.extent.kind === 'fixed' && n.axis.extent.missing === undefined) ||
  (n.op === 'map' && (n.fn === 'add' || n.fn === 'sub') && n.args.every(affine)) ||
  (n.op === 'rename' && affine(n.arg));

/** Made of positions alone, so that it costs nothing to know and can bound a loop. */
export const isIndexPredicate = (p: Node): boolean =>
  p.op === 'rename'
    ? isIndexPredicate(p.arg)
    : p.op === 'map' && comparisons.has(p.fn) && p.args.every((a) => a.dtype === 'i32' && affine(a));

/**
 * Predicates outside which nobody asks for a value: every use is masked by them, or multiplies by something that is zero
 * there. What is not asked for is not computed.
 */
export const demands = (
  roots: readonly Node[],
  support: (n: Node) => readonly Node[],
): ((node: Node) => readonly Node[]) => {
  const asked = new Map<Node, readonly Node[]>(roots.map((r) => [r, []]));
  for (const user of [...topological(roots)].reverse()) {
    const outer = asked.get(user) ?? [];
    argsOf(user).forEach((arg, i) => {
      const here = use(user, i, outer, support).filter((p) =>
        p.axes.every((a) => arg.axes.some((b) => b.name === a.name)),
      );
      const sofar = asked.get(arg);
      asked.set(arg, sofar === undefined ? here : sofar.filter((p) => here.includes(p)));
    });
  }
  return (node) => asked.get(node) ?? [];
};

/** Where `user`, itself asked for inside `outer`, asks for its argument number `i`. */
const use = (user: Node, i: number, outer: readonly Node[], support: (n: Node) => readonly Node[]): readonly Node[] => {
  switch (user.op) {
    case 'map': {
      if (user.fn === 'select' && i === 1) return [...outer, ...support(user)];
      return user.fn === 'mul' ? [...outer, ...support(user.args[1 - i]!)] : outer;
    }
    case 'reduce':
      return user.monoid === 'sum' ? [...outer, ...support(user.arg)] : outer;
    case 'broadcast':
    case 'stop':
    case 'barrier':
      return outer;
    default:
      return [];
  }
};
