/** The wasm target's device: our own WebAssembly on this machine's cores. */
export { openWasm, type WasmOptions, type WasmSession } from './open.js';
export { loadBeside } from './load.js';
export type { WasmModule } from '../contract/cpu-plan.js';
