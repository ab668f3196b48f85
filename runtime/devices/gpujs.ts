/** gpu.js behind the few types we use: its own declarations are loose, and its browser build is another module. */
import type { DeviceKernel } from '../contract/gpu-plan.js';

export interface Kernel {
  readonly kernel: { readonly constructor: { readonly mode?: string; readonly name: string } };
}

export interface Pipeline {
  (...args: readonly unknown[]): Promise<unknown>;
  readonly backend: string | null;
  readonly executorKind: string;
  readonly fallbackReason: string | null;
  /** The underlying object; the WebGPU executor inside lets states stay on the device, see resident. */
  readonly pipeline: { readonly _executor?: unknown };
  destroy(): Promise<void>;
}

export interface Gpu {
  addFunction(
    f: DeviceKernel,
    settings: { readonly argumentTypes: Readonly<Record<string, string>>; readonly returnType: string },
  ): unknown;
  createKernel(
    f: DeviceKernel | string,
    settings: Readonly<Record<string, unknown>>,
  ): (...args: readonly unknown[]) => unknown;
  createPipeline(f: (...args: readonly unknown[]) => unknown, settings?: { readonly threads?: boolean }): Pipeline;
  destroy(): Promise<void>;
}

export interface Library {
  readonly GPU: {
    new (settings: { readonly mode: string }): Gpu;
    readonly isWebGL2Supported: boolean;
    readonly isWebAssemblySupported: boolean;
  };
  readonly input: (value: Float32Array, size: readonly number[]) => unknown;
}

const isLibrary = (x: unknown): x is Library =>
  (typeof x === 'object' || typeof x === 'function') &&
  x !== null &&
  'GPU' in x &&
  typeof x.GPU === 'function' &&
  'input' in x &&
  typeof x.input === 'function';

const withDefault = (x: unknown): unknown => (typeof x === 'object' && x !== null && 'default' in x ? x.default : x);

/** A browser page or bundler maps the name `gpu.js` to gpu.js's browser build. */
export const loadLibrary = async (): Promise<Library> => {
  const loaded: unknown = await import('gpu.js');
  const found = [loaded, withDefault(loaded), withDefault(withDefault(loaded))].find(isLibrary);
  if (found === undefined) throw new Error('The module gpu.js exports no GPU.');
  return found;
};
