/** Primitives that move positions: gather and its transpose, rename, shift. */
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { difference, fresh, madeOf, positionIs } from '../dependence/flow.js';
import { equal, EVERYWHERE, meet, project as restrictedTo, renamed, zone, type Zone } from '../dependence/zone.js';
import { all, apply, guard, integer } from '../loops/build.js';
import type { Expr, ReduceAxis } from '../loops/ir.js';
import { exprText } from '../loops/text.js';
import { memoryOrder } from '../lower/layout.js';
import { fit } from './pointwise.js';
import { found, within } from './prefix.js';
import { exists } from './reduction.js';
import type { Lowering, Of, Primitive, Scope } from './record.js';

/** The entry of `arg` at another position of `axis`, where it exists; else 0. */
const elsewhere = (arg: Node, axis: string, to: Expr, scope: Scope, l: Lowering): Expr => {
  const at = new Map([...scope.at].filter(([name]) => build.hasAxis(arg, name))).set(axis, to);
  const inside = { ...scope, at };
  // Another row may be shorter: its length is read only once it is known that there is such a row.
  const shorter = arg.axes
    .filter((a) => a.extent.kind === 'ragged' && a.extent.rows === axis)
    .map((a) => l.inRange(a, inside));
  const entry = guard(all(shorter.filter((p) => p !== null)), l.expr(arg, inside));
  return guard(l.inRange(build.axisOf(arg, axis), inside), entry);
};

/** What a zone over a node's axes and its arguments' says of the node's own. */
const onto = (n: Node, where: Zone): Zone => restrictedTo(where, (name) => build.hasAxis(n, name));

export const gather: Primitive<Of<'gather'>> = {
  reference: (n, e) => {
    const table = e.value(n.table);
    const positions = e.value(n.at);
    return e.fill(n.axes, (at) => e.read(table, { ...at, [n.axis]: e.read(positions, at) }));
  },
  vjp: (ct, n) => {
    const over = n.at.axes.filter((a) => !build.hasAxis(n.table, a.name)).map((a) => a.name);
    return [n.table.dtype === 'f32' ? build.scatter(ct, n.at, build.axisOf(n.table, n.axis), over) : null, null];
  },
  cost: () => 1,
  lower: (n, scope, l) => elsewhere(n.table, n.axis, l.expr(n.at, scope), scope, l),
  support: () => [],
  dependence: (n, of) => {
    const where = meet(positionIs(n.axis, of(n.at).linear), of(n.table).nonzero);
    return {
      edges: [{ arg: n.table, where }, { arg: n.at }],
      facts: { ...madeOf(of(n.table)), nonzero: onto(n, where) },
    };
  },
  mixes: (n, axis) => (n.axis === axis ? `looks up other positions of '${axis}'` : null),
  restricted: (n, prefix) => (prefix.isCopy(build.axisOf(n.table, n.axis)) ? found(n, n.at, prefix) : n),
};

/** An index names positions of all rows: where one row alone is summed, those before its end. */
const ended =
  (over: readonly string[]) =>
  (loop: ReduceAxis): ReduceAxis => {
    const { axis, row, to } = loop;
    return row === undefined || to !== undefined || axis.ragged === undefined || over.includes(axis.ragged.rows)
      ? loop
      : { ...loop, to: { kind: 'extent', axis, row } };
  };

export const scatter: Primitive<Of<'scatter'>> = {
  reference: (n, e) => {
    const arg = e.value(n.arg);
    const positions = e.value(n.at);
    const axes = build.unionAxes(n.arg.axes, n.at.axes);
    const over = axes.filter((a) => n.over.includes(a.name));
    return e.fill(n.axes, ({ [n.axis.name]: target, ...at }) => {
      let total = 0;
      // The target is no position of the summands: it says nothing of how long their rows are.
      e.each(over, at, (inner) => {
        if (exists(axes, inner, e) && e.read(positions, inner) === target) total += e.read(arg, inner);
      });
      return total;
    });
  },
  vjp: (ct, n) => [fit(build.gather(ct, n.at, n.axis.name), n.arg), null],
  cost: (n, size) => n.over.reduce((total, name) => total * size(build.axisOf(n.at, name)), 1),
  lower: (n, scope, l) => {
    const target = l.position(scope, n.axis.name);
    if (n.over.length === 0) return guard(apply('eq', l.expr(n.at, scope), target), l.expr(n.arg, scope));
    const outer = { ...scope, at: new Map([...scope.at].filter(([name]) => name !== n.axis.name)) };
    const inside = l.loops(memoryOrder(build.unionAxes(n.arg.axes, n.at.axes)), n.over, outer, []);
    const body = guard(all(inside.guards), l.expr(n.arg, inside.scope));
    const index = l.buffer(n.at);
    // In the order in which the index lies in memory: loops have sequences innermost.
    const loopOf = (name: string): ReduceAxis =>
      inside.over.find(
        (o) => exprText(l.position(inside.scope, name)) === exprText({ kind: 'index', axis: o.axis.name }),
      )!;
    return index !== undefined && n.at.axes.length === n.over.length
      ? {
          kind: 'collect',
          index,
          over: memoryOrder(n.at.axes).map((a) => ended(n.over)(loopOf(a.name))),
          target,
          body,
          dtype: n.dtype,
        }
      : {
          kind: 'reduce',
          monoid: 'sum',
          over: inside.over,
          body: guard(apply('eq', l.expr(n.at, inside.scope), target), body),
          dtype: n.dtype,
        };
  },
  support: () => [],
  dependence: (n, of) => {
    const where = meet(positionIs(n.axis.name, of(n.at).linear), of(n.arg).nonzero);
    const through = build.unionAxes(n.arg.axes, n.at.axes);
    return {
      edges: [
        { arg: n.arg, where, through },
        { arg: n.at, where: of(n.arg).nonzero, through },
      ],
      facts: { ...madeOf(of(n.arg)), nonzero: onto(n, where) },
    };
  },
  mixes: (n, axis) => (n.over.includes(axis) || n.axis.name === axis ? `adds up positions of '${axis}'` : null),
  restricted: (n, prefix) => build.scatter(within(n.arg, n.at.axes, n.over, prefix), n.at, n.axis, n.over),
};

