/** The wasm target: a loop program as WebAssembly with SIMD and threads, in text that a person can read. */
export { assemble } from './assemble.js';
export { type WasmText, wasmText } from './module.js';
