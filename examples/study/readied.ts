/** A cell's model with a checkpoint to test: trained by `compare`, on a share of the users, or begun with what another cell learned. */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { compare } from '../../runtime/compare/compare.js';
import { type Emitted, openTrainer } from '../../runtime/compare/compiler.js';
import { compiled as compileFor } from '../../runtime/compare/contestant.js';
import type { CompareListener } from '../../runtime/compare/events.js';
import { labelOf } from '../../runtime/compare/models.js';
import { planOf } from '../../runtime/compare/plan.js';
import type { RunResult } from '../../runtime/compare/result.js';
import { runFolder } from '../../runtime/compare/store.js';
import type { Dataset } from '../../runtime/data/index.js';
import { fileOf as checkpointOf } from '../../runtime/train.js';
import { carry, checkpointsOf, folderOf, orThrow } from './carried.js';
import type { Cell, Study } from './declared.js';
import type { Asked } from './result.js';
import { writeShare } from './share.js';

/** What all that the study does with its cells needs of the world. */
export interface Place {
  /** Where the data are. */
  readonly source: string;
  /** Where models and checkpoints are kept. */
  readonly work: string;
  readonly threads: number | undefined;
  readonly command: string;
  readonly signal: AbortSignal;
  readonly listen: CompareListener;
}
/** A run of the grid, and where it is done. */
export interface Performing extends Place {
  readonly asked: Asked;
  readonly study: Study;
  readonly cell: Cell;
}

/** A model, and a checkpoint of it. */
export interface Ready {
  readonly trainer: Emitted;
  readonly checkpoint: string;
  /** What its training came to; of a cell that is not trained, nothing. */
  readonly run: RunResult | undefined;
  /** Whether the run's own test is that of the study. */
  readonly tested: boolean;
}

export const trainerIn = async (out: string, model: string): Promise<Emitted> => {
  const opened = await openTrainer(join(out, 'models', labelOf(model)));
  if (E.isLeft(opened)) throw new Error(`The trainer in ${opened.left}`);
  return opened.right;
};

/** Compiles a cell's model into a folder, and opens its trainer; undefined where the signal came first. */
export const compiledIn = async (
  out: string,
  { model, set, options }: Pick<Asked, 'model' | 'set' | 'options'>,
  { source, threads, signal, listen }: Place,
): Promise<Emitted | undefined> => {
  const plan = orThrow(planOf({ ...options, models: [model], set: [...set], data: source, threads, out }));
  const made = orThrow(await compileFor(plan, plan.models[0]!, signal, listen));
  return made === undefined ? undefined : trainerIn(out, model);
};

/** By `compare`, which goes on from what is in the folder. */
const trained = async (run: Performing, source: string): Promise<Ready | undefined> => {
  const { asked, work, threads, signal, listen } = run;
  const { model, set, options, seed } = asked;
  const out = folderOf(work, asked.study, asked.cell);
  const done = await compare({
    ...options,
    models: [model],
    seeds: [seed],
    set: [...set],
    data: source,
    baselines: [],
    threads,
    out,
    signal,
    listen,
  });
  if (done.interrupted) return undefined;
  const [failure] = done.failures;
  if (failure !== undefined) throw new Error(failure.message);
  const result = done.results[0]!;
  const checkpoint = checkpointOf(runFolder(out, result.identity), 'best');
  return { trainer: await trainerIn(out, model), checkpoint, run: result, tested: source === run.source };
};

/** On a share of the users; its items have their places among all again. */
const trainedOnShare = async (run: Performing, data: Dataset, share: number): Promise<Ready | undefined> => {
  const { asked, work, source } = run;
  const { seed } = asked;
  const out = folderOf(work, asked.study, asked.cell);
  const part = join(out, `users.${seed}.inter`);
  writeShare(part, data, share, seed);
  const ready = await trained(run, part);
  if (ready === undefined) return undefined;
  const into = join(out, 'carried', `${seed}.safetensors`);
  const { compiled } = ready.trainer;
  const checkpoint = await carry({ from: ready.checkpoint, compiled, data, source, seed, into });
  return { ...ready, checkpoint };
};

/** With the parameters that another cell's run has left. */
const begunAfter = async (run: Performing, data: Dataset, after: string): Promise<Ready | undefined> => {
  const { asked, study, work, source } = run;
  const { seed } = asked;
  const other = study.cells.find(({ name }) => name === after);
  const [from] = other === undefined ? [] : checkpointsOf(folderOf(work, asked.study, after), other.model, seed);
  if (from === undefined)
    throw new Error(
      `it begins with what ${after} learned, and there is no checkpoint of that in ${work}: run it here first.`,
    );
  const out = folderOf(work, asked.study, asked.cell);
  const trainer = await compiledIn(out, asked, run);
  if (trainer === undefined) return undefined;
  const into = join(out, 'carried', `${seed}.safetensors`);
  const checkpoint = await carry({ from, compiled: trainer.compiled, data, source, seed, into });
  return { trainer, checkpoint, run: undefined, tested: false };
};

/** Undefined where the signal came first. Throws a sentence. */
export const readied = (run: Performing, data: Dataset): Promise<Ready | undefined> =>
  run.cell.after !== undefined
    ? begunAfter(run, data, run.cell.after)
    : run.cell.share !== undefined
      ? trainedOnShare(run, data, run.cell.share)
      : trained(run, run.source);
