/** What a training step takes, kernel by kernel. */
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { KernelTime } from './contract/session.js';
import { scalars, timed } from './entries.js';
import type { Job } from './job.js';

/** Of several steps the least that each kernel took, longest first. */
export const least = (steps: readonly (readonly KernelTime[])[]): readonly KernelTime[] => {
  const found = new Map<string, KernelTime>();
  for (const kernel of steps.flat()) {
    const known = found.get(kernel.name);
    if (known === undefined || kernel.ms < known.ms) found.set(kernel.name, kernel);
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms);
};

/** Milliseconds that measuring may take, about; the first step warms the code up, and counts where it alone takes as long. */
const ENOUGH = 1000;
const STEPS = 4;

/**
 * Times steps on the first batch; none where the device cannot. The states on the device are not those of the run any more: it is
 * for when they are kept.
 */
export const stepTimes = async (
  job: Pick<Job, 'manifest' | 'session' | 'feed' | 'settings' | 'signal'>,
): Promise<readonly KernelTime[]> => {
  if (job.session.profile === undefined) return [];
  const { settings } = job;
  const steps: (readonly KernelTime[])[] = [];
  let spent = 0;
  for (const inputs of job.feed.training(0, 0)) {
    while (steps.length < STEPS && spent < ENOUGH && !job.signal.aborted) {
      const step = await pipe(
        timed(job, 'train', { ...inputs, ...scalars(job, 1) }, { seed: settings.seed, step: 1 }),
        TE.getOrElse((): (() => Promise<readonly KernelTime[]>) => async () => []),
      )();
      if (step.length === 0) return [];
      spent += step.reduce((sum, { ms }) => sum + ms, 0);
      steps.push(step);
    }
    break;
  }
  return least(steps);
};
