/** Sums and maxima as loops. */
import { lowest } from '../../../dsl/lowest.js';
import type { DType } from '../../../dsl/scalar.js';
import type { Expr, ReduceAxis } from '../../loops/ir.js';
import { inside, integer, literal, type Piece } from './piece.js';
import { block, scope, type Scope } from './scope.js';
import { extent, keep, type Writer } from './writer.js';

/** A bound of a loop: a name, or what needs none. */
const bound = (w: Writer, found: Piece, wanted: string, s: Scope): Piece =>
  found.is === 'name' || found.is === 'literal' || found.is === 'given' ? found : keep(w, found, wanted, s);

/** gpu.js makes a float of a counter that does not start at a literal, and WGSL has no `++` for floats. */
export const counting = ({ text: i }: Piece, from: Piece, to: Piece): string =>
  `for (let ${i} = ${from.text}; ${i} < ${inside(to)}; ${from.is === 'literal' ? `${i}++` : `${i} += 1`})`;

/** Opens the loops of a reduction, lets `inner` fill the innermost, and closes them. */
const loops = (w: Writer, over: readonly ReduceAxis[], s: Scope, inner: (s: Scope) => void): void => {
  const [first, ...rest] = over;
  if (first === undefined) {
    inner(s);
    return;
  }
  const { axis, from, to, row } = first;
  const whole = from === undefined && to === undefined;
  if (whole && axis.size === 1 && axis.ragged === undefined && axis.missing === undefined) {
    const body = scope('loop', s, [[axis.name, integer(0)]]);
    loops(w, rest, body, inner);
    s.lines.push(...body.lines);
    return;
  }
  const start = from === undefined ? integer(0) : bound(w, w.value(from, s), `${axis.name}_from`, s);
  const end = bound(w, to === undefined ? extent(w, axis, row, s) : w.value(to, s), `${axis.name}_to`, s);
  const i = w.fresh(axis.name);
  const narrow = !whole || (axis.ragged !== undefined && row !== undefined);
  const body = scope(narrow ? 'narrow' : 'loop', s, [[axis.name, i]]);
  loops(w, rest, body, inner);
  s.lines.push(...block(counting(i, start, end), body));
};

type Monoid = Extract<Expr, { kind: 'reduce' }>['monoid'];
const accumulators: { readonly [M in Monoid]: string } = { sum: 'sum', max: 'most' };
const starts: { readonly [M in Monoid]: (dtype: DType) => number } = { sum: () => 0, max: (dtype) => lowest[dtype] };

/** `into` and one term more, as a statement. */
export const accumulate: {
  readonly [M in Monoid]: (w: Writer, into: Piece, term: Piece, dtype: DType) => string;
} = {
  sum: (w, into, term, dtype) =>
    dtype === 'f32' ? `${into.text} += ${term.text};` : `${into.text} = ${w.scalar('add', dtype, into, term).text};`,
  max: (w, into, term, dtype) => `${into.text} = ${w.scalar(dtype === 'bool' ? 'or' : 'max', dtype, into, term).text};`,
};

export const reduction = (
  w: Writer,
  { monoid, over, body, dtype }: Extract<Expr, { kind: 'reduce' }>,
  s: Scope,
): Piece => {
  const into = w.fresh(accumulators[monoid]);
  s.lines.push(`let ${into.text} = ${literal(starts[monoid](dtype), dtype).text};`);
  loops(w, over, s, (inner) => inner.lines.push(accumulate[monoid](w, into, w.value(body, inner), dtype)));
  return into;
};
