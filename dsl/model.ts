/**
 * A model: hyperparameters, and a pure function from a batch to a loss and ranking scores. Nothing here computes.
 */
import { type EventLabel, given, type InputRow } from '../runtime/contract/batch.js';
import type { Axis } from './axis.js';
import { batchAxes, inputNode } from './batch.js';
import { fail as refuse } from './errors.js';
import type { Optimizer } from './optimizer.js';
import type { Tensor } from './tensor.js';

/** What a hyperparameter may be. */
export type HyperValue = number | string | boolean;

/** One hyperparameter: default, one line of help, and how to read it from `--set name=value`. */
export interface Hyper<T extends HyperValue = HyperValue> {
  readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'names';
  readonly value: T;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly min?: number;
  readonly max?: number;
}

type Bounds = { readonly min?: number; readonly max?: number };
/** A whole number, at least 1 unless `min` says otherwise. */
export const integer = (value: number, doc: string, bounds: Bounds = {}): Hyper<number> => ({
  kind: 'integer',
  value,
  doc,
  min: 1,
  ...bounds,
});
/** A finite number, between `min` and `max` (both included) where they are given. `doc` is its line in `--hypers`. */
export const number = (value: number, doc: string, bounds: Bounds = {}): Hyper<number> => ({
  kind: 'number',
  value,
  doc,
  ...bounds,
});
/** True or false: `--set times=true`. */
export const boolean = (value: boolean, doc: string): Hyper<boolean> => ({ kind: 'boolean', value, doc });
/** One of some words, the first unless it is set. */
export const choice = <const C extends string>(choices: readonly [C, ...C[]], doc: string): Hyper<C> => ({
  kind: 'choice',
  value: choices[0],
  doc,
  choices,
});

/** Names, separated by commas: columns of data, say. `listed` makes a list of the value. */
export const names = (value: string, doc: string): Hyper<string> => ({ kind: 'names', value, doc });
/** The names in a value of `names`, each once. */
export const listed = (value: string): readonly string[] => [
  ...new Set(
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];

/** Hyperparameters by name. */
export type Hypers = Readonly<Record<string, Hyper>>;
/** The values of hyperparameters, as `build` reads them: `hyper.width` is a number. */
export type Values<H extends Hypers> = { readonly [K in keyof H]: H[K]['value'] };

/** Ends the building of a model with a `ModelError`, which the compiler reports at the model's own line: `fail('a head must be even')`. */
export const fail = (message: string): never => refuse('PC1008', message);

/** Dropout and sampling are on in `training` and absent in `inference`. */
export type Phase = 'training' | 'inference';

type Given = typeof given;
/** A tensor for each row of the table of inputs, over the axes of its row. */
type GivenTensors = { readonly [K in keyof Given]: Tensor<Given[K]['axes'][number], Given[K]['dtype']> };

/** The axes and inputs of a sequence recommender. `seq` is ragged: a user's positions beyond the history do not exist. */
export interface Batch extends GivenTensors {
  /** Users. The last batch of an epoch may have fewer than the others: what is missing at its end does not exist. */
  readonly batch: Axis<'batch'>;
  /** Positions of a user's history, oldest first, at most the hyperparameter `length`. */
  readonly seq: Axis<'seq'>;
  /** The catalogue. */
  readonly item: Axis<'item'>;
}

/** What a model returns. Training uses `loss`, ranking `scores`; what is not reached is never computed. */
export interface Outputs {
  readonly loss: Tensor<never>;
  /** The loss of each position's own prediction, where there is one for each position: what `personalise` descends. */
  readonly losses?: Tensor<'batch' | 'seq'>;
  /** Higher is better; one score an item for what follows the last position. */
  readonly scores: Tensor<'batch' | 'item'>;
  /** Of a model that predicts a label: its logit for each row's `target`, by which the model is measured, and which label it is. */
  readonly logit?: Tensor<'batch'>;
  readonly label?: EventLabel;
}

/** What a model is built from. */
export interface Context<H extends Hypers> {
  readonly hyper: Values<H>;
  readonly batch: Batch;
  readonly phase: Phase;
}

/** `optimizer` and `build` are methods, whose parameters vary both ways: so a model of some hyperparameters is a `Model`. */
export interface Model<H extends Hypers = Hypers> {
  readonly kind: 'pcrec.model';
  readonly name: string;
  readonly doc: string;
  readonly hyper: H;
  /** Named sets of hyperparameters: `--preset large`. */
  readonly presets: Readonly<Record<string, Partial<Values<H>>>>;
  optimizer(hyper: Values<H>): Optimizer;
  build(context: Context<H>): Outputs;
}

/** What `model` makes a model of. */
export interface ModelSpec<H extends Hypers> {
  /** An identifier; the default output folder is `build/<name>`. */
  readonly name: string;
  readonly doc?: string;
  /** `length` (the longest history read) is required: it bounds the sequence axis. */
  readonly hyper: H & { readonly length: Hyper<number> };
  readonly presets?: Readonly<Record<string, { readonly [K in keyof H]?: H[K]['value'] }>>;
  readonly optimizer: (hyper: Values<H>) => Optimizer;
  readonly build: (context: Context<H>) => Outputs;
}

/** A model, for `export default`, which is what the compiler reads of a file. Nothing is checked here. */
export const model = <H extends Hypers>(spec: ModelSpec<H>): Model<H> => ({
  kind: 'pcrec.model',
  name: spec.name,
  doc: spec.doc ?? '',
  hyper: spec.hyper,
  presets: (spec.presets ?? {}) as Model<H>['presets'],
  optimizer: spec.optimizer,
  build: spec.build,
});

/** The batch of a model whose history is at most `length` long: symbols `batch` and `items` are bound when the trainer starts. */
export const batchOf = (length: number): Batch => {
  const among = batchAxes(length);
  const { batch, seq, item } = among;
  const read = Object.fromEntries(Object.entries<InputRow>(given).map(([name, row]) => [name, inputNode(row, among)]));
  return { batch, seq, item, ...(read as unknown as GivenTensors) };
};
