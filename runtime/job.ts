/** What the loops share: the model on its device, the data as batches, and the world as functions. */
import type { Split } from './data/index.js';
import type { Part, Listener } from './events.js';
import type { Settings } from './contract/settings.js';
import type { Identity } from './progress.js';
import type { Lexicon } from './features.js';
import type { States } from './init.js';
import type { Data, Manifest, Session, Sizes } from './contract/session.js';

export type Inputs = Readonly<Record<string, Data>>;

/** A batch of the entry `rank`. */
export interface RankBatch {
  /** Everything that `rank` may list. */
  readonly inputs: Inputs;
  /** Rows that are asked for; the rest of the fixed batch is filler. */
  readonly rows: number;
  /** [rows], ascending: the question of the part that each row belongs to. */
  readonly questions: Int32Array;
}

/** A data set under one split, cut into batches of one fixed size. */
export interface Feed {
  /** Batches of a training epoch. */
  readonly batches: number;
  /** The batches of an epoch (from 0) from the index `from` on: a function of (seed, epoch) alone. Lazy. */
  training(epoch: number, from: number): Iterable<Inputs>;
  /** How many evaluation batches, and the batches, lazily. */
  evaluation(part: Part): { readonly batches: number; readonly all: Iterable<RankBatch> };
  /** What trains and what is asked. */
  readonly split: Split;
  /** Room for seen items a row. */
  readonly seen: number;
  /** What is read of features: what training found, the sizes that binds, and the states that data give. */
  readonly features: { readonly lexicon: Lexicon | undefined; readonly sizes: Sizes; readonly given: () => States };
  /** For each row of a part, whether training met the item that it wants. */
  warm(part: Part): Int32Array;
}

export interface Job {
  readonly manifest: Manifest;
  readonly session: Session;
  readonly feed: Feed;
  readonly settings: Settings;
  readonly data: Identity;
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
  /** The folder of checkpoints and metrics. */
  readonly out: string;
  /** A checkpoint after so many steps or seconds, whichever comes first, besides the one at each epoch's end. */
  readonly saveEvery: { readonly steps: number; readonly seconds: number };
  readonly listen: Listener;
  /** Milliseconds; only rates and intervals come from it, never a number that is trained or kept in a checkpoint. */
  readonly now: () => number;
  /** Aborting it makes the run save and end at the next batch. */
  readonly signal: AbortSignal;
}
