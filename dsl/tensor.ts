/** The typed face of a node: its set of axis names and its element type. */
import type { Axis } from './axis.js';
import type { Node } from './node.js';
import type { DType } from './scalar.js';

declare const AXES: unique symbol;
declare const DTYPE: unique symbol;

/**
 * A tensor whose axes are exactly the names in `A`, in no order. Invariant in `A` by the phantom `(a: A) => A`, so that a
 * tensor with an axis too many or too few never passes. `Tensor<never>` is a scalar.
 */
export type Tensor<A extends string, D extends DType = 'f32'> = Node & {
  readonly [AXES]: (a: A) => A;
  readonly [DTYPE]: (d: D) => D;
};

/** A tensor of any axes and any element type. */
export type AnyTensor = Node & { readonly [AXES]: unknown };
/** The names of a tensor's axes. */
export type AxesOf<T> = T extends { readonly [AXES]: (a: infer A extends string) => unknown } ? A : never;
/** A tensor's element type. */
export type DTypeOf<T> = T extends { readonly [DTYPE]: (d: infer D extends DType) => unknown } ? D : never;

/** The one place where a node, whose axes the constructors checked, is given its type. */
export const typed = <A extends string, D extends DType = 'f32'>(node: Node): Tensor<A, D> => node as Tensor<A, D>;

/** Axes with these names, in any order. */
export type Axes<K extends string> = readonly Axis<K>[];
