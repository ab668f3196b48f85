/**
 * How a range of cells is covered by tiles: as many whole ones as there is room for, then one that ends with the range, over cells
 * that are done already, and single cells only where the range is shorter than a tile.
 */
import type { Machine } from '../../code/machine.js';

export type Strip =
  /** Tiles one after the other, as long as one fits; `even` where nothing is left over. */
  | { readonly kind: 'whole'; readonly count: number; readonly even: boolean }
  /** The same, and one more, moved back so that it ends with the range, where more is left over than half of one. */
  | { readonly kind: 'fuller'; readonly count: number }
  /** Whole tiles, the last moved back so that it ends with the range; `always` where the range is known to have room for one. */
  | { readonly kind: 'overlap'; readonly count: number; readonly always: boolean }
  /** Tiles of so many registers, of which the last may be there in part or not at all. */
  | { readonly kind: 'part'; readonly count: number }
  | { readonly kind: 'single' };

/** A row is there or not. */
export type RowStrip = Exclude<Strip, { kind: 'part' }>;

/** What is asked of a range besides its length, which is null where only a run tells. */
interface Range {
  readonly length: number | null;
}

/** Along lanes; counts are registers. `rows`: how many lie above one another; `wide`: how many are side by side where there is but one, widest first. */
export const alongLanes = (
  { length, rows, wide }: Range & { readonly rows: number; readonly wide: readonly number[] },
  { lanes, vectors, partly }: Machine,
): readonly Strip[] => {
  /** Whether one of so many registers has room, for some number of lanes. */
  const fits = (left: number | null, count: number): boolean => left === null || lanes.some((l) => left >= l * count);
  const strips: Strip[] = [];
  if (partly && rows === 1 && length !== null && wide.length > 0)
    return [{ kind: 'part', count: Math.min(wide[0]!, Math.ceil(length / Math.max(...lanes))) }];
  if (rows > 1 && fits(length, vectors)) {
    const gains = length === null || lanes.some((l) => length > l * vectors && length % (l * vectors) > l);
    strips.push(gains ? { kind: 'fuller', count: vectors } : { kind: 'whole', count: vectors, even: false });
  }
  if (rows === 1) {
    wide.reduce<readonly (number | null)[]>(
      (left, count) => {
        if (left.some((n, k) => n === null || n >= lanes[k]! * count))
          strips.push({ kind: 'whole', count, even: false });
        return left.map((n, k) => (n === null ? null : n % (lanes[k]! * count)));
      },
      lanes.map(() => length),
    );
  }
  const covered = length !== null && rows > 1 && lanes.every((l) => length % (l * vectors) === 0);
  const always = length !== null && lanes.every((l) => length >= l);
  if (fits(length, 1) && !covered) strips.push({ kind: 'overlap', count: 1, always });
  if (!always) strips.push(partly ? { kind: 'part', count: 1 } : { kind: 'single' });
  return strips;
};

/** Along the rows of a tile, or of a smaller one. Three together take as long as one: in a row alone each sum waits for itself. */
export const alongRows = ({ length }: Range, { rows, few }: Machine): readonly RowStrip[] => {
  const even = length !== null && length % rows === 0;
  const overlap = (count: number): readonly RowStrip[] => [{ kind: 'overlap', count, always: length !== null }];
  return [
    ...(length !== null && length < rows ? [] : even ? [{ kind: 'whole', count: rows, even } as const] : overlap(rows)),
    ...(length === null || (length < rows && length >= few) ? overlap(few) : []),
    ...(length === null || length < few ? [{ kind: 'single' } as const] : []),
  ];
};
