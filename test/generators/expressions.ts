/**
 * Random well-typed expressions over every primitive: a pool of nodes grown step by step, each step an operation on nodes
 * that the pool has. Steps are numbers, so that a counterexample shrinks to few and early ones.
 *
 * Jumps (comparisons, floor, toI32, sign) read leaves only: a rewrite may move a result by one rounding, and must not be
 * blamed for a jump that lies there.
 */
import fc from 'fast-check';
import type { Axis } from '../../dsl/axis.js';
import { sameExtent } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { ScalarName } from '../../dsl/scalar.js';
import { argsOf } from '../../dsl/build.js';
import { allAxes, batch, item, key, seq, wide, width } from './axes.js';

const { map, constant, reduce } = build;
const c = (value: number): Node => constant(value);

export interface Options {
  /** Without kinks and jumps in what is differentiated. */
  readonly smooth?: boolean;
}

/** Numbers in [0, 2^16): each choice in a step uses one. */
export type Step = readonly number[];
const step: fc.Arbitrary<Step> = fc.array(fc.nat({ max: 65535 }), { minLength: 6, maxLength: 6 });

export const leaves: readonly Node[] = [
  build.input('x', [batch, seq, width], 'f32'),
  build.input('y', [batch, seq], 'f32'),
  build.input('z', [batch], 'f32'),
  build.param('table', [item, width], { kind: 'normal', std: 1 }),
  build.param('position', [seq, width], { kind: 'normal', std: 1 }),
  build.param('mix', [seq, key], { kind: 'normal', std: 1 }),
  build.param('square', [width, wide], { kind: 'normal', std: 1 }),
  build.param('gain', [width], { kind: 'normal', std: 1 }),
  build.param('scale', [], { kind: 'normal', std: 1 }),
  build.input('ids', [batch, seq], 'i32'),
  build.input('id', [batch], 'i32'),
  build.input('order', [seq], 'i32'),
  build.input('flag', [batch, seq], 'bool'),
  build.index(seq),
  build.index(key),
  build.index(width),
  build.index(item),
  build.extent(seq, [batch]),
  build.uniform('noise', [batch, seq]),
  build.uniform('draw', [width]),
  c(0),
  c(1),
  c(-1),
  c(0.5),
  constant(0, 'i32'),
  constant(2, 'i32'),
  constant(1, 'bool'),
];

const isLeaf = (n: Node): boolean => argsOf(n).length === 0;
/** Its value on every evaluator is one and the same number. */
const exact = (n: Node): boolean => n.dtype !== 'f32' || isLeaf(n);

