/** A data set whose catalogue has more items than its events: those that a model knew before. */
import type { FeatureColumn } from './columns.js';
import { type Dataset, dataset } from './dataset.js';
import { compareIds } from './ids.js';

/** A column with other rows: row `i` is what row `rows[i]` was, and missing where that is -1. */
const rearranged = (column: FeatureColumn, rows: Int32Array): FeatureColumn => {
  switch (column.kind) {
    case 'category':
    case 'lookup':
      return { ...column, values: rows.map((row) => (row < 0 ? 0 : column.values[row]!)) };
    case 'number':
      return { ...column, values: Float64Array.from(rows, (row) => (row < 0 ? Number.NaN : column.values[row]!)) };
    case 'text':
      return { ...column, values: Array.from(rows, (row) => (row < 0 ? undefined : column.values[row])) };
    case 'vector': {
      const values = new Float32Array(rows.length * column.width);
      rows.forEach((row, i) => {
        if (row >= 0)
          values.set(column.values.subarray(row * column.width, (row + 1) * column.width), i * column.width);
      });
      return { ...column, values };
    }
    case 'categories': {
      const own = Array.from(rows, (row) =>
        row < 0 ? [] : [...column.values.subarray(column.offsets[row], column.offsets[row + 1])],
      );
      const offsets = new Int32Array(rows.length + 1);
      own.forEach((values, i) => void (offsets[i + 1] = offsets[i]! + values.length));
      return { ...column, offsets, values: Int32Array.from(own.flat()) };
    }
  }
};

/** Items that a model knew, in any order, and their titles where it had some. */
export interface Known {
  readonly items: readonly string[];
  readonly titles: readonly string[] | null;
}

/**
 * The same events, and in the catalogue also the items that `known` has and no event meets any more. Data that have them all are
 * given back as they are.
 */
export const withKnown = (data: Dataset, known: Known): Dataset => {
  const met = new Set(data.items);
  const lost = known.items.filter((id) => !met.has(id));
  if (lost.length === 0) return data;
  const items = [...data.items, ...lost].sort(compareIds);
  const code = new Map(items.map((id, i) => [id, i]));
  const codes = Int32Array.from(data.items, (id) => code.get(id)!);
  const { features, titles, unmet, hash: _, ...rest } = data;
  // What is known of items that nobody met follows what is known of those that somebody did.
  const before = new Map([...data.items, ...(unmet ?? [])].map((id, row) => [id, row]));
  const left = unmet?.filter((id) => !code.has(id));
  const rows = Int32Array.from([...items, ...(left ?? [])], (id) => before.get(id) ?? -1);
  const remembered = known.titles?.map((title, i) => [known.items[i]!, title] as const);
  return dataset({
    ...rest,
    items,
    sequence: data.sequence.map((item) => codes[item]!),
    ...(left === undefined ? {} : { unmet: left }),
    ...(titles === undefined && remembered === undefined
      ? {}
      : { titles: new Map([...(remembered ?? []), ...(titles ?? [])]) }),
    ...(features === undefined
      ? {}
      : { features: new Map([...features].map(([name, column]) => [name, rearranged(column, rows)])) }),
  });
};
