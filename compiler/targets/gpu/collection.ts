/** The transpose of a gather: a walk along one list of an inverse index. See runtime/devices/inverse for its layout. */
import { apply } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { type Collect, inverseId } from '../../loops/inverse.js';
import { accumulate, counting } from './loops.js';
import { element, every, operation, type Piece } from './piece.js';
import { block, scope, type Scope } from './scope.js';
import { keep, position, type Writer } from './writer.js';

/** Which of an entry's coordinates count, where a loop would have bounds. */
const limits = ({ over }: Collect): readonly Expr[] =>
  over.flatMap(({ axis, from, to }): readonly Expr[] => [
    ...(from === undefined ? [] : [apply('ge', { kind: 'index', axis: axis.name }, from)]),
    ...(to === undefined ? [] : [apply('lt', { kind: 'index', axis: axis.name }, to)]),
  ]);

/** Where the coordinate along the k-th axis stands in the index: one list of all positions behind the other. */
const coordinate = (entry: Piece, positions: readonly Piece[], k: number): Piece =>
  k === 0
    ? entry
    : operation`${entry} + ${[...(k === 1 ? [] : [`${k}`]), ...positions.map(({ text }) => text)].join(' * ')}`;

export const collection = (w: Writer, e: Collect, s: Scope): Piece => {
  const list = w.parameters.of(inverseId(e));
  const target = position(w, e.target, s);
  const into = w.fresh('sum');
  const entry = w.fresh('entry');
  s.lines.push(`let ${into.text} = 0;`);
  const last = keep(w, element(list, operation`${target} + 1`), 'last', s);
  const positions = e.over.map(({ axis }) => w.flavour.size(axis.size));
  const axes = e.over.map(({ axis }) => ({ axis: axis.name, i: w.fresh(axis.name) }));
  const inner = scope(
    'narrow',
    s,
    axes.map(({ axis, i }) => [axis, i] as const),
  );
  const conditions = limits(e);
  const needed = new Set([e.body, ...conditions].flatMap((part) => [...w.needs(part)]));
  axes.forEach(({ axis, i }, k) => {
    if (needed.has(axis)) inner.lines.push(`const ${i.text} = ${element(list, coordinate(entry, positions, k)).text};`);
  });
  const body = conditions.length === 0 ? inner : scope('branch', inner);
  body.lines.push(accumulate.sum(w, into, w.value(e.body, body), e.dtype));
  const [first, ...others] = conditions.map((limit) => w.value(limit, inner));
  if (first !== undefined) inner.lines.push(...block(`if (${every(first, ...others).text})`, body));
  s.lines.push(...block(counting(entry, element(list, target), last), inner));
  return into;
};
