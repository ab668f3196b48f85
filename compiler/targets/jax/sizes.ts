/** How many positions axes have: numbers, or what the shape of a given array says. */
import { type Axis, bound, type Size } from '../../../dsl/axis.js';
import type { Cut } from './cut.js';
import { known, number, type Piece, quoted } from './piece.js';

export interface Sizes {
  /** Known when the function is traced. */
  readonly count: (axis: Axis) => Piece;
  /** The same of an axis that nothing cuts. */
  readonly whole: (axis: Axis) => Piece;
  /** Whether an axis may be shorter than its bound. */
  readonly cuts: (axis: Axis) => boolean;
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

/** `inputs` and `states` tell sizes, of axes that are cut the inputs alone. `name`: a name for a size that nothing else has. */
export const sizesOf = (
  inputs: readonly Given[],
  states: readonly Given[],
  cut: Cut,
  name: (like: string) => string,
): Sizes => {
  const sizeOf = (a: Axis): Size => cut.get(a.name) ?? bound(a);
  const told = (given: readonly Given[], size: (a: Axis) => Size) =>
    given.flatMap(({ piece, axes }) => axes.map((a, at) => [size(a), `${piece.text}.shape[${at}]`] as const));
  const carriers = new Map<Size, string>([...told(inputs, sizeOf), ...told(states, bound)].reverse());
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
  const spelt = (size: Size): Piece => (typeof size === 'number' ? number(size) : known(named(size)));
  return {
    asked,
    count: (axis) => spelt(sizeOf(axis)),
    whole: (axis) => spelt(bound(axis)),
    cuts: (axis) => cut.has(axis.name),
    lines: () => [...read.values()].map(({ line }) => line),
  };
};
