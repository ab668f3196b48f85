/**
 * How far two evaluations may lie apart. A bound from the program's own conditioning: the loops are run again with every
 * inexact operation moved by some units in the last place, in a direction that hangs on its value alone, so that what is
 * computed twice is equal twice. Where that moves a result, a target may be as far off; where it does not, it may not.
 */
import type { ScalarName } from '../../../dsl/scalar.js';

/** Operations that no arithmetic rounds. */
const exact: ReadonlySet<string> = new Set([
  'neg',
  'abs',
  'sign',
  'floor',
  'max',
  'min',
  'select',
  'toF32',
  'given',
] satisfies (ScalarName | 'given')[]);

const view = new DataView(new ArrayBuffer(8));
/** In [-1, 1): the same for the same number. */
const direction = (x: number, salt: number): number => {
  view.setFloat64(0, x);
  let h =
    Math.imul(view.getUint32(0) ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(view.getUint32(4), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 12)) | 0) / 2 ** 31;
};

export type Round = (x: number, of: ScalarName | 'sum' | 'given') => number;
const moved =
  (units: number, keep: (x: number) => number) =>
  (salt: number): Round =>
  (x, of) =>
    exact.has(of) ? keep(x) : keep(keep(x) * (1 + direction(x, salt) * units));

export interface Arithmetic {
  readonly round: Round;
  /** The same with other roundings. */
  readonly moved: (salt: number) => Round;
  /** What an entry of an array may be off by, for an array whose largest entry is 1, however well it is conditioned. */
  readonly floor: number;
}
export const float64: Arithmetic = { round: (x) => x, moved: moved(2 ** -46, (x) => x), floor: 1e-11 };
/** Polynomials in the place of functions are good to some four units in the last place, and a power of a sum to more. */
export const float32: Arithmetic = { round: Math.fround, moved: moved(2 ** -21, Math.fround), floor: 3e-6 };
/** WGSL promises 3 + 2|x| units of exp, 2^-21 of log however near to 0 it is, and makes powers of both. */
export const shader: Arithmetic = {
  round: Math.fround,
  moved: (salt) => (x, of) =>
    Math.fround(moved(2 ** -19, Math.fround)(salt)(x, of) + (of === 'log' ? direction(x, salt) * 2 ** -21 : 0)),
  floor: 1e-5,
};

const SAFETY = 16;
export interface Difference {
  readonly cell: number;
  readonly want: number;
  readonly got: number;
  readonly allowed: number;
}

/** The cell furthest off of those of `got` that are further from `want` than the spread of `samples` around `middle` explains. Cells that are not finite in `want` are left out. */
export const difference = (
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  samples: readonly ArrayLike<number>[],
  middle: ArrayLike<number>,
  { floor }: Pick<Arithmetic, 'floor'>,
): Difference | null => {
  if (got.length !== want.length) return { cell: -1, want: want.length, got: got.length, allowed: 0 };
  const scale = Math.max(1, ...Array.from(want, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
  let worst: Difference | null = null;
  let excess = 0;
  for (let cell = 0; cell < want.length; cell++) {
    const w = want[cell]!;
    if (!Number.isFinite(w)) continue;
    const spread = samples.reduce((most, s) => Math.max(most, Math.abs(s[cell]! - middle[cell]!)), 0);
    // Where a sample overflows, so may a target.
    if (!Number.isFinite(spread)) continue;
    const allowed = floor * scale + SAFETY * spread;
    const off = Number.isNaN(got[cell]!) ? Infinity : Math.abs(got[cell]! - w);
    if (off > allowed && off > excess) {
      worst = { cell, want: w, got: got[cell]!, allowed };
      excess = off;
    }
  }
  return worst;
};
