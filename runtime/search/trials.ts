/** One trial: its model compiled, and trained as far as it got. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { openTrainer, targetFor } from '../compare/compiler.js';
import { pcrecCompile } from '../compiler.js';
import { samplePath } from '../data/index.js';
import { messageOf } from '../errors.js';
import { loadOptionsOf } from '../taken.js';
import { merit } from '../progress.js';
import type { TrainResult } from '../run.js';
import { fileOf } from '../train.js';
import type { SearchListener } from './events.js';
import { hyperOf, interrupted, type Plan } from './plan.js';
import { type Step, trialFolder } from './store.js';

/** Who may end a search, and who hears of it. */
export interface Audience {
  readonly signal: AbortSignal;
  readonly listen: SearchListener;
}

/** The folder of a trial's trainer: with other kernels it is another. */
export const modelFolder = ({ out, options }: Pick<Plan, 'out' | 'options'>, trial: number): string => {
  const target = targetFor(options.device);
  return join(trialFolder(out, trial), target === 'all' ? 'model' : `model-${target}`);
};

/** Compiles a trial's model. Left: the compiler's words: this point is no model. */
export const compileTrial = async (
  plan: Plan,
  trial: number,
  signal: AbortSignal,
): Promise<E.Either<string, string>> => {
  const into = modelFolder(plan, trial);
  const set = Object.entries(hyperOf(plan, plan.points[trial]!)).flatMap(([name, value]) => [
    '--set',
    `${name}=${value}`,
  ]);
  const ended = await pcrecCompile(
    [plan.file, '--out', into, '--target', targetFor(plan.options.device), ...set],
    signal,
  );
  if (E.isLeft(ended)) return ended;
  if (ended.right === undefined) return E.left(interrupted);
  return ended.right.code === 0 ? E.right(into) : E.left(ended.right.err);
};

/** Trains a trial up to a rung's epochs, from where it stands; `test`: and tests it. Left: why it failed. */
export const trainTrial = async (
  { options, settings, out }: Plan,
  into: string,
  {
    trial,
    epochs,
    rung,
    test,
  }: { readonly trial: number; readonly epochs: number; readonly rung: number; readonly test: boolean },
  { signal, listen }: Audience,
): Promise<E.Either<string, TrainResult>> => {
  const opened = await openTrainer(into);
  if (E.isLeft(opened)) return E.left(`the trainer in ${opened.left}`);
  const run = join(trialFolder(out, trial), 'run');
  const { seed, batch, patience } = settings;
  return opened.right
    .train({
      data: options.data ?? samplePath,
      ...loadOptionsOf(options),
      cache: options.cache,
      device: options.device,
      threads: options.threads,
      split: options.split,
      seed,
      batch,
      patience: patience ?? undefined,
      epochs,
      out: run,
      resume: existsSync(fileOf(run, 'last')),
      test,
      signal,
      listen: (event) => listen({ kind: 'run', trial, rung, event }),
    })
    .then(E.right, (error: unknown) => E.left(messageOf(error)));
};

/** What a trial came to, from its epochs. */
export const cameTo = ({ history }: TrainResult): Pick<Step, 'value' | 'epochs' | 'best'> => {
  const best = history.reduce((top, epoch) => (merit(epoch) > merit(top) ? epoch : top));
  return { value: merit(best), epochs: history.length, best: best.epoch };
};
