/** One trainer with kernels for several targets: a GPU where one answers, our own WebAssembly where none does. */
import { type Either, isRight, left } from 'fp-ts/lib/Either.js';
import type { DeviceName, OpenOptions } from '../contract/compiled.js';
import type { Manifest, Session, Sizes } from '../contract/session.js';
import { type WasmModule, openWasm } from '../cpu/index.js';
import { openGpu } from './open.js';
import type { GpuModule } from '../contract/gpu-plan.js';
import { findWebGpu } from './webgpu.js';

/** A trainer's kernels, for each kind of device. */
export interface Programs {
  readonly gpu: GpuModule;
  readonly wasm: WasmModule;
}

/** WebGL2 exists in browsers alone. */
const inBrowser = (): boolean =>
  typeof navigator !== 'undefined' && !(typeof process !== 'undefined' && typeof process.versions?.node === 'string');

type Attempt = (
  programs: Programs,
  manifest: Manifest,
  sizes: Sizes,
  options: OpenOptions,
) => Promise<Either<string, Session>>;

/** Best first; gpu.js is loaded only where it may be of use. */
const attempts: readonly Attempt[] = [
  async ({ gpu }, manifest, sizes) => {
    const found = await findWebGpu(false);
    if (!isRight(found)) return found;
    return found.right.software
      ? left(`WebGPU answers with ${found.right.name}, a rasteriser on the CPU.`)
      : openGpu(gpu, manifest, 'webgpu', sizes);
  },
  async ({ gpu }, manifest, sizes) =>
    inBrowser() ? openGpu(gpu, manifest, 'webgl2', sizes) : left('WebGL2 needs a browser.'),
  ({ wasm }, manifest, sizes, options) => openWasm(wasm, manifest, 'wasm', sizes, options),
  ({ gpu }, manifest, sizes) => openGpu(gpu, manifest, 'auto', sizes),
];

/**
 * A session on the device named, or under `auto` on the first that answers: WebGPU, WebGL2 in browsers, `wasm`, then gpu.js
 * on the CPU. Left: what is missing and what to do, of each device tried.
 */
export const openAny = async (
  programs: Programs,
  manifest: Manifest,
  device: DeviceName | 'auto',
  sizes: Sizes,
  options: OpenOptions = {},
): Promise<Either<string, Session>> => {
  if (device === 'wasm') return openWasm(programs.wasm, manifest, device, sizes, options);
  if (device !== 'auto') return openGpu(programs.gpu, manifest, device, sizes);
  const reasons: string[] = [];
  for (const attempt of attempts) {
    const answer = await attempt(programs, manifest, sizes, options);
    if (isRight(answer)) return answer;
    reasons.push(answer.left);
  }
  return left(`No device answers: ${reasons.join(' ')}`);
};
