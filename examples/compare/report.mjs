// @ts-check
/** From results to a comparison, and from a comparison to tables: pure functions. */
import * as E from 'fp-ts/lib/Either.js';
import { holm, measureNames, pairedTest, spread, worths } from 'pcrec/runtime';
import { differences, fileName, format } from './results.mjs';

/**
 * @import { Either } from 'fp-ts/lib/Either.js'
 * @import { Measure, Spread } from 'pcrec/runtime'
 * @import { Comparison, Result, Row, Verdict } from './types.ts'
 */

/** What models are judged by: epochs are chosen by it too. */
const measure = 'NDCG@10';

/** @type {(results: readonly Result[], model: string) => readonly Result[]} */
const of = (results, model) => results.filter(({ identity }) => identity.model === model);

/** @type {(results: readonly Result[]) => readonly string[]} */
const modelsOf = (results) => [...new Set(results.map(({ identity }) => identity.model))];

/** In what two results are not of one comparison. Different models have different manifests; the runs of one model have one. @type {(a: Result, b: Result) => readonly string[]} */
const unlike = (a, b) => [
  ...differences(a.identity, a.identity.model === b.identity.model ? b.identity : { ...b.identity, manifest: a.identity.manifest }),
  ...(a.outcome.ranks.length === b.outcome.ranks.length ? [] : [`${a.outcome.ranks.length} users, not ${b.outcome.ranks.length}`]),
];

/** The first two results that are not of one comparison, as a sentence. @type {(results: readonly Result[]) => string | undefined} */
const clash = (results) => {
  const pairs = results.flatMap((a) => [...results.slice(0, 1), ...of(results, a.identity.model).slice(0, 1)].map((b) => ({ a, b, why: unlike(a, b) })));
  const name = (/** @type {Result} */ { identity: { model, settings } }) => fileName(model, settings.seed);
  const found = pairs.find(({ why }) => why.length > 0);
  return found && `${name(found.a)} and ${name(found.b)} are not of one comparison (${found.why.join('; ')}). Choose with --models and --seeds, or run the comparison again.`;
};

/** The figure of each user, averaged over seeds. @type {(runs: readonly Result[]) => Float64Array} */
const perUser = (runs) => {
  const figures = runs.map(({ outcome }) => worths(measure, outcome.ranks));
  return (figures[0] ?? new Float64Array()).map((_, user) => figures.reduce((sum, of1) => sum + (of1[user] ?? 0), 0) / figures.length);
};

/** @type {(runs: readonly Result[], model: string) => Row} */
const rowOf = (runs, model) => ({
  model,
  parameters: runs[0]?.outcome.parameters ?? 0,
  seeds: runs.map(({ identity }) => identity.settings.seed),
  epochs: spread(runs.map(({ outcome }) => outcome.epochs)),
  metrics: /** @type {Readonly<Record<Measure, Spread>>} */ (Object.fromEntries(measureNames.map((name) => [name, spread(runs.map(({ outcome }) => outcome.test[name]))]))),
});

/** Hyperparameters that all models have, and not all alike. @type {(results: readonly Result[]) => Comparison['differing']} */
const differing = (results) => {
  const firsts = modelsOf(results).flatMap((model) => of(results, model).slice(0, 1));
  const names = Object.keys(firsts[0]?.outcome.hyper ?? {}).filter((name) => firsts.every(({ outcome }) => name in outcome.hyper));
  const varied = names.filter((name) => new Set(firsts.map(({ outcome }) => outcome.hyper[name])).size > 1);
  return Object.fromEntries(varied.map((name) => [name, Object.fromEntries(firsts.map(({ identity, outcome }) => [identity.model, outcome.hyper[name] ?? '']))]));
};

/** Without `--baselines`: all that are not PCRec or made of it. @type {(model: string) => boolean} */
const usually = (model) => !model.startsWith('pcrec');

/**
 * Compares what was run. Left: no results, results of different comparisons, or a baseline that is not among them.
 *
 * The significance is of the differences per user, each user's figure averaged over the seeds, against the baseline with the
 * best mean. It is over users: how much a figure varies with the seed is told by its deviation.
 *
 * @type {(results: readonly Result[], order: readonly string[], baselines: readonly string[] | null) => Either<string, Comparison>}
 */
export const compare = (given, order, baselines) => {
  // One order of models and seeds, whatever the order in which runs were finished: sums come out to the last bit the same.
  const results = order.flatMap((model) => [...of(given, model)].sort((a, b) => a.identity.settings.seed - b.identity.settings.seed));
  const [first] = results;
  if (first === undefined) return E.left('There is no result to report.');
  const why = clash(results);
  if (why !== undefined) return E.left(why);
  const models = modelsOf(results);
  const stranger = baselines?.find((name) => !order.includes(name));
  if (stranger !== undefined) return E.left(`--baselines names ${stranger}, and the models are ${order.join(', ')}.`);

  const rows = models.map((model) => rowOf(of(results, model), model));
  const against = rows.filter(({ model }) => (baselines === null ? usually(model) : baselines.includes(model)));
  const baseline = against.reduce((/** @type {Row | null} */ top, row) => (top === null || row.metrics[measure].mean > top.metrics[measure].mean ? row : top), null);
  const reference = baseline === null ? new Float64Array() : perUser(of(results, baseline.model));
  const tests = (baseline === null ? [] : rows.filter((row) => !against.includes(row))).flatMap(({ model }) => {
    const test = pairedTest(perUser(of(results, model)).map((figure, user) => figure - (reference[user] ?? 0)));
    return test === undefined ? [] : [{ model, ...test }];
  });
  const adjusted = holm(tests.map(({ p }) => p));
  const { seed: _, ...settings } = first.identity.settings;
  return E.right({
    format, data: first.outcome.data, settings, users: first.outcome.ranks.length, rows, popularity: first.outcome.popularity, differing: differing(results),
    baseline: baseline?.model ?? null, verdicts: tests.map((test, i) => ({ ...test, adjusted: adjusted[i] ?? 1 })),
  });
};

