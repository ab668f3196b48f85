/** The native target: a loop program as C with vectors, for the compiler of the machine that it runs on. */
export { nativeFiles } from './files.js';
export { type NativeText, nativePasses, nativeText } from './module.js';
