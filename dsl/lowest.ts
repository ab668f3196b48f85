/** What a maximum is where there is nothing to take it of, and what stands for minus infinity: infinities do not survive every target. */
import type { DType } from './scalar.js';

/** The lowest value of each element type. */
export const lowest: Readonly<Record<DType, number>> = { f32: -3.4e38, i32: -2147483648, bool: 0 };
/** The lowest f32 that all targets carry: -3.4e38, in the place of minus infinity. */
export const LOWEST = lowest.f32;
