/** What the parts of a comparison hand to each other. */
import type { DeviceName, Epoch, Measure, Metrics, PairedTest, Protocol, Settings, Spread, Statistics, Trainer } from 'pcrec/runtime';

/** A model as `--models` names it. */
export interface Wanted {
  /** `hstu`, or `hstu@large` with a preset: what rows of the table and names of files say. */
  readonly label: string;
  readonly file: string;
  readonly preset: string | undefined;
  /** `name=value`, as the compiler's `--set` takes them. */
  readonly set: readonly string[];
}

/** Everything that the command line asks for. */
export interface Plan {
  readonly models: readonly Wanted[];
  readonly seeds: readonly number[];
  /** Labels; null: all that do not begin with pcrec. */
  readonly baselines: readonly string[] | null;
  readonly source: { readonly data: string; readonly format: string | undefined; readonly titles: string | undefined };
  readonly training: { readonly epochs: number; readonly batch: number; readonly patience: number | undefined; readonly protocol: Protocol };
  readonly device: { readonly device: DeviceName | 'auto'; readonly threads: number | undefined };
  readonly out: string;
  readonly markdown: boolean;
}

/** `--report`: only what is there already. */
export interface ReportPlan {
  /** Labels, in the order of the table; null: all. */
  readonly models: readonly string[] | null;
  readonly seeds: readonly number[] | null;
  readonly baselines: readonly string[] | null;
  readonly out: string;
  readonly markdown: boolean;
}

/** A compiled model, opened. */
export interface Contestant {
  readonly label: string;
  /** The hash of its manifest: graph, compiler and hyperparameters. */
  readonly manifest: string;
  readonly hyper: Readonly<Record<string, number | string | boolean>>;
  readonly settings: (seed: number) => Settings;
  readonly train: Trainer['train'];
}

/** All that decides a run's numbers: two runs of one identity give the same result. */
export interface Identity {
  readonly model: string;
  readonly manifest: string;
  /** sha-256 of the data's content. */
  readonly data: string;
  readonly settings: Settings;
}

/** What a run gives; nothing in it depends on the clock or on interruptions. */
export interface Outcome {
  readonly data: Statistics;
  readonly hyper: Contestant['hyper'];
  readonly parameters: number;
  /** Epochs trained, and the one that was tested. */
  readonly epochs: number;
  readonly best: number;
  /** What that epoch was chosen by; on validation, or on test under `hstu`. */
  readonly chosen: Epoch['metrics'];
  readonly test: Metrics;
  readonly popularity: Metrics;
  /** The test rank of each user, 1 = best, in the order of user codes. */
  readonly ranks: readonly number[];
}

/** What depends on the machine. */
export interface Measured {
  readonly backend: string;
  /** Seconds of each epoch, its evaluation included. */
  readonly seconds: readonly number[];
}

/** `<model>.<seed>.json` */
export interface Result {
  readonly format: string;
  readonly identity: Identity;
  readonly outcome: Outcome;
  readonly measured: Measured;
}

export interface Row {
  readonly model: string;
  readonly parameters: number;
  readonly seeds: readonly number[];
  readonly epochs: Spread;
  readonly metrics: Readonly<Record<Measure, Spread>>;
}

/** One model against the best baseline. */
export interface Verdict extends PairedTest {
  readonly model: string;
  /** p after Holm's correction over all verdicts. */
  readonly adjusted: number;
}

/** `comparison.json` */
export interface Comparison {
  readonly format: string;
  readonly data: Statistics;
  readonly settings: Omit<Settings, 'seed'>;
  /** Users tested. */
  readonly users: number;
  readonly rows: readonly Row[];
  readonly popularity: Metrics;
  /** Hyperparameters that all models have and that are not the same for all: name, then model. */
  readonly differing: Readonly<Record<string, Readonly<Record<string, number | string | boolean>>>>;
  readonly baseline: string | null;
  readonly verdicts: readonly Verdict[];
}
