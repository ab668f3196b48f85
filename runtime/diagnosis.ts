/**
 * Why a loss stopped being finite. Once it has, the states are already spoilt; so the run goes back to the last good
 * checkpoint, retraces its steps (they are a function of the seed) and looks at every tensor of the step that spoilt them.
 */
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { restore } from './checkpoint.js';
import { call, firstNonFinite, scalars } from './entries.js';
import type { Inputs, Job } from './job.js';
import type { Progress } from './progress.js';
import { plural } from './contract/words.js';

interface Numbered {
  readonly step: number;
  readonly epoch: number;
  readonly inputs: Inputs;
}

/** All optimizer steps after a point of a run, without end. */
function* stepsFrom(job: Job, { step, epoch, batch }: Progress): Generator<Numbered> {
  let number = step;
  for (let e = epoch; ; e++) {
    for (const inputs of job.feed.training(e, e === epoch ? batch : 0)) {
      number++;
      yield { step: number, epoch: e + 1, inputs: { ...inputs, ...scalars(job, number) } };
    }
  }
}

/** The first non-finite tensor at or just before `failed`, in words. */
const retrace = async (job: Job, from: Progress, failed: number): Promise<E.Either<string, string>> => {
  for (const { step, epoch, inputs } of stepsFrom(job, from)) {
    const random = { seed: job.settings.seed, step };
    // The step before is looked at too: it may have had a finite loss and an infinite gradient.
    if (step >= failed - 1) {
      const states = await job.session.read();
      const bad = await firstNonFinite(job, 'train', inputs, random)();
      if (E.isLeft(bad)) return bad;
      if (bad.right !== undefined)
        return E.right(
          `The first tensor that is not finite is \`${bad.right.name}\` at step ${step} (epoch ${epoch}): element ${bad.right.at} is ${bad.right.value}.`,
        );
      // Whether a device's inspection advances the states is its own affair; here it must not.
      await job.session.write(states);
    }
    if (step >= failed)
      return E.right(
        'The tensors of that step were finite when it was run again: the device does not compute the same twice.',
      );
    const done = await call(job, 'train', inputs, random)();
    if (E.isLeft(done)) return done;
  }
  return E.left('the epoch has no batches');
};

/** One paragraph on the step `failed`, whose loss or whose states' update was not finite. Never fails itself. */
export const explain = async (job: Job, checkpoint: string, failed: number): Promise<string> => {
  const what = `The training diverged: the loss or the states stopped being finite at step ${failed}.`;
  const good = await restore(checkpoint, job.manifest)();
  if (E.isLeft(good)) return `${what} There is no good checkpoint to look back from.`;
  const { progress, states } = good.right;
  job.listen({
    kind: 'warning',
    message: `${what} Retracing ${plural(failed - progress.step, 'step')} to find the first tensor that is not finite.`,
  });
  const cause = await pipe(
    TE.tryCatch(() => job.session.write(states).then(() => retrace(job, progress, failed)), String),
    TE.chain(TE.fromEither),
    TE.getOrElse((why) => async () => `The cause could not be traced (${why}).`),
  )();
  return `${what} ${cause} The last good checkpoint, of step ${progress.step}, is ${checkpoint}. Try a lower learning rate, or another --seed.`;
};
