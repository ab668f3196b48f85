/**
 * Contraction order: (e f') g costs n^2 d one way and n d^2 the other. A tree of sums and products is seen flat
 * (`terms.ts`), the cheapest order of each product is found by dynamic programming over sets of factors, and the tree is
 * rebuilt where that is clearly cheaper. This is what makes PCRec's prefix form parallel: K = sum theta theta is summed
 * before any user's states are touched.
 */
import { right } from 'fp-ts/lib/Either.js';
import { type Axis, sameExtent } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { argsOf } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { finiteness } from '../finite.js';
import { dependents, replaceAll, rewrite, topological, userCounts } from '../graph.js';
import { type Pass, type Program, rootsOf, withRoots } from '../program.js';
import { simplifyNode } from './simplify.js';
import { cells, typical } from '../sizes.js';
import { flatten, isLinear, type Term } from '../algebra/terms.js';

type Sum = Extract<Node, { op: 'reduce' }>;

/** Of what has the axes of either. Both are in the order of their names, as a node's axes are. */
const jointVolume = (a: readonly Axis[], b: readonly Axis[]): number => {
  let volume = 1;
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const [x, y] = [a[i], b[j]];
    const first = x !== undefined && (y === undefined || x.name <= y.name);
    const axis = first ? x : y!;
    if (axis.name === x?.name) i++;
    if (axis.name === y?.name) j++;
    volume *= typical(axis);
  }
  return volume;
};

/** A product of some of a term's factors, with what can be summed already summed. */
interface Partial {
  readonly node: Node;
  readonly cost: number;
  /** Axes of the term not summed yet are those of `node`. */
  readonly mask: boolean;
}

/** Factors beyond this many are not ordered. */
const MOST_FACTORS = 8;

/** The cheapest evaluation of a term whose result has (at most) the axes of `out`. */
const bestOrder = (term: Term, out: readonly Axis[], pairwise: number): Partial | null => {
  const masks = [...new Set(term.masks)];
  const covered = new Set(term.factors.flatMap((f) => f.axes.map((a) => a.name)));
  // A sum over an axis that no factor has counts its positions.
  const counts = term.over
    .filter((a) => !covered.has(a.name))
    .map((a): Node =>
      build.broadcast(
        build.constant(1),
        a.extent.kind === 'ragged'
          ? [a, ...out.filter((o) => a.extent.kind === 'ragged' && o.name === a.extent.rows)]
          : [a],
      ),
    );
  const factors: readonly { node: Node; mask: boolean }[] = [
    ...[...term.factors, ...counts].map((node) => ({ node, mask: false })),
    ...masks.map((node) => ({ node, mask: true })),
  ];
  const n = factors.length;
  if (n === 0 || n > MOST_FACTORS || masks.length === n) return null;
  const summed = new Set(term.over.map((a) => a.name));
  const everything = (1 << n) - 1;
  const axesOutside = (set: number): ReadonlySet<string> => {
    const names = new Set(out.map((a) => a.name));
    factors.forEach((f, i) => {
      if ((set & (1 << i)) === 0) f.node.axes.forEach((a) => names.add(a.name));
    });
    return names;
  };
  const outsides = new Map<number, ReadonlySet<string>>();
  const rowsOf = (a: Axis): string | undefined => (a.extent.kind === 'ragged' ? a.extent.rows : undefined);
  /** A ragged axis may be summed where its row is known, or where a mask ends it at a position that is known to exist. */
  const mayBeSummed = (a: Axis, node: Node, set: number, left: ReadonlySet<string>): boolean => {
    // Beside a sequence of theirs only the rows that reach each position would be summed: another sum.
    if (node.axes.some((s) => rowsOf(s) === a.name && (!summed.has(s.name) || left.has(s.name)))) return false;
    const rows = rowsOf(a);
    if (rows === undefined || build.hasAxis(node, rows)) return true;
    return masks.some(
      (m, i) => (set & (1 << (term.factors.length + counts.length + i))) !== 0 && endsAt(m, a.name, left),
    );
  };
  const close = (node: Node, set: number): Node => {
    const outside = outsides.get(set) ?? axesOutside(set);
    outsides.set(set, outside);
    const left = new Set(node.axes.map((a) => a.name).filter((name) => outside.has(name)));
    const over = node.axes
      .filter((a) => summed.has(a.name) && !outside.has(a.name) && mayBeSummed(a, node, set, left))
      .map((a) => a.name);
    return over.length === 0 ? node : build.reduce('sum', node, over);
  };
  const rent = (closed: Node): number => (closed.op === 'reduce' && isPairwise(closed) ? pairwise * cells(closed) : 0);
  const best = new Map<number, Partial>();
  for (let set = 1; set <= everything; set++) {
    const single = factors.findIndex((_, i) => set === 1 << i);
    if (single >= 0) {
      const { node, mask } = factors[single]!;
      const closed = mask ? node : close(node, set);
      best.set(set, { node: closed, mask, cost: (closed === node ? 0 : cells(node)) + rent(closed) });
      continue;
    }
    for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
      const rest = set ^ part;
      if (part < rest) continue;
      const a = best.get(part);
      const b = best.get(rest);
      if (a === undefined || b === undefined) continue;
      if (a.mask && b.mask) continue;
      const cost = a.cost + b.cost + costOfJoining(a, b);
      const sofar = best.get(set);
      if (sofar !== undefined && sofar.cost <= cost) continue;
      const node = close(joined(a, b), set);
      best.set(set, { node, cost: cost + (set === everything ? 0 : rent(node)), mask: false });
    }
  }
  const found = best.get(everything);
  return found === undefined || found.node.axes.some((a) => summed.has(a.name)) ? null : found;
};

