/** The compiler as a library: `import { open, trace, ... } from 'pcrec/compiler'`. The command is `pcrec-compile`. */
export { exitCodes, type Io, main } from './command/index.js';
export type { Compile, Compiled, CompileOptions, Cost, Report, Target, Toolchain } from './compiled.js';
export {
  type Diagnostic,
  type Diagnostics,
  render,
  renderAll,
  type RenderOptions,
  type Severity,
  type Source,
} from './diagnostics.js';
export { emit, type EmittedFile, emittedFiles, type Emission } from './emit/index.js';
export {
  type Choices,
  hyperValues,
  type HyperValues,
  modelPath,
  open,
  type Opened,
  type Provenance,
  trace,
  type Traced,
} from './frontend/index.js';
export type { Entry, Kernel, LoopProgram } from './loops/ir.js';
export { toolchain } from './toolchain.js';
