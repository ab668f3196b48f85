/**
 * How a range of cells is covered by tiles: as many whole ones as there is room for, then one that ends with the range, over cells
 * that are done already, and single cells only where the range is shorter than a tile.
 */
import type { Machine } from '../../code/machine.js';

export type Strip =
  /** Tiles one after the other, as long as one fits; `even` where nothing is left over. */
  | { readonly kind: 'whole'; readonly count: number; readonly even: boolean }
  /** Whole tiles, the last moved back so that it ends with the range; `always` where the range is known to have room for one. */
  | { readonly kind: 'overlap'; readonly count: number; readonly always: boolean }
  /** All that are left, where that is exactly so many. */
  | { readonly kind: 'rest'; readonly count: number }
  | { readonly kind: 'single' };

/** What is asked of a range besides its length, which is null where only a run tells. */
interface Range {
  readonly length: number | null;
}

/** Along lanes; counts are registers. `rows`: how many lie above one another; `waits`: each cell is a sum that waits for itself. */
export const alongLanes = (
  { length, rows, waits }: Range & { readonly rows: number; readonly waits: boolean },
  { lanes, vectors, wide }: Machine,
): readonly Strip[] => {
  const strips: Strip[] = [];
  const tile = lanes * vectors;
  if (rows > 1 && (length === null || length >= tile)) strips.push({ kind: 'whole', count: vectors, even: false });
  if (rows === 1 && waits) {
    wide.reduce((left, count) => {
      if (left === null || left >= lanes * count) strips.push({ kind: 'whole', count, even: false });
      return left === null ? null : left % (lanes * count);
    }, length);
  }
  const covered = length !== null && rows > 1 && length % tile === 0;
  if ((length === null || length >= lanes) && !covered)
    strips.push({ kind: 'overlap', count: 1, always: length !== null });
  if (length === null || length < lanes) strips.push({ kind: 'single' });
  return strips;
};

/** Along the rows of a tile. Three together take as long as one: in a row alone each sum waits for itself. */
export const alongRows = ({ length }: Range, { rows }: Machine): readonly Strip[] => {
  const all = length === null || length >= rows;
  const even = length !== null && length % rows === 0;
  return [
    ...(!all
      ? []
      : even
        ? [{ kind: 'whole', count: rows, even } as const]
        : [{ kind: 'overlap', count: rows, always: length !== null } as const]),
    ...(length === null || length === rows - 1 ? [{ kind: 'rest', count: rows - 1 } as const] : []),
    ...(length === null || length < rows - 1 ? [{ kind: 'single' } as const] : []),
  ];
};
