/**
 * A table of which only some rows differ from another is never formed. A user's own step on the item table moves the rows
 * that the user met: it is a scatter, dense + sum of scatters, where a table of batch x items x width would be huge. Looking
 * up rows, products, sums and so norms of such a table are taken at what was scattered,
 *
 *     gather(scatter(f, at), at')    = sum over the positions of `at` of f where at = at'
 *     scatter(f, at) * x             = scatter(f * gather(x, at), at)
 *     sum over k of scatter(f, at)   = scatter(sum over k of f, at)
 *
 * and scatters of one index are one. What is not linear in the table sees it whole.
 */
import { right } from 'fp-ts/lib/Either.js';
import { type Axis, copied } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { argsOf } from '../../dsl/build.js';
import type { MapNode, Node } from '../../dsl/node.js';
import { reargue, rewrite, topological } from '../graph.js';
import { type Pass, rootsOf, withRoots } from '../program.js';
import { cells } from '../sizes.js';

type Scatter = Extract<Node, { op: 'scatter' }>;
type Of<O extends Node['op']> = Extract<Node, { op: O }>;

/** dense (0 where there is none) + the sum of the scatters, all of them along the axis of one table. */
interface Split {
  readonly dense: Node | null;
  readonly parts: readonly Scatter[];
}

const { map, constant, scatter } = build;
const summands = (s: Scatter): readonly Axis[] => build.unionAxes(s.arg.axes, s.at.axes);

/**
 * More cells than summands: most are 0. The rows of a sequence that is summed stay known; where they are not, all its positions
 * exist, and a further axis could bring the rows in.
 */
const isSparse = (n: Node): n is Scatter =>
  n.op === 'scatter' &&
  n.dtype === 'f32' &&
  n.over.length > 0 &&
  n.axis.extent.kind === 'fixed' &&
  cells(n) > cells({ axes: summands(n) }) &&
  summands(n).every(
    ({ name, extent }, _, all) =>
      extent.kind === 'fixed' ||
      (!n.over.includes(extent.rows) && (!n.over.includes(name) || all.some((a) => a.name === extent.rows))),
  );

/** The scatter with the axes that it sums over called otherwise than `taken`, and than the rows of what is ragged among these. */
const apartFrom = (s: Scatter, taken: readonly Axis[]): Scatter => {
  const used = new Set([...taken, ...s.axes, ...summands(s)].map((a) => a.name));
  const spare = (name: string): string => (used.has(name) ? spare(`${name}'`) : name);
  return s.over
    .filter((name) => taken.some((a) => a.name === name || (a.extent.kind === 'ragged' && a.extent.rows === name)))
    .reduce((sofar, name) => {
      const to = copied(
        spare(name),
        summands(sofar).find((a) => a.name === name)!,
      );
      const renamed = (x: Node): Node => (build.hasAxis(x, name) ? build.rename(x, name, to) : x);
      return scatter(
        renamed(sofar.arg),
        renamed(sofar.at),
        sofar.axis,
        sofar.over.map((o) => (o === name ? to.name : o)),
      );
    }, s);
};

const withArg = (s: Scatter, arg: Node): Scatter => scatter(arg, s.at, s.axis, s.over);
const add = (a: Node | null, b: Node | null): Node | null => (a === null ? b : b === null ? a : map('add', a, b));

/** Scatters of one index are one: there are as many as there are ways in which rows were met. */
const merged = (parts: readonly Scatter[]): readonly Scatter[] => {
  const groups: Scatter[] = [];
  for (const p of parts) {
    const i = groups.findIndex((g) => g.at === p.at && g.over.join() === p.over.join());
    if (i < 0) groups.push(p);
    else groups[i] = withArg(p, map('add', groups[i]!.arg, p.arg));
  }
  return groups;
};

/** The entries of a scatter at positions of its axis: a sum over the summands that went there. */
const foundAt = (s: Scatter, at: Node): Node => {
  const { arg, at: to, over, axis } = apartFrom(s, at.axes);
  const met = map('select', map('eq', to, at), arg, constant(0));
  const exists = map('and', map('ge', at, constant(0, 'i32')), map('lt', at, build.extent(axis, [])));
  return map('select', exists, build.reduce('sum', met, over), constant(0));
};

/** The product with something that is no scatter. */
const scaled = (s: Scatter, fn: 'mul' | 'div', by: Node): Scatter => {
  const own = apartFrom(s, by.axes);
  return withArg(own, map(fn, own.arg, build.hasAxis(by, s.axis.name) ? build.gather(by, own.at, s.axis.name) : by));
};

const lookedUp = ({ dense, parts }: Split, at: Node, axis: string): Node =>
  parts.reduce<Node | null>(
    (sum, p) => add(sum, foundAt(p, at)),
    dense === null ? null : build.gather(dense, at, axis),
  )!;

