/** The tables of a study: means over seeds, differences user by user, and a plot where cells lie along an axis. */
import type { Grid } from '../../../runtime/compare/report.js';
import { bucketSection } from '../../../runtime/report/buckets.js';
import type { Markup } from '../../../runtime/report/html.js';
import { figure, paragraph, remark, section, table } from '../../../runtime/report/page.js';
import type { Pictures } from '../../../runtime/report/pictures.js';
import type { Found } from '../found.js';
import {
  bucketsOf,
  type Compared,
  differencesGrid,
  figuresGrid,
  linesOf,
  type Made,
  measure,
  missing,
  tablesOf,
} from '../tables.js';
import { coloursOf } from './colours.js';
import { curvesFigure } from './curves.js';

const gridOf = (caption: string, { head, rows }: Grid): Markup => table({ caption, head, rows });

const comparison = (compared: Compared, pictures: Pictures | undefined): Markup => {
  const { against, differences } = compared;
  return figure(
    pictures?.intervals(
      {
        says: `Difference of ${measure} from ${against} with 95 % intervals over users`,
        x: `${measure} less ${against}'s (95 %; to the right is better)`,
        y: '',
      },
      differences.map(({ cell, seeds, difference, interval }) => ({
        name: `${cell} (${seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`})`,
        value: difference,
        interval,
      })),
    ),
    {
      caption: `Against ${against}: paired over users, averaged over the seeds that both have`,
      ...differencesGrid(compared),
    },
  );
};

const tableSection = ({ name, study, results }: Found, made: Made, pictures: Pictures | undefined): Markup => {
  const { title, says, compared, against, plot } = made;
  const lines = linesOf(made, results);
  const waits = missing(made, study, results);
  return section(
    `${name}: ${title}`,
    paragraph(says),
    waits.length === 0 ? undefined : remark(`Not run yet: ${waits.join(', ')}.`),
    gridOf('On the test: mean ± standard deviation over seeds', figuresGrid(made)),
    compared.length === 0
      ? paragraph(`Nothing to compare with yet: ${against} is missing, or all else is.`)
      : compared.map((of) => comparison(of, pictures)),
    plot === undefined || lines.every(({ points }) => points.length < 2)
      ? undefined
      : curvesFigure(lines, plot.x, `${measure} by ${plot.x}`, pictures),
  );
};

export const tableSections = (found: Found, pictures: Pictures | undefined): readonly Markup[] =>
  tablesOf(found.study, found.results).map((made) => tableSection(found, made, pictures));

/** Figures 7 and 8 of the paper, head and tail, short histories and long ones: of the rows that a study's first table begins with. */
const MOST = 6;
export const bucketsSection = (
  {
    name,
    study: {
      tables: [first],
    },
    results,
  }: Found,
  pictures: Pictures | undefined,
): Markup | undefined => {
  const cells =
    first?.cells.filter((cell) => results.some(({ asked, buckets }) => asked.cell === cell && buckets)) ?? [];
  const shown = cells.slice(0, MOST);
  const colours = coloursOf(shown);
  return bucketSection(
    bucketsOf(shown, results),
    shown.map((one, i) => ({ of: one, name: one, colour: colours[i]! })),
    pictures,
    undefined,
    `${name}: by history and popularity (the paper’s Figures 7 and 8)`,
  );
};
