/**
 * The training loop. Step k depends on the seed and k only, and every checkpoint holds all that decides what follows, so a
 * run that was killed anywhere and resumed ends in the same bytes as one that was not.
 *
 * The loops are imperative because states live on a device and advance in place; each iteration maps one `Progress` to the next.
 */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { save, unfit } from './checkpoint.js';
import { explain } from './diagnosis.js';
import { call, output, scalars } from './entries.js';
import { evaluate } from './evaluation.js';
import type { Part } from './events.js';
import type { Inputs, Job } from './job.js';
import { metrics } from './metrics.js';
import type { Protocol } from './contract/settings.js';
import { best, closed, ending, type Epoch, type Progress, stepped } from './progress.js';
import { labelled } from './telling.js';
import { plural } from './contract/words.js';

/** What epochs are judged by. */
export const judgedOn: Readonly<Record<Protocol, Part>> = { standard: 'validation', hstu: 'test' };

export const fileOf = (out: string, name: 'last' | 'best'): string => join(out, `${name}.safetensors`);

export interface Fit {
  readonly progress: Progress;
  readonly interrupted: boolean;
}

/** One optimizer step: its loss and the rows whose solve failed. */
const step = async (
  job: Job,
  inputs: Inputs,
  number: number,
): Promise<E.Either<string, { readonly loss: number; readonly unconverged: number }>> =>
  pipe(
    await call(job, 'train', { ...inputs, ...scalars(job, number) }, { seed: job.settings.seed, step: number })(),
    E.chain((outputs) =>
      pipe(
        output(outputs, 'train', 'loss'),
        E.map((loss) => ({ loss: loss[0] ?? Number.NaN, unconverged: outputs['unconverged']?.[0] ?? 0 })),
      ),
    ),
  );

/** Saves the states and where the run stands. States that are not finite are never written: they are explained instead. */
const persist = async (job: Job, name: 'last' | 'best', progress: Progress): Promise<E.Either<string, void>> => {
  const states = await TE.tryCatch(
    () => job.session.read(),
    (error) => `The states could not be read from ${job.session.backend}: ${String(error)}.`,
  )();
  if (E.isLeft(states)) return states;
  if (unfit(states.right) !== undefined) return E.left(await explain(job, fileOf(job.out, 'last'), progress.step + 1));
  const { manifest, data, settings, items, titles } = job;
  const checkpoint = {
    model: manifest.model,
    manifest: manifest.hash,
    data,
    settings,
    progress,
    items,
    titles,
    ...(job.feed.features.lexicon === undefined ? {} : { features: job.feed.features.lexicon }),
    states: states.right,
  };
  return save(fileOf(job.out, name), manifest, checkpoint)();
};

/** Trains until the epoch's batches end or the run is aborted, saving now and then. */
const trainEpoch = async (job: Job, start: Progress): Promise<E.Either<string, Progress>> => {
  const began = job.now();
  let progress = start;
  let saved = { step: start.step, at: began };
  for (const inputs of job.feed.training(start.epoch, start.batch)) {
    if (job.signal.aborted) break;
    const done = await step(job, inputs, progress.step + 1);
    if (E.isLeft(done))
      return E.left(
        `${done.left} The last good checkpoint is ${fileOf(job.out, 'last')}; the same command with --resume goes on from it.`,
      );
    if (!Number.isFinite(done.right.loss))
      return E.left(await explain(job, fileOf(job.out, 'last'), progress.step + 1));
    progress = stepped(progress, done.right.loss, done.right.unconverged);
    const now = job.now();
    job.listen({
      kind: 'step',
      step: progress.step,
      epoch: progress.epoch + 1,
      batch: progress.batch,
      batches: job.feed.batches,
      loss: done.right.loss,
      stepsPerSecond: (1000 * (progress.step - start.step)) / Math.max(now - began, 1),
    });
    if (progress.step - saved.step >= job.saveEvery.steps || now - saved.at >= 1000 * job.saveEvery.seconds) {
      const kept = await persist(job, 'last', progress);
      if (E.isLeft(kept)) return kept;
      saved = { step: progress.step, at: job.now() };
    }
  }
  return E.right(progress);
};

/**
 * What an epoch is judged by: ranks, or how well labels are told, of a model that predicts one; nothing where nothing is held out.
 * Undefined if the run was aborted meanwhile.
 */
const judged = async (
  job: Job,
  part: Part,
): Promise<E.Either<string, Pick<Epoch, 'metrics' | 'label'> | undefined>> => {
  if (job.settings.trainOn !== undefined) return E.right({ metrics: null });
  if (job.manifest.label === undefined) {
    const { starts } = job.feed.split.held[part];
    return pipe(
      await evaluate(job, part),
      E.map((ranks) => ranks && { metrics: metrics(ranks, starts) }),
    );
  }
  return pipe(
    await labelled(job, part)(),
    E.map((label) => label && { metrics: null, label: label.model }),
  );
};

/** One epoch and its evaluation. The progress comes back unclosed when the run was aborted before the evaluation ended. */
const epoch = async (job: Job, start: Progress): Promise<E.Either<string, Progress>> => {
  const began = job.now();
  const part = judgedOn[job.settings.protocol];
  const trained = await trainEpoch(job, start);
  if (E.isLeft(trained) || job.signal.aborted) return trained;
  const told = await judged(job, part);
  if (E.isLeft(told)) return told;
  if (told.right === undefined) return trained;

  const progress = closed(trained.right, told.right.metrics, told.right.label);
  const last = progress.history.at(-1);
  const isBest = best(progress) === last;
  // The best goes to disk before the last: a kill in between repeats the epoch and writes the same best again.
  const keptBest = isBest ? await persist(job, 'best', progress) : E.right(undefined);
  if (E.isLeft(keptBest)) return keptBest;
  if (last !== undefined && last.unconverged > 0 && start.history.every(({ unconverged }) => unconverged === 0))
    job.listen({
      kind: 'warning',
      message: `${plural(last.unconverged, 'implicit solve')} of epoch ${last.epoch} did not converge, so their rows' gradients are not exact: allow the model's solver more steps, or a lower rate. Later epochs show their own count.`,
    });
  if (last !== undefined)
    job.listen({ kind: 'epoch', ...last, part, best: isBest, seconds: (job.now() - began) / 1000 });
  const kept = await persist(job, 'last', progress);
  return E.isLeft(kept) ? kept : E.right(progress);
};

/**
 * Trains from `start`, whose states the session already holds, until the epochs or the patience end, or the signal aborts.
 * Left: one paragraph saying what failed, where, and what is left on disk.
 */
export const fit = async (job: Job, start: Progress): Promise<E.Either<string, Fit>> => {
  // A checkpoint before the first step: the folder is proven writable, and there always is a good state to return to.
  const kept = await persist(job, 'last', start);
  if (E.isLeft(kept)) return kept;
  let progress = start;
  while (ending(job.settings, progress) === undefined) {
    const next = await epoch(job, progress);
    if (E.isLeft(next)) return next;
    const open = next.right.epoch === progress.epoch;
    progress = next.right;
    if (open || job.signal.aborted) {
      const parted = await persist(job, 'last', progress);
      if (E.isLeft(parted)) return parted;
      job.listen({ kind: 'interrupted', step: progress.step, checkpoint: fileOf(job.out, 'last') });
      return E.right({ progress, interrupted: true });
    }
  }
  return E.right({ progress, interrupted: false });
};
