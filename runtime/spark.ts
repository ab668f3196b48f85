/** A curve in one line of text. */

const ticks = '▁▂▃▄▅▆▇█';

/** One letter a value, the least the lowest; of values that are all alike the lowest. */
export const sparkline = (values: readonly number[]): string => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values
    .map((value) => ticks[high > low ? Math.round(((value - low) / (high - low)) * (ticks.length - 1)) : 0])
    .join('');
};

/** Letters of a curve at most. */
const CELLS = 12;

/** A long story in few numbers. */
export interface Trace {
  /** At most CELLS, each the mean of `each` values. */
  readonly means: readonly number[];
  readonly each: number;
  /** Of the cell that is not full yet. */
  readonly sum: number;
  readonly count: number;
}
export const untraced: Trace = { means: [], each: 1, sum: 0, count: 0 };

/** With one value more. Where the cells are full, two become one. */
export const traced = ({ means, each, sum, count }: Trace, value: number): Trace => {
  if (count + 1 < each) return { means, each, sum: sum + value, count: count + 1 };
  const all = [...means, (sum + value) / (count + 1)];
  if (all.length <= CELLS) return { means: all, each, sum: 0, count: 0 };
  const halves = Array.from({ length: all.length >> 1 }, (_, i) => (all[2 * i]! + all[2 * i + 1]!) / 2);
  // An odd one out begins the next cell.
  return all.length % 2 === 0
    ? { means: halves, each: 2 * each, sum: 0, count: 0 }
    : { means: halves, each: 2 * each, sum: each * all.at(-1)!, count: each };
};
