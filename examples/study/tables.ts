/** From results to tables: means over seeds, and differences paired over users. Pure functions, for the page and for models/README.md. */
import { chance, type Grid, signed, varying } from '../../runtime/compare/report.js';
import { meanOf } from '../../runtime/measures/ranked.js';
import type { Figure } from '../../runtime/measures/figures.js';
import { worths } from '../../runtime/metrics.js';
import { holm, pairedTest, type PairedTest, spread, type Spread } from '../../runtime/significance.js';
import { seedsOf, type Study, type Table } from './declared.js';
import { type Kept, type Tested, unpacked } from './result.js';

export const measures = ['HR@10', 'NDCG@10', 'HR@50', 'NDCG@50', 'MRR'] as const;
/** What epochs are chosen by, and differences are of. */
export const measure = 'NDCG@10';

/** A cell over its seeds. */
export interface Row {
  readonly cell: string;
  readonly seeds: readonly number[];
  readonly parameters: number;
  readonly epochs: Spread;
  readonly figures: Readonly<Record<(typeof measures)[number], Spread>>;
}
/** A cell against another. */
export interface Difference extends PairedTest {
  readonly cell: string;
  readonly seeds: readonly number[];
  /** p after Holm's correction over the table. */
  readonly adjusted: number;
}
/** What rows are tested against, and how they come out. */
export interface Compared {
  readonly against: string;
  readonly differences: readonly Difference[];
}
export interface Made extends Table {
  readonly rows: readonly Row[];
  /** Against each that the table names, where both have results. */
  readonly compared: readonly Compared[];
}

/** A row may be a cell as it was tested under another setting: `pcrec with steps=0`. */
const setAgain = / with (\w+=\S+)$/;
/** The cell that a row is of. */
export const cellOf = (row: string): string => row.replace(setAgain, '');

/** The runs of a row, each with the row's test. */
const of = (results: readonly Kept[], row: string): readonly Kept[] => {
  const own = results.filter(({ asked }) => asked.cell === cellOf(row));
  const setting = setAgain.exec(row)?.[1];
  if (setting === undefined) return own;
  return own.flatMap((run) => {
    const test = run.again?.[setting] ?? run.steps[setting.replace(/^steps=/, '')];
    return test === undefined ? [] : [{ ...run, test, buckets: undefined }];
  });
};

const rowOf = (cell: string, runs: readonly Kept[]): Row => ({
  cell,
  seeds: runs.map(({ asked }) => asked.seed),
  parameters: runs[0]!.parameters,
  epochs: spread(runs.map(({ epochs }) => epochs.best)),
  figures: Object.fromEntries(
    measures.map((name) => [name, spread(runs.map(({ test }) => test.metrics[name]))]),
  ) as Row['figures'],
});

/** A row of each cell that has results. */
export const rowsOf = (results: readonly Kept[]): readonly Row[] =>
  [...new Set(results.map(({ asked }) => asked.cell))].map((cell) => rowOf(cell, of(results, cell)));

/** Each user's figure, averaged over tests. */
const perUser = (tests: readonly Tested[]): Float64Array => {
  const all = tests.map(({ ranks }) => worths(measure, unpacked(ranks)));
  return all[0]!.map((_, user) => all.reduce((sum, one) => sum + one[user]!, 0) / all.length);
};
/** Of the seeds that both have. */
const paired = (runs: readonly Kept[], against: readonly Kept[]) => {
  const seeds = runs.map(({ asked }) => asked.seed).filter((seed) => against.some(({ asked }) => asked.seed === seed));
  const tests = (all: readonly Kept[]) => all.filter(({ asked }) => seeds.includes(asked.seed)).map(({ test }) => test);
  if (seeds.length === 0) return undefined;
  const reference = perUser(tests(against));
  const test = pairedTest(perUser(tests(runs)).map((figure, user) => figure - reference[user]!));
  return test === undefined ? undefined : { ...test, seeds };
};

/** Each of some cells against one, p after Holm's correction over them. */
export const differencesOf = (
  cells: readonly string[],
  against: string,
  results: readonly Kept[],
): readonly Difference[] => {
  const reference = of(results, against);
  const tests = cells.flatMap((cell) => {
    const found = cell === against ? undefined : paired(of(results, cell), reference);
    return found === undefined ? [] : [{ cell, ...found }];
  });
  const adjusted = holm(tests.map(({ p }) => p));
  return tests.map((test, i) => ({ ...test, adjusted: adjusted[i]! }));
};

/** A table of those of its cells that have results; undefined where none has. */
export const made = (table: Table, results: readonly Kept[]): Made | undefined => {
  const cells = table.cells.filter((cell) => of(results, cell).length > 0);
  if (cells.length === 0) return undefined;
  const compared = [table.against, ...(table.also === undefined ? [] : [table.also])].flatMap((against) => {
    const differences = differencesOf(cells, against, results);
    return differences.length === 0 ? [] : [{ against, differences }];
  });
  return { ...table, rows: cells.map((cell) => rowOf(cell, of(results, cell))), compared };
};
/** Those tables that have a row which none before them has. */
export const tablesOf = ({ tables }: Study, results: readonly Kept[]): readonly Made[] => {
  const shown = new Set<string>();
  return tables.flatMap((table) => {
    const found = made(table, results);
    const news = found?.rows.some(({ cell }) => !shown.has(cell)) === true;
    found?.rows.forEach(({ cell }) => shown.add(cell));
    return found !== undefined && news ? [found] : [];
  });
};

