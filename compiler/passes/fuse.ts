/**
 * Fusion decides which nodes get a buffer (and so a kernel); all others are computed inside the kernels that use them. A
 * node is stored where computing it again in every use costs more than writing it once and reading it back.
 */
import { right } from 'fp-ts/lib/Either.js';
import { type Axis, missingOf } from '../../dsl/axis.js';
import { argsOf, axisOf, unionAxes } from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { topological, userCounts } from '../graph.js';
import { maxArrayArguments } from '../loops/limits.js';
import { isBuffer } from '../lower/kernels.js';
import { loopsOf } from '../lower/loops.js';
import { isIndexPredicate } from '../lower/support.js';
import { primitive } from '../primitives/index.js';
import { mustBeStored } from '../stored.js';
import { type Pass, rootsOf } from '../program.js';
import { cells, typical } from '../sizes.js';

/** Costs in scalar operations: a buffer's cell written, read, and one more kernel. */
const WRITE = 2;
const READ = 1;
const KERNEL = 20_000;
/** A sum inside a sum is not computed in tiles: each of its operations takes this many times as long. */
const UNTILED = 3;

const views: ReadonlySet<Node['op']> = new Set(['rename', 'broadcast', 'stop', 'barrier', 'implicit']);

/** A choice that is made by position. */
const isChoice = (n: Node): boolean => n.op === 'map' && n.fn === 'select' && isIndexPredicate(n.args[0]!);

/** What is known by where it is asked for, as a constant is, or one that is masked: no memory says it better. */
const isKnown = (n: Node): boolean =>
  n.op === 'constant' ||
  n.op === 'index' ||
  n.op === 'extent' ||
  isIndexPredicate(n) ||
  ((views.has(n.op) || isChoice(n)) && argsOf(n).every(isKnown));

/** What costs nothing wherever it is: it is known, or views of what is in memory already. */
const free = (n: Node): boolean =>
  isKnown(n) || n.op === 'carry' || isBuffer(n) || (views.has(n.op) && argsOf(n).every(free));

/** The arguments that a node's own kernel evaluates: of a scan, the next value of its own state. */
const evaluated = (n: Node): readonly Node[] => (n.op === 'scan' ? [n.next[n.result]!] : argsOf(n));

/** How often each argument is evaluated for one evaluation of the node. */
const repeats = (n: Node): number => {
  if (n.op === 'reduce') return Math.max(1, primitive(n).cost(n, typical));
  // Each summand of a scatter is asked for once, by the one cell it goes to.
  return n.op === 'scatter' ? cells({ axes: unionAxes(n.arg.axes, n.at.axes) }) / cells(n) : 1;
};

const own = (n: Node): number => {
  if (isChoice(n)) return 0;
  return n.op === 'reduce' || n.op === 'scatter' ? repeats(n) : primitive(n).cost(n, typical);
};

/** What must have a buffer whatever it costs. */
const required = (roots: readonly Node[], order: readonly Node[]): ReadonlySet<Node> => {
  const found = new Set<Node>(roots.filter((n) => !isBuffer(n)));
  const users = userCounts(order);
  for (const n of order) {
    // A scatter is a kernel of its own, over an inverse index of its stored positions.
    if (n.op === 'scatter' && n.over.length > 0) {
      found.add(n);
      if (!isBuffer(n.at)) found.add(n.at);
    }
    if (mustBeStored(n)) found.add(n);
    // A computed table has one value for all who look into it.
    if (n.op === 'gather' && users.get(n.table)! > 1 && !isBuffer(n.table) && !free(n.table)) found.add(n.table);
  }
  for (const { states, inside } of loopsOf(order)) {
    states.forEach((s) => found.add(s));
    sumsBefore(inside).forEach((n) => found.add(n));
  }
  return found;
};

/** Sums that a loop reads and that do not depend on its carries are taken for all positions at once, before it. */
const sumsBefore = (inside: ReadonlySet<Node>): readonly Node[] => {
  const found = new Set<Node>();
  const seen = new Set<Node>(inside);
  const visit = (n: Node): void => {
    if (seen.has(n) || isBuffer(n)) return;
    seen.add(n);
    if (n.op === 'reduce' || n.op === 'scatter') found.add(n);
    else argsOf(n).forEach(visit);
  };
  for (const n of inside) argsOf(n).forEach(visit);
  return [...found];
};

