/** Pooling over parts of a sequence: sessions, days, whatever numbers its positions. */
import type { Axis } from './axis.js';
import * as build from './build.js';
import { add, div, eq, gt, maximum, or, scalar, where } from './elementwise.js';
import { LOWEST } from './lowest.js';
import { expand, index } from './position.js';
import { max } from './reduction.js';
import { scan } from './scan.js';
import { type Tensor, typed } from './tensor.js';
import type { Without } from './wording.js';

/** How positions of a part become one. */
export type Pooling = 'sum' | 'mean' | 'max';
type Loose = Tensor<string>;

/**
 * One value for each segment: the sum, mean or maximum of x over the positions of `seq` whose number is the segment's; 0 for a segment
 * without positions. `numbers` (i32, with the axis `seq`) says of each position which segment it is in; one out of range is in none. A
 * segment holds what comes later in it: for a value that position t may read, see `runningPool`. Axes: those of x and `numbers`
 * without `seq`, and `segment`.
 */
export const segmentPool = <A extends string, B extends string, S extends string, K extends string>(
  x: Tensor<A>,
  numbers: Tensor<B, 'i32'>,
  seq: Axis<K>,
  segment: Axis<S>,
  by: Pooling,
): Tensor<Without<A | B, K> | S> => {
  const total = (y: Loose): Loose => typed(build.scatter(y, numbers, segment, [seq.name]));
  const count = (): Loose => total(expand(scalar(1), ...numbers.axes));
  const ways: Readonly<Record<Pooling, () => Loose>> = {
    sum: () => total(typed(x)),
    mean: () => div(total(typed(x)), maximum(count(), 1)),
    max: () => {
      const here = eq(typed<string, 'i32'>(numbers), index(segment));
      return where(gt(count(), 0), max<string, string, 'f32'>(where(here, typed<string>(x), LOWEST), seq), 0);
    },
  };
  return typed(ways[by]());
};

/**
 * At each position the sum, mean or maximum of x over its segment so far: from the last position at or before it where `begins` holds, or
 * the first, up to itself. It reads nothing that follows. Axes: as x, which has `batch` and `seq`.
 */
export const runningPool = <A extends string, B extends string>(
  x: Tensor<A>,
  begins: Tensor<B, 'bool'>,
  seq: Axis<'seq'>,
  by: Pooling,
): Tensor<A> => {
  const starts = or(typed<string, 'bool'>(begins), eq(index(seq), 0));
  const running = (y: Loose, join: (before: Loose, now: Loose) => Loose): Loose => {
    const others = y.axes.filter((a) => a.name !== seq.name);
    return scan<Loose, string>(seq, expand(scalar(0), ...others), (before) => where(starts, y, join(before, y)));
  };
  const total = (y: Loose): Loose => running(y, (before, now) => add(before, now));
  const ways: Readonly<Record<Pooling, () => Loose>> = {
    sum: () => total(typed(x)),
    mean: () =>
      div(
        total(typed(x)),
        total(expand(scalar(1), ...x.axes.filter((a) => a.name === 'batch' || a.name === seq.name))),
      ),
    max: () => running(typed(x), (before, now) => maximum(before, now)),
  };
  return typed(ways[by]());
};
