/** The code of a tile of cells: some rows, some registers of lanes in each. */
import { get, isSimple, local, set } from '../../code/build.js';
import type { Code, Statement } from '../../code/tree.js';

/** Code for every cell: one part a row (or one for all), one a vector (none: one value for all lanes). */
export interface Tile {
  readonly vectors: number;
  readonly parts: readonly (readonly Code[])[];
}

/** The code of a cell; what is one for all rows or lanes is so for each. */
export const part = (t: Tile, row: number, vector: number): Code => {
  const cells = t.parts[Math.min(row, t.parts.length - 1)]!;
  return cells[Math.min(vector, cells.length - 1)]!;
};

export const grid = (rows: number, vectors: number, cell: (row: number, vector: number) => Code): Tile => {
  const parts: Code[][] = [];
  for (let r = 0; r < rows; r++) {
    const row: Code[] = [];
    for (let c = 0; c < Math.max(1, vectors); c++) row.push(cell(r, c));
    parts.push(row);
  }
  return { vectors, parts };
};

/** The same for every cell. */
export const uniform = (code: Code): Tile => grid(1, 0, () => code);

/** The value as something that may stand more than once, in a local where it is not simple. */
export const keep = (into: Statement[], wanted: string, code: Code): Code => {
  if (isSimple(code)) return code;
  const name = local(wanted, code.type);
  into.push(set(name, code));
  return get(name);
};

export const keepTile = (into: Statement[], wanted: string, t: Tile): Tile =>
  t.parts.every((row) => row.every(isSimple))
    ? t
    : { ...t, parts: t.parts.map((row) => row.map((p) => keep(into, wanted, p))) };
