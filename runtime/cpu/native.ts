/** Opens what the native target emitted: C, which this machine's compiler builds for this machine's processor. */
import { type Either, isRight, left, map } from 'fp-ts/lib/Either.js';
import type { DeviceName, OpenOptions } from '../contract/compiled.js';
import type { NativeModule } from '../contract/cpu-plan.js';
import type { Ceilings, Manifest, Sizes } from '../contract/session.js';
import { messageOf } from '../errors.js';
import { best, far, near } from './ceiling.js';
import { type CpuSession, type Kernels, openSession, unfitFor } from './session.js';
import type { Link } from './thread.js';
import { cores, inNode } from './workers.js';

/** The library's functions, as `addon` has them. */
interface Addon {
  readonly lanes: number;
  readonly bind: (
    memory: Uint8Array,
    at: Float64Array,
    sizes: Int32Array,
  ) => (kernel: number, from: number, to: number, chunk: number) => void;
  readonly tile: (times: number) => void;
  readonly copy: (from: Uint8Array, to: Uint8Array) => void;
}

interface Given {
  readonly path: string;
  readonly linkage: NativeModule['linkage'];
}

/** Uses nothing from outside itself: it reaches workers as its own source. */
const link: Link<Given> = ({ path, linkage: { buffers, sizes, kernels } }, memory, { at, size }) => {
  const library: { exports: unknown } = { exports: {} };
  process.dlopen(library, path);
  const call = (library.exports as Addon).bind(
    new Uint8Array(memory.buffer),
    Float64Array.from(['end', ...buffers], (b) => at[`@${b}`]!),
    Int32Array.from(sizes, (s) => size[s]!),
  );
  return Object.fromEntries(
    kernels.map((name, k) => [name, (from: number, to: number, chunk: number): void => call(k, from, to, chunk)]),
  );
};

const loaded = (path: string): Addon => {
  const library: { exports: unknown } = { exports: {} };
  process.dlopen(library, path);
  return library.exports as Addon;
};

const registers: Readonly<Record<number, string>> = { 4: '128-bit registers', 8: 'AVX2', 16: 'AVX-512' };

const ceilings = async ({ lanes, tile, copy }: Addon): Promise<Ceilings> => {
  const times = 50;
  const room = new Uint8Array(2 * far).fill(1);
  const copied = (bytes: number, again: number): number =>
    best(again * bytes, () => {
      for (let i = 0; i < again; i++) copy(room.subarray(0, bytes / 2), room.subarray(bytes / 2, bytes));
    });
  const operations = best(times * 2 * 6 * 2 * lanes * 256, () => tile(times));
  return { operations: 1000 * operations, near: 1000 * copied(near, 8), far: 1000 * copied(far, 1), nearBytes: near };
};

const said = (line: string): void => console.error(line);

/** Builds the kernels for this machine and keeps them beside the trainer, for machines like this one that have no compiler. Right: the file. */
export const buildNative = async (plan: NativeModule): Promise<Either<string, string>> => {
  const { buildLibrary } = await import('./build.js');
  return map(({ path }: { readonly path: string }) => path)(await buildLibrary(plan));
};

/** A session of fixed sizes on C kernels, which are built first where this machine has not got them yet. The Left says what is missing and what to do about it. */
export const openNative = async (
  plan: NativeModule,
  _manifest: Manifest,
  device: DeviceName | 'auto',
  sizes: Sizes,
  options: OpenOptions = {},
): Promise<Either<string, CpuSession>> => {
  const unfit = unfitFor(plan, device, 'native', 'in C');
  if (unfit !== undefined) return left(unfit);
  if (!inNode()) return left('Kernels in C need Node; a page has none.');
  try {
    const { library } = await import('./build.js');
    const built = await library(plan, (compiler) =>
      (options.say ?? said)(`${compiler} builds the kernels of ${plan.model} for this processor; that is done once.`),
    );
    if (!isRight(built)) return built;
    const { path, compiler, seconds } = built.right;
    if (seconds !== undefined) (options.say ?? said)(`The kernels are built, in ${seconds.toFixed(1)} s.`);
    const own = loaded(path);
    const kernels: Kernels<Given> = {
      name: 'native',
      details: [registers[own.lanes] ?? `${own.lanes} lanes`, compiler],
      given: { path, linkage: plan.linkage },
      link,
      ceilings: () => ceilings(own),
    };
    return await openSession(plan, sizes, options.threads ?? (await cores()), kernels, options.settled);
  } catch (e) {
    return left(`${device} does not work here: ${messageOf(e)}`);
  }
};
