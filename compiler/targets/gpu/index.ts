/** The gpu.js target: a loop program as kernels that a person can read. */
export { checkGpu, maxArrayArguments } from './limits.js';
export { emitGpu } from './module.js';
