/** Where a run stands, as data, and how it moves: pure functions, so that a resumed run is the same function of the same values. */
import type { Settings } from './contract/settings.js';
import type { LoadOptions } from './data/index.js';
import { labelMerit, type LabelMetrics } from './measures/labelled.js';
import type { Metrics } from './metrics.js';

/** Which data a run saw: enough to load them again, and to notice that they are others. */
export interface Identity {
  /** sha-256 of users, items, order, times and columns. */
  readonly hash: string;
  /** As given on the command line, so that `evaluate` and `recommend` find it again. */
  readonly source: string;
  readonly format: string | null;
  readonly titles: string | null;
  /** How else it was to be read; absent where nothing was said. */
  readonly reading?: LoadOptions;
  /** What was held out, where a split was asked for: as given, and its `splitHash`. */
  readonly split?: { readonly given: string; readonly hash: string };
}

/** One finished epoch. No times here: see checkpoint.ts. */
export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** Optimizer steps since the start. */
  readonly step: number;
  /** Mean over the epoch's batches. */
  readonly loss: number;
  /** Rows whose implicit solve failed. */
  readonly unconverged: number;
  /** On validation, or on test under the `hstu` protocol; null where nothing is held out, and of a model that predicts a label. */
  readonly metrics: Metrics | null;
  /** The same of such a model. */
  readonly label?: LabelMetrics;
}

export interface Progress {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Batches done in the unfinished epoch. */
  readonly batch: number;
  /** Sum of their losses. */
  readonly loss: number;
  readonly unconverged: number;
  readonly history: readonly Epoch[];
}

export const beginning: Progress = { step: 0, epoch: 0, batch: 0, loss: 0, unconverged: 0, history: [] };

/** After one optimizer step. */
export const stepped = (progress: Progress, loss: number, unconverged: number): Progress => ({
  ...progress,
  step: progress.step + 1,
  batch: progress.batch + 1,
  loss: progress.loss + loss,
  unconverged: progress.unconverged + unconverged,
});

/** After the evaluation that closes an epoch. */
export const closed = (progress: Progress, metrics: Metrics | null, label?: LabelMetrics): Progress => {
  const { step, batch, unconverged } = progress;
  const epoch = progress.epoch + 1;
  return {
    ...beginning,
    step,
    epoch,
    history: [
      ...progress.history,
      { epoch, step, loss: progress.loss / batch, unconverged, metrics, ...(label === undefined ? {} : { label }) },
    ],
  };
};

/** The quantity that epochs are chosen by. Where nothing is held out a later epoch is taken for a better one. */
export const merit = ({ metrics, label, epoch }: Epoch): number =>
  metrics?.['NDCG@10'] ?? (label === undefined ? epoch : (labelMerit(label) ?? epoch));

/** The best epoch so far; the earliest of equals. */
export const best = ({ history }: Progress): Epoch | undefined =>
  history.reduce<Epoch | undefined>(
    (top, epoch) => (top === undefined || merit(epoch) > merit(top) ? epoch : top),
    undefined,
  );

/** Why a run ends, or undefined while it goes on. */
export const ending = (settings: Settings, progress: Progress): 'epochs' | 'patience' | undefined => {
  if (progress.epoch >= settings.epochs) return 'epochs';
  const top = best(progress);
  return settings.patience !== null && top !== undefined && progress.epoch - top.epoch >= settings.patience
    ? 'patience'
    : undefined;
};
