/** A comparison from its plan to its tables: everything that can go wrong for a user is a Left. */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { load, readingSays } from '../data/index.js';
import { folderAt } from '../files.js';
import { partsOf } from '../parts.js';
import { writePage } from '../report/write.js';
import { type Comparison, comparisonOf, modelsOf } from './comparison.js';
import { compiled, type Contestant } from './contestant.js';
import type { CompareListener } from './events.js';
import { again, bucketFigures, comparisonPage, curvesOf } from './page.js';
import { type CompareOptions, type Plan, planOf, type ReportPlan, reportPlanOf } from './plan.js';
import type { RunResult } from './result.js';
import { type Material, type RunFailure, performAll, survey } from './runs.js';
import { comparisonFile, found, read, write } from './store.js';

/** What a comparison came to. */
export interface CompareResult {
  /** Interrupted comparisons have no tables: call again, and what is finished is not done twice. */
  readonly interrupted: boolean;
  /** The tables, which are also in `comparison.json`; null where interrupted, and where no run came to its end. */
  readonly comparison: Comparison | null;
  /** The finished runs, which are also in the files `<model>.<seed>.json`. */
  readonly results: readonly RunResult[];
  /** The runs that failed, which the tables lack. */
  readonly failures: readonly RunFailure[];
}

/** Who may end a comparison, and who hears of it. */
export interface Audience {
  readonly signal: AbortSignal;
  readonly listen: CompareListener;
}

type Finished = Promise<E.Either<string, CompareResult>>;

/** Reads what is there. */
const reported = async (plan: ReportPlan): Finished => {
  const all = await found(plan.out);
  const there = all.filter(
    ({ model, seed }) => (plan.models?.includes(model) ?? true) && (plan.seeds?.includes(seed) ?? true),
  );
  if (there.length === 0) {
    const others = all.map(({ model, seed }) => `${model} seed ${seed}`).join(', ');
    return E.left(
      `There is no result of these models and seeds in ${plan.out}${others === '' ? '' : `: there are ${others}`}.`,
    );
  }
  const results: RunResult[] = [];
  for (const { model, seed } of there) {
    const result = await read(plan.out, model, seed)();
    if (E.isLeft(result)) return result;
    if (result.right !== undefined) results.push(result.right);
  }
  return pipe(
    comparisonOf(results, plan.models ?? modelsOf(results), plan.baselines, plan.cutoffs),
    E.map((comparison) => ({ interrupted: false, comparison, results, failures: [] })),
  );
};

/** Compiles all models. Right: undefined where the signal came first. */
const compiledAll = async (
  plan: Plan,
  { signal, listen }: Audience,
): Promise<E.Either<string, readonly Contestant[] | undefined>> => {
  const contestants: Contestant[] = [];
  for (const model of plan.models) {
    const contestant = await compiled(plan, model, signal, listen);
    if (E.isLeft(contestant)) return contestant;
    if (contestant.right === undefined || signal.aborted) return E.right(undefined);
    contestants.push(contestant.right);
  }
  return E.right(contestants);
};

/** The data of a plan, and what of them is held out. Left: as for a trainer. */
const materialOf = (
  { source: { data, ...options }, split, training }: Plan,
  listen: CompareListener,
): TaskEither<string, Material> =>
  pipe(
    () => load(data, options),
    TE.bindTo('data'),
    TE.bind('parts', ({ data: read }) =>
      partsOf(read, { hash: read.hash, source: data, format: null, titles: null }, training, split),
    ),
    TE.map(({ data: read, parts: { identity, says, split: parts } }) => {
      const [reading, warnings] = [[...readingSays(read), ...says], read.reading?.warns ?? []];
      if (reading.length + warnings.length > 0) listen({ kind: 'data', reading, warnings });
      return {
        data: read,
        parts,
        ...(identity.split === undefined
          ? {}
          : { split: { ...identity.split, says: says[0] ?? '', starts: parts.held.test.starts } }),
      };
    }),
  );

/** Trains what is not trained yet, and compares. */
const trained = async (plan: Plan, audience: Audience): Finished => {
  const { signal, listen } = audience;
  const interrupted = (
    results: readonly RunResult[],
    failures: readonly RunFailure[],
  ): E.Either<string, CompareResult> => {
    listen({ kind: 'interrupted', finished: results.length, runs: plan.models.length * plan.seeds.length });
    return E.right({ interrupted: true, comparison: null, results, failures });
  };
  const material = await materialOf(plan, listen)();
  if (E.isLeft(material)) return material;
  // Before anything that takes long: a folder that cannot be made is told now.
  const folder = await folderAt(join(plan.out, 'models'))();
  if (E.isLeft(folder)) return folder;
  const contestants = await compiledAll(plan, audience);
  if (E.isLeft(contestants)) return contestants;
  if (contestants.right === undefined) return interrupted([], []);
  const runs = await survey(plan, contestants.right, material.right);
  if (E.isLeft(runs)) return runs;
  const { results, failures, ...ended } = await performAll(plan, material.right, runs.right, signal, listen);
  if (ended.interrupted) return interrupted(results, failures);
  if (results.length === 0) return E.right({ interrupted: false, comparison: null, results, failures });
  const comparison = comparisonOf(
    results,
    plan.models.map(({ label }) => label),
    plan.baselines,
    plan.cutoffs,
  );
  if (E.isLeft(comparison)) return comparison;
  const kept = await write(comparisonFile(plan.out), comparison.right)();
  const { parts } = material.right;
  const page = await writePage(plan.out, async (drawn) =>
    comparisonPage(
      comparison.right,
      results,
      await curvesOf(plan.out, results),
      bucketFigures(parts, results),
      again(plan),
      drawn,
    ),
  );
  // The figures are kept, and worth no less.
  if (E.isLeft(page)) listen({ kind: 'data', reading: [], warnings: [page.left] });
  return E.map(() => ({ interrupted: false, comparison: comparison.right, results, failures }))(kept);
};

/** A comparison that can be had, before anything runs. Left: options that make no sense, in a sentence. */
export const prepared = (
  options: CompareOptions,
): E.Either<string, (audience: Audience) => TaskEither<string, CompareResult>> =>
  options.report === true
    ? pipe(
        reportPlanOf(options),
        E.map((plan) => () => () => reported(plan)),
      )
    : pipe(
        planOf(options),
        E.map((plan) => (audience) => () => trained(plan, audience)),
      );

/**
 * Compares models on one data set: each is compiled, and trained once a seed with the same loss, optimizer and evaluation; their
 * measures are averaged over seeds, and the differences to the best baseline tested over users (a paired t-test on each user's
 * NDCG@10, with Holm's correction). What `pcrec-compare` does, with its options in camel case.
 *
 * Finished runs are kept in `out` and never done twice, and an unfinished one goes on from its checkpoint: after an interruption,
 * or with one more model or seed, the same call does what is missing. A run that fails is among the `failures`, and the others go
 * on; for all that fails as a whole (no data, a model that does not compile) the promise is rejected with an `Error` that says what
 * to do.
 *
 * ```ts
 * const { comparison } = await compare({ models: ['hstu', './mine.ts'], data: 'ml-1m/ratings.dat', seeds: [1, 2], out: 'results' });
 * ```
 */
export const compare = async (options: CompareOptions): Promise<CompareResult> => {
  const task = prepared(options);
  if (E.isLeft(task)) throw new Error(task.left);
  const result = await task.right({
    signal: options.signal ?? new AbortController().signal,
    listen: options.listen ?? (() => undefined),
  })();
  if (E.isLeft(result)) throw new Error(result.left);
  return result.right;
};
