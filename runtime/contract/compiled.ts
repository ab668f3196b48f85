/** What an emitted model hands to the runtime: its manifest and a way to open it on a device. */
import type { Either } from 'fp-ts/lib/Either.js';
import type { EntryInfo, Manifest, Session, Sizes } from './session.js';

/** Modes of gpu.js. */
export const gpuDevices = ['webgpu', 'webgl2', 'webasm', 'cpu'] as const;
export type GpuDevice = (typeof gpuDevices)[number];
/** `native` is C that this machine's compiler builds, `wasm` our own WebAssembly, `webasm` that of gpu.js. */
export const deviceNames = ['webgpu', 'webgl2', 'native', 'wasm', 'webasm', 'cpu'] as const;
/** A name in `deviceNames`, as `--device` takes it. */
export type DeviceName = (typeof deviceNames)[number];

/** How a session is opened. */
export interface OpenOptions {
  /** On how many threads the devices `native` and `wasm` compute; a core each, unless given. No number changes a result. */
  readonly threads?: number | undefined;
  /**
   * What states alone decide is computed once and kept until they are written, in memory of its own where there is room. Changes no result.
   * On `native` and `wasm`.
   */
  readonly settled?: boolean | undefined;
  /** Told what takes time before a session is there; stderr, unless given. */
  readonly say?: ((line: string) => void) | undefined;
}

/** The entry `explain`, which no other session has. */
export interface Explaining {
  readonly entry: EntryInfo;
  /** A session of this entry alone, on WebAssembly, whatever the others run on. */
  open(sizes: Sizes, options?: OpenOptions): Promise<Either<string, Session>>;
}

/** What a trainer carries: what the model is, and how to open its kernels. */
export interface CompiledModel {
  readonly manifest: Manifest;
  /** The address of the module that exports this as `compiled`: threads that score load it from there. */
  readonly url?: string;
  /**
   * Opens a session for fixed sizes (`batch`, `items`, `seen`). `auto` takes the best device that answers; a named device
   * that does not answer is an error, never a silent fallback. The Left says what is missing and what to do about it.
   */
  open(device: DeviceName | 'auto', sizes: Sizes, options?: OpenOptions): Promise<Either<string, Session>>;
  /** What explains scores; made when it is first asked for, which takes seconds. Absent where there is nothing to make it of. */
  explain?(): Promise<Either<string, Explaining>>;
  /** Builds the kernels in C for this machine and keeps them beside the trainer; where it carries such. Right: the file. */
  build?(): Promise<Either<string, string>>;
}
