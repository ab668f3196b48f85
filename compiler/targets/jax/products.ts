/**
 * Sums, and sums of products as `einsum`. The compiler has ordered products already; what is left to say is which axes meet.
 */
import type { Axis } from '../../../dsl/axis.js';
import { hasAxis } from '../../../dsl/build.js';
import { absorbed } from '../../exits/factors.js';
import { axisAt, namesOf } from '../../exits/varying.js';
import { call, infix, number, type Piece, quoted, tuple } from './piece.js';
import { mapped, type Pen, type Value } from './value.js';

const along = (
  v: Value,
  over: readonly string[],
): { readonly at: readonly number[]; readonly rest: readonly Axis[] } => ({
  at: over.map((name) => axisAt(v, name)).sort((a, b) => a - b),
  rest: v.axes.filter((a) => !over.includes(a.name)),
});

/** A reduction of one array by a function of jax.numpy. */
export const reduced = (fn: 'jnp.sum' | 'jnp.max', v: Value, over: readonly string[]): Value => {
  const { at, rest } = along(v, over);
  if (at.length === 0) return v;
  const all = rest.length === 0;
  const piece = all ? call(fn, v.piece) : call(fn, v.piece, `axis=${at.length === 1 ? at[0] : tuple(at.map(String))}`);
  return { ...v, piece, axes: rest };
};

/** Factors as they meet: of more than two, those that another holds are multiplied with it first. */
const gathered = (pen: Pen, factors: readonly Value[]): readonly Value[] =>
  factors.length <= 2 ? factors : absorbed(factors, (a, b) => mapped(pen, 'mul', [a, b], b.dtype));

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** A letter for each axis: the first of its name that no other has taken. */
const lettersOf = (names: readonly string[]): ReadonlyMap<string, string> => {
  const letters = new Map<string, string>();
  const free = (letter: string): boolean => alphabet.includes(letter) && ![...letters.values()].includes(letter);
  for (const name of names) {
    const own = name.toLowerCase();
    const wished = [...own, ...own.toUpperCase(), ...alphabet];
    letters.set(name, wished.find(free)!);
  }
  return letters;
};

/** A product of matrices: two of its factors have an axis each that the other has not. Others are as cheap as sums. */
const isMatrix = (factors: readonly Value[]): boolean =>
  factors.some((f) =>
    factors.some((g) => [f, g].every((x, i, of) => x.axes.some((a) => !hasAxis(of[1 - i]!, a.name)))),
  );

const einsum = ({ inOrder, uses }: Pen, factors: readonly Value[], over: readonly string[]): Value => {
  const axes = inOrder([...new Map(factors.flatMap((f) => f.axes.map((a) => [a.name, a] as const))).values()]);
  const letters = lettersOf(axes.map((a) => a.name));
  const spelt = (names: readonly string[]): string => names.map((name) => letters.get(name)!).join('');
  const left = axes.filter((a) => !over.includes(a.name));
  const equation = `${factors.map((f) => spelt(namesOf(f))).join()}->${spelt(left.map((a) => a.name))}`;
  return {
    piece: call(
      factors[0]!.dtype === 'f32' && isMatrix(factors) ? uses('einsum') : 'jnp.einsum',
      quoted(equation),
      ...factors.map((f) => f.piece),
    ),
    axes: left,
    dtype: factors[0]!.dtype,
  };
};

/** The sum of a product over `over`; an axis that no factor varies along counts its positions. */
export const contraction = (pen: Pen, given: readonly Value[], over: readonly Axis[]): Value => {
  const { dtype } = given[0]!;
  const counts = over
    .filter((a) => !given.some((f) => hasAxis(f, a.name)))
    .map((a): Piece => {
      const size = pen.sizes.count(a);
      return dtype === 'i32'
        ? size
        : size.number === undefined
          ? call('jnp.float32', size)
          : number(size.number, `${size.number}.0`);
    });
  const scalars = given.filter((f) => f.axes.length === 0).map((f) => f.piece);
  const factors = gathered(
    pen,
    given.filter((f) => f.axes.length > 0),
  );
  const names = over.map((a) => a.name).filter((name) => factors.some((f) => hasAxis(f, name)));
  const times = infix('*', 'product');
  const [only, ...more] = factors;
  const sum: Value | undefined =
    only === undefined ? undefined : more.length === 0 ? reduced('jnp.sum', only, names) : einsum(pen, factors, names);
  const pieces = [...scalars, ...counts, ...(sum === undefined ? [] : [sum.piece])];
  return { piece: pieces.reduce((a, b) => times(a, b)), axes: sum?.axes ?? [], dtype };
};
