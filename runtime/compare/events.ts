/** What a comparison tells while it goes: values, read by the view on a terminal, by `--json`, and by whoever calls `compare`. */
import type { Event } from '../events.js';
import type { Comparison } from './comparison.js';
import type { RunMeasured, RunOutcome } from './result.js';

/** What a finished run teaches of those to come. */
export interface Past {
  readonly model: string;
  readonly epochs: number;
  /** Of an epoch, on average; null where none was timed. */
  readonly seconds: number | null;
}

/** What a comparison tells while it goes. */
export type CompareEvent =
  /** How the data were read, and what of them is held out, in sentences. */
  | { readonly kind: 'data'; readonly reading: readonly string[]; readonly warnings: readonly string[] }
  | { readonly kind: 'compiling'; readonly model: string }
  /** A model is compiled; `notes` is what the compiler said on its standard error, mostly nothing. */
  | { readonly kind: 'compiled'; readonly model: string; readonly notes: string }
  /** All runs of the comparison, in their order; `done` of those that are finished already. */
  | {
      readonly kind: 'runs';
      readonly out: string;
      readonly runs: readonly {
        readonly model: string;
        readonly seed: number;
        readonly epochs: number;
        readonly done: Past | null;
      }[];
    }
  /** A result of another comparison was moved, and why it does not count. */
  | {
      readonly kind: 'aside';
      readonly model: string;
      readonly seed: number;
      readonly file: string;
      readonly folder: string;
      readonly why: readonly string[];
    }
  /** What a run's trainer tells; `number` counts the runs from 1. */
  | {
      readonly kind: 'run';
      readonly number: number;
      readonly model: string;
      readonly seed: number;
      readonly event: Event;
    }
  | {
      readonly kind: 'finished';
      readonly number: number;
      readonly model: string;
      readonly seed: number;
      readonly outcome: Omit<RunOutcome, 'ranks'>;
      readonly measured: RunMeasured;
    }
  | { readonly kind: 'interrupted'; readonly finished: number; readonly runs: number }
  | ({ readonly kind: 'comparison' } & Comparison)
  /** With a model and a seed: that run failed, and the others go on. Without: the comparison did. */
  | { readonly kind: 'failed'; readonly model?: string; readonly seed?: number; readonly message: string };

/** A reader of the story. It must not fail. */
export type CompareListener = (event: CompareEvent) => void;
