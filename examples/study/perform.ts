/** Doing one run of the grid: made ready, tested on all users, and tested again under other settings. */
import { existsSync } from 'node:fs';
import { labelOf } from '../../runtime/compare/models.js';
import { bucketFigures } from '../../runtime/compare/page.js';
import type { RunOutcome, RunResult } from '../../runtime/compare/result.js';
import type { Manifest } from '../../runtime/contract/session.js';
import { type Dataset, load, statistics } from '../../runtime/data/index.js';
import { split } from '../../runtime/data/split.js';
import type { EvaluateResult } from '../../runtime/evaluate.js';
import type { Figure } from '../../runtime/measures/figures.js';
import { machine } from '../../runtime/report/provenance.js';
import { orThrow } from './carried.js';
import { type Performing, type Ready, readied } from './readied.js';
import { format, type Kept, packed, type Tested } from './result.js';

export const median = (values: readonly number[]): number | null =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/** Figures of ranks by history and popularity. */
const bucketsOf = (data: Dataset, { asked }: Performing, ranks: readonly number[]): readonly Figure[] => {
  const model = labelOf(asked.model);
  const run = { identity: { model }, outcome: { ranks } } as unknown as RunResult;
  return bucketFigures(split(data, asked.options.protocol ?? 'standard'), [run])
    .filter(({ of, by, measure }) => of === model && by !== 'all' && ['HR', 'NDCG'].includes(measure))
    .map((cell) => ({ ...cell, of: asked.cell, value: cell.value === null ? null : Number(cell.value.toFixed(6)) }));
};

export const parametersOf = ({ states }: Pick<Manifest, 'states'>, items: number): number =>
  states
    .filter(({ role }) => role === 'parameter')
    .map(({ shape }) => shape.reduce<number>((n, size) => n * (typeof size === 'number' ? size : items), 1))
    .reduce((a, b) => a + b, 0);

/** What of a run is of its training and its test. */
type Came = Pick<RunOutcome, 'parameters' | 'epochs' | 'best' | 'chosen' | 'test' | 'popularity' | 'ranks'>;

/** Of a checkpoint that its own run did not test on these data; without a run nothing was trained. */
const cameTo = ({ trainer, run }: Ready, data: Dataset, test: EvaluateResult): Came => ({
  epochs: run?.outcome.epochs ?? 0,
  best: run?.outcome.best ?? 0,
  chosen: run?.outcome.chosen ?? null,
  parameters: parametersOf(trainer.compiled.manifest, data.items.length),
  test: test.model,
  popularity: test.popularity,
  ranks: [...test.ranks],
});

const testedAs = ({ model, ranks }: EvaluateResult): Tested => ({ metrics: model, ranks: packed(ranks) });

/** Undefined where the signal came first. Throws what `compare` and `evaluate` throw: a sentence. */
export const perform = async (run: Performing): Promise<Kept | undefined> => {
  const { asked, cell, source, threads, command, signal } = run;
  const data = orThrow(await load(source, {}));
  const ready = await readied(run, data);
  if (ready === undefined) return undefined;
  const { trainer, checkpoint } = ready;
  const common = { data: source, checkpoint, device: asked.options.device, threads, signal };
  const model = existsSync(asked.model) ? asked.model : undefined;

  const own = ready.tested ? undefined : await trainer.evaluate(common);
  const came = own === undefined ? ready.run!.outcome : cameTo(ready, data, own);
  const tests: Record<string, Tested> = {};
  const { steps = [], again = [] } = cell;
  const settings = [...steps.map((k) => `steps=${k}`), ...again];
  for (const setting of settings) {
    if (signal.aborted) return undefined;
    tests[setting] = testedAs(await trainer.evaluate({ ...common, set: [setting], model }));
  }
  return {
    format,
    asked,
    hashes: { model: trainer.compiled.manifest.hash, data: data.hash },
    data: statistics(data),
    parameters: came.parameters,
    epochs: { trained: came.epochs, best: came.best },
    validation: came.chosen ?? null,
    test: { metrics: came.test, ranks: packed(came.ranks) },
    steps: Object.fromEntries(steps.map((k) => [k, tests[`steps=${k}`]!])),
    ...(again.length === 0 ? {} : { again: Object.fromEntries(again.map((setting) => [setting, tests[setting]!])) }),
    popularity: came.popularity,
    buckets: bucketsOf(data, run, came.ranks),
    measured: {
      seconds: median(ready.run?.measured.seconds ?? []),
      backend: ready.run?.measured.backend ?? own!.backend,
    },
    machine: Object.fromEntries(machine()),
    command,
  };
};
