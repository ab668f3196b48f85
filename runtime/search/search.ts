/** A search: points of a space, compiled and trained as successive halving says, each kept as soon as it is known. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { CompiledModel } from '../contract/compiled.js';
import { load, samplePath } from '../data/index.js';
import { folderAt, writeAtomically } from '../files.js';
import { loadOptionsOf } from '../taken.js';
import type { SearchOptions } from '../options.js';
import { alone } from '../alone.js';
import { partsOf } from '../parts.js';
import { compiling } from '../report/provenance.js';
import { writePage } from '../report/write.js';
import type { Searched, SearchListener, SearchResult, Trial } from './events.js';
import { ordered, standing } from './halving.js';
import { defaultTrials, type Halt, hyperOf, interrupted, type Plan, planned } from './plan.js';
import { begun, keep, type Search, type Step } from './store.js';
import { searchCsv, searchPage } from './tables.js';
import { type Audience, cameTo, compileTrial, modelFolder, trainTrial } from './trials.js';

/** Does one trial on one rung. Left: the search cannot go on. */
const attempt = async (
  plan: Plan,
  search: Search,
  rung: number,
  trial: number,
  audience: Audience,
): Promise<E.Either<Halt, Search>> => {
  const { signal, listen } = audience;
  const point = plan.points[trial]!;
  const into = modelFolder(plan, trial);
  // What a killed compiler left may be half a model; what was trained once is whole.
  const known = rung > 0 && existsSync(join(into, 'trainer.js'));
  if (!known) listen({ kind: 'compiling', trial, point });
  const compiled = known ? E.right(into) : await compileTrial(plan, trial, signal);
  if (signal.aborted) return E.left(interrupted);
  const trained = E.isLeft(compiled)
    ? compiled
    : await trainTrial(plan, into, { trial, rung, epochs: plan.rungs[rung]!.epochs, test: false }, audience);
  if (signal.aborted) return E.left(interrupted);
  const step: Step = {
    rung,
    trial,
    ...(E.isRight(trained) ? cameTo(trained.right) : { value: null, epochs: 0, best: 0, why: trained.left }),
  };
  const next = { ...search, steps: [...search.steps, step] };
  const kept = await keep(plan.out, next)();
  if (E.isLeft(kept)) return kept;
  listen({ kind: 'trial', ...step, point });
  return E.right(next);
};

/** Tests the best trial, once. */
const tested = async (
  plan: Plan,
  search: Search,
  trial: number,
  audience: Audience,
): Promise<E.Either<Halt, Search>> => {
  if (search.test?.trial === trial) return E.right(search);
  const [rung, epochs] = [plan.rungs.length - 1, plan.rungs.at(-1)!.epochs];
  const into = modelFolder(plan, trial);
  const done = await trainTrial(plan, into, { trial, rung, epochs, test: true }, audience);
  if (E.isLeft(done)) return done;
  const { test } = done.right;
  if (test === null) return E.left(interrupted);
  const next = { ...search, test: { trial, metrics: Number.isNaN(test.model.MRR) ? null : test.model } };
  const kept = await keep(plan.out, next)();
  return E.map(() => next)(kept);
};

/** Each trial at the last rung that it reached, the best first. */
const ranking = ({ points, rungs }: Plan, { steps }: Search): readonly Trial[] => {
  const last = rungs.map((_, rung) => ordered(steps.filter((step) => step.rung === rung))).reverse();
  const seen = new Set<number>();
  return last.flat().flatMap((step) => {
    if (seen.has(step.trial)) return [];
    seen.add(step.trial);
    return [{ ...step, point: points[step.trial]! }];
  });
};

