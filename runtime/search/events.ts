/** What a search tells while it goes, and what it comes to: values, for the view, for `--json` and for the page. */
import type { Event } from '../events.js';
import type { Metrics } from '../metrics.js';
import type { Rung } from './halving.js';
import type { Point, Space } from './space.js';
import type { Step } from './store.js';

/** A trial, as far as it went. */
export interface Trial extends Step {
  readonly point: Point;
}

/** What a search that came to its end found. */
export interface SearchResult {
  readonly model: string;
  readonly out: string;
  /** What trials are chosen by, more being better. */
  readonly measure: string;
  readonly rungs: readonly Rung[];
  readonly space: Space;
  /** Each at the last rung that it reached, the best first: those that went further stand before the others. */
  readonly trials: readonly Trial[];
  /** All that was measured on the way. */
  readonly steps: readonly Step[];
  /** Of the best trial, once; null for a model that predicts a label. */
  readonly test: Metrics | null;
  /** What compiles the best. */
  readonly command: string;
  /** Of the data. */
  readonly hash: string;
}

/** What `search` gives. */
export interface Searched {
  /** The same call goes on with an interrupted search. */
  readonly interrupted: boolean;
  /** What it came to; null where interrupted. */
  readonly found: SearchResult | null;
}

/** What happens in a search. Trials count from 0. */
export type SearchEvent =
  /** What is to be done, and how many trainings of it are done already. */
  | {
      readonly kind: 'searching';
      readonly points: number;
      readonly wanted: number;
      readonly rungs: readonly Rung[];
      readonly out: string;
      readonly done: number;
    }
  | { readonly kind: 'compiling'; readonly trial: number; readonly point: Point }
  /** What a trial's training tells. */
  | { readonly kind: 'run'; readonly trial: number; readonly rung: number; readonly event: Event }
  | ({ readonly kind: 'trial' } & Trial)
  | { readonly kind: 'interrupted' }
  | ({ readonly kind: 'search' } & SearchResult)
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** A reader of the story. It must not fail. */
export type SearchListener = (event: SearchEvent) => void;
