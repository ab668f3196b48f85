/** What a target for processors emits as data beside the code: buffers, phases, and how sizes bind them. */
import type { PlanAxis, PlanBuffer as Buffer, Size } from './plan.js';
import type { Sizes } from './session.js';

export interface PlanBuffer extends Buffer {
  /** The module's global for its address. */
  readonly global: string;
  /** The state in whose place it is: it has none of its own. */
  readonly over?: string;
  /** Where rows follow one another, and the lengths whose product is a row's number of cells; see compiler/cpu/layout. */
  readonly rows?: { readonly at: number; readonly lengths: readonly string[] };
  /** The other axes as they lie in memory, outermost first. */
  readonly inner: readonly number[];
  /** Cells from one run of the innermost axis to the next, where there is room between them. */
  readonly pitch?: number;
  /** Each thread holds one row of it, or some together that need no more room. */
  readonly local: boolean;
  /** Of a local buffer: each thread holds so many rows. */
  readonly together?: number;
  /** Cells that its kernel's conditions rule out hold anything: nobody reads them. */
  readonly bare?: boolean;
  /** States alone decide what it holds, and it is read by what they do not decide. */
  readonly settled?: boolean;
  /** Instead of the product of the axes: this factor times the product of `sizes`, plus `more`. */
  readonly cells?: { readonly sizes: readonly Size[]; readonly more: number };
  /** The first and the last phase that use it; of a local buffer, the first and last kernel of its phase. */
  readonly life: readonly [number, number];
  /** The phase of a local buffer. */
  readonly phase?: number;
}

/** `times` the product of `sizes`; where it has lengths, that times the sum over all rows of the product of a row's `lengths`. */
export interface Count {
  readonly times: number;
  readonly sizes: readonly string[];
  readonly lengths: readonly string[];
}

/** What a profile holds a kernel's time against. */
export interface PlanWork {
  /** Multiplications and additions of sums of products. */
  readonly products: readonly Count[];
  /** Buffers it reads; `at`: how often, where the places come from data. */
  readonly reads: readonly { readonly id: string; readonly at?: readonly Count[] }[];
}

export interface PlanJob {
  /** The exported function. */
  readonly run: string;
  /** The model's names for what it computes. */
  readonly name: string;
  readonly outputs: readonly string[];
  readonly source?: string;
  readonly comment: string;
  readonly work: PlanWork;
}

export interface PlanInverse {
  readonly id: string;
  readonly index: string;
  readonly axes: readonly PlanAxis[];
  readonly targets: Size;
}

export interface PlanPhase {
  /** The exported function that runs `rows`, all of them for each row in turn. */
  readonly together?: string;
  /**
   * Rows take turns together: as many as have no more than `most` positions by the prefix sums of lengths `before`, and one in any case;
   * without lengths `most` of them.
   */
  readonly gather?: { readonly before?: string; readonly most: number };
  /** `adds`: the outputs are shares, to which rows add. */
  readonly rows: readonly (PlanJob & { readonly adds: boolean })[];
  /** `settled`: states alone decide the outputs. */
  readonly grids: readonly (PlanJob & { readonly task: Size | null; readonly settled?: boolean })[];
  readonly inverses: readonly PlanInverse[];
}

/** How many rows take turns together where rows are counted and positions are not; undefined where they are not. */
export const countedRows = ({ gather }: PlanPhase): number | undefined =>
  gather?.before === undefined ? gather?.most : undefined;

export interface PlanEntry {
  readonly name: string;
  readonly rowsAxis: Size | null;
  /** The input that says how many of the last rows do not exist: they are not computed. */
  readonly missing?: string;
  readonly buffers: readonly PlanBuffer[];
  readonly packings: readonly { readonly id: string; readonly lengths: readonly string[] }[];
  readonly phases: readonly PlanPhase[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly updates: Readonly<Record<string, string>>;
}

/** How the kernels of a model run, whatever they are written in. */
export interface CpuPlan {
  readonly format: number;
  readonly model: string;
  /** Keys of uniform streams, by their place. */
  readonly streams: readonly string[];
  readonly entries: readonly PlanEntry[];
}

/** The file of an emitted folder whose `program` is a `WasmModule`. */
export const wasmModule = 'kernels.wasm.js';
/** The same of the entry `explain` alone. */
export const explainModule = 'explain.js';
/** What that is made of, when somebody first asks. */
export const explainableFile = 'explain.jsonl';
/** What `kernels.wasm.js` exports: the plan of each entry, and the assembled code. */
export interface WasmModule extends CpuPlan {
  /** The assembled module: with fused multiply-add where the engine has it. */
  readonly load: (fused: boolean) => Promise<Uint8Array>;
}

/** The names that C text links by, in its order. */
export interface Linkage {
  readonly sizes: readonly string[];
  /** By the names of globals, without their @. */
  readonly buffers: readonly string[];
  readonly kernels: readonly string[];
}

/** What `kernels.native.js` exports: the plan of each entry, and where the C text lies. */
export interface NativeModule extends CpuPlan {
  readonly linkage: Linkage;
  /** The folder of the C text, as the address of the module that says so. */
  readonly here: string;
  /** Its files; the first is compiled, and includes the others. */
  readonly sources: readonly [string, ...string[]];
  /** Into how many parts it is divided: with `PART` defined as one of them, that alone is compiled. */
  readonly parts: number;
}

/** A batch is split into this many shares, whatever the number of threads, so that sums do not depend on it. */
export const chunks = 32;

export const sizeOf = (size: Size, sizes: Sizes): number =>
  typeof size === 'number' ? size : size === 'chunks' ? chunks : (sizes[size] ?? 0);
export const extents = ({ axes }: { readonly axes: readonly PlanAxis[] }, sizes: Sizes): readonly number[] =>
  axes.map((a) => sizeOf(a.size, sizes));
const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

/** Cells of a dense array of these axes: what a caller hands in or gets. */
export const denseCells = (b: { readonly axes: readonly PlanAxis[] }, sizes: Sizes): number =>
  product(extents(b, sizes));

/** Cells that the buffer needs: of the rows that a thread holds where it is local. */
export const cellsOf = (b: PlanBuffer, sizes: Sizes): number => {
  if (b.cells !== undefined) return product(b.cells.sizes.map((s) => sizeOf(s, sizes))) + b.cells.more;
  const all = extents(b, sizes).map((n, k) =>
    b.pitch !== undefined && k === b.inner[b.inner.length - 1] ? b.pitch : n,
  );
  return b.local ? (b.together ?? 1) * product(b.inner.map((k) => all[k]!)) : product(all);
};
