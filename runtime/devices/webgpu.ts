/**
 * WebGPU where it must be looked for. A browser has it or not. Node has it through the optional package `webgpu` (Dawn),
 * put where gpu.js looks: `navigator.gpu` and the constants of its `globals`.
 */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from '../errors.js';

export interface Adapter {
  readonly name: string;
  /** A rasteriser on the CPU: exact, and slower than WebAssembly. */
  readonly software: boolean;
}

const install = 'npm install webgpu@0.6.2';
/** Debian's chromium carries a software Vulkan driver that Dawn accepts; Mesa's of Debian 12 is rejected. */
const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

const isNode = (): boolean => typeof process !== 'undefined' && typeof process.versions?.node === 'string';
const record = (x: unknown): Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null ? Object.fromEntries(Object.entries(x)) : {};
const field = (x: unknown, name: string): unknown =>
  x !== null && (typeof x === 'object' || typeof x === 'function') ? Reflect.get(x, name) : undefined;
const firstLine = (e: unknown): string => messageOf(e).split('\n')[0] ?? '';

const gpuOf = (): unknown => (typeof navigator === 'undefined' ? undefined : field(navigator, 'gpu'));

const request = async (gpu: unknown): Promise<unknown> => {
  const ask = field(gpu, 'requestAdapter');
  return typeof ask === 'function' ? await Promise.resolve(Reflect.apply(ask, gpu, [])).catch(() => null) : null;
};

const describe = (adapter: unknown): Adapter => {
  const info = field(adapter, 'info');
  const words = ['vendor', 'architecture', 'device', 'description']
    .map((k) => field(info, k))
    .filter((w) => typeof w === 'string' && w !== '');
  const name = [...new Set(words)].join(' ') || 'unnamed adapter';
  return {
    name,
    software:
      field(info, 'isFallbackAdapter') === true ||
      field(adapter, 'isFallbackAdapter') === true ||
      /swiftshader|llvmpipe|lavapipe|software/i.test(name),
  };
};

/** A fresh `navigator.gpu` of Dawn. The package may be absent, or need a newer C library than the system has. */
const dawn = async (): Promise<Either<string, unknown>> => {
  const name = 'webgpu';
  try {
    const loaded: unknown = await import(name);
    const create = field(loaded, 'create');
    if (typeof create !== 'function')
      return left(`The package webgpu exports no create(); install the version we know: ${install}`);
    Object.entries(record(field(loaded, 'globals'))).forEach(([key, value]) =>
      Object.defineProperty(globalThis, key, { value, configurable: true, writable: true }),
    );
    return right(create([]));
  } catch (e) {
    return left(
      `Node reaches a GPU through the optional package webgpu, which does not load (${firstLine(e)}). Add it with: ${install}`,
    );
  }
};

const publish = (gpu: unknown): void => {
  const known: unknown = typeof navigator === 'undefined' ? undefined : navigator;
  if (typeof known === 'object' && known !== null)
    Object.defineProperty(known, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
};

const exists = async (path: string): Promise<boolean> => {
  const fs = 'node:fs';
  const { existsSync }: { existsSync: (path: string) => boolean } = await import(fs);
  return existsSync(path);
};

/** What a Linux system shows of a GPU, WSL's included. */
const deviceNodes = ['/dev/dri', '/dev/nvidia0', '/dev/dxg', '/dev/kfd'];

/** Where Linux shows no GPU at all, Dawn need not be asked: its drivers would complain on the terminal. */
const hopeless = async (): Promise<boolean> => {
  if (process.platform !== 'linux') return false;
  const found = await Promise.all(deviceNodes.map(exists));
  return !found.includes(true);
};

const inNode = async (software: boolean): Promise<Either<string, Adapter>> => {
  if (!software && (await hopeless())) return left(`This system shows no GPU (none of ${deviceNodes.join(', ')}).`);
  const first = await dawn();
  if (first._tag === 'Left') return first;
  const adapter = await request(first.right);
  if (adapter !== null && adapter !== undefined) {
    publish(first.right);
    return right(describe(adapter));
  }
  const none = 'Dawn found no GPU (no Vulkan, Metal or Direct3D adapter answers)';
  if (!software || !(await exists(softwareDriver))) {
    return left(
      `${none}. Install the GPU's driver, choose --device webasm, or, for a software GPU, apt-get install chromium libvulkan1.`,
    );
  }
  process.env['VK_ICD_FILENAMES'] = softwareDriver;
  const second = await dawn();
  if (second._tag === 'Left') return second;
  const substitute = await request(second.right);
  if (substitute === null || substitute === undefined)
    return left(
      `${none}, nor does the software driver ${softwareDriver} load (it needs libvulkan1: apt-get install libvulkan1).`,
    );
  publish(second.right);
  return right(describe(substitute));
};

/** Makes `navigator.gpu` answer, or says why it does not. A software adapter is taken only where asked for. */
export const findWebGpu = async (software: boolean): Promise<Either<string, Adapter>> => {
  const adapter = await request(gpuOf());
  if (adapter !== null && adapter !== undefined) return right(describe(adapter));
  if (isNode()) return inNode(software);
  return left(
    gpuOf() === undefined
      ? 'This browser has no WebGPU (navigator.gpu is missing). Use a recent Chrome, Edge, Firefox or Safari over https or localhost.'
      : 'This browser has WebGPU, but no adapter answers. Check chrome://gpu, or choose another device.',
  );
};