const product = (a: Split, b: Split): Split => {
  const by = (parts: readonly Scatter[], x: Node | null): readonly Scatter[] =>
    x === null ? [] : parts.map((p) => scaled(p, 'mul', x));
  const both =
    b.parts.length === 0
      ? []
      : a.parts.map((p) => {
          const own = apartFrom(
            p,
            b.parts.flatMap((x) => x.axes),
          );
          const other = lookedUp({ dense: null, parts: b.parts }, own.at, own.axis.name);
          return withArg(own, map('mul', own.arg, other));
        });
  return {
    dense: a.dense === null || b.dense === null ? null : map('mul', a.dense, b.dense),
    parts: merged([...by(a.parts, b.dense), ...by(b.parts, a.dense), ...both]),
  };
};

const negated = ({ dense, parts }: Split): Split => ({
  dense: dense === null ? null : map('neg', dense),
  parts: parts.map((p) => withArg(p, map('neg', p.arg))),
});
const plus = (a: Split, b: Split): Split => ({ dense: add(a.dense, b.dense), parts: merged([...a.parts, ...b.parts]) });
const whole = (node: Node): Split => ({ dense: node, parts: [] });

/** The same along further axes. */
const along = ({ dense, parts }: Split, axes: readonly Axis[]): Split => ({
  dense: dense === null ? null : build.broadcast(dense, axes),
  parts: parts.map((p) => {
    const further = axes.filter((a) => a.name !== p.axis.name);
    const own = apartFrom(p, further);
    return withArg(own, build.broadcast(own.arg, further));
  }),
});

const sumOver = (n: Of<'reduce'>, arg: Split, table: string): Split | null => {
  const axes = n.arg.axes.filter((a) => n.over.includes(a.name));
  if (
    n.monoid !== 'sum' ||
    n.over.includes(table) ||
    axes.some(
      (a) => a.extent.kind === 'ragged' || n.axes.some((x) => x.extent.kind === 'ragged' && x.extent.rows === a.name),
    )
  )
    return null;
  if (arg.parts.some((p) => p.at.axes.some((a) => n.over.includes(a.name)))) return null;
  const { dense, parts } = along(arg, axes);
  return {
    dense: dense === null ? null : build.reduce('sum', dense, n.over),
    parts: parts.map((p) => withArg(p, build.reduce('sum', p.arg, n.over))),
  };
};

/** What a map makes of a table in parts; null where it is not linear in it. */
const mapped = (n: MapNode, args: readonly (Split | undefined)[], plain: (n: Node) => Node): Split | null => {
  const [a, b] = n.args.map((x, i) => args[i] ?? whole(plain(x)));
  switch (n.fn) {
    case 'add':
      return plus(along(a!, n.axes), along(b!, n.axes));
    case 'sub':
      return plus(along(a!, n.axes), negated(along(b!, n.axes)));
    case 'neg':
      return negated(a!);
    case 'mul':
      return product(a!, b!);
    case 'div':
      return args[1] === undefined
        ? {
            dense: a!.dense === null ? null : map('div', a!.dense, b!.dense!),
            parts: a!.parts.map((p) => scaled(p, 'div', b!.dense!)),
          }
        : null;
    default:
      return null;
  }
};

export const sparse: Pass = {
  name: 'sparse',
  description: 'keeps tables that differ from others in some rows as these rows',
  run: (program) => {
    const roots = rootsOf(program);
    const order = topological(roots);
    if (!order.some(isSparse)) return right(program);
    const splits = new Map<Node, Split>();
    const formed = new Map<Node, Node>();
    const plain = (n: Node): Node => formed.get(n) ?? n;
    const splitOf = (n: Node): Split | null => {
      if (isSparse(n)) return { dense: null, parts: [reargue(n, formed) as Scatter] };
      const args = argsOf(n).map((a) => splits.get(a));
      const [first, ...others] = args.filter((s) => s !== undefined);
      if (first === undefined) return null;
      const table = first.parts[0]!.axis.name;
      if (others.some((s) => s.parts[0]!.axis.name !== table)) return null;
      switch (n.op) {
        case 'map':
          return mapped(n, args, plain);
        case 'broadcast':
          return along(first, n.axes);
        case 'reduce':
          return sumOver(n, first, table);
        default:
          return null;
      }
    };
    for (const n of order) {
      const split = splitOf(n);
      if (split !== null && split.parts.length > 0) {
        splits.set(n, split);
        formed.set(
          n,
          build.along(
            split.parts.reduce<Node | null>((sum, p) => add(sum, p), split.dense)!,
            n,
          ),
        );
        continue;
      }
      const table = n.op === 'gather' ? splits.get(n.table) : undefined;
      formed.set(
        n,
        n.op === 'gather' && table !== undefined && table.parts[0]!.axis.name === n.axis
          ? build.along(lookedUp(table, plain(n.at), n.axis), n)
          : reargue(n, formed),
      );
    }
    for (const n of order) {
      const origin = program.origins.get(n);
      const to = formed.get(n)!;
      if (origin !== undefined && !program.origins.has(to)) program.origins.set(to, origin);
    }
    return right(
      withRoots(
        program,
        rewrite(
          roots.map((r) => formed.get(r)!),
          program.interned,
          (n) => n,
          program.origins,
        ),
      ),
    );
  },
};