/** All rungs, and the test. */
const climb = async (plan: Plan, beginning: Search, audience: Audience): Promise<E.Either<Halt, Search>> => {
  let search = beginning;
  for (const [rung, of] of plan.rungs.entries()) {
    const scores = search.steps.filter((step) => step.rung === rung - 1);
    const all = rung === 0 ? [...plan.points.keys()] : standing(of, scores);
    for (const trial of all) {
      if (search.steps.some((step) => step.rung === rung && step.trial === trial)) continue;
      if (audience.signal.aborted) return E.left(interrupted);
      const next = await attempt(plan, search, rung, trial, audience);
      if (E.isLeft(next)) return next;
      search = next.right;
    }
    if (search.steps.every((step) => step.rung !== rung || step.value === null))
      return E.left(
        `All trials failed${rung === 0 ? '' : ' that had got so far'}. The first: ${search.steps.find((step) => step.rung === rung)?.why ?? 'unknown'}`,
      );
  }
  return tested(plan, search, ranking(plan, search)[0]!.trial, audience);
};

/** What a search came to. */
const resultOf = (plan: Plan, search: Search): SearchResult => {
  const { base, rungs, space, out, file } = plan;
  const trials = ranking(plan, search);
  return {
    model: base.model,
    out,
    measure: base.label === undefined ? 'NDCG@10' : 'AUC',
    rungs,
    space,
    trials,
    steps: search.steps,
    test: search.test?.metrics ?? null,
    command: compiling({ source: relative('', file), hyper: hyperOf(plan, trials[0]!.point) }),
    hash: search.identity.data,
  };
};

/** Keeps the table and the page. What is wrong with them is a warning: the search itself is kept. */
const kept = async (found: SearchResult, listen: SearchListener): Promise<void> => {
  const written = [
    await writeAtomically(join(found.out, 'trials.csv'), [Buffer.from(searchCsv(found))])(),
    await writePage(found.out, async (drawn) => searchPage(found, drawn)),
  ];
  written.forEach((one) => E.isLeft(one) && listen({ kind: 'warning', message: one.left }));
};

/**
 * Searches, from where a search in the same folder stands. Left: what cannot be done, in a sentence. A trial that fails is no failure of the
 * search: it goes no further.
 */
export const search =
  (compiled: CompiledModel) =>
  (options: SearchOptions): TaskEither<string, Searched> =>
  async () => {
    const { listen = () => undefined, signal = new AbortController().signal } = options;
    const audience: Audience = { listen, signal };
    const halted = (why: Halt): E.Either<string, Searched> => {
      if (why !== interrupted && !signal.aborted) return E.left(why);
      listen({ kind: 'interrupted' });
      return E.right({ interrupted: true, found: null });
    };

    const found = await planned(compiled, options, signal);
    if (E.isLeft(found)) return halted(found.left);
    const plan = found.right;
    const { settings, points, rungs, out, base } = plan;
    const { space, trials = defaultTrials, split } = options;
    // Before anything that takes long: data that cannot be read or divided are told now, and not by each trial.
    const source = options.data ?? samplePath;
    const read = await load(source, { ...loadOptionsOf(options), cache: options.cache });
    if (E.isLeft(read)) return read;
    const { hash } = read.right;
    const parts = await partsOf(read.right, { hash, source, format: null, titles: null }, settings, split)();
    if (E.isLeft(parts)) return parts;
    const folder = await folderAt(join(out, 'trials'))();
    if (E.isLeft(folder)) return folder;
    const identity = {
      model: base.model,
      manifest: base.hash,
      space,
      trials,
      settings: { ...settings, split },
      data: hash,
    };
    return alone(out, 'search', async () => {
      const beginning = await begun(out, identity)();
      if (E.isLeft(beginning)) return beginning;
      const done = beginning.right.steps.length;
      listen({ kind: 'searching', points: points.length, wanted: trials, rungs, out, done });
      const ended = await climb(plan, beginning.right, audience);
      if (E.isLeft(ended)) return halted(ended.left);
      const result = resultOf(plan, ended.right);
      await kept(result, listen);
      listen({ kind: 'search', ...result });
      return E.right({ interrupted: false, found: result });
    });
  };
