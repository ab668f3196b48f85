/**
 * What a run tells while it goes: values, so that the bar on a terminal, the lines of a log file and JSON are three readers of
 * one story. `metrics.jsonl` and `--json` print these records as they are.
 */
import type { Apart } from './apart.js';
import { steadyText } from './contract/words.js';
import type { Statistics } from './data/index.js';
import type { Figure } from './measures/figures.js';
import type { LabelMetrics } from './measures/labelled.js';
import type { Metrics } from './metrics.js';
import type { Protocol, Settings } from './contract/settings.js';
import type { Identity } from './progress.js';
import type { LabelFigures } from './telling.js';

/** How one part of the data was ranked, beside popularity. Measures are means over users, in [0, 1]. */
export interface Evaluation {
  readonly part: Part;
  readonly protocol: Protocol;
  /** The epoch (from 1) and the step whose parameters were evaluated. */
  readonly epoch: number;
  readonly step: number;
  /** Users evaluated. */
  readonly users: number;
  /** NaN where nothing was ranked: of a model that predicts a label, unless that is asked for. */
  readonly model: Metrics;
  /** Rankings by counts alone: by how often each item occurs, and by what followed the last item (`markov`). */
  readonly popularity: Metrics;
  readonly markov: Metrics;
  /** Wanted items that training never met: how many, and the median of their ranks; absent where there are none. */
  readonly unmet?: { readonly wanted: number; readonly rank: number };
  /** Of a model that predicts a label: how well it tells which events it holds of. */
  readonly label?: LabelFigures;
  /** Every figure that was asked for besides. */
  readonly figures?: readonly Figure[];
}

/** What a run tells, as values. `seconds` are since the epoch began, those of the result since the run did. */
export type Event =
  | {
      readonly kind: 'start';
      readonly model: string;
      readonly manifest: string;
      /** What really runs, as the device reports it, and what was asked for. */
      readonly backend: string;
      readonly device: string;
      readonly parameters: number;
      readonly settings: Settings;
      readonly data: Identity;
      readonly statistics: Statistics;
      /** How the file of the data was understood, in sentences. */
      readonly reading: readonly string[];
      /** What the model predicts of events, in words, where it does: epochs are then chosen by AUC. */
      readonly label?: string;
      /** Optimizer steps an epoch. */
      readonly batches: number;
      readonly out: string;
      /** The step that the run goes on from, 0 for a new one. */
      readonly step: number;
    }
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly epoch: number;
      readonly batch: number;
      readonly batches: number;
      readonly loss: number;
      readonly stepsPerSecond: number;
    }
  | {
      readonly kind: 'evaluating';
      readonly part: Part;
      readonly batch: number;
      readonly batches: number;
      /** What is told of each row, where that is no rank. */
      readonly label?: string;
    }
  | {
      readonly kind: 'epoch';
      readonly epoch: number;
      readonly step: number;
      readonly loss: number;
      readonly unconverged: number;
      readonly part: Part;
      /** Null where nothing is held out, and of a model that predicts a label. */
      readonly metrics: Metrics | null;
      /** Of such a model, where something is held out. */
      readonly label?: LabelMetrics;
      readonly best: boolean;
      readonly seconds: number;
    }
  | { readonly kind: 'interrupted'; readonly step: number; readonly checkpoint: string }
  /** The end of a run that was not tested, and has no figures: it held nothing out, unless the test was to be left alone. */
  | {
      readonly kind: 'trained';
      readonly epoch: number;
      readonly checkpoint: string;
      readonly seconds: number;
      readonly heldOut?: true;
    }
  | ({ readonly kind: 'result'; readonly seconds: number; readonly apart?: Apart } & Evaluation)
  | { readonly kind: 'warning'; readonly message: string }
  /** The command failed, and why; the last event there is. With a line: the request there could not be answered; the rest go on. */
  | { readonly kind: 'failed'; readonly line?: number; readonly message: string };

/** Which held-out items. */
export type Part = 'validation' | 'test';

/** A reader of the story. It must not fail: a run does not end because nobody listens. */
export type Listener = (event: Event) => void;

/** Several readers as one. */
export const all =
  (...listeners: readonly Listener[]): Listener =>
  (event) =>
    listeners.forEach((listen) => listen(event));

/** The message of an event, with its line where it has one. */
export const told = ({ line, message }: { readonly line?: number; readonly message: string }): string =>
  steadyText(line === undefined ? message : `line ${line}: ${message}`);

/** The kinds that happen many times a second; logs leave them out. */
export const frequent: ReadonlySet<Event['kind']> = new Set(['step', 'evaluating']);

/** Passes an event of the frequent ones on at most once in `every` milliseconds of `now`, and every other event always. */
export const throttled = <A>(
  every: number,
  now: () => number,
  isFrequent: (event: A) => boolean,
  listen: (event: A) => void,
): ((event: A) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (isFrequent(event)) {
      if (now() - last < every) return;
      last = now();
    }
    listen(event);
  };
};
