// @ts-check
/** The runs of a comparison: which are done, and doing the others one by one with the models' own trainers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { differences, epochSeconds, fileName, format, read, runFolder, setAside, write } from './results.mjs';

/**
 * @import { Either } from 'fp-ts/lib/Either.js'
 * @import { Event } from 'pcrec/runtime'
 * @import { progress } from './progress.mjs'
 * @import { Contestant, Identity, Plan, Result } from './types.ts'
 */

/** A run, and its result where it is done. @typedef {{ readonly contestant: Contestant, readonly identity: Identity, readonly done: Result | undefined, readonly stale: readonly string[] }} Run */
/** @typedef {ReturnType<typeof progress>} Voice */

/**
 * All runs, seed by seed, so that an unfinished comparison compares like with like. A result of another identity does not
 * count; `stale` says why. Left: a file that should be a result and is none.
 *
 * @type {(plan: Plan, contestants: readonly Contestant[], data: string) => Promise<Either<string, readonly Run[]>>}
 */
export const survey = async ({ seeds, out }, contestants, data) => {
  /** @type {Run[]} */
  const runs = [];
  for (const seed of seeds) {
    for (const contestant of contestants) {
      const { label: model, manifest } = contestant;
      const identity = { model, manifest, data, settings: contestant.settings(seed) };
      const kept = await read(out, model, seed);
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
 *
 * @type {(plan: Plan, run: Run, listen: (event: Event) => void, signal: AbortSignal) => Promise<Either<string, Result | undefined>>}
 */
const perform = async ({ out, source, device }, { contestant, identity }, listen, signal) => {
  const folder = runFolder(out, identity);
  /** @type {Extract<Event, { kind: 'start' }> | undefined} */
  let start;
  const { patience, ...settings } = identity.settings;
  const trained = await contestant.train({
    ...source, ...device, ...settings, patience: patience ?? undefined, out: folder, resume: existsSync(join(folder, 'last.safetensors')), signal,
    listen: (event) => {
      if (event.kind === 'start') start = event;
      listen(event);
    },
  }).then(E.right, (/** @type {unknown} */ error) => E.left(error instanceof Error ? error.message : String(error)));
  if (E.isLeft(trained)) return trained;
  const { test, ranks, history, backend } = trained.right;
  const chosen = history.find(({ epoch }) => epoch === test?.epoch);
  if (test === null || ranks === null || chosen === undefined || start === undefined) return E.right(undefined);
  /** @type {Result} */
  const result = {
    format, identity,
    outcome: {
      data: start.statistics, hyper: contestant.hyper, parameters: start.parameters, epochs: history.length, best: test.epoch, chosen: chosen.metrics,
      test: test.model, popularity: test.popularity, ranks: [...ranks],
    },
    measured: { backend, seconds: await epochSeconds(folder) },
  };
  const kept = await write(join(out, fileName(identity.model, identity.settings.seed)), result)();
  return E.isLeft(kept) ? kept : E.right(result);
};

/**
 * Does what is not done. A run that fails is told of, and the others go on. `results` are in the order of `runs`.
 *
 * @type {(plan: Plan, runs: readonly Run[], voice: Voice, signal: AbortSignal) => Promise<{ readonly results: readonly Result[], readonly failed: number, readonly interrupted: boolean }>}
 */
export const performAll = async (plan, runs, voice, signal) => {
  /** @type {Result[]} */
  const results = runs.flatMap(({ done }) => done ?? []);
  let failed = 0;
  if (results.length > 0) voice.say(`${results.length} of ${runs.length} runs are finished already, in ${plan.out}.`);
  for (const [i, run] of runs.entries()) {
    const { identity: { model, settings: { seed } }, stale } = run;
    if (run.done !== undefined) continue;
    if (stale.length > 0) {
      voice.warn(`${join(plan.out, fileName(model, seed))} belongs to another comparison (${stale.join('; ')}); it is in ${join(plan.out, 'previous')} now, and that run is done again.`);
      await setAside(plan.out, model, seed);
    }
    const past = results.map(({ identity, outcome, measured: { seconds } }) => ({ model: identity.model, epochs: outcome.epochs, seconds: seconds.length === 0 ? null : seconds.reduce((a, b) => a + b, 0) / seconds.length }));
    const future = runs.slice(i + 1).filter(({ done }) => done === undefined).map(({ identity }) => identity.model);
    const standing = { number: i + 1, of: runs.length, model, seed, past, future, epochs: run.identity.settings.epochs };
    const result = await perform(plan, run, voice.follow(standing), signal);
    voice.end();
    if (E.isLeft(result)) {
      failed++;
      voice.fail(`${model} with seed ${seed}: ${result.left}`);
    } else if (result.right === undefined) return { results, failed, interrupted: true };
    else {
      results.push(result.right);
      voice.finished(standing, result.right);
    }
    if (signal.aborted) return { results, failed, interrupted: true };
  }
  return { results, failed, interrupted: false };
};
