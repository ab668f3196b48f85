/** Derivatives inside a model: a gradient is an ordinary expression, and may be differentiated again. */
import { project } from './build.js';
import { fail } from './errors.js';
import type { Node } from './node.js';
import type { AnyTensor, Tensor } from './tensor.js';

const derivatives = (of: Node, wrt: readonly Node[]): readonly Node[] => {
  wrt.forEach(
    (w) => w.dtype === 'f32' || fail('PC2004', `a gradient is taken with respect to f32 tensors, not ${w.dtype}`),
  );
  const node = { op: 'gradient', of, wrt } as const;
  return wrt.map((_, i) => project(node, String(i)));
};

/**
 * The derivative of `of`, summed over all its axes, with respect to `wrt`; its axes are those of `wrt`. Where `of` keeps an
 * axis whose positions do not interact (the rows of a batch), this is each position's own gradient. What does not reach
 * `of` has the gradient 0.
 */
export const gradient = <A extends string, B extends string>(of: Tensor<A>, wrt: Tensor<B>): Tensor<B> =>
  derivatives(of, [wrt])[0] as Tensor<B>;

/** `gradient` with respect to each tensor of a tuple: a tuple of the same types. */
export const gradients = <A extends string, const W extends readonly AnyTensor[]>(
  of: Tensor<A>,
  wrt: W,
): { readonly [I in keyof W]: W[I] } => derivatives(of, wrt) as { readonly [I in keyof W]: W[I] };
