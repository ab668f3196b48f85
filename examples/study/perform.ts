/** Doing one run of the grid: compiled, trained and tested by `compare`, and tested again with other numbers of inference steps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { compare } from '../../runtime/compare/compare.js';
import { openTrainer } from '../../runtime/compare/compiler.js';
import type { CompareListener } from '../../runtime/compare/events.js';
import { bucketFigures } from '../../runtime/compare/page.js';
import { labelOf } from '../../runtime/compare/models.js';
import type { RunResult } from '../../runtime/compare/result.js';
import { load } from '../../runtime/data/index.js';
import { split } from '../../runtime/data/split.js';
import type { Figure } from '../../runtime/measures/figures.js';
import { runFolder } from '../../runtime/compare/store.js';
import { machine } from '../../runtime/report/provenance.js';
import { fileOf as checkpointOf } from '../../runtime/train.js';
import { type Asked, format, type Kept, packed, slug, type Tested } from './result.js';

export interface Performing {
  readonly asked: Asked;
  readonly steps: readonly number[];
  /** Where the data are. */
  readonly source: string;
  /** Where models and checkpoints are kept. */
  readonly work: string;
  readonly threads: number | undefined;
  readonly command: string;
  readonly signal: AbortSignal;
  readonly listen: CompareListener;
}

const median = (values: readonly number[]): number | null =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/** The figures of a run by history and popularity. */
const bucketsOf = async ({ source, asked }: Performing, result: RunResult): Promise<readonly Figure[]> => {
  const data = await load(source, {});
  if (E.isLeft(data)) throw new Error(data.left);
  return bucketFigures(split(data.right, asked.options.protocol ?? 'standard'), [result])
    .filter(({ of, by, measure }) => of === result.identity.model && by !== 'all' && ['HR', 'NDCG'].includes(measure))
    .map((cell) => ({ ...cell, of: asked.cell, value: cell.value === null ? null : Number(cell.value.toFixed(6)) }));
};

/** Undefined where the signal came first. Throws what `compare` and `evaluate` throw: a sentence. */
export const perform = async (run: Performing): Promise<Kept | undefined> => {
  const { asked, steps, source, work, threads, command, signal, listen } = run;
  const { model, set, options, seed } = asked;
  const out = join(work, asked.study, slug(asked.cell));
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
  const { identity, outcome, measured } = done.results[0]!;
  const trainer = await openTrainer(join(out, 'models', labelOf(model)));
  if (E.isLeft(trainer)) throw new Error(`The trainer in ${trainer.left}`);
  const more: Record<string, Tested> = {};
  for (const k of steps) {
    if (signal.aborted) return undefined;
    const found = await trainer.right.evaluate({
      data: source,
      checkpoint: checkpointOf(runFolder(out, identity), 'best'),
      set: [`steps=${k}`],
      model: existsSync(model) ? model : undefined,
      device: options.device,
      threads,
      signal,
    });
    more[k] = { metrics: found.model, ranks: packed(found.ranks) };
  }
  return {
    format,
    asked,
    hashes: { model: identity.manifest, data: identity.data },
    data: outcome.data,
    parameters: outcome.parameters,
    epochs: { trained: outcome.epochs, best: outcome.best },
    validation: outcome.chosen ?? null,
    test: { metrics: outcome.test, ranks: packed(outcome.ranks) },
    steps: more,
    popularity: outcome.popularity,
    buckets: await bucketsOf(run, done.results[0]!),
    measured: { seconds: median(measured.seconds), backend: measured.backend },
    machine: Object.fromEntries(machine()),
    command,
  };
};
