/** Figures by length of history and by popularity of the wanted item, of several contenders: Figures 7 and 8 of the paper, of any models. */
import type { Figure } from '../measures/figures.js';
import { bucketName } from '../measures/table.js';
import type { Markup } from './html.js';
import { beside, figure, section } from './page.js';
import type { Pictures, Series } from './pictures.js';

/** Whose figures they are: as figures have it, as people read it. */
export interface Who {
  readonly of: string;
  readonly name: string;
  /** It is what others are compared with. */
  readonly beside?: boolean;
  /** As `Series` has it. */
  readonly colour?: number;
}

/** Rankings by counts alone. */
export const counting: readonly Who[] = [
  { of: 'popularity', name: 'popularity', beside: true },
  { of: 'markov', name: 'Markov chain', beside: true },
];

const titles = {
  history: 'length of history',
  popularity: 'times the wanted item occurs in training',
} as const;

const shown = (value: number | null | undefined): string => (typeof value === 'number' ? value.toFixed(4) : '–');

const one = (
  by: keyof typeof titles,
  figures: readonly Figure[],
  contenders: readonly Who[],
  pictures: Pictures | undefined,
): Markup | undefined => {
  const own = figures.filter((f) => f.by === by && f.cutoff === 10);
  const buckets = own.filter((f) => f.of === contenders[0]?.of && f.measure === 'NDCG');
  // With one bucket there is nothing to compare.
  if (buckets.length < 2) return undefined;
  const value = ({ from }: Figure, { of }: Who, measure: string): number | null | undefined =>
    own.find((f) => f.of === of && f.measure === measure && f.from === from)?.value;
  const series = contenders.map((who): Series => ({
    ...who,
    points: buckets.flatMap((bucket) => {
      const y = value(bucket, who, 'NDCG');
      return typeof y === 'number' ? [{ x: bucketName(bucket), y }] : [];
    }),
  }));
  const says = `NDCG@10 on the test by ${titles[by]}, of ${contenders.map(({ name }) => name).join(', ')}`;
  return figure(pictures?.lines({ says, x: titles[by], y: 'NDCG@10' }, series), {
    caption: `By ${titles[by]}`,
    head: [titles[by], 'count', ...contenders.flatMap(({ name }) => [`${name} NDCG@10`, `${name} HR@10`])],
    rows: buckets.map((bucket) => [
      bucketName(bucket),
      bucket.count,
      ...contenders.flatMap((who) => ['NDCG', 'HR'].map((measure) => shown(value(bucket, who, measure)))),
    ]),
  });
};

/** Both, and what else there is to say; undefined where there is nothing. */
export const bucketSection = (
  figures: readonly Figure[],
  contenders: readonly Who[],
  pictures: Pictures | undefined,
  more?: Markup,
  title = 'By history and popularity',
): Markup | undefined => {
  const parts = (['history', 'popularity'] as const).flatMap((by) => one(by, figures, contenders, pictures) ?? []);
  return parts.length === 0 && more === undefined ? undefined : section(title, beside(parts), more);
};
