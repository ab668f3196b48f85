/** Opens what the wasm target emitted: WebAssembly with SIMD. */
import { type Either, left } from 'fp-ts/lib/Either.js';
import type { DeviceName, OpenOptions } from '../contract/compiled.js';
import type { WasmModule } from '../contract/cpu-plan.js';
import type { Manifest, Sizes } from '../contract/session.js';
import { messageOf } from '../errors.js';
import { ceilings } from './ceiling.js';
import { type CpuSession, type Kernels, openSession, unfitFor } from './session.js';
import type { Kernel, Link } from './thread.js';
import { cores } from './workers.js';

/** How many threads, and which of the two copies of the code. */
export interface WasmOptions extends OpenOptions {
  /** Fused multiply-add: wherever the engine has it, unless told otherwise. */
  readonly fused?: boolean;
}

/** A function of one relaxed instruction, and one of SIMD: does the engine take them? */
const header = [0, 97, 115, 109, 1, 0, 0, 0];
const simdProbe = Uint8Array.from([
  ...header,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  10,
  1,
  8,
  0,
  65,
  0,
  253,
  15,
  253,
  98,
  11,
]);
const fmaProbe = Uint8Array.from([
  ...header,
  1,
  8,
  1,
  96,
  3,
  123,
  123,
  123,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  13,
  1,
  11,
  0,
  32,
  0,
  32,
  1,
  32,
  2,
  253,
  133,
  2,
  11,
]);

/**
 * Uses nothing from outside itself: it reaches workers as its own source. A plan may leave entries of the module out: what only these
 * address is nowhere.
 */
const link: Link<WebAssembly.Module> = (module, memory, { at, size }) => {
  const nowhere = Object.fromEntries(
    WebAssembly.Module.imports(module).flatMap((of) => (of.module === 'at' ? [[of.name, 0] as const] : [])),
  );
  return new WebAssembly.Instance(module, {
    env: { memory: memory as WebAssembly.Memory },
    at: { ...nowhere, ...at },
    size,
  }).exports as Readonly<Record<string, Kernel>>;
};

/**
 * A session of fixed sizes on WebAssembly; on one thread in a page that may not share memory with others. The Left says what is missing and
 * what to do about it.
 */
export const openWasm = async (
  plan: WasmModule,
  _manifest: Manifest,
  device: DeviceName | 'auto',
  sizes: Sizes,
  options: WasmOptions = {},
): Promise<Either<string, CpuSession>> => {
  const unfit = unfitFor(plan, device, 'wasm', 'of our own WebAssembly');
  if (unfit !== undefined) return left(unfit);
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simdProbe))
    return left('This JavaScript engine has no WebAssembly SIMD; choose cpu.');
  const isolated = typeof SharedArrayBuffer !== 'undefined';
  if (!isolated && (options.threads ?? 1) > 1)
    return left(
      'Threads need shared memory: serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    );
  try {
    const fused = options.fused ?? WebAssembly.validate(fmaProbe);
    const given = await WebAssembly.compile(new Uint8Array(await plan.load(fused)));
    const kernels: Kernels<WebAssembly.Module> = {
      name: 'wasm',
      details: ['SIMD', ...(fused ? ['fused multiply-add'] : [])],
      given,
      link,
      ceilings: () => ceilings(fused),
    };
    const threads = options.threads ?? (isolated ? await cores() : 1);
    return await openSession(plan, sizes, threads, kernels, options.settled);
  } catch (e) {
    return left(`${device} does not work here: ${messageOf(e)}`);
  }
};
