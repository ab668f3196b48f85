/** Loop positions, their ranges, and the loops of a reduction. */
import { type Axis, bound, missingOf, sameExtent } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import { narrowed } from '../loops/bounds.js';
import { apply, integer } from '../loops/build.js';
import type { Expr, LoopAxis, ReduceAxis } from '../loops/ir.js';
import { mentions } from '../loops/shape.js';
import { exprText } from '../loops/text.js';
import type { Scope } from '../primitives/record.js';

export const loopAxis = (axis: Axis, name: string = axis.name): LoopAxis => ({
  name,
  size: bound(axis),
  ...(missingOf(axis) === undefined ? {} : { missing: missingOf(axis)! }),
  ...(axis.extent.kind === 'ragged' ? { ragged: { rows: axis.extent.rows, lengths: axis.extent.lengths } } : {}),
});

export const position = (scope: Scope, axis: string): Expr => {
  const at = scope.at.get(axis);
  if (at === undefined) throw new Error(`the axis '${axis}' has no position here: ${[...scope.at.keys()].join(', ')}`);
  return at;
};

export const extentOf = (axis: Axis, scope: Scope): Expr => {
  const size = bound(axis);
  if (axis.extent.kind === 'fixed')
    return typeof size === 'number' && axis.extent.missing === undefined
      ? integer(size)
      : { kind: 'extent', axis: loopAxis(axis) };
  const row = scope.at.get(axis.extent.rows);
  if (row !== undefined) return { kind: 'extent', axis: loopAxis(axis), row };
  return typeof size === 'number' ? integer(size) : { kind: 'extent', axis: { name: axis.name, size } };
};

/** What a loop variable runs along: an axis, of the row at that position where it is ragged and the row is known. */
interface Variable {
  readonly axis: Axis;
  readonly row: string | undefined;
}
export type Variables = Map<string, Variable>;

/** The row, as text, whose length bounds a ragged axis in this scope. */
const rowOf = (axis: Axis, scope: Scope): string | undefined => {
  const row = axis.extent.kind === 'ragged' ? scope.at.get(axis.extent.rows) : undefined;
  return row === undefined ? undefined : exprText(row);
};
export const variableOf = (axis: Axis, scope: Scope): Variable => ({ axis, row: rowOf(axis, scope) });

/** Every position of the variable exists along `axis`. */
const runsAlong = (variable: Variable | undefined, axis: Axis, scope: Scope): boolean =>
  variable !== undefined &&
  sameExtent(variable.axis, axis) &&
  (rowOf(axis, scope) === undefined || rowOf(axis, scope) === variable.row);

type Interval = readonly [number, number];
const ranges: Readonly<Record<string, (a: Interval, b: Interval) => Interval>> = {
  add: (a, b) => [a[0] + b[0], a[1] + b[1]],
  sub: (a, b) => [a[0] - b[1], a[1] - b[0]],
  min: (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1])],
  max: (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1])],
};

/** Bounds of an i32 expression, as far as sizes known at compile time tell. */
export const interval = (e: Expr, variables: Variables): Interval => {
  const all: Interval = [-Infinity, Infinity];
  switch (e.kind) {
    case 'literal':
      return [e.value, e.value];
    case 'index': {
      const axis = variables.get(e.axis)?.axis;
      const size = axis === undefined ? undefined : bound(axis);
      return [0, typeof size === 'number' ? size - 1 : Infinity];
    }
    case 'extent':
      return [0, typeof e.axis.size === 'number' ? e.axis.size : Infinity];
    case 'apply': {
      const rule = ranges[e.fn];
      return rule === undefined || e.args.length !== 2
        ? all
        : rule(interval(e.args[0]!, variables), interval(e.args[1]!, variables));
    }
    default:
      return all;
  }
};

/** Null where the position of `axis` provably exists; else the condition that says so. */
export const inRange = (axis: Axis, scope: Scope, variables: Variables): Expr | null => {
  const e = position(scope, axis.name);
  if (e.kind === 'index' && runsAlong(variables.get(e.axis), axis, scope)) return null;
  const [low, high] = interval(e, variables);
  const size = bound(axis);
  const below =
    axis.extent.kind === 'fixed' && axis.extent.missing === undefined && typeof size === 'number' && high < size
      ? null
      : apply('lt', e, extentOf(axis, scope));
  const above = low >= 0 ? null : apply('ge', e, integer(0));
  return above === null ? below : below === null ? above : apply('and', above, below);
};

