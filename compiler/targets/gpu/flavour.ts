/** What differs between a gpu.js kernel (one call computes one cell) and a loop nest over flat arrays on the host. */
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import type { LoopAxis, Size } from '../../loops/ir.js';
import { identifier } from './names.js';
import { call, element, given, integer, name, operation, type Piece } from './piece.js';
import { conditions, counts, floats, integers, type Write } from './scalars.js';

export interface Flavour {
  readonly size: (size: Size) => Piece;
  readonly element: (array: string, axes: readonly LoopAxis[], at: readonly Piece[]) => Piece;
  readonly scalar: (fn: ScalarName, dtype: DType) => Write;
  readonly uniform: (stream: string, counter: Piece) => Piece;
}

/** ((a * B + b) * C + c): row-major, innermost last. */
export const rowMajor = (at: readonly Piece[], sizes: readonly Piece[]): Piece =>
  at.reduce((outer, i, k) => (k === 0 ? i : operation`${outer} * ${sizes[k] ?? integer(1)} + ${i}`), integer(0));

/** gpu.js indexes up to three axes; further ones are merged into the innermost, which a workgroup runs along. */
export const inThree = <T>(axes: readonly T[]): readonly (readonly T[])[] => {
  const inner = axes.filter((_, k) => k >= 2);
  return [...axes.filter((_, k) => k < 2).map((axis) => [axis]), ...(inner.length === 0 ? [] : [inner])];
};

/**
 * gpu.js indexes in 32-bit integers, so that arrays of any size are addressed exactly; axes of one position are left out. Writing
 * `this.thread.x` in the index beats a named copy, which gpu.js keeps as a float: 1.4 against 1.1 GFLOP/s for a 6400x64x64 product
 * on one core of webasm. (Flat arrays with running offsets reach 1.9; our own WebAssembly reaches 41, so here the readable form
 * wins. Unrolling and more accumulators changed nothing.)
 */
export const device: Flavour = {
  size: (size) => (typeof size === 'number' ? integer(size) : given(`this.constants.${identifier(size)}`)),
  element: (array, axes, at) => {
    const real = axes.map(({ size }, k) => ({ size, i: at[k] ?? integer(0) })).filter(({ size }) => size !== 1);
    const merged = inThree(real).map((group) =>
      rowMajor(
        group.map(({ i }) => i),
        group.map(({ size }) => device.size(size)),
      ),
    );
    return element(array, ...(merged.length === 0 ? [integer(0)] : merged));
  },
  scalar: (fn, dtype) => ({ f32: floats, i32: counts, bool: conditions })[dtype][fn],
  uniform: () => {
    throw new Error('A uniform number is drawn on the host.');
  },
};

export const host: Flavour = {
  size: (size) => (typeof size === 'number' ? integer(size) : name(`size.${identifier(size)}`)),
  element: (array, axes, at) =>
    element(
      array,
      rowMajor(
        at,
        axes.map(({ size }) => host.size(size)),
      ),
    ),
  scalar: (fn, dtype) => ({ f32: floats, i32: integers, bool: conditions })[dtype][fn],
  uniform: (stream, counter) => call('random.at', name(stream), counter),
};
