/** Columns by another vocabulary: values are matched by name, and what the vocabulary lacks is missing. */
import type { FeatureColumn } from './columns.js';

type Coded = Extract<FeatureColumn, { readonly vocabulary: readonly string[] }>;

const codesIn = (from: readonly string[], to: readonly string[]): Int32Array => {
  const places = new Map(to.map((value, i) => [value, i + 1]));
  return Int32Array.from(['', ...from], (value, i) => (i === 0 ? 0 : (places.get(value) ?? 0)));
};

export const recoded = <C extends Coded>(column: C, vocabulary: readonly string[]): C => {
  const codes = codesIn(column.vocabulary, vocabulary);
  if (column.kind === 'category') return { ...column, vocabulary, values: column.values.map((v) => codes[v] ?? 0) };
  const rows = Array.from({ length: column.offsets.length - 1 }, (_, r) =>
    [...new Set(column.values.subarray(column.offsets[r], column.offsets[r + 1]).map((v) => codes[v] ?? 0))]
      .filter((code) => code > 0)
      .sort((a, b) => a - b),
  );
  let end = 0;
  return {
    ...column,
    vocabulary,
    offsets: Int32Array.from([0, ...rows.map((row) => (end += row.length))]),
    values: Int32Array.from(rows.flat()),
  };
};

/** The values that the rows in `chosen` have, by their letters: an order that no file decides. */
export const valuesOf = (column: Coded, chosen: (row: number) => boolean = () => true): readonly string[] => {
  const used = new Set<number>();
  const count = column.kind === 'category' ? column.values.length : column.offsets.length - 1;
  for (let row = 0; row < count; row++) {
    if (!chosen(row)) continue;
    if (column.kind === 'category') used.add(column.values[row]!);
    else column.values.subarray(column.offsets[row], column.offsets[row + 1]).forEach((v) => used.add(v));
  }
  return [...new Set([...used].filter((v) => v > 0).map((v) => column.vocabulary[v - 1]!))].sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  );
};

/** The same column, whatever the order of its vocabulary was. */
export const canonical = <C extends FeatureColumn>(column: C): C =>
  column.kind === 'category' || column.kind === 'categories' ? (recoded(column, valuesOf(column)) as C) : column;