const tightest = (fn: 'min' | 'max', a: Expr | undefined, b: Expr): Expr =>
  a === undefined || exprText(a) === exprText(b) ? b : apply(fn, a, b);

export interface Loops {
  readonly over: readonly ReduceAxis[];
  readonly scope: Scope;
  readonly guards: readonly Expr[];
}

/** Loops along the axes named in `over` inside `scope`, narrowed by `predicates` (lowered in the inner scope by `lower`). */
export const loopsOver = (
  axes: readonly Axis[],
  over: readonly string[],
  scope: Scope,
  predicates: readonly Node[],
  lower: (p: Node, scope: Scope) => Expr,
  variables: Variables,
): Loops => {
  const taken = new Set([...scope.live, ...[...scope.at.values()].flatMap(names)]);
  const order = axes
    .filter((a) => over.includes(a.name))
    .sort((a, b) => Number(a.extent.kind === 'ragged') - Number(b.extent.kind === 'ragged'));
  const at = new Map(scope.at);
  const fresh = order.map((axis) => {
    let name = axis.name;
    for (let i = 2; taken.has(name); i++) name = `${axis.name}_${i}`;
    taken.add(name);
    at.set(axis.name, { kind: 'index', axis: name });
    return { axis, name };
  });
  const inner: Scope = { at, known: scope.known, live: taken };
  fresh.forEach(({ axis, name }) => variables.set(name, variableOf(axis, inner)));
  const conditions = predicates.map((p) => lower(p, inner)).filter((p) => !scope.known.has(exprText(p)));
  const known = new Set([...scope.known, ...conditions.map(exprText)]);
  let left = conditions;
  // Innermost first: a bound may mention the variables of the loops outside it.
  const loops = [...fresh].reverse().map(({ axis, name }, i): ReduceAxis => {
    const inside = fresh.slice(fresh.length - i).map((f) => f.name);
    let from: Expr | undefined;
    let to: Expr | undefined;
    left = left.filter((p) => {
      const range = inside.some((v) => mentions(p, v)) ? null : narrowed(p, name);
      if (range === null) return true;
      if (range.from !== undefined)
        from = tightest(
          'max',
          from,
          interval(range.from, variables)[0] >= 0 ? range.from : apply('max', range.from, integer(0)),
        );
      if (range.to !== undefined) to = tightest('min', to, range.to);
      return false;
    });
    const row = axis.extent.kind === 'ragged' ? at.get(axis.extent.rows) : undefined;
    if (to !== undefined && !endsInside(to, axis, inner, variables)) to = apply('min', to, extentOf(axis, inner));
    return {
      axis: loopAxis(axis, name),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(row === undefined ? {} : { row }),
    };
  });
  // Rows that are looped over may end before a position that the scope already fixed.
  const ended = axes
    .filter((a) => !over.includes(a.name) && a.extent.kind === 'ragged' && over.includes(a.extent.rows))
    .map((a) => inRange(a, inner, variables))
    .filter((p) => p !== null);
  return { over: loops.reverse(), scope: { ...inner, known }, guards: [...left, ...ended] };
};

/** `to` is one past a position of the same axis. */
const endsInside = (to: Expr, axis: Axis, scope: Scope, variables: Variables): boolean => {
  const last = to.kind === 'apply' && to.fn === 'add' && exprText(to.args[1]!) === '1' ? to.args[0]! : to;
  return last.kind === 'index' && runsAlong(variables.get(last.axis), axis, scope);
};

const names = (e: Expr): readonly string[] => {
  switch (e.kind) {
    case 'index':
      return [e.axis];
    case 'apply':
      return e.args.flatMap(names);
    case 'read':
      return e.at.flatMap(names);
    case 'guard':
      return [e.condition, e.then, e.otherwise].flatMap(names);
    case 'extent':
      return e.row === undefined ? [] : names(e.row);
    default:
      return [];
  }
};