/** Masks cost nothing where they fit: they narrow the loop that is there anyway. */
const costOfJoining = (a: Partial, b: Partial): number => {
  const fits = (mask: Partial, x: Partial): boolean =>
    mask.mask && mask.node.axes.every((m) => build.hasAxis(x.node, m.name));
  return fits(a, b) || fits(b, a) ? 0 : jointVolume(a.node.axes, b.node.axes);
};

const joined = (a: Partial, b: Partial): Node => {
  const masked = (mask: Node, x: Node): Node => build.map('select', mask, x, build.constant(0));
  return a.mask ? masked(a.node, b.node) : b.mask ? masked(b.node, a.node) : build.map('mul', a.node, b.node);
};

/** index(axis) <= index(end), where the position `end` is still at hand. */
const endsAt = (mask: Node, axis: string, left: ReadonlySet<string>): boolean => {
  // What the axes inside the renamings are called outside them.
  let outside = (name: string): string => name;
  let test = mask;
  for (; test.op === 'rename'; test = test.arg) {
    const { from, to } = test;
    const further = outside;
    outside = (name) => further(name === from ? to.name : name);
  }
  if (test.op !== 'map' || (test.fn !== 'le' && test.fn !== 'lt')) return false;
  const [a, b] = test.args as readonly [Node, Node];
  return (
    a.op === 'index' &&
    b.op === 'index' &&
    outside(a.axis.name) === axis &&
    left.has(outside(b.axis.name)) &&
    sameExtent(a.axis, b.axis)
  );
};

/**
 * What a stored entry of a matrix over pairs of positions, one matrix a user, counts in operations: memory grows with n^2
 * for each user, so a few more operations are well spent on never forming it.
 */
const PAIRWISE = 1000;

const isPairwise = (n: Node): boolean => {
  const ragged = n.axes.filter((a) => a.extent.kind === 'ragged');
  return ragged.length >= 2 && ragged.some((a) => a.extent.kind === 'ragged' && build.hasAxis(n, a.extent.rows));
};

