/** Figures that others printed, beside ours of the same models. */
import { type Markup, markup, type Piece } from '../../../runtime/report/html.js';
import { paragraph, section, table } from '../../../runtime/report/page.js';
import type { Found } from '../found.js';
import { columns, elsewhere, possible, type Published, published, type Source } from '../published.js';
import { brief, figureText, rowsOf } from '../tables.js';

/** A row, and the place of its model. */
interface Row {
  readonly order: number;
  readonly row: readonly Piece[];
}

const sourceOf = ({ says, link }: Source): Piece => (link === undefined ? says : markup`<a href="${link}">${says}</a>`);

const theirs = (all: readonly Published[], cells: readonly string[]): readonly Row[] =>
  all.map(({ model, source, cell, figures }) => ({
    order: cell === undefined ? cells.length : cells.indexOf(cell),
    row: [
      model,
      ...figures.map((value) => (value === null ? '' : brief(value.toFixed(4)))),
      possible(figures) ? '' : 'impossible',
      sourceOf(source),
    ],
  }));

const ours = ({ study, results }: Found, cells: readonly string[]): readonly Row[] =>
  rowsOf(results)
    .filter(({ cell }) => cells.includes(cell))
    .map(({ cell, seeds, figures }) => ({
      order: cells.indexOf(cell) + 0.5,
      row: [
        `${cell}, ours`,
        ...columns.map((measure) => figureText(figures[measure])),
        '',
        `${study.options.protocol === 'hstu' ? 'best test epoch' : 'chosen on validation'}, seeds ${seeds.join(' ')}`,
      ],
    }));

const printed = (title: string, data: string, rows: readonly Row[]): Markup =>
  section(
    title,
    paragraph(
      'Not directly comparable: data, split, ranking and how an epoch is chosen differ, as the last column says. In any one ranking (NDCG@50 − NDCG@10) / (HR@50 − HR@10) lies between .176 and .279; rows that cannot be right are marked.',
    ),
    table({
      caption: `Figures of ${data}, printed and ours`,
      head: ['', ...columns, 'possible?', 'source'],
      rows: rows.toSorted((a, b) => a.order - b.order).map(({ row }) => row),
      words: [5, 6],
    }),
  );

export const publishedSection = (found: Found): Markup | undefined => {
  const { name, study } = found;
  const all = published[study.published ?? ''];
  if (all === undefined) return undefined;
  const cells = [...new Set(all.flatMap(({ cell }) => cell ?? []))];
  return printed(`${name}: as others printed it`, study.published!, [...theirs(all, cells), ...ours(found, cells)]);
};

/** Of data that no study has. */
export const elsewhereSections = (): readonly Markup[] =>
  elsewhere.map((data) => printed(`${data}: as others printed it, not run here`, data, theirs(published[data]!, [])));
