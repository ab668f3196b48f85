/**
 * An axis is a name and an extent. A tensor's type is the set of its axis names; the extent travels with the value.
 *
 * Axes have no order: memory order is the compiler's choice.
 */

/** A size known when the model is compiled (a number) or when the trainer starts (a symbol such as `items`). */
export type Size = number | string;

export type Extent =
  /**
   * `missing` names the i32 input without axes that says how many of the last positions do not exist in a run: no reduction
   * sees them, and they are out of range of every lookup. Without it all of them exist.
   */
  | { readonly kind: 'fixed'; readonly size: Size; readonly missing?: string }
  /**
   * One length for each position of the axis `rows`. Positions at or beyond a row's length do not exist: no reduction
   * sees them. `lengths` names the i32 input that holds the lengths; `max` bounds them.
   */
  | { readonly kind: 'ragged'; readonly rows: string; readonly lengths: string; readonly max: Size };

export interface Axis<out A extends string = string> {
  readonly name: A;
  readonly extent: Extent;
}

/** An axis of `size` positions. A string names a size that is bound when the trainer starts. */
export const axis = <const A extends string>(name: A, size: Size): Axis<A> => ({ name, extent: { kind: 'fixed', size } });

/** An axis of up to `size` positions; how many are missing at its end is the input `<name>.missing`. */
export const partial = <const A extends string>(name: A, size: Size): Axis<A> => ({ name, extent: { kind: 'fixed', size, missing: `${name}.missing` } });

/** An axis with one length per position of `rows`; its lengths are the input `<name>.lengths`. */
export const ragged = <const A extends string>(name: A, rows: Axis, max: Size): Axis<A> => ({
  name,
  extent: { kind: 'ragged', rows: rows.name, lengths: `${name}.lengths`, max },
});

/** A second copy of an axis under another name: the same positions, the same lengths (queries and keys, say). */
export const like = <const A extends string>(name: A, original: Axis): Axis<A> => ({ name, extent: original.extent });

/** The largest number of positions along the axis. */
export const bound = ({ extent }: Axis): Size => (extent.kind === 'fixed' ? extent.size : extent.max);

/** The input that says how many positions are missing at the end, where any may be. */
export const missingOf = ({ extent }: Axis): string | undefined => (extent.kind === 'fixed' ? extent.missing : undefined);

export const sameExtent = ({ extent: a }: Axis, { extent: b }: Axis): boolean =>
  a === b ||
  (a.kind === 'fixed' ? b.kind === 'fixed' && a.size === b.size && a.missing === b.missing : b.kind === 'ragged' && a.rows === b.rows && a.lengths === b.lengths && a.max === b.max);
