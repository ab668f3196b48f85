/**
 * Rewriting by named rows. Each row is a law of its own (test/compiler holds them to it): it gives an equal expression that
 * is smaller, or null where it does not apply. Rows are tried in order at each node, arguments first, until none applies.
 */
import { right } from 'fp-ts/lib/Either.js';
import * as build from '../../dsl/build.js';
import type { MapNode, Node } from '../../dsl/node.js';
import { rewrite } from '../graph.js';
import { type Pass, rootsOf, withRoots } from '../program.js';
import { lookups } from '../algebra/lookups.js';
import type { Row } from '../algebra/row.js';
import { worth } from '../scalars.js';

const { along, map, constant } = build;
/** A constant, perhaps along axes: its value does not depend on the position. */
const plain = (n: Node): number | null => (n.op === 'constant' ? n.value : n.op === 'broadcast' ? plain(n.arg) : null);
const isPlain = (n: Node, value: number): boolean => plain(n) === value;
const names = (n: Node): readonly string[] => n.axes.map((a) => a.name);

type MapRow = (node: MapNode, args: readonly Node[]) => Node | null;
const onMap = (name: string, law: string, fn: MapNode['fn'] | readonly MapNode['fn'][], apply: MapRow): Row => {
  const fns: readonly string[] = typeof fn === 'string' ? [fn] : fn;
  return { name, law, apply: (n) => (n.op === 'map' && fns.includes(n.fn) ? apply(n, n.args) : null) };
};

/** The unit of an operation, on either side where it commutes. */
const units: readonly Row[] = [
  onMap('add-zero', 'x + 0 = x', 'add', (n, [a, b]) =>
    isPlain(b!, 0) ? along(a!, n) : isPlain(a!, 0) ? along(b!, n) : null,
  ),
  onMap('sub-zero', 'x - 0 = x', 'sub', (n, [a, b]) => (isPlain(b!, 0) ? along(a!, n) : null)),
  onMap('zero-sub', '0 - x = -x', 'sub', (n, [a, b]) => (isPlain(a!, 0) ? along(map('neg', b!), n) : null)),
  onMap('mul-one', 'x * 1 = x', 'mul', (n, [a, b]) =>
    isPlain(b!, 1) ? along(a!, n) : isPlain(a!, 1) ? along(b!, n) : null,
  ),
  onMap('mul-minus-one', 'x * -1 = -x', 'mul', (n, [a, b]) =>
    isPlain(b!, -1) ? along(map('neg', a!), n) : isPlain(a!, -1) ? along(map('neg', b!), n) : null,
  ),
  onMap('mul-zero', 'x * 0 = 0 for finite x', 'mul', (n, args) =>
    args.some((a) => isPlain(a, 0)) ? along(constant(0, n.dtype), n) : null,
  ),
  onMap('div-one', 'x / 1 = x', 'div', (n, [a, b]) => (isPlain(b!, 1) ? along(a!, n) : null)),
  onMap('zero-div', '0 / x = 0 for x not 0', 'div', (n, [a]) => (isPlain(a!, 0) ? along(constant(0), n) : null)),
];

const constants: readonly Row[] = [
  onMap('add-same', 'x + x = 2 x', 'add', (n, [a, b]) =>
    a === b && n.dtype === 'f32' ? map('mul', constant(2), a!) : null,
  ),
  onMap('add-again', '(x + y) + y = x + 2 y', 'add', (n, [a, b]) =>
    n.dtype === 'f32' && a!.op === 'map' && a!.fn === 'add' && a!.args[1] === b
      ? map('add', a!.args[0]!, map('mul', constant(2), b!))
      : null,
  ),
  onMap('constant-first', 'x * c = c * x', 'mul', (_, [a, b]) =>
    b!.op === 'constant' && a!.op !== 'constant' ? map('mul', b!, a!) : null,
  ),
  onMap('mul-constants', 'c * (d * x) = (c d) * x', 'mul', (n, [a, b]) =>
    n.dtype === 'f32' && a!.op === 'constant' && b!.op === 'map' && b!.fn === 'mul' && b!.args[0]!.op === 'constant'
      ? map('mul', constant(a!.value * b!.args[0]!.value), b!.args[1]!)
      : null,
  ),
];

const signs: readonly Row[] = [
  onMap('neg-neg', '-(-x) = x', 'neg', (_, [a]) => (a!.op === 'map' && a!.fn === 'neg' ? a!.args[0]! : null)),
  onMap('add-neg', 'x + (-y) = x - y', 'add', (_, [a, b]) =>
    b!.op === 'map' && b!.fn === 'neg'
      ? map('sub', a!, b!.args[0]!)
      : a!.op === 'map' && a!.fn === 'neg'
        ? map('sub', b!, a!.args[0]!)
        : null,
  ),
  onMap('sub-neg', 'x - (-y) = x + y', 'sub', (_, [a, b]) =>
    b!.op === 'map' && b!.fn === 'neg' ? map('add', a!, b!.args[0]!) : null,
  ),
  onMap('mul-neg', '(-x) * y = -(x * y)', 'mul', (_, [a, b]) =>
    a!.op === 'map' && a!.fn === 'neg'
      ? map('neg', map('mul', a!.args[0]!, b!))
      : b!.op === 'map' && b!.fn === 'neg'
        ? map('neg', map('mul', a!, b!.args[0]!))
        : null,
  ),
];

