/**
 * Looking up a few positions of a sequence that is computed: only these are computed. A prediction asks for each row's last
 * state; of the last block it then needs one query, and all keys.
 */
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { Row } from './row.js';
import { cells } from '../sizes.js';

type Gather = Extract<Node, { op: 'gather' }>;
type Of<O extends Node['op']> = Extract<Node, { op: O }>;
const { map, constant } = build;

const isFew = (n: Gather): boolean =>
  build.axisOf(n.table, n.axis).extent.kind === 'ragged' && 2 * cells(n) <= cells(n.table);

/** What a lookup gives where the position does not exist is 0, whatever the function gives there. */
const existing = (n: Gather, found: Node): Node => {
  const axis = build.axisOf(n.table, n.axis);
  const end = build.extent(axis, axis.extent.kind === 'ragged' ? n.table.axes : []);
  const exists = map('and', map('ge', n.at, constant(0, 'i32')), map('lt', n.at, end));
  return build.along(map('select', exists, build.along(found, n), constant(0, n.dtype)), n);
};

/** By the positions asked for, by the axis that they lie along, by what is looked up. */
const memo = new WeakMap<Node, Map<string, WeakMap<Node, Node>>>();
const knownOf = (at: Node, axis: string): WeakMap<Node, Node> => {
  const axes = memo.get(at) ?? new Map<string, WeakMap<Node, Node>>();
  const known = axes.get(axis) ?? new WeakMap<Node, Node>();
  memo.set(at, axes.set(axis, known));
  return known;
};
/** `x` at the positions of `n`, down to the leaves at once: what is shared below is looked up once, however long the ways to it. */
const inside = (n: Gather, x: Node): Node => {
  if (!build.hasAxis(x, n.axis)) return x;
  const known = knownOf(n.at, n.axis);
  const found = known.get(x);
  if (found !== undefined) return found;
  const lookup = build.gather(x, n.at, n.axis);
  const result = lookups.find((r) => r.name === `lookup-${x.op}`)?.apply(lookup) ?? lookup;
  known.set(x, result);
  return result;
};

const row = <O extends Node['op']>(op: O, law: string, apply: (n: Gather, table: Of<O>) => Node | null): Row => ({
  name: `lookup-${op}`,
  law,
  apply: (n) => {
    if (n.op !== 'gather' || n.table.op !== op || !isFew(n)) return null;
    return apply(n, n.table as Of<O>);
  },
});
/** Lengths of rows are known beside their rows: a table along a sequence has them too. */
const hasRows = (n: Gather): boolean => {
  const { extent } = build.axisOf(n.table, n.axis);
  return extent.kind === 'ragged' && build.hasAxis(n.table, extent.rows) && build.hasAxis(n.at, extent.rows);
};

export const lookups: readonly Row[] = [
  row('map', 'f(x)[t] = f(x[t]) where t exists', (n, table) =>
    hasRows(n) ? existing(n, map(table.fn, ...table.args.map((a) => inside(n, a)))) : null,
  ),
  row('reduce', '(sum over k of x)[t] = sum over k of x[t] where t exists', (n, table) =>
    hasRows(n) && table.over.every((k) => !build.hasAxis(n.at, k))
      ? existing(n, build.reduce(table.monoid, inside(n, table.arg), table.over))
      : null,
  ),
  row('broadcast', 'what is the same everywhere is so at t', (n, table) =>
    hasRows(n) ? existing(n, build.broadcast(inside(n, table.arg), n.axes)) : null,
  ),
  row('gather', 'x[i][t] = x[i[t]] where t exists', (n, table) =>
    hasRows(n) && !build.hasAxis(table.table, n.axis)
      ? existing(n, build.gather(table.table, inside(n, table.at), table.axis))
      : null,
  ),
];
