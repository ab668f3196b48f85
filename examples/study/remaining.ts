/** How long what is left takes, about, by what was done. */
import { median } from './perform.js';
import type { Cell } from './declared.js';
import type { Kept } from './result.js';

/** A run that is wanted. */
export interface Left {
  readonly cell: Cell;
  readonly study: string;
}

const secondsOf = ({ epochs, measured: { seconds } }: Kept): readonly number[] =>
  seconds === null ? [] : [epochs.trained * seconds];

/** The median of runs of the cell, else of runs of its model in the study, else of all of the study; null where there is none. A run takes longer with a busy machine. */
export const secondsFor = ({ cell, study }: Left, done: readonly Kept[]): number | null => {
  const own = done.filter(({ asked }) => asked.study === study);
  const [ofCell, ofModel] = [
    own.filter(({ asked }) => asked.cell === cell.name),
    own.filter(({ asked }) => asked.model === cell.model),
  ];
  const share = cell.share ?? 1;
  if (cell.after !== undefined) return 0;
  return [ofCell, ofModel, own].reduce<number | null>((found, runs, i) => {
    const middle = found === null ? median(runs.flatMap(secondsOf)) : null;
    return found ?? (middle === null ? null : middle * (i === 0 ? 1 : share));
  }, null);
};

/** All that is left: seconds of those runs of which something is known, and how many these are. */
export const timeLeft = (
  left: readonly Left[],
  done: readonly Kept[],
): { readonly seconds: number; readonly known: number } => {
  const each = left.map((one) => secondsFor(one, done));
  return {
    seconds: each.reduce<number>((sum, one) => sum + (one ?? 0), 0),
    known: each.filter((one) => one !== null).length,
  };
};
