/** Counter-based uniform numbers: a pure function of (seed, step, key, counter), equal on every target. */

/** Which random numbers a call draws: those of the run's seed at a step. */
export interface Draw {
  readonly seed: number;
  readonly step: number;
}

/** Each word is mixed in with the 32-bit finaliser of MurmurHash3 (Appleby), which passes avalanche tests. */
export const mix = (h: number): number => {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
/** Its rounds as a table, for those who write it in another language: h ^ (h >>> shift), times the factor. */
export const mixing = [
  { shift: 16, factor: 0x85ebca6b },
  { shift: 13, factor: 0xc2b2ae35 },
  { shift: 16, factor: 1 },
] as const;

/** FNV-1a of a key's UTF-16 units. */
export const hashKey = (key: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

/** The stream of one key in one step of one run. */
export const stream = (seed: number, step: number, key: string): number =>
  mix(mix(mix(seed >>> 0) ^ (step >>> 0)) ^ hashKey(key));

/** Uniform in [0, 1), a multiple of 2^-24: exact in float32. */
export const uniformAt = (streamOf: number, counter: number): number =>
  (mix(Math.imul(counter, 0x9e3779b9) ^ streamOf) >>> 8) * 2 ** -24;
