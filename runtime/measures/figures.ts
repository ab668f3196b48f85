/** All figures of an evaluation as one table, a row a figure: what is printed, and what JSON and CSV hold. */
import { type Held, type Split, history, wanted } from '../data/split.js';
import { counts } from './baselines.js';
import { csvOf } from './csv.js';
import { type Lists, listMeasures } from './lists.js';
import { meanOf, ranked, type RankedName, rankedNames, single, worthsOf } from './ranked.js';

/** One figure. */
export interface Figure {
  /** `model`, `popularity` or `markov`; `wanted` for what users really did. */
  readonly of: string;
  readonly measure: string;
  /** How long a list is looked at; null: to its end. */
  readonly cutoff: number | null;
  /** Of which questions: all, those with so long a history, or (item by item) those that want so popular an item. */
  readonly by: 'all' | 'history' | 'popularity';
  /** The bucket, `from` to `to`, both in it; null where it has no such end. */
  readonly from: number | null;
  readonly to: number | null;
  /** How many questions (with `popularity`, wanted items) it is a mean over. */
  readonly count: number;
  /** Null where it cannot be told. */
  readonly value: number | null;
}

/** A question as a program's own measure sees it: raw ids, and the ranks of the wanted items in their order, from 1. */
export interface Answered {
  readonly user: string;
  /** Oldest first. */
  readonly history: readonly string[];
  readonly wanted: readonly string[];
  readonly ranks: readonly number[];
  /** The best items, as many as the largest cut-off; undefined unless lists were asked for. */
  readonly list: readonly string[] | undefined;
}

/** A measure of one's own: what an answer is worth, of which the mean is taken; `undefined` leaves the question out. */
export type OwnMeasure = (answer: Answered) => number | undefined;

/** What is asked of the figures. */
export interface FigureOptions {
  readonly cutoffs: readonly number[];
  /** By length of history and popularity of item too. */
  readonly buckets: boolean;
  readonly measures: Readonly<Record<string, OwnMeasure>>;
}

/** Who ranked: the rank of each row, and lists where they are asked for. */
export interface Contender {
  readonly of: string;
  readonly ranks: ArrayLike<number>;
  readonly lists: Lists | undefined;
}

/** Buckets of lengths and counts begin at these. */
const edges = [0, 1, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] as const;

type Bucket = Pick<Figure, 'by' | 'from' | 'to'>;
const everything: Bucket = { by: 'all', from: null, to: null };

/** The bucket of each value, and the places of the values that are in it, for the buckets that have any. */
const bucketsOf = (
  by: Figure['by'],
  values: ArrayLike<number>,
): readonly (Bucket & { readonly members: readonly number[] })[] =>
  edges.flatMap((from, i) => {
    const next = edges[i + 1];
    const members = Array.from(values, (_, at) => at).filter(
      (at) => values[at]! >= from && (next === undefined || values[at]! < next),
    );
    return members.length === 0 ? [] : [{ by, from, to: next === undefined ? null : next - 1, members }];
  });

const figure = (
  of: string,
  measure: string,
  cutoff: number | null,
  bucket: Bucket,
  count: number,
  value: number,
): Figure => ({
  of,
  measure,
  cutoff,
  by: bucket.by,
  from: bucket.from,
  to: bucket.to,
  count,
  value: Number.isNaN(value) ? null : value,
});

interface Wanting {
  readonly name: RankedName;
  /** Infinity: none. */
  readonly cutoff: number;
}
const cutoffsOf = (cutoffs: readonly number[]): readonly Wanting[] => [
  ...cutoffs.flatMap((cutoff) => rankedNames.map((name) => ({ name, cutoff }))),
  { name: 'MRR', cutoff: Infinity },
];

