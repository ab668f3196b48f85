/**
 * Where the cells of a buffer lie. Ragged axes beside their rows axis are packed: a row takes as many cells as it has
 * positions, rows follow one another, and nobody computes or stores padding. Among the axes without rows the largest comes
 * last, so that lanes run along it.
 */
import { apply, integer } from '../loops/build.js';
import type { Buffer, Expr, LoopAxis } from '../loops/ir.js';
import { isUnit } from '../loops/units.js';

export interface Layout {
  readonly buffer: Buffer;
  /**
   * The outermost axis, where rows follow one another, by its place in `buffer.axes`; `lengths` names the lengths whose
   * product is a row's number of cells (none: rows are equally long).
   */
  readonly rows?: { readonly at: number; readonly lengths: readonly string[] };
  /** Places in `buffer.axes` of the axes inside a row, outermost first; axes of one position are left out. */
  readonly inner: readonly number[];
  /** Cells from one position of the last axis but one to the next, where that is more than the last axis has. */
  readonly pitch?: number;
  /** Positions of the last axis that lie together with all of the others: what a block of lanes reads (see panels). */
  readonly panel?: number;
  /** One row at a time, or some that have together no more positions: every thread has room for that and fills it again and again. */
  readonly local: boolean;
  /** Of several rows at a time: their cells follow one another. */
  readonly gathered?: boolean;
}

/** A line of the nearest cache, in cells. Lines whose distance is a multiple of eight share few of its places, and a product walks many. */
const cacheLine = 16;
const crowded = 8 * cacheLine;
/** Cells that may be left empty, of those there are, so that each row begins where a line does: a register then loads one line, not parts of two. */
const spared = 1 / 3;
const pitchOf = ({ dtype, axes }: Buffer, inner: readonly number[], named: boolean): number | undefined => {
  const last = axes[inner[inner.length - 1] ?? -1];
  const size = last?.size;
  if (dtype !== 'f32' || inner.length < 2 || typeof size !== 'number' || last?.ragged !== undefined) return undefined;
  if (size % crowded === 0) return size + cacheLine;
  const whole = Math.ceil(size / cacheLine) * cacheLine;
  return named && size > cacheLine / 2 && whole > size && whole <= size * (1 + spared) ? whole : undefined;
};

const weight = ({ size }: LoopAxis): number => (typeof size === 'number' ? size : 0);
const ascending =
  (axes: readonly LoopAxis[]) =>
  (a: number, b: number): number =>
    weight(axes[a]!) - weight(axes[b]!) || a - b;

/**
 * `last` names an axis that shall be innermost, for a transposed copy; `local` that one row is kept at a time; `named` that its rows are found by
 * what data say, here and there.
 */
export const layoutOf = (
  buffer: Buffer,
  rowsAxis: string,
  {
    last,
    local = false,
    named = false,
  }: { readonly last?: string | undefined; readonly local?: boolean; readonly named?: boolean } = {},
): Layout => {
  const { axes } = buffer;
  const places = axes.map((_, k) => k).filter((k) => !isUnit(axes[k]!));
  const rows = places.find((k) => axes[k]!.name === rowsAxis);
  const packed = rows === undefined ? [] : places.filter((k) => axes[k]!.ragged?.rows === rowsAxis);
  const dense = places.filter((k) => k !== rows && !packed.includes(k));
  const symbolic = dense.filter((k) => typeof axes[k]!.size === 'string' || axes[k]!.ragged !== undefined);
  const fixed = dense.filter((k) => !symbolic.includes(k)).sort(ascending(axes));
  // Two ragged axes make a matrix: heads go around it, not inside.
  const order = packed.length > 1 ? [...symbolic, ...fixed, ...packed] : [...packed, ...symbolic, ...fixed];
  const end = order.filter((k) => axes[k]!.name === last);
  const inner = [...order.filter((k) => !end.includes(k)), ...end];
  const pitch = pitchOf(buffer, inner, named);
  return {
    buffer,
    local,
    inner,
    ...(pitch === undefined ? {} : { pitch }),
    ...(rows === undefined ? {} : { rows: { at: rows, lengths: packed.map((k) => axes[k]!.ragged!.lengths) } }),
  };
};

/** Variables of every function: the first of the rows that a call computes, and the one behind the last. No axis is called so. */
export const firstRow = 'first row@';
export const pastRow = 'past row@';

