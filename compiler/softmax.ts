/**
 * Softmaxes, as they are written: exp(x - top), where top is the largest of the x that take part. Such a share is at most 1,
 * and the total of all of them is at least 1, since one of them is.
 */
import type { Node, Reduce } from '../dsl/node.js';
import { LOWEST } from '../dsl/lowest.js';

const strip = (n: Node): Node => (n.op === 'broadcast' || n.op === 'stop' || n.op === 'barrier' ? strip(n.arg) : n);
const constantOf = (n: Node): number | null => {
  const x = strip(n);
  return x.op === 'constant' ? x.value : null;
};
/** The conditions that hold where `p` does, each once. */
export const conditions = (p: Node): readonly Node[] => {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (n.op === 'map' && n.fn === 'and') n.args.forEach(visit);
    else found.add(n);
  };
  visit(p);
  return [...found];
};
const covers = (all: readonly Node[], some: readonly Node[]): boolean => some.every((p) => all.includes(p));

/** What takes part: `x` at the positions of `over` where all of `where` hold. */
interface Part {
  readonly x: Node;
  readonly over: string;
  readonly where: readonly Node[];
}

/** select(p, x, otherwise), or x itself. */
const chosen = (
  n: Node,
  otherwise: (value: number) => boolean,
): { readonly x: Node; readonly where: readonly Node[] } => {
  const s = strip(n);
  const value = s.op === 'map' && s.fn === 'select' ? constantOf(s.args[2]!) : null;
  return s.op === 'map' && value !== null && otherwise(value)
    ? { x: strip(s.args[1]!), where: conditions(s.args[0]!) }
    : { x: s, where: [] };
};
const inside = (n: Node, monoid: Reduce['monoid'], otherwise: (value: number) => boolean): Part => {
  const r = strip(n);
  return r.op === 'reduce' && r.monoid === monoid
    ? { ...chosen(r.arg, otherwise), over: r.over.join() }
    : { x: r, over: '', where: [] };
};
const flat = (n: Node, fn: 'add' | 'max'): readonly Node[] => {
  const x = strip(n);
  return x.op === 'map' && x.fn === fn ? x.args.flatMap((a) => flat(a, fn)) : [x];
};

/** Other names for minus infinity, roundings of it among them. */
const isLow = (value: number): boolean => value <= LOWEST / 2;
/** What a top is the largest of. */
const rivals = (top: Node): readonly Part[] => flat(top, 'max').map((c) => inside(c, 'max', isLow));
const exponent = (n: Node): { readonly x: Node; readonly top: Node } | null => {
  const e = strip(n);
  const d = e.op === 'map' && e.fn === 'exp' ? strip(e.args[0]!) : null;
  return d !== null && d.op === 'map' && d.fn === 'sub' ? { x: strip(d.args[0]!), top: strip(d.args[1]!) } : null;
};

/** exp(x - top), x among those that top is the largest of wherever all of `where` hold. */
export const isShare = (n: Node, where: readonly Node[]): boolean => {
  const found = exponent(n);
  return found !== null && rivals(found.top).some((r) => r.x === found.x && covers(where, r.where));
};

/** A sum over all that take part, of which one does for sure wherever all of `where` hold. */
export const isTotal = (n: Node, where: readonly Node[]): boolean => {
  const terms = flat(n, 'add').map((t) => inside(t, 'sum', (v) => v === 0));
  const found = terms.map((t) => exponent(t.x));
  const top = found[0]?.top;
  if (top === undefined || found.some((f) => f === null || f.top !== top)) return false;
  const taking = rivals(top);
  const counted = (r: Part): boolean =>
    terms.some(
      (t, i) => found[i]!.x === r.x && t.over === r.over && covers(t.where, r.where) && covers(r.where, t.where),
    );
  return taking.every(counted) && taking.some((r) => covers(where, r.where));
};

/** A share over a total that is at least 1. */
export const isQuotient = (n: Node, where: readonly Node[]): boolean => {
  const q = strip(n);
  return (
    q.op === 'map' &&
    q.fn === 'div' &&
    isShare(chosen(q.args[0]!, (v) => v === 0).x, where) &&
    isTotal(q.args[1]!, where)
  );
};
