/** The runs of a comparison: which are done, and doing the others one by one with the models' own trainers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type { Dataset } from '../data/index.js';
import type { Split } from '../data/split.js';
import { messageOf } from '../errors.js';
import type { Event } from '../events.js';
import { fileOf } from '../train.js';
import type { Contestant } from './contestant.js';
import type { CompareListener, Past } from './events.js';
import type { Plan } from './plan.js';
import { differences, format, type RunResult, type RunIdentity } from './result.js';
import { epochSeconds, fileName, read, runFolder, setAside, write } from './store.js';

/** A run, and its result where it is done. */
interface Run {
  readonly contestant: Contestant;
  readonly identity: RunIdentity;
  readonly done: RunResult | undefined;
  /** Why a result that is there does not count. */
  readonly stale: readonly string[];
}

/** What all models are trained and tested on. */
export interface Material {
  readonly data: Dataset;
  /** What of them is held out. */
  readonly parts: Split;
  /** Present where a split was asked for: as it was given, its hash, what it is, and where the ranks of each user begin. */
  readonly split?: {
    readonly given: string;
    readonly hash: string;
    readonly says: string;
    readonly starts: Int32Array;
  };
}

/** A run that failed, and why, in a sentence. */
export interface RunFailure {
  readonly model: string;
  readonly seed: number;
  readonly message: string;
}

export interface Performed {
  readonly results: readonly RunResult[];
  readonly failures: readonly RunFailure[];
  readonly interrupted: boolean;
}

/**
 * All runs, seed by seed, so that an unfinished comparison compares like with like. A result of another identity does not
 * count; `stale` says why. Left: a file that should be a result and is none.
 */
export const survey = async (
  { seeds, out }: Plan,
  contestants: readonly Contestant[],
  { data: { hash }, split }: Material,
): Promise<E.Either<string, readonly Run[]>> => {
  const runs: Run[] = [];
  for (const seed of seeds) {
    for (const contestant of contestants) {
      const { label: model, manifest } = contestant;
      const identity = {
        model,
        manifest,
        data: hash,
        ...(split === undefined ? {} : { split: split.hash }),
        settings: contestant.settings(seed),
      };
      const kept = await read(out, model, seed)();
      if (E.isLeft(kept)) return kept;
      const stale = kept.right === undefined ? [] : differences(kept.right.identity, identity);
      runs.push({ contestant, identity, done: stale.length === 0 ? kept.right : undefined, stale });
    }
  }
  return E.right(runs);
};

/**
 * Trains one model with one seed, from its checkpoint if it has one, tests it, and keeps the result. Right: undefined where the
 * signal came first.
 */
const perform = async (
  { out, source, device }: Plan,
  { split }: Material,
  { contestant, identity }: Run,
  signal: AbortSignal,
  listen: (event: Event) => void,
): Promise<E.Either<string, RunResult | undefined>> => {
  const folder = runFolder(out, identity);
  let start: Extract<Event, { kind: 'start' }> | undefined;
  const { patience, ...settings } = identity.settings;
  const trained = await contestant
    .train({
      ...source,
      ...device,
      ...settings,
      split: split?.given,
      patience: patience ?? undefined,
      out: folder,
      resume: existsSync(fileOf(folder, 'last')),
      signal,
      listen: (event) => {
        if (event.kind === 'start') start = event;
        listen(event);
      },
    })
    .then(E.right, (error: unknown) => E.left(messageOf(error)));
  if (E.isLeft(trained)) return trained;
  const { test, ranks, history, backend } = trained.right;
  const chosen = history.find(({ epoch }) => epoch === test?.epoch);
  if (test === null || ranks === null || chosen === undefined || start === undefined) return E.right(undefined);
  const result: RunResult = {
    format,
    identity,
    outcome: {
      data: start.statistics,
      hyper: contestant.hyper,
      parameters: start.parameters,
      epochs: history.length,
      best: test.epoch,
      chosen: chosen.metrics,
      test: test.model,
      popularity: test.popularity,
      ranks: [...ranks],
      ...(split === undefined ? {} : { split: split.says }),
      ...(split === undefined || split.starts.length === ranks.length + 1 ? {} : { starts: [...split.starts] }),
    },
    measured: { backend, seconds: await epochSeconds(folder) },
  };
  return E.map(() => result)(await write(join(out, fileName(identity.model, identity.settings.seed)), result)());
};

const pastOf = ({ identity, outcome, measured: { seconds } }: RunResult): Past => ({
  model: identity.model,
  epochs: outcome.epochs,
  seconds: seconds.length === 0 ? null : seconds.reduce((a, b) => a + b, 0) / seconds.length,
});

/** Does what is not done. A run that fails is told of, and the others go on. */
export const performAll = async (
  plan: Plan,
  material: Material,
  runs: readonly Run[],
  signal: AbortSignal,
  listen: CompareListener,
): Promise<Performed> => {
  const results: RunResult[] = runs.flatMap(({ done }) => done ?? []);
  const failures: RunFailure[] = [];
  listen({
    kind: 'runs',
    out: plan.out,
    runs: runs.map(({ identity: { model, settings }, done }) => ({
      model,
      seed: settings.seed,
      epochs: settings.epochs,
      done: done === undefined ? null : pastOf(done),
    })),
  });
  for (const [i, run] of runs.entries()) {
    if (run.done !== undefined) continue;
    if (signal.aborted) return { results, failures, interrupted: true };
    const {
      identity: {
        model,
        settings: { seed },
      },
      stale,
    } = run;
    const standing = { number: i + 1, model, seed };
    const aside = stale.length === 0 ? E.right(undefined) : await setAside(plan.out, model, seed)();
    if (stale.length > 0 && E.isRight(aside))
      listen({
        kind: 'aside',
        model,
        seed,
        file: join(plan.out, fileName(model, seed)),
        folder: join(plan.out, 'previous'),
        why: stale,
      });
    const result = E.isLeft(aside)
      ? aside
      : await perform(plan, material, run, signal, (event) => listen({ kind: 'run', ...standing, event }));
    if (E.isLeft(result)) {
      failures.push({ model, seed, message: result.left });
      listen({ kind: 'failed', model, seed, message: result.left });
    } else if (result.right === undefined) return { results, failures, interrupted: true };
    else {
      const {
        outcome: { ranks: _, ...outcome },
        measured,
      } = result.right;
      results.push(result.right);
      listen({ kind: 'finished', ...standing, outcome, measured });
    }
  }
  return { results, failures, interrupted: false };
};
