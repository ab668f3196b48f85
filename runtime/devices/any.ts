/** One trainer with kernels for several targets: a GPU where one answers, else this machine's own processor as well as it can be used. */
import { type Either, isRight, left, map } from 'fp-ts/lib/Either.js';
import type { DeviceName, OpenOptions } from '../contract/compiled.js';
import type { NativeModule, WasmModule } from '../contract/cpu-plan.js';
import type { GpuModule } from '../contract/gpu-plan.js';
import type { Manifest, Session, Sizes } from '../contract/session.js';
import { openNative, openWasm } from '../cpu/index.js';
import { openGpu } from './open.js';
import { findWebGpu } from './webgpu.js';

/** A trainer's kernels, for each kind of device. */
export interface Programs {
  readonly gpu: GpuModule;
  readonly native: NativeModule;
  readonly wasm: WasmModule;
}

/** WebGL2 exists in browsers alone. */
const inBrowser = (): boolean =>
  typeof navigator !== 'undefined' && !(typeof process !== 'undefined' && typeof process.versions?.node === 'string');

interface Attempt {
  readonly open: (
    programs: Programs,
    manifest: Manifest,
    sizes: Sizes,
    options: OpenOptions,
  ) => Promise<Either<string, Session>>;
  /** What is worth saying of a device that was taken, where this one was not. */
  readonly tell?: boolean;
}

/** Best first; gpu.js is loaded only where it may be of use. */
const attempts: readonly Attempt[] = [
  {
    open: async ({ gpu }, manifest, sizes) => {
      const found = await findWebGpu(false);
      if (!isRight(found)) return found;
      return found.right.software
        ? left(`WebGPU answers with ${found.right.name}, a rasteriser on the CPU.`)
        : openGpu(gpu, manifest, 'webgpu', sizes);
    },
  },
  {
    open: async ({ gpu }, manifest, sizes) =>
      inBrowser() ? openGpu(gpu, manifest, 'webgl2', sizes) : left('WebGL2 needs a browser.'),
  },
  {
    open: async ({ native }, manifest, sizes, options) =>
      inBrowser() ? left('Kernels in C need Node.') : openNative(native, manifest, 'native', sizes, options),
    tell: !inBrowser(),
  },
  { open: ({ wasm }, manifest, sizes, options) => openWasm(wasm, manifest, 'wasm', sizes, options) },
  { open: ({ gpu }, manifest, sizes) => openGpu(gpu, manifest, 'auto', sizes) },
];

/**
 * A session on the device named, or under `auto` on the first that answers: WebGPU, WebGL2 in browsers, `native` in Node,
 * `wasm`, then gpu.js on the CPU. Left: what is missing and what to do, of each device tried.
 */
export const openAny = async (
  programs: Programs,
  manifest: Manifest,
  device: DeviceName | 'auto',
  sizes: Sizes,
  options: OpenOptions = {},
): Promise<Either<string, Session>> => {
  if (device === 'native') return openNative(programs.native, manifest, device, sizes, options);
  if (device === 'wasm') return openWasm(programs.wasm, manifest, device, sizes, options);
  if (device !== 'auto') return openGpu(programs.gpu, manifest, device, sizes);
  const reasons: string[] = [];
  const told: string[] = [];
  for (const { open, tell = false } of attempts) {
    const answer = await open(programs, manifest, sizes, options);
    if (isRight(answer))
      return map((session: Session) =>
        told.length === 0 ? session : { ...session, backend: `${session.backend}; not native: ${told.join(' ')}` },
      )(answer);
    reasons.push(answer.left);
    if (!tell) continue;
    const [first = '', ...more] = answer.left.split('\n');
    if (more.length > 0) (options.say ?? console.error)(answer.left);
    told.push(first.replace(/:$/, '.'));
  }
  return left(`No device answers: ${reasons.join(' ')}`);
};
