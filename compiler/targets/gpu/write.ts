/**
 * Writes expressions as statements of a kernel. A value is written in the outermost block in which it may be, so what a loop does
 * not change is computed before it, and what two places share is named once.
 */
import type { ScalarName } from '../../../dsl/scalar.js';
import { dtypeOf } from '../../loops/build.js';
import type { Buffer, Expr } from '../../loops/ir.js';
import { nodes, uses } from '../../loops/shape.js';
import { collection } from './collection.js';
import type { Flavour } from './flavour.js';
import { reduction } from './loops.js';
import { literal, operation, type Piece } from './piece.js';
import { places, scope, type Scope, variable } from './scope.js';
import { called, element, extent, keep, position, type Writer, writing } from './writer.js';

const arithmetic: ReadonlySet<ScalarName> = new Set<ScalarName>(['add', 'sub', 'mul', 'neg', 'toF32']);
/** Not worth a name: small arithmetic on loop variables (a name would make a float of an integer in gpu.js). */
const cheap = (e: Expr): boolean =>
  e.kind === 'literal' ||
  e.kind === 'index' ||
  (e.kind === 'extent' && e.row === undefined && e.axis.missing === undefined) ||
  (e.kind === 'apply' && arithmetic.has(e.fn) && nodes([e]).size <= 6 && e.args.every(cheap));

/** A value as the number that arrays and names keep of it: of a condition, 0 or 1. */
export const stored = (e: Expr, piece: Piece): Piece => (dtypeOf(e) === 'bool' ? operation`${piece} ? 1 : 0` : piece);

const choice = (w: Writer, e: Extract<Expr, { kind: 'guard' }>, s: Scope): Piece => {
  const condition = w.value(e.condition, s);
  const [yes, no] = [scope('branch', s), scope('branch', s)];
  const [then, otherwise] = [w.value(e.then, yes), w.value(e.otherwise, no)];
  if (yes.lines.length + no.lines.length === 0) return w.scalar('select', e.dtype, condition, then, otherwise);
  const into = w.fresh('chosen');
  const plain = e.otherwise.kind === 'literal';
  s.lines.push(
    `let ${into.text} = ${(plain ? otherwise : literal(0, e.dtype)).text};`,
    `if (${condition.text}) {`,
    [...yes.lines, `${into.text} = ${then.text};`],
    ...(plain ? [] : ['} else {', [...no.lines, `${into.text} = ${otherwise.text};`]]),
    '}',
  );
  return into;
};

const read = (w: Writer, { buffer, at }: Extract<Expr, { kind: 'read' }>, s: Scope): Piece => {
  const found = element(
    w,
    buffer,
    at.map((i) => position(w, i, s)),
  );
  return w.buffer(buffer).dtype === 'bool' ? operation`${found} !== 0` : found;
};

const application = (w: Writer, e: Extract<Expr, { kind: 'apply' }>, s: Scope): Piece =>
  w.scalar(
    e.fn,
    e.fn === 'toI32' ? 'i32' : dtypeOf(e.args[e.args.length - 1] ?? e),
    ...e.args.map((a) => w.value(a, s)),
  );

const forms: { readonly [K in Expr['kind']]: (w: Writer, e: Extract<Expr, { kind: K }>, s: Scope) => Piece } = {
  literal: (_, e) => literal(e.value, e.dtype),
  index: (_, e, s) => variable(e.axis, s),
  extent: (w, e, s) => extent(w, e.axis, e.row, s),
  read,
  apply: application,
  guard: choice,
  reduce: reduction,
  collect: collection,
  uniform: (w, e, s) => w.flavour.uniform(w.streams.of(e.key), w.value(e.counter, s)),
};

export const writer = (flavour: Flavour, buffers: ReadonlyMap<string, Buffer>, roots: readonly Expr[]): Writer => {
  const count = uses(roots);
  const parts = writing(flavour, buffers);
  const { home, known } = places(parts.needs);
  const value = (e: Expr, s: Scope): Piece => {
    const found = known(e, s);
    if (found !== undefined) return found;
    const at = home(e, s);
    const fresh = (forms[e.kind] as (w: Writer, e: Expr, s: Scope) => Piece)(w, e, at);
    if (cheap(e)) return fresh;
    const named = fresh.is === 'name' || fresh.is === 'literal';
    if (!named && at === s && (count.get(e) ?? 0) <= 1) return fresh;
    const use = named ? fresh : kept(e, fresh, at);
    at.known.set(e, use);
    return use;
  };
  /** gpu.js mistakes the type of a condition, so it is kept as a number: see scalars. */
  const kept = (e: Expr, piece: Piece, s: Scope): Piece => {
    const number = keep(w, stored(e, piece), called(e), s);
    return dtypeOf(e) === 'bool' ? operation`${number} > 0` : number;
  };
  const w: Writer = { ...parts, value };
  return w;
};
