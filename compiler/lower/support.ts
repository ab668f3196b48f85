/** Where a value is zero: predicates that narrow loops instead of multiplying by zeros. */
import type { Node } from '../../dsl/node.js';
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
const affine = (n: Node): boolean =>
  n.op === 'index' || n.op === 'constant' || n.op === 'extent' || (n.op === 'map' && (n.fn === 'add' || n.fn === 'sub') && n.args.every(affine)) ||
  (n.op === 'rename' && affine(n.arg));

/** Made of positions alone, so that it costs nothing to know and can bound a loop. */
export const isIndexPredicate = (p: Node): boolean => (p.op === 'rename' ? isIndexPredicate(p.arg) : p.op === 'map' && comparisons.has(p.fn) && p.args.every((a) => a.dtype === 'i32' && affine(a)));