/** The figures of ranks, over all and by bucket. */
const rankedFigures = (
  { of, ranks }: Contender,
  starts: Int32Array,
  cutoffs: readonly number[],
  groups: readonly (Bucket & { readonly members: readonly number[] })[],
): readonly Figure[] =>
  cutoffsOf(cutoffs).flatMap(({ name, cutoff }) => {
    const worths = worthsOf(ranked[name](cutoff), ranks, starts);
    return groups.map((group) =>
      figure(
        of,
        name,
        cutoff === Infinity ? null : cutoff,
        group,
        group.members.length,
        meanOf(group.members.map((at) => worths[at]!)),
      ),
    );
  });

/** The figures of a program's own measures. */
const ownFigures = (
  split: Split,
  which: Held,
  { of, ranks, lists }: Contender,
  measures: FigureOptions['measures'],
): readonly Figure[] => {
  const { users, items } = split.dataset;
  const { users: asked, starts } = split.held[which];
  const ids = (codes: ArrayLike<number>): readonly string[] => Array.from(codes, (code) => items[code]!);
  return Object.entries(measures).map(([name, measure]) => {
    const values = Array.from(asked, (user, question) =>
      measure({
        user: users[user]!,
        history: ids(history(split, which, question)),
        wanted: ids(wanted(split, which, question)),
        ranks: Array.from(
          { length: starts[question + 1]! - starts[question]! },
          (_, i) => ranks[starts[question]! + i]!,
        ),
        list: lists && ids(lists.shown[question]!),
      }),
    ).filter((value) => value !== undefined);
    return figure(of, name, null, everything, values.length, meanOf(values));
  });
};

/** The share of wanted items that their user had met before, question by question. */
const repeatsWanted = (split: Split, which: Held): number =>
  meanOf(
    Array.from(split.held[which].users, (_, question) => {
      const met = new Set(history(split, which, question));
      return meanOf(Array.from(wanted(split, which, question), (item) => (met.has(item) ? 1 : 0)));
    }),
  );

/** All figures of one part: each contender's, in their order. */
export const figuresOf = (
  split: Split,
  which: Held,
  contenders: readonly Contender[],
  { cutoffs, buckets, measures }: FigureOptions,
): readonly Figure[] => {
  const { users, ends, starts, wanted: items } = split.held[which];
  const all = (count: number) => ({ ...everything, members: Array.from({ length: count }, (_, at) => at) });
  const lengths = users.map((user, question) => ends[question]! - split.dataset.offsets[user]!);
  const count = counts(split);
  const byLength = buckets ? bucketsOf('history', lengths) : [];
  const byPopularity = buckets
    ? bucketsOf(
        'popularity',
        items.map((item) => count[item]!),
      )
    : [];
  const ofLists = contenders.some(({ lists }) => lists !== undefined) ? listMeasures(split, which) : {};
  return [
    ...contenders.flatMap((contender) => [
      ...rankedFigures(contender, starts, cutoffs, [all(users.length), ...byLength]),
      // Item by item: a question that wants several is of several buckets.
      ...rankedFigures(contender, single(items.length), cutoffs, byPopularity),
      ...cutoffs.flatMap((cutoff) =>
        contender.lists === undefined
          ? []
          : Object.entries(ofLists).map(([name, measure]) =>
              figure(contender.of, name, cutoff, everything, users.length, measure(contender.lists!, cutoff)),
            ),
      ),
      ...ownFigures(split, which, contender, measures),
    ]),
    ...(Object.keys(ofLists).length === 0
      ? []
      : [figure('wanted', 'repeats', null, everything, users.length, repeatsWanted(split, which))]),
  ];
};

const csvHead = [
  'of',
  'measure',
  'cutoff',
  'by',
  'from',
  'to',
  'count',
  'value',
] as const satisfies readonly (keyof Figure)[];
/** The table as CSV (RFC 4180), with a header; what has no value is empty. */
export const figuresCsv = (figures: readonly Figure[]): string =>
  csvOf(
    csvHead,
    figures.map((row) => csvHead.map((name) => row[name])),
  );
