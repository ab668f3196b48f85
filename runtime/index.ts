/** The runtime: what emitted trainers import, and what a program may use of it. */
export { command, main } from './command.js';
export { type CompiledModel, type DeviceName, deviceNames } from './compiled.js';
export * from './data/index.js';
export { openAny, type Programs } from './devices/any.js';
export { type GpuModule, openGpu } from './devices/index.js';
export type { Evaluation, Event, Listener, Part } from './events.js';
export { initial, initialStates, shapeOf } from './init.js';
export { readManifest } from './manifest.js';
export { fullRanks, measureNames, type Metrics, metrics, popularity } from './metrics.js';
export type { DataOptions, DeviceOptions, EvaluateOptions, RecommendOptions, TrainOptions } from './options.js';
export type { Epoch, Protocol, Settings } from './progress.js';
export { hashKey, mix, stream, uniformAt } from './random.js';
export type { Named, Recommendation, Recommendations } from './recommend.js';
export type { EvaluateResult, TrainResult } from './run.js';
export type { Data, EntryInfo, InitInfo, KernelTime, Manifest, Session, Sizes, StateInfo, TensorInfo } from './session.js';
export { type Trainer, trainer } from './trainer.js';
export { loadBeside, openWasm, type WasmModule, type WasmOptions, type WasmSession } from './wasm/index.js';
