/** The wasm target: a loop program as WebAssembly with SIMD and threads, in text that a person can read. */
export { explanationFiles, wasmFiles } from './files.js';
export { assemble } from './assemble.js';
export { wasmPasses, type WasmText, wasmText } from './module.js';
