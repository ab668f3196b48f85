/**
 * What lists are like, whatever was wanted: how much of the catalogue they show, how little known it is, how unlike one another
 * its items are, and how much of it is seen again.
 */
import type { FeatureColumn } from '../data/columns.js';
import { type Held, type Split, distinctVisitor, history, training } from '../data/split.js';
import { counts } from './baselines.js';
import { meanOf } from './ranked.js';
import { topOf } from './top.js';

/** The best items for each question of a part, the best first; as many as were asked for, where there are so many. */
export interface Lists {
  /** As they are shown: what is in the history is left out, unless it is wanted. */
  readonly shown: readonly (readonly number[])[];
  /** Of the whole catalogue. */
  readonly whole: readonly (readonly number[])[];
}

/** What one question has of each. */
export interface OneList {
  readonly shown: readonly number[];
  readonly whole: readonly number[];
}
export const together = (lists: readonly OneList[]): Lists => ({
  shown: lists.map(({ shown }) => shown),
  whole: lists.map(({ whole }) => whole),
});

/** The `top` best by scores, [items], with what is seen and without: one pass over the items gives both. */
export const listOf = (scores: ArrayLike<number>, seen: readonly number[], top: number): OneList => {
  const best = topOf(scores, [], top + seen.length);
  const past = new Set(seen);
  return { shown: best.filter((item) => !past.has(item)).slice(0, top), whole: best.slice(0, top) };
};

/** A figure of lists cut off after `cutoff` items; NaN where no list tells anything. */
export type ListMeasure = (lists: Lists, cutoff: number) => number;

const meanWhere = (values: readonly number[]): number => meanOf(values.filter((value) => !Number.isNaN(value)));
/** The mean over questions of the mean over a list's items. */
const perItem =
  (worth: (item: number, question: number) => number) =>
  (lists: readonly (readonly number[])[], cutoff: number): number =>
    meanWhere(lists.map((list, question) => meanOf(list.slice(0, cutoff).map((item) => worth(item, question)))));

/** [items], by how many users each was met in training, and how many users there are there. */
const audience = (split: Split): { readonly users: number; readonly of: Int32Array } => {
  const of = new Int32Array(split.dataset.items.length);
  const visit = distinctVisitor(of.length);
  let users = 0;
  split.dataset.users.forEach((_, user) => {
    const own = training(split, user);
    if (own.length > 0) users++;
    visit(own, [], (item) => void of[item]!++);
  });
  return { users, of };
};

/** The share of items that are popular: Pareto's fifth. */
const HEAD = 0.2;

/** [items], 1 for the fifth that occurs most often in training (of equals, those that come first in the catalogue). */
const headOf = (split: Split): Uint8Array => {
  const count = counts(split);
  const head = new Uint8Array(count.length);
  Array.from(count.keys())
    .sort((a, b) => count[b]! - count[a]! || a - b)
    .slice(0, Math.ceil(HEAD * count.length))
    .forEach((item) => void (head[item] = 1));
  return head;
};

type Categories = Extract<FeatureColumn, { readonly kind: 'category' | 'categories' }>;
/** The categories of an item; empty where none is known. */
const categoriesOf =
  (column: Categories) =>
  (item: number): readonly number[] =>
    column.kind === 'category'
      ? [column.values[item]!].filter((value) => value !== 0)
      : [...column.values.subarray(column.offsets[item], column.offsets[item + 1])];

/** 1 less the share of both items' categories that they have in common (Jaccard); NaN where one has none. */
const unlike = (a: readonly number[], b: readonly number[]): number => {
  if (a.length === 0 || b.length === 0) return Number.NaN;
  const common = a.filter((category) => b.includes(category)).length;
  return 1 - common / (a.length + b.length - common);
};

/** The mean over pairs of a list's items of how unlike they are. */
const diversity = (column: Categories): ListMeasure => {
  const of = categoriesOf(column);
  return ({ shown }, cutoff) =>
    meanWhere(
      shown.map((list) => {
        const own = list.slice(0, cutoff).map(of);
        return meanWhere(own.flatMap((a, i) => own.slice(i + 1).map((b) => unlike(a, b))));
      }),
    );
};

/**
 * Measures of a part's lists, by name:
 *
 * - `coverage`: the share of the catalogue that is in some list (Ge et al. 2010).
 * - `novelty`: bits, -log2 of the share of training users who met an item, taken as one user where nobody did (Zhou et al. 2010).
 * - `popular`: the share of places that the most popular fifth of the catalogue has (one less the long tail's: Abdollahpouri et al. 2019).
 * - `repeats`: the share of places with items of the history, where none is left out. A ranking that is calibrated (Steck 2018)
 *   repeats as often as users do, which the row `wanted` tells.
 * - `diversity:NAME`, for each category of items in the data: in [0, 1], 0 where all items of a list are of the same (Ziegler et al. 2005).
 */
export const listMeasures = (split: Split, which: Held): Readonly<Record<string, ListMeasure>> => {
  const { items, features } = split.dataset;
  const { users, of } = audience(split);
  const bits = (item: number): number => (users === 0 ? Number.NaN : -Math.log2(Math.max(1, of[item]!) / users));
  const head = headOf(split);
  const histories = split.held[which].users.length;
  const met = Array.from({ length: histories }, (_, question) => new Set(history(split, which, question)));
  const categories = [...(features ?? [])].flatMap(([name, column]) =>
    column.kind === 'category' || column.kind === 'categories'
      ? [[`diversity:${name}`, diversity(column)] as const]
      : [],
  );
  return {
    coverage: ({ shown }, cutoff) => new Set(shown.flatMap((list) => list.slice(0, cutoff))).size / items.length,
    novelty: ({ shown }, cutoff) => perItem(bits)(shown, cutoff),
    popular: ({ shown }, cutoff) => perItem((item) => head[item]!)(shown, cutoff),
    repeats: ({ whole }, cutoff) => perItem((item, question) => (met[question]!.has(item) ? 1 : 0))(whole, cutoff),
    ...Object.fromEntries(categories),
  };
};
