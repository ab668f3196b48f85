/** What stands between the parts of the compiler: what the middle gives the emitters and the command. */
import type { Either } from 'fp-ts/lib/Either.js';
import type { Axis } from '../dsl/axis.js';
import type { Node } from '../dsl/node.js';
import type { Manifest, Sizes } from '../runtime/contract/session.js';
import type { Diagnostics } from './diagnostics.js';
import type { ProvenanceOf, Traced } from './frontend/index.js';
import type { LoopProgram } from './loops/ir.js';
import type { Program } from './program.js';
import type { Step } from './step.js';

/** What one training step takes at given sizes. */
export interface Cost {
  /** The most bytes alive at once: states, inputs and temporaries, each for rows of the longest history. */
  readonly peakBytes: number;
  /** Scalar operations, where every ragged row has its bound's length. */
  readonly operations: number;
}

/** What the command prints of a compiled model. */
export interface Report {
  /** Kernels of a training step: one for each expression, and after fusion. */
  readonly kernels: { readonly before: number; readonly after: number };
  /** `sizes` binds every symbol of the manifest. */
  readonly cost: (sizes: Sizes) => Cost;
  /** What is proved of what predictions read, in words. */
  readonly certificate?: string;
  /** All that is known of the tensors that the model calls by a name; costs at these sizes. */
  readonly explain?: (name: string, sizes: Sizes) => Either<Diagnostics, string>;
}

/** What the entry `explain` is made of, by who asks for it (`explained-later.ts`): the scores as the model made them, before any pass. */
export interface Explainable {
  readonly model: string;
  readonly batch: { readonly [A in 'batch' | 'seq' | 'item']: Axis };
  readonly scores: Node;
  /** Names of the states that are trained or given. */
  readonly trained: readonly string[];
  readonly origins: ProvenanceOf;
}

/** A compiled model before it is written in a target's language. */
export interface Compiled {
  readonly loops: LoopProgram;
  readonly explainable: Explainable;
  readonly manifest: Manifest;
  readonly report: Report;
  /** What the loops were made of: the entries as graphs, after every pass. */
  readonly programs: readonly Program[];
  /** The training step taken apart, made when it is asked for. */
  readonly step: () => Step;
}

export interface PassInfo {
  readonly name: string;
  readonly description: string;
}
/** Called after each pass, with a way to see the program as text: `--dump-after`. */
export type Observe = (pass: string, text: () => string) => void;
/** Who looks on. */
export interface CompileOptions {
  readonly observe?: Observe;
}

/** From a traced model to loops. Left: what is wrong with the model, at its own lines. */
export type Compile = (traced: Traced, options?: CompileOptions) => Either<Diagnostics, Compiled>;

/** Bytes of memory at once: `bytes`, and `thread` more for each thread. */
export interface Peak {
  readonly bytes: number;
  readonly thread: number;
}

/** A target is one emitter. */
export interface Target {
  readonly description: string;
  /** The file it writes: an ES module that exports `program`. */
  readonly file: string;
  /** The runtime's function that opens that `program` on a device: `(program, manifest, device, sizes)`. */
  readonly opener: string;
  /** The runtime's function that builds that `program` ahead of a run, where there is something to build. */
  readonly builder?: string;
  /** What the target cannot run. */
  readonly check: (program: LoopProgram) => Either<Diagnostics, void>;
  /** The file's text; only for a program that passed `check`. */
  readonly emit: (program: LoopProgram) => string;
  /** Files that the file refers to; the same names for every program. */
  readonly assets?: { readonly names: readonly string[]; readonly emit: (program: LoopProgram) => readonly Asset[] };
  /** The most memory that a session takes at these sizes, where the target lays it out itself; only for a program that passed `check`. */
  readonly peak?: (program: LoopProgram, sizes: Sizes) => Peak;
  /** What it does to a program before it writes it, by name: `--list-passes` and `--dump-after` reach these passes too. */
  readonly passes?: {
    readonly list: readonly PassInfo[];
    readonly observe: (program: LoopProgram, observe: Observe) => void;
  };
  /** Files for engines that are not ours, made of graphs; then nothing else is emitted, and a trainer in the folder stays. */
  readonly handOver?: {
    readonly emit: (compiled: Pick<Compiled, 'programs' | 'manifest' | 'step'>) => readonly Asset[];
    /** All that it may write. */
    readonly names: readonly string[];
    /** What to do with them, beside a trainer in this folder. */
    readonly next: (folder: string) => string;
  };
  /** The targets that one trainer carries together, by the names under which `opener` takes their programs; then nothing else is emitted. */
  readonly parts?: Readonly<Record<string, Target>>;
}

/** A text, with what begins a comment in its language, or bytes. */
export type Asset = { readonly name: string } & (
  | { readonly content: string; readonly comment: string }
  | { readonly content: Uint8Array; readonly comment?: undefined }
);

/** Everything the command needs besides the front end: the real one is in `toolchain.ts`. */
export interface Toolchain {
  readonly passes: readonly PassInfo[];
  readonly compile: Compile;
  /** By the name that `--target` takes; the first is the default. */
  readonly targets: Readonly<Record<string, Target>>;
}
