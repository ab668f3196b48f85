/** Devices that are processors: our own WebAssembly, and C that this machine's compiler takes. */
export { type CpuSession } from './session.js';
export { openWasm, type WasmOptions } from './wasm.js';
export { buildNative, openNative } from './native.js';
export { loadFrom } from './load.js';
export type { NativeModule, WasmModule } from '../contract/cpu-plan.js';
