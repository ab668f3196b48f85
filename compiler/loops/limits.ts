/** What every target can run: fusion stays within it, and targets check it. */

/** WebGPU promises eight storage buffers to a shader; gpu.js asks for no more, and one of them is the result. */
export const maxArrayArguments = 7;