const selections: readonly Row[] = [
  onMap('select-known', 'select(true, x, y) = x', 'select', (n, [p, a, b]) =>
    plain(p!) === null ? null : along(plain(p!) !== 0 ? a! : b!, n),
  ),
  onMap('select-same', 'select(p, x, x) = x', 'select', (n, [, a, b]) => (a === b ? along(a!, n) : null)),
  onMap('select-zeros', 'select(p, 0, 0) = 0', 'select', (n, [, a, b]) =>
    isPlain(a!, 0) && isPlain(b!, 0) ? along(constant(0, n.dtype), n) : null,
  ),
  onMap('select-again', 'select(p, select(p, x, y), z) = select(p, x, z)', 'select', (n, [p, a, b]) =>
    a!.op === 'map' && a!.fn === 'select' && a!.args[0] === p ? along(map('select', p!, a!.args[1]!, b!), n) : null,
  ),
  onMap(
    'same-test',
    'x <= x, x = x and x >= x hold; x < x and x != x do not',
    ['le', 'ge', 'eq', 'lt', 'gt', 'ne'],
    (n, [a, b]) =>
      a === b && a!.dtype === 'i32' ? along(constant(['le', 'ge', 'eq'].includes(n.fn) ? 1 : 0, 'bool'), n) : null,
  ),
];

const folding: readonly Row[] = [
  {
    name: 'fold',
    law: 'f(constants) is a constant',
    apply: (n) => {
      if (n.op !== 'map') return null;
      const values = n.args.map(plain);
      if (values.some((v) => v === null)) return null;
      const value = worth(n.fn, n.dtype)(...(values as number[]));
      return Number.isFinite(value) ? along(constant(value, n.dtype), n) : null;
    },
  },
  {
    name: 'broadcast-nothing',
    law: 'broadcasting to the axes there are is nothing',
    apply: (n) => (n.op === 'broadcast' && build.sameAxes(n.axes, n.arg.axes) ? n.arg : null),
  },
  {
    name: 'broadcast-twice',
    law: 'broadcast(broadcast(x)) = broadcast(x)',
    apply: (n) => (n.op === 'broadcast' && n.arg.op === 'broadcast' ? build.broadcast(n.arg.arg, n.axes) : null),
  },
  {
    name: 'map-broadcast',
    law: 'f(broadcast(x), y) = f(x, y) where y has the axes',
    apply: (n) => {
      if (n.op !== 'map' || !n.args.some((a) => a.op === 'broadcast')) return null;
      for (const [i, a] of n.args.entries()) {
        if (a.op !== 'broadcast') continue;
        const args = n.args.map((x, j) => (j === i ? a.arg : x));
        const fresh = map(n.fn, ...args);
        if (build.sameAxes(fresh.axes, n.axes)) return fresh;
      }
      return null;
    },
  },
  {
    name: 'map-of-broadcasts',
    law: 'f(broadcast(x), broadcast(y)) = broadcast(f(x, y))',
    apply: (n) => {
      if (n.op !== 'map' || n.args.length === 0 || !n.args.every((a) => a.op === 'broadcast' || a.axes.length === 0))
        return null;
      const fresh = map(n.fn, ...n.args.map((a) => (a.op === 'broadcast' ? a.arg : a)));
      return fresh.axes.length < n.axes.length ? build.broadcast(fresh, n.axes) : null;
    },
  },
  {
    name: 'rename-nothing',
    law: 'renaming an axis to itself is nothing',
    apply: (n) => (n.op === 'rename' && n.from === n.to.name ? n.arg : null),
  },
  {
    name: 'rename-back',
    law: 'renaming back undoes a renaming',
    apply: (n) => {
      if (n.op !== 'rename' || n.arg.op !== 'rename' || n.arg.to.name !== n.from) return null;
      const inner = n.arg;
      // Two renamings in a row are one, unless either takes a diagonal.
      if (build.hasAxis(inner.arg, inner.to.name) || build.hasAxis(inner, n.to.name)) return null;
      return build.hasAxis(inner.arg, n.to.name) && inner.from !== n.to.name
        ? null
        : build.rename(inner.arg, inner.from, n.to);
    },
  },
  {
    name: 'rename-leaf',
    law: 'positions and constants are renamed where they stand',
    apply: (n) => {
      if (n.op !== 'rename') return null;
      if (n.arg.op === 'index') return build.index(n.to);
      if (n.arg.op === 'broadcast' && !build.hasAxis(n.arg.arg, n.from)) return build.broadcast(n.arg.arg, n.axes);
      return null;
    },
  },
  {
    name: 'shift-nothing',
    law: 'a shift by 0 is nothing',
    apply: (n) => (n.op === 'shift' && n.by === 0 ? n.arg : null),
  },
];

