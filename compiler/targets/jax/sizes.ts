/** How many positions axes have: numbers, or what the shape of a given array says. */
import { type Axis, bound, type Size } from '../../../dsl/axis.js';
import { known, number, type Piece, quoted } from './piece.js';

export interface Sizes {
  /** Known when the function is traced. */
  readonly count: (axis: Axis) => Piece;
  /** The lines that read the sizes that were asked for. */
  readonly lines: () => readonly string[];
  /** The symbols among them that no array tells: the function is to be given them, as the dictionary `sizes`. */
  readonly asked: ReadonlySet<string>;
}

/** An array that a function is given, as it is called there, and its axes. */
export interface Given {
  readonly piece: Piece;
  readonly axes: readonly Axis[];
}

/** `name`: a name for a size that nothing else has. */
export const sizesOf = (given: readonly Given[], name: (like: string) => string): Sizes => {
  const carriers = new Map<Size, string>(
    given
      .flatMap(({ piece, axes }) => axes.map((a, at) => [bound(a), `${piece.text}.shape[${at}]`] as const))
      .reverse(),
  );
  const asked = new Set<string>();
  const read = new Map<string, { readonly name: string; readonly line: string }>();
  const named = (size: string): string => {
    const found = read.get(size);
    if (found !== undefined) return found.name;
    const carrier = carriers.get(size);
    if (carrier === undefined) asked.add(size);
    const own = name(`n_${size}`);
    read.set(size, { name: own, line: `${own} = ${carrier ?? `sizes[${quoted(size)}]`}` });
    return own;
  };
  return {
    asked,
    count: (axis) => {
      const size = bound(axis);
      return typeof size === 'number' ? number(size) : known(named(size));
    },
    lines: () => [...read.values()].map(({ line }) => line),
  };
};