/** Operations to evaluate each node once, where those in `stored` are read. It forgets sharing: an upper bound. */
const effort = (order: readonly Node[], stored: ReadonlySet<Node>): ReadonlyMap<Node, number> => {
  const whole = new Map<Node, number>();
  const taken = (a: Node): number => (stored.has(a) ? READ : whole.get(a)!);
  for (const n of order)
    whole.set(
      n,
      free(n) ? READ : own(n) + repeats(n) * evaluated(n).reduce((sum, a) => Math.min(sum + taken(a), MOST), 0),
    );
  return whole;
};
const MOST = 1e12;

/** A number for each pair of a user's positions: memory that grows with the square of the length is not spent to save time. */
const isPairs = (n: Node): boolean => n.axes.filter((a) => a.extent.kind === 'ragged').length > 1;

/** One round: users before arguments, each decided by what it costs if `assumed` is what the others decide. */
const settle = (order: readonly Node[], must: ReadonlySet<Node>, assumed: ReadonlySet<Node>): ReadonlySet<Node> => {
  const unit = effort(order, assumed);
  const stored = new Set(must);
  /** Evaluations of each node in each kernel; within one kernel equal evaluations are shared. */
  const uses = new Map<Node, Map<Node, number>>();
  const nested = new Set<Node>();
  for (const n of [...order].reverse()) {
    if (isBuffer(n)) continue;
    const by = uses.get(n) ?? new Map<Node, number>();
    if (!stored.has(n) && !free(n) && !isTest(n)) {
      const evaluations = [...by.values()].reduce((a, b) => a + b, 0);
      const kept = cells(n) * (unit.get(n)! + WRITE) + evaluations * READ + KERNEL;
      if (kept < evaluations * unit.get(n)! * (nested.has(n) && n.op === 'reduce' && !isPairs(n) ? UNTILED : 1))
        stored.add(n);
    }
    const kernel = stored.has(n) ? new Map([[n, cells(n)]]) : by;
    for (const a of evaluated(n)) {
      if (n.op === 'reduce' || n.op === 'scatter' || (nested.has(n) && !stored.has(n))) nested.add(a);
      const sofar = uses.get(a) ?? new Map<Node, number>();
      for (const [root, times] of kernel) sofar.set(root, Math.max(sofar.get(root) ?? 0, times * repeats(n)));
      uses.set(a, sofar);
    }
  }
  return stored;
};

/** Rounds of `settle`, each on the last one's answer; the first takes everything to be stored. */
const ROUNDS = 4;

/** The nodes that get a buffer, those in `also` among them, no kernel reading more than `limit`. */
export const decide = (
  roots: readonly Node[],
  limit: number,
  also: ReadonlySet<Node> = new Set(),
): ReadonlySet<Node> => {
  const order = withStates(topological(roots));
  const must = new Set([...required(roots, order), ...[...also].filter((n) => !isBuffer(n))]);
  let stored: ReadonlySet<Node> = new Set(order);
  for (let round = 0; round < ROUNDS; round++) stored = settle(order, must, stored);
  return limited(order, stored, limit);
};

/** All states of a scan are computed, whoever asks for one. */
const withStates = (order: readonly Node[]): readonly Node[] => {
  const here = new Set(order);
  const missing = new Map(
    loopsOf(order).flatMap(({ states }) => {
      const [known] = states.filter((s) => here.has(s));
      return [[known!, states.filter((s) => !here.has(s))] as const];
    }),
  );
  return order.flatMap((n) => [n, ...(n.op === 'scan' ? (missing.get(n) ?? []) : [])]);
};

/** Comparisons are repeated where they are asked for: a stored bool would cost more to read than to know. */
const isTest = (n: Node): boolean => n.dtype === 'bool' && n.op === 'map' && argsOf(n).every((a) => a.dtype !== 'f32');

