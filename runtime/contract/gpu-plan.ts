/** The emitted module `kernels.gpu.js` as the runtime sees it: functions and the plan of each entry as data. */
import type { PlanAxis, PlanBuffer, Size } from './plan.js';
import type { Sizes } from './session.js';

export type Numbers = Float32Array | Int32Array;

/** Draws of `uniform`: the stream of a key in this run's step, and its number at a counter. */
export interface Random {
  readonly stream: (key: string) => number;
  readonly at: (stream: number, counter: number) => number;
}

/** Fills `out`, which comes zeroed, in ordinary loops. */
export type HostKernel = (out: Numbers, size: Sizes, random: Random, ...args: readonly Numbers[]) => void;

export type HostStep =
  | {
      readonly kind: 'compute';
      readonly name: string;
      readonly output: string;
      readonly args: readonly string[];
      readonly once: boolean;
      readonly run: HostKernel;
    }
  | {
      readonly kind: 'invert';
      readonly output: string;
      readonly index: string;
      readonly axes: readonly PlanAxis[];
      readonly targets: Size;
      readonly once: boolean;
    };

/** A gpu.js kernel: `this` is the thread, so it is never called as it stands; gpu.js reads its text. */
export type DeviceKernel = (...args: never[]) => unknown;

/** Steps of one loop stand side by side and run in turn for each position, the position being their last argument. */
export interface DeviceLoop {
  readonly id: number;
  readonly length: Size;
  readonly reverse: boolean;
}

export interface DeviceStep {
  readonly name: string;
  readonly output: string;
  readonly args: readonly string[];
  readonly loop?: DeviceLoop;
  readonly run: DeviceKernel;
}

export interface PlanEntry {
  readonly name: string;
  readonly buffers: readonly PlanBuffer[];
  readonly host: readonly HostStep[];
  readonly device: readonly DeviceStep[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly updates: Readonly<Record<string, string>>;
}

/** What `kernels.gpu.js` exports: the plan of each entry, and the kernels that they share. */
export interface GpuModule {
  readonly format: number;
  readonly model: string;
  readonly helpers: readonly DeviceKernel[];
  readonly entries: readonly PlanEntry[];
}

export const extent = (size: Size, sizes: Sizes): number => (typeof size === 'number' ? size : (sizes[size] ?? 0));

export const cells = (axes: readonly PlanAxis[], sizes: Sizes): number =>
  axes.reduce((n, { size }) => n * extent(size, sizes), 1);

/** gpu.js's shape, [x, y, z]: innermost first, axes beyond three merged into x, axes of one position left out, as the emitter indexes them. */
export const shape = (axes: readonly PlanAxis[], sizes: Sizes): readonly number[] => {
  const real = axes.filter(({ size }) => size !== 1);
  const merged =
    real.length <= 3
      ? real.map(({ size }) => extent(size, sizes))
      : [...real.slice(0, 2).map(({ size }) => extent(size, sizes)), cells(real.slice(2), sizes)];
  return merged.length === 0 ? [1] : merged.reverse();
};

/** Symbols of the plan that `sizes` leaves without a positive whole number. */
export const unbound = (module: GpuModule, sizes: Sizes): readonly string[] => {
  const used = module.entries.flatMap((e) => e.buffers.flatMap((b) => b.axes.map((a) => a.size)));
  return [...new Set(used.filter((s) => typeof s === 'string'))].filter(
    (s) => !(Number.isInteger(sizes[s]) && (sizes[s] ?? 0) > 0),
  );
};

/** Device buffers that a WebGPU dispatch cannot cover: gpu.js runs 8 by 8 cells a workgroup, and 65,535 groups along y and z. */
export const undispatchable = (module: GpuModule, sizes: Sizes): readonly string[] =>
  module.entries.flatMap((entry) => {
    const outputs = new Set(entry.device.map((s) => s.output));
    return entry.buffers
      .filter((b) => outputs.has(b.id))
      .filter((b) => {
        const [, y = 1, z = 1] = shape(b.axes, sizes);
        return y > 8 * 65535 || z > 65535;
      })
      .map((b) => b.id);
  });
