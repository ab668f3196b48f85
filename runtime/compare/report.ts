/** From a comparison to tables, for a terminal or as Markdown: pure functions. */
import { measureNames } from '../metrics.js';
import type { Protocol } from '../contract/settings.js';
import type { Spread } from '../significance.js';
import { plural } from '../contract/words.js';
import { type Comparison, measure, modelsOf } from './comparison.js';
import type { RunResult } from './result.js';

/** Median seconds of an epoch, by model. */
export const secondsOf = (results: readonly RunResult[]): ReadonlyMap<string, number> =>
  new Map(
    modelsOf(results).flatMap((model) => {
      const seconds = results
        .filter(({ identity }) => identity.model === model)
        .flatMap(({ measured }) => measured.seconds)
        .sort((a, b) => a - b);
      const middle = seconds[Math.floor(seconds.length / 2)];
      return middle === undefined ? [] : [[model, middle] as const];
    }),
  );

const grouped = (n: number): string => n.toLocaleString('en-US');
export const varying = ({ mean, sd }: Spread, digits: number): string =>
  `${mean.toFixed(digits)}${sd === null ? '' : ` ± ${sd.toFixed(digits)}`}`;
export const chance = (p: number): string => (p < 1e-4 ? '< 0.0001' : p.toFixed(4));
export const signed = (x: number): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;

/** A table: its head, and its rows, whose first cell is a word. */
export interface Grid {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const figures = ({ rows, popularity }: Comparison, seconds: ReadonlyMap<string, number>): Grid => ({
  head: ['model', 'parameters', 's/epoch', 'epochs', 'seeds', ...measureNames, ...Object.keys(rows[0]?.more ?? {})],
  rows: [
    ...rows.map((row) => [
      row.model,
      grouped(row.parameters),
      seconds.get(row.model)?.toFixed(1) ?? '–',
      varying(row.epochs, 0),
      String(row.seeds.length),
      ...measureNames.map((name) => varying(row.metrics[name], 4)),
      ...Object.values(row.more ?? {}).map((figure) => varying(figure, 4)),
    ]),
    [
      'popularity',
      '',
      '',
      '',
      '',
      ...measureNames.map((name) => popularity[name].toFixed(4)),
      // Its ranks are in no result.
      ...Object.keys(rows[0]?.more ?? {}).map(() => '–'),
    ],
  ],
});

export const significance = ({ verdicts }: Comparison): Grid => ({
  head: ['model', `Δ ${measure}`, '95 % interval', 't', 'p', 'p (Holm)', ''],
  rows: verdicts.map(({ model, difference, interval, t, p, adjusted }) => [
    model,
    signed(difference),
    `${signed(interval[0])} … ${signed(interval[1])}`,
    t.toFixed(2).replace('-', '−'),
    chance(p),
    chance(adjusted),
    adjusted >= 0.05 ? 'not significant' : difference > 0 ? 'better' : 'worse',
  ]),
});

/** Words to the left, figures to the right. */
const inText = ({ head, rows }: Grid): string => {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
};

export const inMarkdown = ({ head, rows }: Grid): string => {
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)].join('\n');
};

const meanings: Readonly<Record<Protocol, string>> = {
  standard: 'epochs chosen on validation, tested once',
  hstu: 'no validation, best test epoch: optimistic, and only to compare with figures published that way',
};

export const heading = ({ data, settings, split, users }: Comparison): string =>
  [
    `${data.name}: ${plural(data.users, 'user')}, ${plural(data.items, 'item')}, ${plural(data.interactions, 'interaction')}. Tested on ${plural(users, 'user')}, full ranking, seen items left out.`,
    ...(split === undefined ? [] : [split]),
    `Protocol ${settings.protocol}: ${meanings[settings.protocol]}. Batch ${settings.batch}, at most ${plural(settings.epochs, 'epoch')}${settings.patience === null ? '' : `, patience ${settings.patience}`}. Mean ± standard deviation over seeds.`,
  ].join('\n');

export const remarks = ({ differing, rows }: Comparison): readonly string[] => [
  ...Object.entries(differing).map(
    ([name, values]) =>
      `Not the same for all: ${name} (${Object.entries(values)
        .map(([model, value]) => `${model} ${value}`)
        .join(', ')}).`,
  ),
  ...(new Set(rows.map(({ seeds }) => seeds.join())).size > 1
    ? [`Not the same seeds for all: ${rows.map(({ model, seeds }) => `${model} ${seeds.join(' ')}`).join(', ')}.`]
    : []),
];

export const testing = ({ baseline, users, verdicts }: Comparison): string =>
  baseline === null
    ? 'No model is a baseline, so nothing is tested for significance: name some with --baselines.'
    : verdicts.length === 0
      ? 'Nothing is tested for significance: that takes a model that is no baseline (see --baselines), and two users.'
      : `${measure} of each user, averaged over seeds, against ${baseline}, the best baseline: paired t-test over ${plural(users, 'user')}, Holm's correction for ${plural(verdicts.length, 'comparison')}.`;

/**
 * A comparison as tables, for a terminal or as Markdown: each model's parameters, median seconds an epoch (of the `results`), epochs,
 * measures as mean and standard deviation over seeds, and the tests of significance.
 */
export const comparisonReport = (comparison: Comparison, results: readonly RunResult[], markdown = false): string => {
  const draw = markdown ? inMarkdown : inText;
  return [
    heading(comparison),
    draw(figures(comparison, secondsOf(results))),
    ...remarks(comparison),
    testing(comparison),
    ...(comparison.verdicts.length === 0 ? [] : [draw(significance(comparison))]),
  ].join('\n\n');
};