/** A variable of loops that take an axis in blocks: where the block at hand begins. No axis is called so. */
export const blockFrom = (axis: string): string => `${axis} from@`;

/** The buffer of prefix sums of row sizes, for these lengths. */
export const offsetsId = (lengths: readonly string[]): string => `${lengths.join('*')}.before`;

/** How many positions, or products of lengths, the rows before `row` have. */
export const cellsBefore = (lengths: readonly string[], row: Expr): Expr => ({
  kind: 'read',
  buffer: offsetsId(lengths),
  at: [row],
  dtype: 'i32',
});

/** The number of positions that there is room for. */
const roomExpr = (axis: LoopAxis, row?: Expr): Expr => {
  const { missing: _, ...room } = axis;
  return sizeExpr(room, row);
};

/** The number of positions that exist. */
export const sizeExpr = (axis: LoopAxis, row?: Expr): Expr =>
  axis.ragged !== undefined && row !== undefined
    ? { kind: 'extent', axis, row }
    : axis.missing !== undefined
      ? { kind: 'extent', axis: { name: axis.name, size: axis.size, missing: axis.missing } }
      : typeof axis.size === 'number'
        ? integer(axis.size)
        : { kind: 'extent', axis: { name: axis.name, size: axis.size } };

const times = (a: Expr, b: Expr): Expr => apply('mul', a, b);

/** How many cells one step along each axis inside a row is, and the cells of a whole row, for the row at `row`. */
export const strides = (
  { buffer: { axes }, inner, rows, pitch, panel }: Layout,
  row: Expr | undefined,
): { readonly along: ReadonlyMap<number, Expr>; readonly whole: Expr } => {
  const along = new Map<number, Expr>();
  const wide = panel ?? pitch;
  const whole = [...inner].reverse().reduce<Expr>((cells, k, i) => {
    along.set(k, cells);
    if (i === 0 && wide !== undefined) return integer(wide);
    const axis = axes[k]!;
    const isPacked = rows !== undefined && rows.lengths.length > 0 && axis.ragged?.rows === axes[rows.at]!.name;
    return times(cells, roomExpr(axis, isPacked ? row : undefined));
  }, integer(1));
  return { along, whole };
};

/** Panels that lie before the one at hand, which begins with a block: as many cells of each other axis as the block's first position says. */
const panelsBefore = (
  { buffer: { axes }, inner, panel }: Layout,
  at: readonly Expr[],
): readonly { readonly index: Expr; readonly stride: Expr }[] => {
  const [last, ...others] = [...inner].reverse();
  const index = at[last ?? -1];
  if (panel === undefined || index?.kind !== 'index') return [];
  const each = others.reduce((cells, k) => cells * (axes[k]!.size as number), 1);
  // The position itself counts one cell for each before it, those of earlier blocks among them.
  return [{ index: { kind: 'index', axis: blockFrom(index.axis) }, stride: integer(each - 1) }];
};

/** Index and stride, in cells, of everything that adds to the place of a cell. */
export const placeOf = (
  layout: Layout,
  at: readonly Expr[],
): readonly { readonly index: Expr; readonly stride: Expr }[] => {
  const {
    buffer: { axes },
    rows,
    inner,
    local,
    gathered = false,
    pitch,
  } = layout;
  const row = rows === undefined ? undefined : at[rows.at];
  const { along, whole } = strides(layout, row);
  const inside = [...inner.map((k) => ({ index: at[k]!, stride: along.get(k)! })), ...panelsBefore(layout, at)];
  if (rows === undefined || row === undefined || (local && !gathered)) return inside;
  const firstOf: Expr = { kind: 'index', axis: firstRow };
  if (rows.lengths.length === 0) return [{ index: local ? apply('sub', row, firstOf) : row, stride: whole }, ...inside];
  const dense = inner
    .filter((k) => axes[k]!.ragged?.rows !== axes[rows.at]!.name)
    .reduce<Expr>(
      (n, k) => times(n, k === inner[inner.length - 1] && pitch !== undefined ? integer(pitch) : roomExpr(axes[k]!)),
      integer(1),
    );
  const before = cellsBefore(rows.lengths, row);
  const first = cellsBefore(rows.lengths, firstOf);
  return [{ index: local ? apply('sub', before, first) : before, stride: dense }, ...inside];
};