/** A place along an axis: a number, or a word among others. */
type Place = number | string;
/** A line of a plot: figures over seeds, along an axis. */
export interface Curve {
  readonly cell: string;
  readonly points: readonly { readonly x: Place; readonly figure: Spread }[];
}
const curve = (cell: string, points: readonly { readonly x: Place; readonly of: readonly Tested[] }[]): Curve[] => {
  const there = points.filter(({ of: tests }) => tests.length > 0);
  const figure = (tests: readonly Tested[]): Spread => spread(tests.map(({ metrics }) => metrics[measure]));
  return there.length === 0 ? [] : [{ cell, points: there.map(({ x, of: tests }) => ({ x, figure: figure(tests) })) }];
};

/** Of each cell that was tested with several numbers of steps: its figure by steps. */
export const curvesOf = (study: Study, results: readonly Kept[]): readonly Curve[] =>
  study.cells.flatMap(({ name, steps = [] }) =>
    curve(
      name,
      steps.map((k) => ({ x: k, of: of(results, name).flatMap((run) => run.steps[k] ?? []) })),
    ),
  );

/** Of each hyperparameter that cells were tested again with: their figures by its value. */
export const againOf = (study: Study, results: readonly Kept[]): Readonly<Record<string, readonly Curve[]>> => {
  const settings = study.cells.flatMap(({ name, again = [] }) =>
    again.map((setting) => ({ name, setting, hyper: setting.split('=', 1)[0]! })),
  );
  const hypers = [...new Set(settings.map(({ hyper }) => hyper))];
  const lines = (hyper: string): readonly Curve[] =>
    [...new Set(settings.filter((one) => one.hyper === hyper).map(({ name }) => name))].flatMap((name) =>
      curve(
        name,
        settings
          .filter((one) => one.hyper === hyper && one.name === name)
          .map(({ setting }) => ({
            x: setting.slice(hyper.length + 1),
            of: of(results, name).flatMap((run) => run.again?.[setting] ?? []),
          })),
      ),
    );
  return Object.fromEntries(hypers.map((hyper) => [hyper, lines(hyper)]).filter(([, all]) => all!.length > 0));
};

/** The lines of a table's plot, of the cells that have results. */
export const linesOf = ({ plot }: Table, results: readonly Kept[]): readonly Curve[] =>
  (plot?.lines ?? []).flatMap(({ name, points }) =>
    curve(
      name,
      points.map(({ x, cell }) => ({ x, of: of(results, cell).map(({ test }) => test) })),
    ),
  );

/** Of each cell the figures by history and popularity, averaged over its seeds: figures of one split come in one order. */
export const bucketsOf = (cells: readonly string[], results: readonly Kept[]): readonly Figure[] =>
  cells.flatMap((cell) => {
    const runs = of(results, cell).flatMap(({ buckets }) => (buckets === undefined ? [] : [buckets]));
    return (runs[0] ?? []).map((figure, i) => ({
      ...figure,
      value: meanOf(runs.map((buckets) => buckets[i]!.value ?? Number.NaN)),
    }));
  });

/** Figures below one as papers print them: .0474. */
export const brief = (text: string): string => text.replaceAll('0.', '.');
export const figureText = (figure: Spread): string => brief(varying(figure, 4));

/** Times stay in the results: runs go on beside other work, so they compare nothing. */
export const figuresGrid = ({ rows }: Made): Grid => ({
  head: ['', 'seeds', ...measures, 'best epoch', 'parameters'],
  rows: rows.map(({ cell, parameters, figures, epochs, seeds }) => [
    cell,
    seeds.join(' '),
    ...measures.map((name) => figureText(figures[name])),
    epochs.mean.toFixed(0),
    parameters.toLocaleString('en-US'),
  ]),
});
export const differencesGrid = ({ differences, against }: Compared): Grid => ({
  head: [`${measure} less ${against}'s`, 'seeds of both', 'difference', '95 % interval', 'p', 'p (Holm)'],
  rows: differences.map(({ cell, difference, interval, p, adjusted, seeds }) => [
    cell,
    seeds.join(' '),
    brief(signed(difference)),
    brief(`${signed(interval[0])} … ${signed(interval[1])}`),
    brief(chance(p)),
    brief(chance(adjusted)),
  ]),
});
/** What a table waits for: rows that have no result, and rows that have some of their seeds. */
export const missing = ({ cells: asked }: Table, study: Study, results: readonly Kept[]): readonly string[] =>
  asked.flatMap((row) => {
    const cell = study.cells.find(({ name }) => name === cellOf(row));
    const there = of(results, row).length;
    const all = cell === undefined ? 0 : seedsOf(study, cell).length;
    return there >= all ? [] : [there === 0 ? row : `${row} (${there} of ${all} seeds are there)`];
  });
export const curvesGrid = (curves: readonly Curve[], axis = 'steps'): Grid => {
  const all = new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)));
  // Words stay in the order in which they came.
  const places = [...all].sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0));
  return {
    head: [`${measure} at ${axis}`, ...places.map(String)],
    rows: curves.map(({ cell, points }) => [
      cell,
      ...places.map((place) => {
        const point = points.find(({ x }) => x === place);
        return point === undefined ? '' : figureText(point.figure);
      }),
    ]),
  };
};
