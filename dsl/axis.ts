/**
 * An axis is a name and an extent. A tensor's type is the set of its axis names; the extent travels with the value.
 *
 * Axes have no order: memory order is the compiler's choice.
 */

import { fail, type Wrong } from './errors.js';
import { misnamed } from './names.js';

/** A size known when the model is compiled (a number) or when the trainer starts (a symbol such as `items`). */
export type Size = number | string;

/** How many positions an axis has: as many for all (`fixed`), or as many as each row has (`ragged`). */
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

/** A name and an extent. Two axes of one name must have one extent wherever they meet. */
export interface Axis<out A extends string = string> {
  readonly name: A;
  readonly extent: Extent;
}

/** Positions are counted in 32 bits. */
export const mostPositions = 2 ** 31 - 1;
/** The copy of a sequence, one position for each of its prefixes, that the compiler makes under `prefix(seq)`. */
export const prefixName = (seq: string): string => `${seq}_prefix`;

const sizeProblem = (size: unknown): string | null =>
  typeof size === 'string'
    ? misnamed('a size', size) === null
      ? null
      : `the size '${size}': it is no name`
    : typeof size === 'number' && Number.isInteger(size) && size >= 1 && size <= mostPositions
      ? null
      : `${String(size)} positions: a size is a whole number from 1 to ${mostPositions.toLocaleString('en')}`;

/** What is wrong with an axis as a model declares it; null where nothing is. */
export const axisProblem = (a: Axis): Wrong | null => {
  const name = misnamed('an axis', a.name);
  if (name !== null) return { code: 'PC3001', message: name };
  if (a.name.endsWith(prefixName('')))
    return {
      code: 'PC3001',
      message: `'${a.name}' cannot name an axis: names that end in ${prefixName('')} are the compiler's, for the copies of a sequence`,
    };
  const size = sizeProblem(bound(a));
  return size === null ? null : { code: 'PC2006', message: `the axis '${a.name}' cannot have ${size}` };
};

const checked = <A extends string>(a: Axis<A>): Axis<A> => {
  const problem = axisProblem(a);
  return problem === null ? a : fail(problem.code, problem.message);
};

/**
 * An axis of `size` positions, a whole number from 1. A string names a size that is bound when the trainer starts. A size or a name that
 * cannot be one is an error, which says what can.
 */
export const axis = <const A extends string>(name: A, size: Size): Axis<A> =>
  checked({ name, extent: { kind: 'fixed', size } });

/** An axis of up to `size` positions; how many are missing at its end is the input `<name>.missing`. */
export const partial = <const A extends string>(name: A, size: Size): Axis<A> =>
  checked({ name, extent: { kind: 'fixed', size, missing: `${name}.missing` } });

/** An axis with one length per position of `rows`; its lengths are the input `<name>.lengths`. */
export const ragged = <const A extends string>(name: A, rows: Axis, max: Size): Axis<A> =>
  checked({
    name,
    extent: { kind: 'ragged', rows: rows.name, lengths: `${name}.lengths`, max },
  });

/** A second copy of an axis under another name: the same positions, the same lengths (queries and keys, say). */
export const like = <const A extends string>(name: A, original: Axis): Axis<A> =>
  checked({ name, extent: original.extent });

/** The same for the compiler, whose names no model can have. */
export const copied = (name: string, { extent }: Axis): Axis => ({ name, extent });

/** The largest number of positions along the axis. */
export const bound = ({ extent }: Axis): Size => (extent.kind === 'fixed' ? extent.size : extent.max);

/** The input that says how many positions are missing at the end, where any may be. */
export const missingOf = ({ extent }: Axis): string | undefined =>
  extent.kind === 'fixed' ? extent.missing : undefined;

/** The extent as messages say it. */
export const showExtent = ({ extent }: Axis): string =>
  extent.kind === 'fixed'
    ? `${extent.size}${extent.missing === undefined ? '' : ` less ${extent.missing}`}`
    : `up to ${extent.max} by '${extent.rows}' (${extent.lengths})`;

/** Whether two axes have the same positions: sizes, rows and lengths are the same, whatever the axes' names. */
export const sameExtent = ({ extent: a }: Axis, { extent: b }: Axis): boolean =>
  a === b ||
  (a.kind === 'fixed'
    ? b.kind === 'fixed' && a.size === b.size && a.missing === b.missing
    : b.kind === 'ragged' && a.rows === b.rows && a.lengths === b.lengths && a.max === b.max);
