/** Uniform numbers as `runtime/contract/random.ts` defines them: of a counter that runs over the axes in the order of their names. */
import type { Of } from '../../primitives/record.js';
import { call, infix, tuple } from './piece.js';
import { type Pen, shapeOf, type Value } from './value.js';

export const uniform = (n: Of<'uniform'>, pen: Pen): Value => {
  const { axes } = n;
  const { missing } = pen;
  const counted = axes.map((a) => {
    const [size, less] = [pen.sizes.whole(a), missing(a)];
    return less === undefined ? size : infix('-', 'sum')(size, less);
  });
  // How many there are along the first decides nothing.
  const partial = axes.slice(1).some((a) => missing(a) !== undefined || pen.sizes.cuts(a));
  return {
    piece: call(
      pen.uses('uniform'),
      pen.key(n.key),
      pen.inputs,
      shapeOf(pen, axes),
      ...(partial ? [tuple(counted.map((p) => p.text))] : []),
    ),
    axes,
    dtype: 'f32',
  };
};
