/** Figures as a person reads them: a table of measures, and one for each kind of bucket. */
import type { Figure } from './figures.js';

const aligned = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
};

const label = ({ measure, cutoff }: Figure): string => (cutoff === null ? measure : `${measure}@${cutoff}`);
/** `5 to 9`, `5000 and more`. */
export const bucketName = ({ from, to }: Pick<Figure, 'from' | 'to'>): string =>
  to === null ? `${from} and more` : from === to ? `${from}` : `${from} to ${to}`;
const distinct = <A>(values: readonly A[]): readonly A[] => [...new Set(values)];

/** Rows and columns by the names that figures have in each; an empty cell where there is no such figure. */
const grid = (
  head: string,
  figures: readonly Figure[],
  row: (figure: Figure) => string,
  column: (figure: Figure) => string,
): readonly string[] => {
  const cells = new Map(figures.map((figure) => [`${row(figure)}\n${column(figure)}`, figure.value]));
  const columns = distinct(figures.map(column));
  return aligned([
    [head, ...columns],
    ...distinct(figures.map(row)).map((name) => [
      name,
      ...columns.map((of) => cells.get(`${name}\n${of}`)?.toFixed(4) ?? ''),
    ]),
  ]);
};

const heads = { history: 'length of history', popularity: 'times in training' } as const;

/** All measures, and of buckets HR and NDCG at the first cut-off: JSON and CSV have the rest. */
export const figuresText = (figures: readonly Figure[]): string => {
  const ofAll = figures.filter(({ by }) => by === 'all');
  const first = figures.find(({ cutoff }) => cutoff !== null)?.cutoff;
  const buckets = (['history', 'popularity'] as const).flatMap((by) => {
    const own = figures.filter(
      (f) => f.by === by && f.cutoff === first && (f.measure === 'HR' || f.measure === 'NDCG'),
    );
    const words = (f: Figure): string => `${bucketName(f)} (${f.count})`;
    return own.length === 0 ? [] : ['', ...grid(heads[by], own, words, (f) => `${f.of} ${label(f)}`)];
  });
  return [...grid('', ofAll, label, ({ of }) => of), ...buckets].join('\n');
};
