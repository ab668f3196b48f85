/** Figures that others printed, beside ours of the same models. */
import type { Markup } from '../../../runtime/report/html.js';
import { paragraph, section, table } from '../../../runtime/report/page.js';
import type { Found } from '../found.js';
import { columns, possible, published } from '../published.js';
import { brief, figureText, rowsOf } from '../tables.js';

export const publishedSection = (found: Found): Markup | undefined => {
  const { name, study, results } = found;
  const theirs = published[study.published ?? ''];
  if (theirs === undefined) return undefined;
  const ours = rowsOf(results);
  const cells = [...new Set(theirs.flatMap(({ cell }) => cell ?? []))];
  const rows = [
    ...theirs.map(({ model, source, cell, figures }) => ({
      order: cell === undefined ? cells.length : cells.indexOf(cell),
      row: [
        model,
        ...figures.map((value) => (value === null ? '' : brief(value.toFixed(4)))),
        source,
        possible(figures) ? '' : 'impossible',
      ],
    })),
    ...ours
      .filter(({ cell }) => cells.includes(cell))
      .map(({ cell, seeds, figures }) => ({
        order: cells.indexOf(cell) + 0.5,
        row: [
          `${cell}, ours`,
          ...columns.map((measure) => figureText(figures[measure])),
          `${study.options.protocol === 'hstu' ? 'best test epoch' : 'chosen on validation'}, seeds ${seeds.join(' ')}`,
          '',
        ],
      })),
  ].sort((a, b) => a.order - b.order);
  return section(
    `${name}: as others printed it`,
    paragraph(
      'Read with their protocols: data, split, ranking and how an epoch is chosen differ. (NDCG@50 − NDCG@10) / (HR@50 − HR@10) lies between .176 and .279 in any one ranking: a row outside is marked.',
    ),
    table({
      caption: `Figures of ${study.published}, printed and ours`,
      head: ['', ...columns, 'source', ''],
      rows: rows.map(({ row }) => row),
      words: [5, 6],
    }),
  );
};
