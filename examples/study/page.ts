/** The study as one page: its tables with intervals and plots, others' figures beside ours, and what it was made on. */
import type { Grid } from '../../runtime/compare/report.js';
import { bucketSection } from '../../runtime/report/buckets.js';
import type { Markup } from '../../runtime/report/html.js';
import { code, facts, figure, page, paragraph, remark, section, table } from '../../runtime/report/page.js';
import { type Pictures, withoutPictures } from '../../runtime/report/pictures.js';
import type { Study } from './grid.js';
import { columns, possible, published } from './published.js';
import type { Kept } from './result.js';
import {
  bucketsOf,
  brief,
  curvesGrid,
  curvesOf,
  differencesGrid,
  figuresGrid,
  type Made,
  measure,
  tablesOf,
} from './tables.js';

const gridOf = (caption: string, { head, rows }: Grid): Markup => table({ caption, head, rows });

const tableSection = (name: string, made: Made, pictures: Pictures | undefined): Markup => {
  const { title, says, differences, against } = made;
  return section(
    `${name}: ${title}`,
    paragraph(says),
    gridOf('On the test: mean ± standard deviation over seeds', figuresGrid(made)),
    differences.length === 0
      ? paragraph(`Nothing to compare with yet: ${against} is missing, or all else is.`)
      : figure(
          pictures?.intervals(
            {
              says: `Difference of ${measure} to ${against} with 95 % intervals over users`,
              x: `difference of ${measure} to ${against} (95 %)`,
              y: '',
            },
            differences.map(({ cell, difference, interval }) => ({ name: cell, value: difference, interval })),
          ),
          {
            caption: `Paired over users, seeds averaged, Holm's correction: against ${against}`,
            ...differencesGrid(made),
          },
        ),
  );
};

const stepsSection = (name: string, study: Study, results: readonly Kept[], pictures: Pictures | undefined) => {
  const curves = curvesOf(study, results);
  if (curves.length === 0) return undefined;
  return section(
    `${name}: more steps than in training, and none`,
    paragraph(
      'The same parameters, tested with other numbers of inference steps (evaluate --set steps=K). At 0 the inference is switched off.',
    ),
    figure(
      pictures?.lines(
        { says: `${measure} by steps of inference`, x: 'steps of inference at the test', y: measure },
        curves.map(({ cell, points }) => ({
          name: cell,
          points: points.map(({ steps, figure: { mean } }) => ({ x: steps, y: mean })),
        })),
      ),
      { caption: `${measure} by steps`, ...curvesGrid(curves) },
    ),
  );
};

/** Head and tail, short histories and long ones: of the first table's rows. */
const bucketsSection = ({ tables: [first] }: Study, results: readonly Kept[], pictures: Pictures | undefined) => {
  const cells = first?.cells.filter((cell) => results.some(({ asked }) => asked.cell === cell)) ?? [];
  return bucketSection(
    bucketsOf(cells, results),
    cells.map((name) => ({ of: name, name })),
    pictures,
  );
};

const publishedSection = (name: string, study: Study): Markup | undefined => {
  const rows = published[study.published ?? ''];
  if (rows === undefined) return undefined;
  return section(
    `${name}: as others printed it`,
    paragraph(
      'Read with their protocols. (NDCG@50 − NDCG@10) / (HR@50 − HR@10) lies between .176 and .279 in any one ranking: a row outside is marked.',
    ),
    table({
      caption: `Figures of ${study.published}`,
      head: ['', ...columns, 'source', ''],
      rows: rows.map(({ model, source, figures }) => [
        model,
        ...figures.map((value) => (value === null ? '' : brief(value.toFixed(4)))),
        source,
        possible(figures) ? '' : 'impossible',
      ]),
      words: [5, 6],
    }),
  );
};

const dataOf = (all: readonly (readonly [string, Study, readonly Kept[]])[]): Markup =>
  section(
    'Data',
    table({
      caption: 'Data sets, as they were read',
      head: ['', 'users', 'items', 'interactions', 'events a user', 'density'],
      rows: all.flatMap(([, { data }, [first]]) =>
        first === undefined
          ? []
          : [
              [
                data,
                ...[first.data.users, first.data.items, first.data.interactions].map((n) => n.toLocaleString('en-US')),
                (first.data.interactions / first.data.users).toFixed(2),
                `${((100 * first.data.interactions) / first.data.users / first.data.items).toFixed(3)} %`,
              ],
            ],
      ),
    }),
  );

/** The page of all studies that have results. */
export const studyPage = (
  all: readonly (readonly [string, Study, readonly Kept[]])[],
  pictures: Pictures | undefined,
): string =>
  page(
    'The study',
    paragraph('Made of the files in examples/study/results alone; examples/study/grid.ts says what was asked.'),
    pictures === undefined ? remark(withoutPictures) : undefined,
    dataOf(all),
    ...all.flatMap(([name, study, results]) => [
      ...tablesOf(study, results).map((made) => tableSection(name, made, pictures)),
      stepsSection(name, study, results, pictures),
      bucketsSection(study, results, pictures),
      publishedSection(name, study),
    ]),
    section(
      'What it was made on',
      ...all.flatMap(([name, study, results]) => {
        const [first] = results;
        if (first === undefined) return [];
        const settings = [
          ...study.set,
          ...Object.entries(study.options).map(([key, value]) => `${key} ${String(value)}`),
        ];
        return [
          facts([
            ['study', name],
            ['settings of all', settings.join(', ')],
            ['hash of the data', first.hashes.data],
            ['backend', [...new Set(results.map(({ measured }) => measured.backend))].join(', ')],
            ...Object.entries(first.machine),
          ]),
          code(first.command),
        ];
      }),
    ),
  );
