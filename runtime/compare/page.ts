/** A comparison as a page: the tables of its report, with pictures, curves of all runs, and figures by history and popularity. */
import { relative } from 'node:path';
import { packageModels } from '../contract/package.js';
import type { Split } from '../data/split.js';
import type { Event } from '../events.js';
import { chain, popular } from '../measures/baselines.js';
import { type Figure, figuresOf } from '../measures/figures.js';
import { bucketSection, counting } from '../report/buckets.js';
import type { Markup } from '../report/html.js';
import { code, facts, figure, page, paragraph, remark, section, table } from '../report/page.js';
import { type Pictures, type Series, withoutPictures } from '../report/pictures.js';
import { commandLine, machine, optionWords } from '../report/provenance.js';
import { readRecords } from '../report/story.js';
import { type Comparison, measure } from './comparison.js';
import { figures, type Grid, heading, remarks, secondsOf, significance, testing } from './report.js';
import type { Wanted } from './models.js';
import type { Plan } from './plan.js';
import type { RunResult } from './result.js';
import { runFolder } from './store.js';

/** The curve of each run's validation, by epoch. */
export const curvesOf = async (out: string, results: readonly RunResult[]): Promise<readonly Series[]> => {
  const found: Series[] = [];
  for (const { identity } of results) {
    const events = await readRecords(runFolder(out, identity));
    const points = events.flatMap((event: Event) =>
      event.kind === 'epoch' && event.metrics !== null ? [{ x: event.epoch, y: event.metrics[measure] }] : [],
    );
    found.push({ name: `${identity.model}, seed ${identity.settings.seed}`, points });
  }
  return found;
};

/** Of each model the means over its seeds, by history and popularity; and those of rankings by counts. */
export const bucketFigures = (split: Split, results: readonly RunResult[]): readonly Figure[] => {
  const of = (name: string, ranks: ArrayLike<number>): readonly Figure[] =>
    figuresOf(split, 'test', [{ of: name, ranks, lists: undefined }], { cutoffs: [10], buckets: true, measures: {} });
  const models = [...new Set(results.map(({ identity }) => identity.model))];
  const meaned = models.flatMap((model) => {
    const own = results.filter(({ identity }) => identity.model === model);
    // Figures of one split come in one order.
    const runs = own.map(({ outcome }) => of(model, outcome.ranks));
    return runs[0]!.map((cell, i) => ({
      ...cell,
      value: runs.reduce((sum, run) => sum + run[i]!.value!, 0) / runs.length,
    }));
  });
  return [...meaned, ...of('popularity', popular(split).ranks('test')), ...of('markov', chain(split).ranks('test'))];
};

/** The command that compares the same again. */
export const again = ({ models, seeds, baselines, source, split, training, device, cutoffs, out }: Plan): string => {
  const named = ({ label, file, preset }: Wanted): string =>
    packageModels().get(label.replace(/@.*/, '')) === file
      ? label
      : `${relative('', file)}${preset === undefined ? '' : `@${preset}`}`;
  return commandLine([
    'pcrec-compare',
    ...optionWords({
      models: models.map(named).join(),
      seeds: seeds.join(),
      baselines: baselines?.join(),
      set: models.flatMap(({ label, set }) => set.map((setting) => `${label}:${setting}`)),
      ...source,
      cache: undefined,
      split,
      ...training,
      ...device,
      cutoffs: cutoffs.length === 0 ? undefined : cutoffs.join(),
      out,
    }),
  ]);
};

const gridOf = (caption: string, { head, rows }: Grid, words: readonly number[] = []): Markup =>
  table({ caption, head, rows, words });

/** The page. */
export const comparisonPage = (
  comparison: Comparison,
  results: readonly RunResult[],
  curves: readonly Series[],
  buckets: readonly Figure[],
  command: string,
  pictures: Pictures | undefined,
): string => {
  const { rows, verdicts, baseline, data } = comparison;
  const names = rows.map(({ model }) => model);
  const means = rows.map(({ model, metrics: { [measure]: spread } }) => ({
    name: model,
    value: spread.mean,
    ...(spread.sd === null ? {} : { interval: [spread.mean - spread.sd, spread.mean + spread.sd] as const }),
  }));
  const shown = curves.filter(({ points }) => points.length > 0);
  return page(
    `${names.join(', ')} on ${data.name}`,
    heading(comparison)
      .split('\n')
      .map((sentence) => paragraph(sentence)),
    pictures === undefined ? remark(withoutPictures) : undefined,
    section(
      'Figures',
      pictures?.intervals(
        {
          says: `${measure} on the test, with a standard deviation over seeds: ${means.map(({ name, value }) => `${name} ${value.toFixed(4)}`).join(', ')}`,
          x: `${measure} (mean ± deviation over seeds)`,
          y: '',
        },
        means,
      ),
      gridOf('On the test: mean ± standard deviation over seeds', figures(comparison, secondsOf(results))),
      remarks(comparison).map((sentence) => paragraph(sentence)),
    ),
    section(
      'Differences',
      paragraph(testing(comparison)),
      verdicts.length === 0
        ? undefined
        : figure(
            pictures?.intervals(
              {
                says: `Difference of ${measure} to ${baseline}, with 95 % intervals over users: ${verdicts.map(({ model, difference, interval }) => `${model} ${difference.toFixed(4)} from ${interval[0].toFixed(4)} to ${interval[1].toFixed(4)}`).join(', ')}`,
                x: `difference of ${measure} to ${baseline} (95 %)`,
                y: '',
              },
              verdicts.map(({ model, difference, interval }) => ({ name: model, value: difference, interval })),
            ),
            { caption: `Against ${baseline}`, ...significance(comparison), words: [6] },
          ),
    ),
    shown.length === 0
      ? undefined
      : section(
          'Learning',
          figure(
            pictures?.lines(
              { says: `${measure} of each run by epoch, by which epochs are chosen`, x: 'epoch', y: measure },
              shown,
            ),
            {
              caption: `${measure} by which epochs are chosen`,
              head: ['run', 'epochs', 'best', 'last'],
              rows: shown.map(({ name, points }) => [
                name,
                points.length,
                Math.max(...points.map(({ y }) => y)).toFixed(4),
                points.at(-1)!.y.toFixed(4),
              ]),
            },
          ),
        ),
    bucketSection(buckets, [...names.map((name) => ({ of: name, name })), ...counting], pictures),
    section(
      'What it was',
      facts([
        ...results.map(
          ({ identity: { model, manifest, settings }, measured }) =>
            [`${model}, seed ${settings.seed}`, `hash ${manifest}, on ${measured.backend}`] as const,
        ),
        ['hash of the data', results[0]?.identity.data ?? ''],
        ...machine(),
      ]),
      paragraph('The same again:'),
      code(command),
    ),
  );
};
