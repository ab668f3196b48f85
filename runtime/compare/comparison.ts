/** From results to a comparison: pure functions. */
import * as E from 'fp-ts/lib/Either.js';
import type { Statistics } from '../data/index.js';
import { meanOf, ranked, single, worthsOf } from '../measures/ranked.js';
import { type Measure, measureNames, type Metrics, worths } from '../metrics.js';
import type { Settings } from '../contract/settings.js';
import { holm, pairedTest, type PairedTest, type Spread, spread } from '../significance.js';
import { meant } from './models.js';
import { differences, format, type RunOutcome, type RunResult } from './result.js';
import { fileName } from './store.js';

/** A model, over the seeds that it was run with. */
export interface ComparisonRow {
  readonly model: string;
  readonly parameters: number;
  readonly seeds: readonly number[];
  readonly epochs: Spread;
  readonly metrics: Readonly<Record<Measure, Spread>>;
  /** HR and NDCG of lists of other lengths, where they are asked for: by name, `HR@5`. */
  readonly more?: Readonly<Record<string, Spread>>;
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
  /** What was held out, in a sentence, where a split was asked for. */
  readonly split?: string;
  /** Users tested. */
  readonly users: number;
  readonly rows: readonly ComparisonRow[];
  readonly popularity: Metrics;
  /** Hyperparameters that all models have and that are not the same for all: name, then model. */
  readonly differing: Readonly<Record<string, RunOutcome['hyper']>>;
  /** The baseline with the best mean; null where no model is one. */
  readonly baseline: string | null;
  readonly verdicts: readonly Verdict[];
}

/** What models are judged by: epochs are chosen by it too. */
export const measure = 'NDCG@10';

const of = (results: readonly RunResult[], model: string): readonly RunResult[] =>
  results.filter(({ identity }) => identity.model === model);

export const modelsOf = (results: readonly RunResult[]): readonly string[] => [
  ...new Set(results.map(({ identity }) => identity.model)),
];

/** In what two results are not of one comparison. Different models have different manifests; the runs of one model have one. */
const unlike = (a: RunResult, b: RunResult): readonly string[] => [
  ...differences(
    a.identity,
    a.identity.model === b.identity.model ? b.identity : { ...b.identity, manifest: a.identity.manifest },
  ),
  ...(a.outcome.ranks.length === b.outcome.ranks.length
    ? []
    : [`${a.outcome.ranks.length} ranks, not ${b.outcome.ranks.length}`]),
];

/** The first two results that are not of one comparison, as a sentence. */
const clash = (results: readonly RunResult[]): string | undefined => {
  const pairs = results.flatMap((a) =>
    [...results.slice(0, 1), ...of(results, a.identity.model).slice(0, 1)].map((b) => ({ a, b, why: unlike(a, b) })),
  );
  const name = ({ identity: { model, settings } }: RunResult): string => fileName(model, settings.seed);
  const found = pairs.find(({ why }) => why.length > 0);
  return (
    found &&
    `${name(found.a)} and ${name(found.b)} are not of one comparison (${found.why.join('; ')}). Choose with --models and --seeds, or run the comparison again.`
  );
};

/** Where the ranks of each user begin. */
const startsOf = ({ ranks, starts }: RunOutcome): Int32Array =>
  starts === undefined ? single(ranks.length) : Int32Array.from(starts);

/** The figure of each user, averaged over seeds. */
const perUser = (runs: readonly RunResult[]): Float64Array => {
  const figures = runs.map(({ outcome }) => worths(measure, outcome.ranks, startsOf(outcome)));
  return (figures[0] ?? new Float64Array()).map(
    (_, user) => figures.reduce((sum, run) => sum + (run[user] ?? 0), 0) / figures.length,
  );
};

/** HR and NDCG at cut-offs, from the ranks that results keep. */
const moreOf = (runs: readonly RunResult[], cutoffs: readonly number[]): NonNullable<ComparisonRow['more']> =>
  Object.fromEntries(
    cutoffs.flatMap((cutoff) =>
      (['HR', 'NDCG'] as const).map((name) => [
        `${name}@${cutoff}`,
        spread(runs.map(({ outcome }) => meanOf(worthsOf(ranked[name](cutoff), outcome.ranks, startsOf(outcome))))),
      ]),
    ),
  );

