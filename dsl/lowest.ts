/** What a maximum is where there is nothing to take it of, and what stands for minus infinity: infinities do not survive every target. */
import type { DType } from './scalar.js';

export const lowest: Readonly<Record<DType, number>> = { f32: -3.4e38, i32: -2147483648, bool: 0 };
export const LOWEST = lowest.f32;
