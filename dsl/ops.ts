/** Every operation of the language; each reads plain, `sum(x, seq)`, and data-last inside `pipe(x, sum(seq))`. */
export * from './elementwise.js';
export { count, dot, max, mean, sum, variance } from './reduction.js';
export { boundOf, causal, embed, expand, extent, gather, index, indicator, last, rename, shift } from './position.js';
export { dropout, standardNormal, stop, uniform, uniformIndices } from './random.js';
export { gradient, gradients } from './gradient.js';
