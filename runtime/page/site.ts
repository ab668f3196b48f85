/** What the files of a page hold beside its app. Node writes them, a browser reads them: nothing here knows either. */
import type { CpuPlan } from '../contract/cpu-plan.js';
import type { Manifest } from '../contract/session.js';
import type { Lexicon } from '../lexicon.js';

/** How the states are kept: as training left them, or rounded to half the bits. */
export const precisions = ['float32', 'float16'] as const;
export type Precision = (typeof precisions)[number];

/** Where the model's files lie, by the address of the page. */
export const files = {
  model: 'model/model.json',
  states: 'model/states.bin',
  plain: 'model/plain.wasm',
  /** With fused multiply-add, for engines that have it. */
  fused: 'model/fused.wasm',
  /** What says why an item has its score. */
  explain: 'model/explain.wasm',
} as const;

/** `model.json`: the model but for its states and its kernels. */
export interface Site {
  readonly format: 'pcrec-page-1';
  readonly title: string;
  readonly manifest: Manifest;
  /** Of what scores, and of what explains where the model was compiled with it. */
  readonly plan: CpuPlan;
  readonly explain: CpuPlan | null;
  /** The sizes of features. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly features: Lexicon | null;
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
  readonly seed: number;
  readonly precision: Precision;
  /** In the order in which they lie in `states.bin`, and how many numbers each has. */
  readonly states: readonly { readonly name: string; readonly length: number }[];
  /** What is assumed of every history, in sentences. */
  readonly notes: readonly string[];
}

export const isSite = (value: unknown): value is Site =>
  typeof value === 'object' && value !== null && (value as Partial<Site>).format === 'pcrec-page-1';

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The nearest number of half the bits (IEEE 754 binary16), as its bits; ties go to the even one, and what is too large becomes infinite. */
export const toHalf = (value: number): number => {
  single[0] = value;
  const of = bits[0]!;
  const sign = (of >>> 16) & 0x8000;
  const rest = of & 0x7fffffff;
  if (rest > 0x7f800000) return sign | 0x7e00;
  // From 65520 on the nearest half would be 65536, which there is not.
  if (rest >= 0x477ff000) return sign | 0x7c00;
  // Below the smallest normal half the halves are the multiples of 2^-24.
  if (rest < 0x38800000) {
    const steps = Math.abs(single[0]) * 2 ** 24;
    const down = Math.floor(steps);
    const odd = down % 2;
    return sign | (down + Number(steps - down > 0.5 || (steps - down === 0.5 && odd === 1)));
  }
  const rounded = rest + 0xfff + ((rest >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
};

/** The number that half the bits stand for. */
export const fromHalf = (half: number): number => {
  const sign = (half & 0x8000) === 0 ? 1 : -1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** Arrays one after the other, little-endian as all hosts are. */
const joined = (arrays: readonly (Float32Array | Uint16Array)[]): Uint8Array => {
  const out = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let to = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    out.set(new Uint8Array(buffer, byteOffset, byteLength), to);
    to += byteLength;
  }
  return out;
};

/** The bytes of `states.bin`. */
export const packed: { readonly [P in Precision]: (states: readonly Float32Array[]) => Uint8Array } = {
  float32: joined,
  float16: (states) => joined(states.map((state) => Uint16Array.from(state, toHalf))),
};

const read: { readonly [P in Precision]: (bytes: ArrayBuffer, at: number, length: number) => Float32Array } = {
  float32: (bytes, at, length) => new Float32Array(bytes, 4 * at, length),
  float16: (bytes, at, length) => Float32Array.from(new Uint16Array(bytes, 2 * at, length), fromHalf),
};

/** The states in `states.bin`, by name. */
export const unpacked = (
  { states, precision }: Pick<Site, 'states' | 'precision'>,
  bytes: ArrayBuffer,
): Readonly<Record<string, Float32Array>> => {
  let at = 0;
  return Object.fromEntries(
    states.map(({ name, length }) => {
      const state = read[precision](bytes, at, length);
      at += length;
      return [name, state];
    }),
  );
};
