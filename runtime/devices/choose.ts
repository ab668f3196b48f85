/** Which device a session gets: the one demanded, or the best that answers. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { GpuDevice } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import type { Gpu, Library } from './gpujs.js';
import { findWebGpu } from './webgpu.js';

export interface Choice {
  readonly device: GpuDevice;
  /** Words for the report: the adapter's name, or nothing. */
  readonly detail: string;
}

type Probe = (library: Library, demanded: boolean) => Promise<Either<string, Choice>>;

const probes: { readonly [D in GpuDevice]: Probe } = {
  webgpu: async (_, demanded) => {
    const found = await findWebGpu(demanded);
    if (found._tag === 'Left') return found;
    const { name, software } = found.right;
    return software && !demanded
      ? left(`WebGPU answers with ${name}, a rasteriser on the CPU`)
      : right({ device: 'webgpu', detail: software ? `software adapter ${name}` : name });
  },
  webgl2: async ({ GPU }) =>
    GPU.isWebGL2Supported
      ? right({ device: 'webgl2', detail: '' })
      : left('WebGL2 needs a browser whose GPU is not disabled; in Node choose webgpu or webasm.'),
  webasm: async ({ GPU }) =>
    GPU.isWebAssemblySupported
      ? right({ device: 'webasm', detail: '' })
      : left('This JavaScript engine has no WebAssembly SIMD; choose cpu.'),
  cpu: async () => right({ device: 'cpu', detail: '' }),
};

/** Best first. */
const order: readonly GpuDevice[] = ['webgpu', 'webgl2', 'webasm', 'cpu'];

export const choose = async (library: Library, wanted: GpuDevice | 'auto'): Promise<Either<string, Choice>> => {
  if (wanted !== 'auto') return probes[wanted](library, true);
  const reasons: string[] = [];
  for (const device of order) {
    const answer = await probes[device](library, false);
    if (answer._tag === 'Right') return answer;
    reasons.push(answer.left);
  }
  return left(`No device answers: ${reasons.join(' ')}`);
};

const probeKernel = 'function (a) { return a[this.thread.x] * 2; }';

/** Runs one kernel on the device: a mode that is listed but does not work fails here and not in the middle of a run. */
export const tryOut = async (
  gpu: Gpu,
  mode: (pipeline: ReturnType<Gpu['createPipeline']>) => string | null,
  input: unknown,
): Promise<string | null> => {
  const twice = gpu.createKernel(probeKernel, { output: [4], precision: 'single', returnType: 'Number' });
  const pipeline = gpu.createPipeline((x) => twice(x));
  try {
    const result: unknown = await pipeline(input);
    const wrong = mode(pipeline);
    if (wrong !== null) return wrong;
    return result instanceof Float32Array && result.length === 4 && result.every((v, i) => v === 2 * (i + 1))
      ? null
      : 'a first kernel computed wrong numbers';
  } catch (e) {
    return messageOf(e);
  } finally {
    await pipeline.destroy();
  }
};