/** Median seconds of an epoch, by model. @type {(results: readonly Result[]) => ReadonlyMap<string, number>} */
export const secondsOf = (results) =>
  new Map(modelsOf(results).flatMap((model) => {
    const seconds = of(results, model).flatMap(({ measured }) => measured.seconds).sort((a, b) => a - b);
    const middle = seconds[Math.floor(seconds.length / 2)];
    return middle === undefined ? [] : [/** @type {const} */ ([model, middle])];
  }));

/** @type {(n: number) => string} */
const grouped = (n) => n.toLocaleString('en-US');
/** @type {(spread: Spread, digits: number) => string} */
const varying = ({ mean, sd }, digits) => `${mean.toFixed(digits)}${sd === null ? '' : ` ± ${sd.toFixed(digits)}`}`;
/** @type {(p: number) => string} */
const chance = (p) => (p < 1e-4 ? '< 0.0001' : p.toFixed(4));
/** @type {(x: number) => string} */
const signed = (x) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(4)}`;

/** A table: its head, its rows, and which of its columns are words. @typedef {{ readonly head: readonly string[], readonly rows: readonly (readonly string[])[] }} Grid */

/** @type {(comparison: Comparison, seconds: ReadonlyMap<string, number>) => Grid} */
const figures = ({ rows, popularity }, seconds) => ({
  head: ['model', 'parameters', 's/epoch', 'epochs', 'seeds', ...measureNames],
  rows: [
    ...rows.map((row) => [
      row.model, grouped(row.parameters), seconds.get(row.model)?.toFixed(1) ?? '–', varying(row.epochs, 0), String(row.seeds.length), ...measureNames.map((name) => varying(row.metrics[name], 4)),
    ]),
    ['popularity', '', '', '', '', ...measureNames.map((name) => popularity[name].toFixed(4))],
  ],
});

/** @type {(comparison: Comparison) => Grid} */
const significance = ({ verdicts }) => ({
  head: ['model', `Δ ${measure}`, '95 % interval', 't', 'p', 'p (Holm)', ''],
  rows: verdicts.map(({ model, difference, interval, t, p, adjusted }) => [
    model, signed(difference), `${signed(interval[0])} … ${signed(interval[1])}`, t.toFixed(2).replace('-', '−'), chance(p), chance(adjusted), adjusted >= 0.05 ? 'not significant' : difference > 0 ? 'better' : 'worse',
  ]),
});

/** Words to the left, figures to the right. @type {(grid: Grid) => string} */
const inText = ({ head, rows }) => {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ').trimEnd();
  return [head, ...rows].map(line).join('\n');
};

/** @type {(grid: Grid) => string} */
const inMarkdown = ({ head, rows }) => {
  const line = (/** @type {readonly string[]} */ row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)].join('\n');
};

const meanings = { standard: 'epochs chosen on validation, tested once', hstu: 'no validation, best test epoch: optimistic, and only to compare with figures published that way' };

/** @type {(comparison: Comparison) => string} */
const heading = ({ data, settings, users }) =>
  [
    `${data.name}: ${grouped(data.users)} users, ${grouped(data.items)} items, ${grouped(data.interactions)} interactions. Tested on ${grouped(users)} users, full ranking, seen items left out.`,
    `Protocol ${settings.protocol}: ${meanings[settings.protocol]}. Batch ${settings.batch}, at most ${settings.epochs} epochs${settings.patience === null ? '' : `, patience ${settings.patience}`}. Mean ± standard deviation over seeds.`,
  ].join('\n');

/** @type {(comparison: Comparison) => readonly string[]} */
const remarks = ({ differing: varied, rows }) => [
  ...Object.entries(varied).map(([name, values]) => `Not the same for all: ${name} (${Object.entries(values).map(([model, value]) => `${model} ${value}`).join(', ')}).`),
  ...(new Set(rows.map(({ seeds }) => seeds.join())).size > 1 ? [`Not the same seeds for all: ${rows.map(({ model, seeds }) => `${model} ${seeds.join(' ')}`).join(', ')}.`] : []),
];

/** @type {(comparison: Comparison) => string} */
const testing = ({ baseline, users, verdicts }) =>
  baseline === null ? 'No model is a baseline, so nothing is tested for significance: name some with --baselines.'
    : verdicts.length === 0 ? 'Nothing is tested for significance: that takes a model that is no baseline (see --baselines), and two users.'
      : `${measure} of each user, averaged over seeds, against ${baseline}, the best baseline: paired t-test over ${grouped(users)} users, Holm's correction for ${verdicts.length} ${verdicts.length === 1 ? 'comparison' : 'comparisons'}.`;

/** The whole report, for a terminal or as Markdown. @type {(comparison: Comparison, seconds: ReadonlyMap<string, number>, markdown: boolean) => string} */
export const report = (comparison, seconds, markdown) => {
  const draw = markdown ? inMarkdown : inText;
  return [
    heading(comparison), draw(figures(comparison, seconds)), ...remarks(comparison), testing(comparison), ...(comparison.verdicts.length === 0 ? [] : [draw(significance(comparison))]),
  ].join('\n\n');
};
