/** What every target can run: fusion stays within it, and targets check it. */
import type { LoopAxis } from './ir.js';

/** WebGPU promises eight storage buffers to a shader; gpu.js asks for no more, and one of them is the result. */
export const maxArrayArguments = 7;

/** Places in an array are counted in 32 bits. */
export const maxCells = 2 ** 31 - 1;

/** The cells that an array has whatever the batch and the catalogue: one row, one item. */
export const leastCells = (axes: readonly LoopAxis[]): number =>
  axes.reduce((n, { size }) => (typeof size === 'number' ? n * size : n), 1);
