/** What may be asked of a comparison, checked before anything runs. */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { DeviceName } from '../contract/compiled.js';
import { type LoadOptions, samplePath } from '../data/index.js';
import { clash, numberIn, type Protocol } from '../contract/settings.js';
import { checked } from '../checked.js';
import { loadOptionsOf } from '../taken.js';
import { cutoffsOf, type DataOptions, type DeviceOptions } from '../options.js';
import { amongModels } from './comparison.js';
import type { CompareListener } from './events.js';
import { labelOf, type Wanted, wantedModels } from './models.js';
import { packageModels } from '../contract/package.js';

/** Options have the names of the command line's; what is left out is as there. */
export type CompareOptions = DataOptions &
  DeviceOptions & {
    /** Names of the package's models or paths of model files; `NAME@PRESET` for a preset. Only a report may leave them out. */
    readonly models?: readonly string[] | undefined;
    /** One run of each model for each of them; 1, 2, 3 unless given. */
    readonly seeds?: readonly number[] | undefined;
    /** Labels of models to compare against; all that do not begin with pcrec unless given. */
    readonly baselines?: readonly string[] | undefined;
    /** Hyperparameters: `name=value` for all models, `MODEL:name=value` for one. */
    readonly set?: readonly string[] | undefined;
    /** The folder of results and checkpoints; `results` unless given. */
    readonly out?: string | undefined;
    /** Passes over the data at most; 100 unless given. */
    readonly epochs?: number | undefined;
    /** Users of a batch; 128 unless given. */
    readonly batch?: number | undefined;
    /** Epochs without a better validation NDCG@10 before a run stops; 10 unless given. */
    readonly patience?: number | undefined;
    readonly protocol?: Protocol | undefined;
    /** What is held out: a rule (`time:0.9`), or a file that a split was written to; each user's last items unless given. */
    readonly split?: string | undefined;
    /** HR and NDCG of lists of these lengths too. */
    readonly cutoffs?: readonly number[] | undefined;
    /** Train nothing, and compare the results that are there. */
    readonly report?: boolean | undefined;
    /** Aborting it ends the comparison; the training in hand is saved. */
    readonly signal?: AbortSignal | undefined;
    readonly listen?: CompareListener | undefined;
  };

/** What to train and compare. */
export interface Plan {
  readonly models: readonly Wanted[];
  readonly seeds: readonly number[];
  /** Labels; null: all that do not begin with pcrec. */
  readonly baselines: readonly string[] | null;
  readonly source: LoadOptions & { readonly data: string };
  readonly split: string | undefined;
  readonly training: {
    readonly epochs: number;
    readonly batch: number;
    readonly patience: number | undefined;
    readonly protocol: Protocol;
  };
  readonly device: { readonly device: DeviceName | 'auto'; readonly threads: number | undefined };
  readonly cutoffs: readonly number[];
  readonly out: string;
}

/** Only what is there already. */
export interface ReportPlan {
  /** Labels, in the order of the table; null: all. */
  readonly models: readonly string[] | null;
  readonly seeds: readonly number[] | null;
  readonly baselines: readonly string[] | null;
  readonly cutoffs: readonly number[];
  readonly out: string;
}

export const defaults = {
  out: 'results',
  seeds: [1, 2, 3],
  epochs: 100,
  batch: 128,
  patience: 10,
  protocol: 'standard',
  device: 'auto',
} as const;

const seedsOf = (seeds: readonly number[] | undefined): E.Either<string, readonly number[] | null> =>
  seeds === undefined
    ? E.right(null)
    : pipe(
        seeds,
        E.traverseArray((seed) => numberIn('seed')(seed)),
        E.filterOrElse(
          (all) => all.length > 0 && new Set(all).size === all.length,
          () => `--seeds takes seeds that differ from one another, not ${JSON.stringify(seeds)}.`,
        ),
      );

export const reportPlanOf = ({
  models,
  seeds,
  baselines,
  out,
  cutoffs,
}: CompareOptions): E.Either<string, ReportPlan> =>
  pipe(
    checked({ cutoffs }),
    E.chain(() => seedsOf(seeds)),
    E.map((of) => ({
      cutoffs: cutoffsOf(cutoffs),
      models: models?.map(labelOf) ?? null,
      seeds: of,
      baselines: baselines ?? null,
      out: out ?? defaults.out,
    })),
  );

/** Left: one sentence naming the option, what it takes and what it got. */
export const planOf = (options: CompareOptions): E.Either<string, Plan> => {
  const { data, cache, split, device, threads, epochs, batch, patience, protocol = defaults.protocol } = options;
  return pipe(
    checked({ device, threads, epochs, batch, patience, protocol, cutoffs: options.cutoffs }),
    E.chain(() => wantedModels(options.models ?? [], options.set ?? [])),
    E.filterOrElse(
      (models) => models.length > 0,
      () =>
        `--models says which models to compare: ${[...packageModels().keys()].join(', ')}, or paths of model files, with commas between them.`,
    ),
    E.chainFirst(() => {
      const why = clash({ protocol, patience, split });
      return why === undefined ? E.right(undefined) : E.left(why);
    }),
    E.bindTo('models'),
    E.bind('seeds', () => seedsOf(options.seeds)),
    E.bind('baselines', ({ models }) =>
      amongModels(
        options.baselines ?? null,
        models.map(({ label }) => label),
      ),
    ),
    E.map(({ models, seeds, baselines }) => ({
      models,
      baselines,
      seeds: seeds ?? defaults.seeds,
      out: options.out ?? defaults.out,
      source: { data: data ?? samplePath, ...loadOptionsOf(options), cache: cache ?? true },
      split,
      training: {
        epochs: epochs ?? defaults.epochs,
        batch: batch ?? defaults.batch,
        patience: patience ?? (protocol === 'standard' ? defaults.patience : undefined),
        protocol,
      },
      device: { device: device ?? defaults.device, threads },
      cutoffs: cutoffsOf(options.cutoffs),
    })),
  );
};
