/** What a search came to: lines for a terminal, a table for other tools, and a page. */
import { plural } from '../contract/words.js';
import { csvOf } from '../measures/csv.js';
import { measureNames } from '../metrics.js';
import { Markup } from '../report/html.js';
import { beside, code, facts, figure, page, paragraph, remark, section, table } from '../report/page.js';
import { type Pictures, withoutPictures } from '../report/pictures.js';
import { machine } from '../report/provenance.js';
import type { SearchResult, Trial } from './events.js';
import type { Values } from './space.js';

const shown = (value: number | null): string => (value === null ? 'failed' : value.toFixed(4));
const namesOf = ({ trials }: SearchResult): readonly string[] => Object.keys(trials[0]?.point ?? {});
/** Trials count from 1 for people. */
const number = ({ trial }: Pick<Trial, 'trial'>): number => trial + 1;

const isLog = (values: Values | undefined): boolean => values?.kind === 'range' && values.log;

/** Trials that are printed; the table in the folder has all. */
const PRINTED = 10;

const aligned = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')).join('\n');
};

export const searchText = (found: SearchResult): string => {
  const { trials, measure, test, command, out } = found;
  const names = namesOf(found);
  return [
    aligned([
      ['trial', measure, 'epochs', ...names],
      ...trials
        .slice(0, PRINTED)
        .map((trial) => [
          String(number(trial)),
          shown(trial.value),
          String(trial.epochs),
          ...names.map((name) => trial.point[name]!),
        ]),
    ]),
    ...(test === null
      ? []
      : [`The best, tested once: ${measureNames.map((name) => `${name} ${test[name].toFixed(4)}`).join(', ')}.`]),
    `All ${plural(trials.length, 'trial')} are in ${out}: trials.csv, report.html.`,
    'The best again:',
    command,
  ].join('\n');
};

/** A row for each trial on each rung. */
export const searchCsv = ({ steps, trials, measure }: SearchResult): string => {
  const names = Object.keys(trials[0]?.point ?? {});
  const points = new Map(trials.map(({ trial, point }) => [trial, point]));
  return csvOf(
    ['trial', 'rung', 'epochs', 'best', measure, ...names, 'failed'],
    steps.map((step) => [
      number(step),
      step.rung + 1,
      step.epochs,
      step.best,
      step.value,
      ...names.map((name) => points.get(step.trial)?.[name] ?? null),
      step.why ?? null,
    ]),
  );
};

export const searchPage = (found: SearchResult, pictures: Pictures | undefined): string => {
  const { model, trials, steps, rungs, space, measure, test, command, hash } = found;
  const names = namesOf(found);
  const done = steps.filter(({ value }) => value !== null);
  const climbing = trials
    .map((trial) => ({
      name: `trial ${number(trial)}`,
      points: done.filter((step) => step.trial === trial.trial).map((step) => ({ x: step.epochs, y: step.value! })),
    }))
    .filter(({ points }) => points.length > 1);
  const against = names.filter((name) => trials.every(({ point }) => Number.isFinite(Number(point[name]))));
  return page(
    `A search of ${model}`,
    paragraph(
      `${plural(trials.length, 'trial')}, ${rungs.map(({ trials: count, epochs }) => `${count} for ${plural(epochs, 'epoch')}`).join(', then ')}; chosen by ${measure} on validation.`,
    ),
    pictures === undefined ? remark(withoutPictures) : undefined,
    section(
      'Trials',
      climbing.length === 0
        ? undefined
        : pictures?.lines(
            { says: `${measure} on validation of the trials that went on, by epochs`, x: 'epochs', y: measure },
            climbing,
          ),
      beside(
        against.map((name) =>
          pictures?.scatter(
            {
              says: `${measure} on validation of all trials by ${name}; those that went further are darker`,
              x: name,
              y: measure,
            },
            trials.flatMap(({ point, value, rung }) =>
              value === null ? [] : [{ x: Number(point[name]), y: value, weight: (rung + 1) / rungs.length }],
            ),
            isLog(space[name]),
          ),
        ),
      ),
      figure(pictures && new Markup(''), {
        caption: 'All trials, those that went furthest first',
        head: ['trial', measure, 'epochs', ...names, ''],
        words: [3 + names.length],
        rows: trials.map((trial) => [
          number(trial),
          shown(trial.value),
          trial.epochs,
          ...names.map((name) => trial.point[name]),
          trial.why,
        ]),
      }),
    ),
    test === null
      ? undefined
      : section(
          'Test',
          table({
            caption: `Trial ${number(trials[0]!)}, the best on validation, tested once`,
            head: ['trial', ...measureNames],
            rows: [[number(trials[0]!), ...measureNames.map((name) => test[name].toFixed(4))]],
          }),
        ),
    section(
      'What it was',
      facts([['hash of the data', hash], ...machine()]),
      paragraph('The best again:'),
      code(command),
    ),
  );
};
