import type { EventLabel, InputRow } from './batch.js';
import type { ItemFeature } from './features.js';

/**
 * What the training loop sees of a compiled model on a device. Every target implements it.
 */
export type Data = Float32Array | Int32Array;
/** Symbols of the manifest and their sizes, in positions: `batch`, `items`, `seen`. */
export type Sizes = Readonly<Record<string, number>>;

/** A tensor as a session takes and gives it: dense, the first axis outermost. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: 'f32' | 'i32' | 'bool';
  /** Axis names, outermost first. */
  readonly axes: readonly string[];
  /** One size an axis; a string is a symbol bound at start (`batch`, `items`). */
  readonly shape: readonly (number | string)[];
}

/** How a parameter starts; standard deviations and bounds are absolute. */
export type InitInfo =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'truncatedNormal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'xavierUniform'; readonly fanIn: readonly string[]; readonly fanOut: readonly string[] }
  /** Not at all: data give it, once, and no step changes it. */
  | { readonly kind: 'given'; readonly feature: ItemFeature };

/** A tensor that stays on the device from run to run, and that a checkpoint holds. */
export interface StateInfo extends TensorInfo {
  readonly init: InitInfo;
  /** A trained parameter, a slot of the optimizer (`<parameter>.m`), or what data say of items. */
  readonly role: 'parameter' | 'slot' | 'given';
}

/** What an entry is given and what it gives. */
export interface EntryInfo {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** What `manifest.json` says of a compiled model. */
export interface Manifest {
  readonly format: 1;
  readonly model: string;
  readonly source: string;
  readonly hyper: Readonly<Record<string, number | string | boolean>>;
  /** The longest history the model reads (the bound of its sequence axis). */
  readonly length: number;
  readonly states: readonly StateInfo[];
  /** `train`, `rank`, `score`, `explain`, `vectors` where scores are products, and `predict` of a model that predicts a label: see runtime/entries. */
  readonly entries: Readonly<Record<string, EntryInfo>>;
  /** Why there is no entry of this name, as the end of a sentence. */
  readonly without?: Readonly<Record<string, string>>;
  /** Rows of inputs that the table of inputs has not: features of events and users, and labels, which the model asked for. */
  readonly rows?: readonly InputRow[];
  /** What the entry `predict` gives the logit of, and the model is measured by. */
  readonly label?: EventLabel;
  /** Of everything that decides the numbers (programs, how states begin, hyperparameters) and of nothing else: see `manifestHash`. */
  readonly hash: string;
}

/**
 * A manifest's hash is a sha-256 after the number of its kind. Kind 2 leaves out the lines and the words of the model's file and
 * knows how states begin; what has no number is of the kind before, which had the former in and the latter out.
 */
export const manifestHash = {
  of: (sha256: string): string => `2-${sha256}`,
  kind: (hash: string): string => /^\d+(?=-)/.exec(hash)?.[0] ?? '1',
} as const;

/** What one kernel took on one thread. */
export interface KernelTime {
  /** The model's names for what it computes. */
  readonly name: string;
  /** `models/hstu.ts:47` */
  readonly source: string | undefined;
  readonly comment: string;
  readonly ms: number;
  /** How often it was called: for each row of the batch, or for each piece of its range. */
  readonly calls: number;
  /** Multiplications and additions of its sums of products, on the rows as long as they are. */
  readonly operations: number;
  /** Bytes of the arrays it reads and writes, each counted once. */
  readonly bytes: number;
}

/** What one thread can do at most, measured: a second. */
export interface Ceilings {
  /** Multiplications and additions in registers, four rows by eight columns at a time. */
  readonly operations: number;
  /** Bytes read and written by a copy within a core's caches, and by one from memory to memory. */
  readonly near: number;
  readonly far: number;
  /** Bytes of the arrays of the near copy. */
  readonly nearBytes: number;
}

/** Errors of a device are values until the command's edge. */
export interface Session {
  /** What really runs, as the device itself reports it: `webgpu (fused-encoder)`, `webasm (fused-threaded)`. */
  readonly backend: string;
  /** Runs one entry. Inputs by name, flat and row-major in `TensorInfo.axes` order; outputs by name. States advance in place. */
  run(
    entry: string,
    inputs: Readonly<Record<string, Data>>,
    random: { readonly seed: number; readonly step: number },
  ): Promise<Readonly<Record<string, Data>>>;
  /** Copies of all states, by name. */
  read(): Promise<Readonly<Record<string, Float32Array>>>;
  write(states: Readonly<Record<string, Float32Array>>): Promise<void>;
  /** Values of every buffer of the last run, by the model's names, in execution order: used to name the first non-finite tensor. */
  inspect(
    entry: string,
    inputs: Readonly<Record<string, Data>>,
    random: { readonly seed: number; readonly step: number },
  ): Promise<readonly { readonly name: string; readonly data: Data }[]>;
  /** Runs an entry as `run` does, and tells how long each kernel took, longest first; where the device can tell. */
  profile?(
    entry: string,
    inputs: Readonly<Record<string, Data>>,
    random: { readonly seed: number; readonly step: number },
  ): Promise<readonly KernelTime[]>;
  /** What `profile`'s figures are held against. */
  ceilings?(): Promise<Ceilings>;
  dispose(): Promise<void>;
}
