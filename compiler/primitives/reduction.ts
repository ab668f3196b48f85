/** `reduce`: a monoid over the positions that exist. */
import { type Axis, sameExtent } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { lowest } from '../../dsl/lowest.js';
import type { Monoid, Node } from '../../dsl/node.js';
import type { DType } from '../../dsl/scalar.js';
import { ANYTHING, type Facts, madeOf } from '../dependence/flow.js';
import {
  type Constraint,
  equal,
  EVERYWHERE,
  meet,
  NOWHERE,
  project as restrictedTo,
  zone,
} from '../dependence/zone.js';
import { all, guard } from '../loops/build.js';
import { stored } from '../stored.js';
import { within } from './prefix.js';
import type { At, Evaluation, Of, Primitive } from './record.js';

/** `unit` is what each is of nothing. */
export const monoids: {
  readonly [M in Monoid]: {
    readonly unit: Readonly<Record<DType, number>>;
    readonly combine: (a: number, b: number) => number;
  };
} = {
  sum: { unit: { f32: 0, i32: 0, bool: 0 }, combine: (a, b) => a + b },
  max: { unit: lowest, combine: Math.max },
};

/** Rows that are reduced may end before a position that is not. */
export const exists = (axes: readonly Axis[], at: At, e: Evaluation): boolean =>
  axes.every((a) => at[a.name]! < e.extent(a, at));

/** Whether the position of a copy of each sequence reduced is among those that a maximum takes, as it is in a causal mask. */
const meetsItself = (n: Of<'reduce'>, arg: Facts): boolean => {
  const reduced = n.arg.axes.filter((a) => n.over.includes(a.name));
  const same = reduced.flatMap((a): readonly Constraint[] => {
    const own = n.axes.find((b) => sameExtent(a, b));
    return own === undefined ? [] : equal(a.name, own.name);
  });
  const known = reduced.every(({ extent: e, name }) =>
    e.kind === 'fixed'
      ? typeof e.size === 'number' && e.missing === undefined
      : build.hasAxis(n, e.rows) && same.some(([x]) => x === name),
  );
  return known && meet(arg.low, zone(...same)) === null;
};

export const reduce: Primitive<Of<'reduce'>> = {
  reference: (n, e) => {
    const arg = e.value(n.arg);
    const over = n.arg.axes.filter((a) => n.over.includes(a.name));
    const { unit, combine } = monoids[n.monoid];
    return e.fill(n.axes, (at) => {
      let total = unit[n.dtype];
      e.each(over, at, (inner) => {
        if (exists(n.arg.axes, inner, e)) total = combine(total, e.read(arg, inner));
      });
      return total;
    });
  },
  vjp: (ct, n) => {
    const spread = build.broadcast(ct, n.arg.axes);
    if (n.monoid === 'sum') return [spread];
    // Ties share the cotangent evenly. Both sides of the comparison are entries of one buffer, not computed twice.
    const arg = stored(n.arg);
    const best = build.map('eq', arg, build.broadcast(build.reduce('max', arg, n.over), arg.axes));
    const ones = build.map('select', best, build.constant(1), build.constant(0));
    const ties = build.reduce('sum', build.broadcast(ones, n.arg.axes), n.over);
    return [build.map('select', best, build.map('div', spread, ties), build.constant(0))];
  },
  cost: (n, size) => n.arg.axes.filter((a) => n.over.includes(a.name)).reduce((total, a) => total * size(a), 1),
  lower: (n, scope, l) => {
    // Only a sum may skip the positions where its body is 0.
    const inside = l.loops(n.arg.axes, n.over, scope, n.monoid === 'sum' ? l.support(n.arg) : []);
    const body = l.expr(n.arg, inside.scope);
    const condition = all(inside.guards);
    const { unit } = monoids[n.monoid];
    return {
      kind: 'reduce',
      monoid: n.monoid,
      over: inside.over,
      dtype: n.dtype,
      body:
        condition === null
          ? body
          : n.monoid === 'sum'
            ? guard(condition, body)
            : {
                kind: 'guard',
                condition,
                then: body,
                otherwise: { kind: 'literal', value: unit[n.dtype], dtype: n.dtype },
                dtype: n.dtype,
              },
    };
  },
  dependence: (n, of) => {
    const arg = of(n.arg);
    if (n.monoid === 'sum') {
      return {
        edges: [{ arg: n.arg, where: arg.nonzero }],
        facts: { ...madeOf(arg), nonzero: restrictedTo(arg.nonzero, (name) => build.hasAxis(n, name)) },
      };
    }
    // What stands for minus infinity may be left out of a maximum in which something else is sure to be; an empty one is a
    // value of its own.
    const met = meetsItself(n, arg);
    return {
      edges: [{ arg: n.arg, where: met ? arg.real : EVERYWHERE }],
      facts: { ...ANYTHING, low: met ? NOWHERE : EVERYWHERE },
    };
  },
  mixes: (n, axis) => (n.over.includes(axis) ? `takes the ${n.monoid} over '${axis}'` : null),
  restricted: (n, prefix) =>
    build.reduce(n.monoid, within(n.arg, n.arg.axes, n.over, prefix, monoids[n.monoid].unit[n.dtype]), n.over),
  support: (n, of) =>
    n.monoid === 'sum'
      ? of(n.arg).filter(
          (p: Node) => !p.axes.some((a) => n.over.includes(a.name)) && p.axes.every((a) => build.hasAxis(n, a.name)),
        )
      : [],
};