/** What the tree costs as it stands; a node with other users bears its share. */
const standingCost = (
  root: Sum,
  opens: (n: Node) => boolean,
  users: ReadonlyMap<Node, number>,
  pairwise: number,
): number => {
  let total = 0;
  const seen = new Set<Node>();
  const visit = (n: Node, share: number): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (n !== root && !opens(n)) return;
    const part = share / (n === root ? 1 : (users.get(n) ?? 1));
    if (n.op === 'reduce') total += part * (cells(n.arg) + (n !== root && isPairwise(n) ? pairwise * cells(n) : 0));
    argsOf(n).forEach((a) => visit(a, part));
  };
  visit(root, 1);
  return total;
};

/** Rebuilt only where it costs clearly less. */
const WORTHWHILE = 0.7;
const MOST_TERMS = 8;

/** Which nodes a product may be seen through, and how many use each. */
interface Sight {
  readonly users: ReadonlyMap<Node, number>;
  readonly opens: (n: Node) => boolean;
  /** Nodes that are made of a sum which may be opened, or are one. */
  readonly holding: ReadonlySet<Node>;
}
const sightOf = (order: readonly Node[]): Sight => {
  const users = userCounts(order);
  const opens = (n: Node): boolean =>
    isLinear(n) && ((users.get(n) ?? 1) === 1 || n.op === 'rename' || n.op === 'broadcast' || isPairwise(n));
  const sums = new Set(order.filter((n) => n.op === 'reduce' && opens(n)));
  return { users, opens, holding: dependents(order, sums) };
};

const reordered = (root: Sum, { users, opens, holding }: Sight, finite: (n: Node) => boolean): Node | null => {
  if (!holding.has(root.arg)) return null;
  const terms = flatten(root, { opens, limit: MOST_TERMS });
  if (terms === null || terms.length === 0) return null;
  // A mask will stand at some of its factors: the others are multiplied by 0 where it fails, which must be 0.
  if (terms.some((t) => t.masks.length > 0 && !t.factors.every(finite))) return null;
  // Where a factor is such a matrix itself, forming another saves nothing.
  const pairwise = terms.some((t) => t.factors.some(isPairwise)) ? 0 : PAIRWISE;
  const plans = terms.map((t) => bestOrder(t, root.axes, pairwise));
  if (plans.some((p) => p === null)) return null;
  const cost = plans.reduce((sum, p) => sum + p!.cost, 0);
  if (cost > WORTHWHILE * standingCost(root, opens, users, pairwise)) return null;
  const signed = plans.map((p, i) => ({ node: build.along(p!.node, root), by: terms[i]!.coefficient }));
  // Positive terms first: a sum reads better than a negation.
  const [first, ...rest] = signed.sort((a, b) => Math.sign(b.by) - Math.sign(a.by));
  const scaled = ({ node, by }: (typeof signed)[number], of = by): Node =>
    of === 1 ? node : of === -1 ? build.map('neg', node) : build.map('mul', node, build.constant(of));
  return rest.reduce<Node>(
    (sum, t) => (t.by < 0 ? build.map('sub', sum, scaled(t, -t.by)) : build.map('add', sum, scaled(t))),
    scaled(first!),
  );
};

/** Rounds until nothing changes: what was put in order may be part of a larger product. */
const ROUNDS = 8;

const round = (program: Program): Program | null => {
  const roots = rootsOf(program);
  const order = topological(roots);
  const sight = sightOf(order);
  const finite = finiteness('trained').of;
  const replaced = new Map<Node, Node>();
  for (const n of order) {
    const better = n.op === 'reduce' && isLinear(n) ? reordered(n, sight, finite) : null;
    if (better === null) continue;
    replaced.set(n, better);
    const origin = program.origins.get(n);
    if (origin !== undefined) program.origins.set(better, origin);
  }
  if (replaced.size === 0) return null;
  const next = rewrite(replaceAll(roots, replaced, program.origins), program.interned, simplifyNode, program.origins);
  return withRoots(program, next);
};

export const contract: Pass = {
  name: 'contract',
  description: 'orders products of several tensors by what they cost',
  run: (program) => {
    let current = program;
    for (let i = 0; i < ROUNDS; i++) {
      const next = round(current);
      if (next === null) break;
      current = next;
    }
    return right(current);
  },
};
