/** The processor that code is written for, as far as the shape of loops goes: how many numbers at once, and how many registers. */
export interface Machine {
  readonly name: string;
  /** Numbers in a register. */
  readonly lanes: number;
  /** A tile of a sum of products: so many rows, each so many registers wide. One more row would spill. */
  readonly rows: number;
  readonly vectors: number;
  /** Registers side by side in one row alone, widest first: each sum waits for itself. */
  readonly wide: readonly number[];
  /** Cells (rows times registers) up to which functions are written out where they are called. */
  readonly few: number;
}

/** WebAssembly's 128 bits; engines have sixteen registers on the processors of today. */
export const wasm128: Machine = { name: 'wasm', lanes: 4, rows: 4, vectors: 2, wide: [8, 4], few: 2 };
