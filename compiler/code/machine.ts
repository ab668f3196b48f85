/** The processor that code is written for, as far as the shape of loops goes: how many numbers at once, and how many registers. */
export interface Machine {
  readonly name: string;
  /** Numbers in a register: all that the code may find. It is written for any of them at once. */
  readonly lanes: readonly number[];
  /** A tile of a sum of products: so many rows, each so many registers wide. One more row would spill. */
  readonly rows: number;
  /** Rows of the tile of a range that has no room for that. */
  readonly few: number;
  readonly vectors: number;
  /** Registers side by side in one row alone, widest first: each sum waits for itself. */
  readonly wide: readonly number[];
  /** The same in one row of what is copied and no more; none where a compiler or the processor sees to that. */
  readonly copied: readonly number[];
  /** It loads and stores the first lanes of a register alone: what is shorter than a register takes one, and no cell is alone. */
  readonly partly: boolean;
  /** Cells (rows times registers) up to which functions are written out where they are called. */
  readonly written: number;
}

/** WebAssembly's 128 bits; engines have sixteen registers on the processors of today. */
export const wasm128: Machine = {
  name: 'wasm',
  lanes: [4],
  rows: 4,
  few: 3,
  vectors: 2,
  wide: [8, 4],
  copied: [8, 4],
  partly: false,
  written: 2,
};

/**
 * What a C compiler makes of vectors: ARM's NEON, AVX2, AVX-512. Six rows by two registers are twelve sums, each of which waits four
 * cycles for itself where two are begun in each: no fewer, and no more than sixteen registers hold beside what is multiplied.
 */
export const native: Machine = {
  name: 'native',
  lanes: [4, 8, 16],
  rows: 6,
  few: 3,
  vectors: 2,
  wide: [8, 4],
  copied: [],
  partly: true,
  written: 0,
};