/** The axes along which a node asks which positions exist. */
const asked = (n: Node): readonly Axis[] => {
  switch (n.op) {
    case 'extent':
      return [n.axis];
    case 'reduce':
      return n.arg.axes.filter((a) => n.over.includes(a.name));
    // An inverse index, which is made before, lists positions that exist.
    case 'scatter':
      return n.over.length === n.at.axes.length ? [] : n.at.axes.filter((a) => n.over.includes(a.name));
    case 'gather':
      return [axisOf(n.table, n.axis)];
    case 'shift':
      return [axisOf(n, n.axis)];
    case 'carry':
      return [axisOf(n, n.along)];
    default:
      return [];
  }
};

/** What says how long the rows are along which a node is computed. */
const lengthsOf = (n: Node): readonly string[] =>
  [...n.axes, ...(n.op === 'extent' ? [n.axis] : [])].flatMap(({ extent }) =>
    extent.kind === 'ragged' && (n.op === 'extent' || n.axes.some((x) => x.name === extent.rows))
      ? [extent.lengths]
      : [],
  );

/** What a kernel reads: buffers, by their nodes or by name. */
type Reads = ReadonlySet<string | Node>;

/** The buffers that the kernel of a node reads while those in `stored` are stored, those that say which positions exist included. */
const reading = (stored: ReadonlySet<Node>): ((root: Node) => Reads) => {
  const known = new Map<Node, Reads>();
  const elsewhere = (n: Node): boolean => stored.has(n) || isBuffer(n);
  const own = (n: Node): readonly (string | Node)[] => [
    ...lengthsOf(n),
    ...asked(n).flatMap((a) => missingOf(a) ?? []),
    ...(n.op === 'uniform' || n.op === 'carry' ? [n] : []),
    // An inverse index is counted as two arrays beside the index itself: no target takes more.
    ...(n.op === 'scatter' && n.over.length > 0 ? [`${n.op} starts`, `${n.op} order`] : []),
  ];
  const found = (a: Node): Iterable<string | Node> => (elsewhere(a) ? [...lengthsOf(a), a] : known.get(a)!);
  return (root) => {
    // Arguments first, so that each node only joins what its arguments read.
    for (const n of topological([root], (x) => known.has(x) || (x !== root && elsewhere(x)))) {
      const reads = new Set(own(n));
      for (const a of evaluated(n)) for (const id of found(a)) reads.add(id);
      known.set(n, reads);
    }
    return known.get(root)!;
  };
};

/** Stores further nodes until no kernel reads more than `most` buffers; one in a loop may read its own as well. */
const limited = (order: readonly Node[], start: ReadonlySet<Node>, most: number): ReadonlySet<Node> => {
  const stored = new Set(start);
  const looped = new Set(loopsOf(order).flatMap(({ states, inside }) => [...states, ...inside]));
  let readsOf = reading(stored);
  for (const root of [...order].reverse()) {
    const limit = looped.has(root) ? most - 1 : most;
    while (stored.has(root) && readsOf(root).size > limit) {
      const elsewhere = (n: Node): boolean => n !== root && (stored.has(n) || isBuffer(n));
      const inside = topological(evaluated(root), elsewhere).filter((n) => n !== root && !free(n));
      const all = inside.map((n) => ({ n, saves: readsOf(n).size - 1 })).filter(({ saves }) => saves > 0);
      if (all.length === 0) break;
      // Conditions and whole numbers where there is nothing else.
      const real = all.filter(({ n }) => n.dtype === 'f32');
      const candidates = real.length > 0 ? real : all;
      // The largest part that itself fits; among equals the smallest buffer.
      const fitting = candidates.filter(({ saves }) => saves + 1 <= limit);
      const best = (fitting.length > 0 ? fitting : candidates).sort(
        (a, b) => b.saves - a.saves || cells(a.n) - cells(b.n),
      )[0]!;
      stored.add(best.n);
      readsOf = reading(stored);
    }
  }
  return stored;
};

export const fuse: Pass = {
  name: 'fuse',
  description: 'decides which values are stored and computes all others inside the kernels that use them',
  run: (program) => right({ ...program, stored: decide(rootsOf(program), maxArrayArguments) }),
};