const smoothUnary: readonly ScalarName[] = ['sin', 'cos', 'tanh', 'sigmoid', 'softplus', 'erf', 'neg'];
const kinkedUnary: readonly ScalarName[] = [...smoothUnary, 'abs'];
const comparisons: readonly ScalarName[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

/** At most this many axes, so that values stay small. */
const WIDEST = 4;
const narrow = (n: Node): boolean => n.axes.length <= WIDEST;

/** One new node from the pool, or null where this step's choice does not fit what there is. */
const grow = (pool: readonly Node[], choice: Step, { smooth = false }: Options): Node | null => {
  const [kind, i, j, k, l, m] = choice as readonly [number, number, number, number, number, number];
  const pick = (from: readonly Node[], n: number): Node | null =>
    from.length === 0 ? null : from[from.length - 1 - (n % from.length)]!;
  const of = (dtype: Node['dtype']): readonly Node[] => pool.filter((n) => n.dtype === dtype);
  const f = of('f32');
  const i32 = of('i32');
  const bools = of('bool');
  const fns = smooth ? smoothUnary : kinkedUnary;
  const a = pick(f, i);
  const b = pick(f, j);
  const axisIn = (n: Node, choose: number): Axis | null =>
    n.axes.length === 0 ? null : n.axes[choose % n.axes.length]!;
  const subset = (n: Node, bits: number): readonly string[] =>
    n.axes.filter((_, at) => (bits >> at) & 1).map((x) => x.name);
  const any = pick([...f, ...i32, ...f], i);
  const options: readonly (() => Node | null)[] = [
    () => a && map(fns[k % fns.length]!, a),
    () => a && b && map((['add', 'sub', 'mul', 'mul'] as const)[k % 4]!, a, b),
    () => a && b && map((smooth ? (['add', 'mul'] as const) : (['max', 'min'] as const))[k % 2]!, a, b),
    // Functions with a domain, kept well inside it.
    () => a && map('div', b!, map('add', map('mul', a, a), c(1))),
    () => a && map((['log', 'sqrt', 'rsqrt', 'log1p'] as const)[k % 4]!, map('add', map('mul', a, a), c(1))),
    () => a && b && map('pow', map('add', map('mul', a, a), c(1)), map('tanh', b)),
    () => a && map('exp', map('sin', a)),
    // Reductions, contractions; an empty maximum is brought back to a size that leaves digits for the rest.
    () => (a && a.axes.length > 0 ? reduce('sum', a, subset(a, 1 + (k % 2 ** a.axes.length))) : null),
    () => (a && b ? reduce('sum', map('mul', a, b), subset(map('mul', a, b), k)) : null),
    () => (a && !smooth ? map('max', reduce('max', a, subset(a, k)), c(-9)) : null),
    () => (any && !smooth && any.dtype === 'i32' ? reduce('sum', any, subset(any, k)) : null),
    // Views and moves.
    () =>
      any &&
      build.broadcast(
        any,
        allAxes.filter((_, at) => (k >> at) & 1),
      ),
    () => any && moveTo(any, k, l),
    () =>
      any &&
      (() => {
        const along = axisIn(any, k);
        return along && build.shift(any, along.name, (l % 5) - 2);
      })(),
    // Looking up, and its transpose.
    () => {
      const at = pick(i32, j);
      const along = any && axisIn(any, k);
      return any && at && along && !build.hasAxis(at, along.name) ? build.gather(any, at, along.name) : null;
    },
    () => {
      const at = pick(
        i32.filter((n) => n.axes.length > 0),
        j,
      );
      const target = [item, width, wide, seq, key][k % 5]!;
      if (a === null || at === null || build.hasAxis(a, target.name) || build.hasAxis(at, target.name)) return null;
      return build.scatter(a, at, target, subset(at, l));
    },
    // Whole numbers and truth values.
    () => {
      const p = pick(i32, i);
      const q = pick(i32, j);
      return p && q && map((['add', 'sub', 'min', 'max'] as const)[k % 4]!, p, q);
    },
    () => {
      const p = pick(i32, i);
      const q = pick(i32, j);
      return p && q && map(comparisons[k % 6]!, p, q);
    },
    () => {
      const p = pick(f.filter(exact), i);
      const q = pick(f.filter(exact), j);
      return smooth ? null : p && q && map(comparisons[k % 6]!, p, q);
    },
    () => {
      const p = pick(bools, i);
      const q = pick(bools, j);
      return p && q && map((['and', 'or'] as const)[k % 2]!, p, q);
    },
    () => {
      const p = pick(bools, i);
      return p && map('not', p);
    },
    () => {
      const p = pick(i32, i);
      return p && map('toF32', p);
    },
    () => {
      const p = pick(f.filter(exact), i);
      return smooth ? null : p && (k % 3 === 0 ? map('toI32', p) : map((['floor', 'sign'] as const)[k % 2]!, p));
    },
    // Selections, often against 0: what masks are made of.
    () => {
      const p = pick(bools, k);
      return p && a && map('select', p, a, l % 2 === 0 ? c(0) : b!);
    },
    () => {
      const q = map((['le', 'lt', 'ge', 'gt', 'eq'] as const)[k % 5]!, build.index(key), build.index(seq));
      return a && map('select', q, a, m % 3 === 0 ? b! : c(0));
    },
    () => {
      const p = pick(bools, k);
      const x = pick(i32, i);
      const y = pick(i32, j);
      return p && x && y && map('select', p, x, y);
    },
    () => any && (k % 2 === 0 ? build.stop(any) : build.barrier(any, `kept.${l % 2}`)),
  ];
  return options[kind % options.length]!();
};

/** A renaming: to a second copy where it has none, else the diagonal. */
const moveTo = (n: Node, from: number, to: number): Node | null => {
  const pairs = n.axes.flatMap((x) => allAxes.filter((y) => sameExtent(x, y)).map((y) => [x, y] as const));
  if (pairs.length === 0) return null;
  const proper = pairs.filter(([x, y]) => x.name !== y.name);
  const [x, y] = (proper.length > 0 && to % 8 !== 0 ? proper : pairs)[
    from % (proper.length > 0 && to % 8 !== 0 ? proper.length : pairs.length)
  ]!;
  return build.rename(n, x.name, y);
};

/** The pool after these steps, oldest first. Steps that do not fit are passed over. */
export const grown = (steps: readonly Step[], options: Options = {}, from: readonly Node[] = leaves): readonly Node[] =>
  steps.reduce<readonly Node[]>((pool, s) => {
    const fresh = grow(pool, s, options);
    return fresh !== null && narrow(fresh) ? [...pool, fresh] : pool;
  }, from);

export const nodeText = (n: Node): string => {
  const args = argsOf(n).map(nodeText).join(', ');
  switch (n.op) {
    case 'input':
      return n.name;
    case 'param':
      return n.path;
    case 'constant':
      return n.dtype === 'f32' ? `${n.value}` : `${n.dtype} ${n.value}`;
    case 'index':
      return `index(${n.axis.name})`;
    case 'extent':
      return `extent(${n.axis.name})`;
    case 'uniform':
      return `uniform(${n.key})`;
    case 'map':
      return `${n.fn}(${args})`;
    case 'reduce':
      return `${n.monoid}[${n.over.join(' ')}](${args})`;
    case 'broadcast':
      return `broadcast[${n.axes.map((a) => a.name).join(' ')}](${args})`;
    case 'gather':
      return `gather[${n.axis}](${args})`;
    case 'scatter':
      return `scatter[${n.axis.name} over ${n.over.join(' ')}](${args})`;
    case 'rename':
      return `rename[${n.from} -> ${n.to.name}](${args})`;
    case 'shift':
      return `shift[${n.axis} by ${n.by}](${args})`;
    default:
      return `${n.op}(${args})`;
  }
};

/** Nodes that a counterexample prints as expressions: all but the leaves every program starts from. */
const legible = (pool: readonly Node[]): readonly Node[] =>
  Object.assign([...pool], {
    [fc.toStringMethod]: () =>
      pool
        .slice(leaves.length)
        .map((n) => `\n  ${nodeText(n)} : ${n.dtype}[${n.axes.map((a) => a.name).join(' ')}]`)
        .join(''),
  });

/** Pools of up to `length` new nodes; the newest come last. */
export const pools = (length: number, options: Options = {}): fc.Arbitrary<readonly Node[]> =>
  fc.array(step, { minLength: 1, maxLength: length, size: 'max' }).map((steps) => legible(grown(steps, options)));

/** Up to three of the newest nodes of a pool: roots of a program. */
export const rootsFrom = (pool: readonly Node[], count = 3): readonly Node[] => {
  const fresh = pool.slice(leaves.length);
  return fresh.length === 0 ? [map('neg', pool[0]!)] : fresh.slice(-count);
};
