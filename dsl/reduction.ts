/**
 * Sums, means, maxima and contractions. They range over the positions that exist: along a ragged axis, a row's own
 * length, provided that the tensor has the rows' axis; without it the axis is dense up to its bound.
 */
import { type Axis, bound, missingOf } from './axis.js';
import { constant, extent, hasAxis, index, map, reduce, axisOf } from './build.js';
import type { Monoid, Node } from './node.js';
import type { DType } from './scalar.js';
import type { Tensor } from './tensor.js';
import type { NumberType } from './elementwise.js';
import type { AxesIn, FirstFactor, Having, Shared, Without } from './wording.js';

type Over = Axis | readonly Axis[];
const isList = (over: Over): over is readonly Axis[] => Array.isArray(over);
/** Names of one axis or of several. */
export const namesOf = (over: Over): readonly string[] => (isList(over) ? over : [over]).map(({ name }) => name);

interface Reduction<N extends DType> {
  <K extends string>(
    over: Axis<K> | readonly Axis<K>[],
  ): <A extends string, D extends N>(x: Having<A, K, D>) => Tensor<Without<A, K>, D>;
  <A extends string, K extends string, D extends N>(x: Tensor<A, D>, over: AxesIn<K, A>): Tensor<Without<A, K>, D>;
}
const reduction = <N extends DType>(apply: (x: Node, over: readonly string[]) => Node): Reduction<N> =>
  ((...args: readonly [Over] | readonly [Node, Over]): unknown =>
    args.length === 1 ? (x: Node) => apply(x, namesOf(args[0])) : apply(args[0], namesOf(args[1]))) as Reduction<N>;
const monoid = (name: Monoid) => reduction<NumberType>((x, over) => reduce(name, x, over));

/** The sum over one axis or several, which x must have and the result has no more; an empty sum is 0. `sum(x, seq)` or `pipe(x, sum(seq))`. */
export const sum = monoid('sum');
/** The largest value along one axis or several; the lowest (`lowest.ts`: -3.4e38) where there is no position. (`maximum` compares two tensors.) */
export const max = monoid('max');

const product = (factors: readonly Node[]): Node =>
  factors.length === 0 ? constant(1) : factors.reduce((a, b) => map('mul', a, b));
const length = (axis: Axis, rows: readonly Axis[]): Node => map('toF32', extent(axis, rows));

/**
 * How many positions a reduction of `x` over `over` sees, as f32: a product of sizes, except that a rows' axis and the
 * ragged axes of its rows are counted together.
 */
const existing = (x: Node, over: readonly string[]): Node => {
  const raggedIn = (rows: string) => x.axes.filter(({ extent: e }) => e.kind === 'ragged' && e.rows === rows);
  const factor = (axis: Axis): readonly Node[] => {
    const { extent: e } = axis;
    if (e.kind === 'ragged' && hasAxis(x, e.rows))
      return over.includes(e.rows) ? [] : [length(axis, [axisOf(x, e.rows)])];
    const ragged = raggedIn(axis.name);
    if (ragged.length === 0) {
      const size = bound(axis);
      if (typeof size === 'number' && missingOf(axis) === undefined) return [constant(size)];
      // A sequence without its rows is as long as its bound.
      return [length(e.kind === 'fixed' ? axis : { ...axis, extent: { kind: 'fixed', size } }, [])];
    }
    const here = (r: Axis): Node =>
      over.includes(r.name)
        ? length(r, [axis])
        : map('select', map('lt', index(r), extent(r, [axis])), constant(1), constant(0));
    return [reduce('sum', product(ragged.map(here)), [axis.name])];
  };
  return product(over.flatMap((name) => factor(axisOf(x, name))));
};
const atLeastOne = (n: Node): Node => (n.op === 'constant' ? n : map('max', n, constant(1)));

/** How many positions of `x` exist along one axis or several (f32). `count(x, seq)` has one number for each row. */
export const count = reduction<DType>(existing) as {
  <K extends string>(
    over: Axis<K> | readonly Axis<K>[],
  ): <A extends string, D extends DType>(x: Having<A, K, D>) => Tensor<Without<A, K>>;
  <A extends string, K extends string, D extends DType>(x: Tensor<A, D>, over: AxesIn<K, A>): Tensor<Without<A, K>>;
};

/** The mean along one axis or several, of the positions that exist; 0 where there are none. */
export const mean = reduction<'f32'>((x, over) => map('div', reduce('sum', x, over), atLeastOne(existing(x, over))));

/** The mean squared distance from the mean along one axis or several (divided by the count, not by one less). */
export const variance = reduction<'f32'>((x, over) => {
  const average = (y: Node) => map('div', reduce('sum', y, over), atLeastOne(existing(y, over)));
  const centred = map('sub', x, average(x));
  return average(map('mul', centred, centred));
});

interface Dot {
  <B extends string, K extends string>(
    b: Tensor<B>,
    over: AxesIn<K, B>,
  ): <A extends string>(a: FirstFactor<A, K, B>) => Tensor<Without<A | B, K>>;
  <A extends string, B extends string, K extends string>(
    a: Tensor<A>,
    b: Tensor<B>,
    over: Shared<K, A, B>,
  ): Tensor<Without<A | B, K>>;
}
/**
 * The contraction: sum over `over` of a * b, other shared axes running together. `dot(a, b, width)` or
 * `pipe(a, dot(b, width))`. A matrix product is the contraction over one axis that both factors have.
 */
export const dot = ((...args: readonly [Node, Over] | readonly [Node, Node, Over]): unknown => {
  const contract = (a: Node, b: Node, over: Over) => reduce('sum', map('mul', a, b), namesOf(over));
  return args.length === 3 ? contract(...args) : (a: Node) => contract(a, ...args);
}) as Dot;