const rowOf = (runs: readonly RunResult[], model: string, cutoffs: readonly number[]): ComparisonRow => ({
  model,
  parameters: runs[0]?.outcome.parameters ?? 0,
  seeds: runs.map(({ identity }) => identity.settings.seed),
  epochs: spread(runs.map(({ outcome }) => outcome.epochs)),
  metrics: Object.fromEntries(
    measureNames.map((name) => [name, spread(runs.map(({ outcome }) => outcome.test[name]))]),
  ) as ComparisonRow['metrics'],
  ...(cutoffs.length === 0 ? {} : { more: moreOf(runs, cutoffs) }),
});

/** Hyperparameters that all models have, and not all alike. */
const differing = (results: readonly RunResult[]): Comparison['differing'] => {
  const firsts = modelsOf(results).flatMap((model) => of(results, model).slice(0, 1));
  const names = Object.keys(firsts[0]?.outcome.hyper ?? {}).filter((name) =>
    firsts.every(({ outcome }) => name in outcome.hyper),
  );
  const varied = names.filter((name) => new Set(firsts.map(({ outcome }) => outcome.hyper[name])).size > 1);
  return Object.fromEntries(
    varied.map((name) => [
      name,
      Object.fromEntries(firsts.map(({ identity, outcome }) => [identity.model, outcome.hyper[name] ?? ''])),
    ]),
  );
};

/** Unless baselines are named: all that are not PCRec or made of it. */
const usually = (model: string): boolean => !model.startsWith('pcrec');

/** The other rows against the best of `against`, user by user. */
const judged = (
  results: readonly RunResult[],
  rows: readonly ComparisonRow[],
  against: readonly ComparisonRow[],
): Pick<Comparison, 'baseline' | 'verdicts'> => {
  const baseline = against.reduce<ComparisonRow | null>(
    (top, row) => (top === null || row.metrics[measure].mean > top.metrics[measure].mean ? row : top),
    null,
  );
  if (baseline === null) return { baseline, verdicts: [] };
  const reference = perUser(of(results, baseline.model));
  const tests = rows
    .filter((row) => !against.includes(row))
    .flatMap(({ model }) => {
      const test = pairedTest(perUser(of(results, model)).map((figure, user) => figure - (reference[user] ?? 0)));
      return test === undefined ? [] : [{ model, ...test }];
    });
  const adjusted = holm(tests.map(({ p }) => p));
  return { baseline: baseline.model, verdicts: tests.map((test, i) => ({ ...test, adjusted: adjusted[i] ?? 1 })) };
};

/** A label among those of the models. Left: one that is not, in a sentence. */
export const amongModels = (
  baselines: readonly string[] | null,
  models: readonly string[],
): E.Either<string, readonly string[] | null> => {
  const stranger = baselines?.find((name) => !models.includes(name));
  return stranger === undefined
    ? E.right(baselines)
    : E.left(`--baselines names ${stranger}, and the models are ${models.join(', ')}.${meant(stranger, models)}`);
};

/**
 * Compares what was run. Left: no results, results of different comparisons, or a baseline that is not among them.
 *
 * The significance is of the differences per user, each user's figure averaged over the seeds, against the baseline with the
 * best mean. It is over users: how much a figure varies with the seed is told by its deviation.
 */
export const comparisonOf = (
  given: readonly RunResult[],
  order: readonly string[],
  baselines: readonly string[] | null,
  cutoffs: readonly number[] = [],
): E.Either<string, Comparison> => {
  // One order of models and seeds, whatever the order in which runs were finished: sums come out to the last bit the same.
  const results = order.flatMap((model) =>
    [...of(given, model)].sort((a, b) => a.identity.settings.seed - b.identity.settings.seed),
  );
  const [first] = results;
  if (first === undefined) return E.left('There is no result to report.');
  const why = clash(results);
  if (why !== undefined) return E.left(why);
  const known = amongModels(baselines, order);
  if (E.isLeft(known)) return known;

  const rows = modelsOf(results).map((model) => rowOf(of(results, model), model, cutoffs));
  const against = rows.filter(({ model }) => (baselines === null ? usually(model) : baselines.includes(model)));
  const { seed: _, ...settings } = first.identity.settings;
  return E.right({
    format,
    data: first.outcome.data,
    settings,
    ...(first.outcome.split === undefined ? {} : { split: first.outcome.split }),
    users: startsOf(first.outcome).length - 1,
    rows,
    popularity: first.outcome.popularity,
    differing: differing(results),
    ...judged(results, rows, against),
  });
};
