/** Positions along axes: numbering, looking up, renaming, moving. */
import { type Axis, bound } from './axis.js';
import * as build from './build.js';
import { fail } from './errors.js';
import { le, where } from './elementwise.js';
import type { Node } from './node.js';
import type { DType } from './scalar.js';
import { type Tensor, typed } from './tensor.js';
import type { AxisIn, Having, NoAxis, Without } from './wording.js';

/** The position along the axis, from 0: Tensor<A, 'i32'>. */
export const index = <A extends string>(axis: Axis<A>): Tensor<A, 'i32'> => typed<A, 'i32'>(build.index(axis));

/**
 * How many positions an axis has: one number, or for a ragged axis one for each position of `rows` (which must be the axis
 * that its lengths run along).
 */
export const extent: {
  (axis: Axis): Tensor<never, 'i32'>;
  <R extends string>(axis: Axis, rows: Axis<R>): Tensor<R, 'i32'>;
} = (axis: Axis, rows?: Axis): never => build.extent(axis, rows === undefined ? [] : [rows]) as never;

/** The bound of an axis as a number, for models that need it while they are built; a symbolic size is an error. */
export const boundOf = (axis: Axis): number => {
  const size = bound(axis);
  return typeof size === 'number'
    ? size
    : fail('PC2008', `axis '${axis.name}' has the size '${size}', which is known only when the trainer starts`);
};

interface Gather {
  <B extends string, K extends string>(
    at: Tensor<B, 'i32'>,
    axis: Axis<K>,
  ): <A extends string, D extends DType>(table: Having<A, K, D>) => Tensor<Without<A, K> | NoInfer<B>, D>;
  <A extends string, D extends DType, B extends string, K extends string>(
    table: Tensor<A, D>,
    at: Tensor<B, 'i32'>,
    axis: AxisIn<K, A>,
  ): Tensor<Without<A, K> | NoInfer<B>, D>;
}
/**
 * table[at] along `axis`, which is replaced by the axes of `at`; axes that both have run together. A position out of range
 * gives 0. `gather(table, at, axis)` or `pipe(table, gather(at, axis))`.
 */
export const gather = ((...args: readonly [Node, Axis] | readonly [Node, Node, Axis]): unknown =>
  args.length === 3
    ? build.gather(args[0], args[1], args[2].name)
    : (table: Node) => build.gather(table, args[0], args[1].name)) as Gather;

interface Embed {
  <A extends string>(
    table: Having<A, 'item', 'f32'>,
  ): <B extends string>(ids: Tensor<B, 'i32'>) => Tensor<Without<A, 'item'> | NoInfer<B>>;
  <A extends string, B extends string>(
    table: Having<A, 'item', 'f32'>,
    ids: Tensor<B, 'i32'>,
  ): Tensor<Without<A, 'item'> | NoInfer<B>>;
}
/** The rows of an item table: `gather` along the axis `item`. `embed(items, ids)` or `pipe(ids, embed(items))`. */
export const embed = ((table: Node, ...rest: readonly Node[]): unknown => {
  const rows = (ids: Node) => build.gather(table, ids, 'item');
  return rest[0] === undefined ? rows : rows(rest[0]);
}) as Embed;

interface Rename {
  <F extends string, T extends string>(
    from: Axis<F>,
    to: Axis<T>,
  ): <A extends string, D extends DType>(x: Having<A, F, D>) => Tensor<Without<A, F> | NoInfer<T>, D>;
  <A extends string, D extends DType, F extends string, T extends string>(
    x: Tensor<A, D>,
    from: AxisIn<F, A>,
    to: Axis<T>,
  ): Tensor<Without<A, F> | NoInfer<T>, D>;
}
/**
 * The same tensor along `to` instead of `from`: the second copy of an axis, queries and keys say. Both must have one extent
 * (`like`). Where `to` is there already, the diagonal is taken.
 */
export const rename = ((...args: readonly [Axis, Axis] | readonly [Node, Axis, Axis]): unknown =>
  args.length === 3
    ? build.rename(args[0], args[1].name, args[2])
    : (x: Node) => build.rename(x, args[0].name, args[1])) as Rename;

interface Shift {
  <K extends string>(
    axis: Axis<K>,
    by: number,
  ): <A extends string, D extends DType>(x: Having<A, K, D>) => Tensor<A, D>;
  <A extends string, D extends DType, K extends string>(x: Tensor<A, D>, axis: AxisIn<K, A>, by: number): Tensor<A, D>;
}
/** out[t] = x[t - by]: `by` 1 reads the position before. 0 where that position does not exist. */
export const shift = ((...args: readonly [Axis, number] | readonly [Node, Axis, number]): unknown =>
  args.length === 3
    ? build.shift(args[0], args[1].name, args[2])
    : (x: Node) => build.shift(x, args[0].name, args[1])) as Shift;

/** The same value along further axes: a shared matrix as one for each row, say. */
export const expand = <A extends string, D extends DType, B extends string>(
  x: Tensor<A, D>,
  ...axes: readonly Axis<B>[]
): Tensor<NoInfer<A | B>, D> => typed<NoInfer<A | B>, D>(build.broadcast(x, axes));

type Rows<A extends string, S extends string, R extends string> = [S | R] extends [A] ? Axis<R> : NoAxis<S | R, A>;
/** The value at each row's last existing position of the ragged axis `seq`; 0 for a row without positions. */
export const last = <A extends string, D extends DType, S extends string, R extends string>(
  x: Tensor<A, D>,
  seq: Axis<S>,
  rows: Rows<A, S, R>,
): Tensor<Without<A, S>, D> => {
  const at = build.map('sub', build.extent(seq, [rows as Axis]), build.constant(1, 'i32'));
  return typed<Without<A, S>, D>(build.gather(x, at, seq.name));
};

/** Whether the key lies at or before the query: index(key) <= index(seq), Tensor<S | K, 'bool'>. */
export const causal = <S extends string, K extends string>(seq: Axis<S>, key: Axis<K>): Tensor<S | K, 'bool'> =>
  le(index(key), index(seq));

/** 1 where the condition holds, else 0. */
export const indicator = <A extends string>(condition: Tensor<A, 'bool'>): Tensor<A> => where(condition, 1, 0);