export const rename: Primitive<Of<'rename'>> = {
  reference: (n, e) => {
    const arg = e.value(n.arg);
    return e.fill(n.axes, (at) => e.read(arg, { ...at, [n.from]: at[n.to.name]! }));
  },
  vjp: (ct, n) => {
    const from = build.axisOf(n.arg, n.from);
    if (n.from === n.to.name) return [ct];
    if (!build.hasAxis(n.arg, n.to.name)) return [build.rename(ct, n.to.name, from)];
    return [
      build.map(
        'select',
        build.map('eq', build.index(from), build.index(n.to)),
        build.broadcast(ct, [from]),
        build.constant(0),
      ),
    ];
  },
  cost: () => 0,
  lower: (n, scope, l) => elsewhere(n.arg, n.from, l.position(scope, n.to.name), scope, l),
  support: (n, of) => of(n.arg).map((p) => (build.hasAxis(p, n.from) ? build.rename(p, n.from, n.to) : p)),
  dependence: (n, of) => {
    const { nonzero, zero, linear, real, low } = of(n.arg);
    if (n.from === n.to.name) return { edges: [{ arg: n.arg }], facts: of(n.arg) };
    const here = zone(...equal(n.from, n.to.name));
    const moved = (names: readonly string[]) => names.map((name) => (name === n.from ? n.to.name : name));
    const rows = n.arg.axes.some((a) => a.extent.kind === 'ragged' && a.extent.rows === n.from);
    const facts = {
      nonzero: onto(n, meet(here, nonzero)),
      // Another row may have no such position, and is 0 there.
      zero: rows ? EVERYWHERE : onto(n, meet(here, zero)),
      real: rows ? EVERYWHERE : onto(n, meet(here, real)),
      low: onto(n, meet(here, low)),
      linear:
        linear === null
          ? null
          : difference(
              { plus: moved(linear.plus), minus: [], constant: linear.constant },
              { plus: moved(linear.minus), minus: [], constant: 0 },
            ),
    };
    return { edges: [{ arg: n.arg, where: meet(here, nonzero) }], facts };
  },
  mixes: (n, axis) => (n.from === axis || n.to.name === axis ? `compares positions of '${axis}'` : null),
  restricted: (n) => n,
};

export const shift: Primitive<Of<'shift'>> = {
  reference: (n, e) => {
    const arg = e.value(n.arg);
    return e.fill(n.axes, (at) => e.read(arg, { ...at, [n.axis]: at[n.axis]! - n.by }));
  },
  vjp: (ct, n) => [build.shift(ct, n.axis, -n.by)],
  cost: () => 0,
  lower: (n, scope, l) => elsewhere(n.arg, n.axis, apply('sub', l.position(scope, n.axis), integer(n.by)), scope, l),
  support: () => [],
  dependence: (n, of) => {
    const there = renamed(of(n.arg).nonzero, (name) => (name === n.axis ? fresh(name) : name));
    const where = meet(zone(...equal(n.axis, fresh(n.axis), n.by)), there);
    return {
      edges: [{ arg: n.arg, where, moved: [n.axis] }],
      facts: { ...madeOf(of(n.arg)), nonzero: onto(n, where) },
    };
  },
  mixes: (n, axis) => (n.axis === axis ? `moves along '${axis}'` : null),
  restricted: (n, prefix) => {
    const axis = build.axisOf(n, n.axis);
    return n.by < 0 && prefix.isCopy(axis)
      ? found(n, build.map('add', build.index(axis), build.constant(-n.by, 'i32')), prefix)
      : n;
  },
};

/** Operators are expanded before anything else asks about them. */
const unexpanded = (n: Of<'project'>): never => {
  throw new Error(`${n.of.op} reached a stage that sees expanded programs only`);
};
export const project: Primitive<Of<'project'>> = {
  reference: unexpanded,
  vjp: (_, n) => unexpanded(n),
  cost: unexpanded,
  lower: unexpanded,
  support: () => [],
  dependence: unexpanded,
  // What an operator combines lies among its arguments, which answer for themselves.
  mixes: () => null,
  restricted: unexpanded,
};
