/**
 * Arrays of a module. One has the axes along which it varies, in an order of its own, and none of those along which it is the
 * same: what is broadcast costs nothing, and what is renamed is another view.
 */
import type { Axis } from '../../../dsl/axis.js';
import type { DType, ScalarName } from '../../../dsl/scalar.js';
import type { Helper } from './helpers.js';
import { atom, call, type Piece, subscripted, tuple } from './piece.js';
import { axisAt } from '../../exits/varying.js';
import { applied, arrayOf, literal } from './scalars.js';
import type { Sheet } from './sheet.js';
import type { Sizes } from './sizes.js';

export interface Value {
  readonly piece: Piece;
  readonly axes: readonly Axis[];
  readonly dtype: DType;
}

/** What is written with. */
export interface Pen {
  readonly sheet: Sheet;
  readonly sizes: Sizes;
  readonly uses: (helper: Helper) => string;
  /** What the function calls its inputs. */
  readonly inputs: string;
  /** The input that says how many positions at an axis's end do not exist, where it is one of those that the whole program has. */
  readonly missing: (axis: Axis) => Piece | undefined;
  /** The key of random numbers, as an expression. */
  readonly key: (key: string) => string;
  /** Axes as they lie in memory, outermost first. */
  readonly inOrder: (axes: readonly Axis[]) => readonly Axis[];
}

/** The same array with its axes in the order of `names`, which has them all and perhaps others. */
export const arranged = (v: Value, names: readonly string[]): Value => {
  const order = names.flatMap((name) => {
    const at = axisAt(v, name);
    return at < 0 ? [] : [at];
  });
  return order.every((from, to) => from === to)
    ? v
    : {
        ...v,
        piece: call('jnp.transpose', v.piece, tuple(order.map(String))),
        axes: order.map((at) => v.axes[at]!),
      };
};

/** The array with an axis of one position for each that it has not, so that it broadcasts against arrays over `axes`. */
export const spread = (v: Value, axes: readonly Axis[]): Piece => {
  const { piece, axes: own } = arranged(
    v,
    axes.map((a) => a.name),
  );
  const first = axes.findIndex((a) => a.name === own[0]?.name);
  if (first < 0) return piece;
  const subscripts = axes.slice(first).map((a) => (own.some((o) => o.name === a.name) ? ':' : 'None'));
  const last = subscripts.lastIndexOf('None');
  return last < 0 ? piece : subscripted(piece, subscripts.slice(0, last + 1).join(', '));
};

/** All axes of some arrays: in the order of one that has them all, where there is one. */
export const union = ({ inOrder }: Pen, values: readonly Value[]): readonly Axis[] => {
  const all = new Map(values.flatMap((v) => v.axes.map((a) => [a.name, a] as const)));
  return values.find((v) => v.axes.length === all.size)?.axes ?? inOrder([...all.values()]);
};

/** A scalar function at every position. */
export const mapped = (pen: Pen, fn: ScalarName, args: readonly Value[], dtype: DType): Value => {
  const axes = union(pen, args);
  return {
    piece: applied(
      fn,
      args.map((v) => ({ piece: spread(v, axes), dtype: v.dtype })),
      pen.uses,
    ),
    axes,
    dtype,
  };
};

export const scalar = ({ uses }: Pen, value: number, dtype: DType): Value => ({
  piece: literal(value, dtype, uses),
  axes: [],
  dtype,
});

/** The lengths of arrays over these axes. */
export const shapeOf = ({ sizes }: Pen, axes: readonly Axis[]): string => tuple(axes.map((a) => sizes.count(a).text));

/** Along all of `axes`, in that order. */
export const whole = (pen: Pen, v: Value, axes: readonly Axis[]): Value => {
  const piece = spread(v, axes);
  return v.axes.length === axes.length
    ? { ...v, piece: arrayOf({ ...v, piece }), axes }
    : { ...v, piece: call('jnp.broadcast_to', arrayOf({ ...v, piece }), shapeOf(pen, axes)), axes };
};

/** What is left of a state whose axes are cut. */
export const shortened = ({ sizes }: Pen, v: Value): Value => {
  const subscripts = v.axes.map((a) => (sizes.cuts(a) ? `:${sizes.count(a).text}` : ':'));
  const last = subscripts.findLastIndex((s) => s !== ':');
  return { ...v, piece: atom(`${v.piece.text}[${subscripts.slice(0, last + 1).join(', ')}]`) };
};

/** As long as states are: zeros beyond what is cut. */
export const filled = ({ sizes }: Pen, v: Value): Value => {
  if (!v.axes.some(sizes.cuts)) return v;
  const rows = v.axes.map((a) => (sizes.cuts(a) ? `(0, ${sizes.whole(a).text} - ${sizes.count(a).text})` : '(0, 0)'));
  return { ...v, piece: call('jnp.pad', v.piece, tuple(rows)) };
};

/** Positions along an axis. */
export const positions = ({ sizes }: Pen, axis: Axis): Value => ({
  piece: call('jnp.arange', sizes.count(axis)),
  axes: [axis],
  dtype: 'i32',
});