/**
 * Which positions a sum sees may depend on both of a ragged axis and its rows. A factor may leave the sum only if what stays
 * behind has both, wherever the sum runs along either.
 */
const keepsRows = (n: Extract<Node, { op: 'reduce' }>, rest: Node): boolean =>
  n.arg.axes.every(
    ({ name, extent }) =>
      extent.kind === 'fixed' ||
      !build.hasAxis(n.arg, extent.rows) ||
      !(n.over.includes(name) || n.over.includes(extent.rows)) ||
      (build.hasAxis(rest, name) && build.hasAxis(rest, extent.rows)),
  );

const sums: readonly Row[] = [
  {
    name: 'sum-nothing',
    law: 'a sum over no axes is nothing',
    apply: (n) => (n.op === 'reduce' && n.over.length === 0 ? n.arg : null),
  },
  {
    name: 'sum-zero',
    law: 'a sum of zeros is 0',
    apply: (n) =>
      n.op === 'reduce' && n.monoid === 'sum' && isPlain(n.arg, 0) ? along(constant(0, n.dtype), n) : null,
  },
  {
    name: 'sum-neg',
    law: 'sum of -x is -(sum of x)',
    apply: (n) =>
      n.op === 'reduce' && n.monoid === 'sum' && n.arg.op === 'map' && n.arg.fn === 'neg'
        ? map('neg', build.reduce('sum', n.arg.args[0]!, n.over))
        : null,
  },
  {
    name: 'sum-factor',
    law: 'sum over k of x * y is x * sum over k of y where x has no k',
    apply: (n) => {
      if (n.op !== 'reduce' || n.monoid !== 'sum' || n.arg.op !== 'map' || n.dtype !== 'f32') return null;
      const { fn } = n.arg;
      const [a, b] = n.arg.args as readonly [Node, Node];
      const outside = (x: Node): boolean => !names(x).some((k) => n.over.includes(k));
      const can = (rest: Node): boolean => n.over.every((k) => build.hasAxis(rest, k)) && keepsRows(n, rest);
      if (fn === 'mul' && outside(a) && can(b)) return along(map('mul', a, build.reduce('sum', b, n.over)), n);
      if (fn === 'mul' && outside(b) && can(a)) return along(map('mul', build.reduce('sum', a, n.over), b), n);
      if (fn === 'div' && outside(b) && can(a)) return along(map('div', build.reduce('sum', a, n.over), b), n);
      return null;
    },
  },
];

/** Laws that hold for derivatives too: what is rewritten may still be differentiated. */
const forward: readonly Row[] = [...folding, ...units, ...constants, ...signs, ...selections, ...sums];
/** A lookup of a row that has no positions is 0 and has no derivative, which f(0) may lack: these come after differentiation. */
export const rows: readonly Row[] = [...forward, ...lookups];

const LIMIT = 50;
/** Rows at one node until none applies. */
const simplifyBy =
  (by: readonly Row[]) =>
  (node: Node): Node => {
    let current = node;
    for (let i = 0; i < LIMIT; i++) {
      let next: Node | null = null;
      for (const row of by) {
        next = row.apply(current);
        if (next !== null) break;
      }
      if (next === null) return current;
      current = next;
    }
    return current;
  };

export const simplifyNode = simplifyBy(forward);

/** Until nothing changes: a row may open the way for another below it. */
export const simplifyAll = (
  roots: readonly Node[],
  program: Pick<Parameters<Pass['run']>[0], 'interned' | 'origins'>,
  by: readonly Row[] = rows,
): readonly Node[] => {
  let current = rewrite(roots, program.interned, (n) => n, program.origins);
  for (let i = 0; i < LIMIT; i++) {
    const next = rewrite(current, program.interned, simplifyBy(by), program.origins);
    if (next.every((n, k) => n === current[k])) return next;
    current = next;
  }
  return current;
};

export const simplify: Pass = {
  name: 'simplify',
  description: 'rewrites by named laws: constants, units, signs, selections, sums',
  run: (program) => right(withRoots(program, simplifyAll(rootsOf(program), program))),
};

export const simplifyForward: Pass = {
  name: 'simplify-forward',
  description: 'rewrites by those laws that what is differentiated afterwards allows',
  run: (program) => right(withRoots(program, simplifyAll(rootsOf(program), program, forward))),
};
