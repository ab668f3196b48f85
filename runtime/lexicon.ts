/**
 * What training finds of columns: vocabularies, scalings, widths, by their names. It is part of the checkpoint, and binds the sizes of
 * features.
 */
import { type SizedOf, sizeOfFeature } from './contract/features.js';
import type { Sizes } from './contract/session.js';
import type { FeatureColumn } from './data/index.js';
import { valuesOf } from './data/recode.js';

/** What training found of a column. */
export type Learnt =
  | { readonly kind: 'category'; readonly vocabulary: readonly string[] }
  | { readonly kind: 'categories'; readonly vocabulary: readonly string[]; readonly most: number }
  | { readonly kind: 'number'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'vector'; readonly width: number };
/** How many numbers a model reads of it for each row. */
export const widthOf = (found: Learnt): number =>
  found.kind === 'categories' ? found.most : found.kind === 'vector' ? found.width : 1;
/** By the names of columns. */
export interface Lexicon {
  readonly items: Readonly<Record<string, Learnt>>;
  readonly events: Readonly<Record<string, Learnt>>;
  /** Absent where the model reads nothing of users. */
  readonly users?: Readonly<Record<string, Learnt>>;
}
const isLearnt = (x: unknown): boolean => {
  const { kind, vocabulary, most, mean, deviation, width } = (x ?? {}) as Readonly<Record<string, unknown>>;
  const words = Array.isArray(vocabulary) && vocabulary.every((word) => typeof word === 'string');
  const forms: Readonly<Record<string, boolean>> = {
    category: words,
    categories: words && Number.isInteger(most),
    number: Number.isFinite(mean) && Number.isFinite(deviation),
    vector: Number.isInteger(width),
  };
  return forms[String(kind)] === true;
};
/** Whether what a file holds is a lexicon. */
export const isLexicon = (x: unknown): x is Lexicon => {
  const { items, events, users = {} } = (x ?? {}) as Partial<Lexicon>;
  return [items, events, users].every(
    (of) => typeof of === 'object' && of !== null && !Array.isArray(of) && Object.values(of).every(isLearnt),
  );
};

const moments = (
  values: Float64Array,
  chosen: (row: number) => boolean,
): Extract<Learnt, { readonly kind: 'number' }> => {
  const known = values.filter((x, row) => Number.isFinite(x) && chosen(row));
  const mean = known.length === 0 ? 0 : known.reduce((sum, x) => sum + x, 0) / known.length;
  const square = known.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, known.length);
  return { kind: 'number', mean, deviation: square > 0 ? Math.sqrt(square) : 1 };
};

const longest = (offsets: Int32Array): number =>
  offsets.reduce((most, end, r) => Math.max(most, r === 0 ? 0 : end - offsets[r - 1]!), 1);

/** What training finds of a column, by the rows that it met. */
export const learning: {
  readonly [K in Learnt['kind']]: (
    column: Extract<FeatureColumn, { readonly kind: K }>,
    chosen: (row: number) => boolean,
  ) => Learnt;
} = {
  category: (c, chosen) => ({ kind: 'category', vocabulary: valuesOf(c, chosen) }),
  categories: (c, chosen) => ({ kind: 'categories', vocabulary: valuesOf(c, chosen), most: longest(c.offsets) }),
  number: (c, chosen) => moments(c.values, chosen),
  vector: (c) => ({ kind: 'vector', width: c.width }),
};

/** The sizes that a lexicon binds. */
export const sizesOf = (lexicon: Lexicon | undefined): Sizes => {
  const one = (of: SizedOf, name: string, found: Learnt): readonly (readonly [string, number])[] => {
    const size = (part: 'values' | 'width' | 'most', n: number) => [sizeOfFeature(of, name, part), n] as const;
    return found.kind === 'vector'
      ? [size('width', found.width)]
      : found.kind === 'number'
        ? []
        : [
            size('values', 1 + found.vocabulary.length),
            ...(found.kind === 'categories' ? [size('most', found.most)] : []),
          ];
  };
  return Object.fromEntries([
    ...Object.entries(lexicon?.items ?? {}).flatMap(([name, found]) => one('item', name, found)),
    ...Object.entries(lexicon?.events ?? {}).flatMap(([name, found]) => one('event', name, found)),
    ...Object.entries(lexicon?.users ?? {}).flatMap(([name, found]) => one('user', name, found)),
  ]);
};
