/** Expressions without loops of their own, for a tile of cells. */
import {
  add,
  call,
  get,
  int,
  lane,
  local,
  mul,
  op,
  passing,
  ramp,
  registers,
  select,
  set,
  size,
  splat,
  sub,
  when,
} from '../../code/build.js';
import { constant, functions, typeOf } from '../../code/scalars.js';
import { type Code, hasLanes, type Statement } from '../../code/tree.js';
import { dtypeOf, integer } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { children } from '../../loops/shape.js';
import { streamsId } from '../world.js';
import type { Kinds, Of, Writer } from './pen.js';
import { bound, type Scope, scope } from './scope.js';
import { grid, keepTile, part, type Tile, uniform } from './tile.js';

const index =
  ({ world: { intern } }: Writer) =>
  (e: Of<'index'>, s: Scope): Tile => {
    const { binding, owner } = bound(e.axis, s);
    if (binding.kind === 'one') return uniform(binding.code);
    // Named where the tile begins, so that every use shares it.
    const known = owner.known.get(intern(e));
    if (known !== undefined) return known;
    const { base } = binding;
    const tile =
      binding.kind === 'rows'
        ? grid(binding.count, 0, (r) => (r === 0 ? base : add(base, int(r))))
        : grid(1, binding.vectors, (_, c) => add(splat(base), ramp(registers(c))));
    const kept = keepTile(owner.code, e.axis, tile);
    owner.known.set(intern(e), kept);
    return kept;
  };

const extent =
  ({ world: { intern }, memory, value }: Writer) =>
  (e: Of<'extent'>, s: Scope): Tile => {
    const start = memory.start(e);
    if (start !== undefined) return uniform(start);
    const {
      axis: { size: bound_, ragged, missing },
      row,
    } = e;
    const read = (buffer: string, at: readonly Expr[]): Tile =>
      value(intern({ kind: 'read', buffer, at, dtype: 'i32' }), s);
    if (row !== undefined && ragged !== undefined) return read(ragged.lengths, [row]);
    const room = typeof bound_ === 'number' ? int(bound_) : size(bound_);
    return uniform(missing === undefined ? room : sub(room, part(read(missing, []), 0, 0)));
  };

const read =
  ({ memory }: Writer) =>
  (e: Of<'read'>, s: Scope): Tile => {
    // Loads are named at once: stores may come before a place further on.
    const t = keepTile(s.code, e.buffer, memory.loads(e, s, 'one'));
    if (memory.dtype(e) !== 'bool') return t;
    return grid(t.parts.length, t.vectors, (r, c) => op('ne', part(t, r, c), constant(0, 'i32', t.vectors > 0)));
  };

/** What few cells call is to be written out: it stands here, before what is loaded later, and is passed on to where it is read. */
const settled = (t: Tile, few: boolean, wanted: string, s: Scope): Tile => {
  if (!few || !t.parts.flat().every((c) => c.kind === 'call' || (c.kind === 'lane' && c.of.kind === 'call'))) return t;
  return {
    ...t,
    parts: t.parts.map((row) =>
      row.map((code) => {
        const own = passing(wanted, code.type);
        s.code.push(set(own, code));
        return get(own);
      }),
    ),
  };
};

const apply = ({ machine, shape, value, wide, called }: Writer): Kinds['apply'] => {
  const known = new Map<Expr, boolean>();
  const sums = (e: Expr): boolean => {
    const found = known.get(e) ?? (e.kind === 'reduce' || children(e).some(sums));
    known.set(e, found);
    return found;
  };
  return (e, s) => {
    const { rows, vectors } = shape(e, s);
    const write = functions[e.fn][dtypeOf(e.args[e.args.length - 1] ?? e)];
    const written = new Map<Expr, Tile>();
    // Sums first: what is loaded before a loop would take registers from it.
    for (const a of [...e.args].sort((x, y) => Number(sums(y)) - Number(sums(x)))) {
      const t = vectors > 0 ? wide(a, s) : value(a, s);
      const repeated = t.parts.length < rows || t.vectors < vectors || e.fn === 'min' || e.fn === 'max';
      written.set(a, repeated ? keepTile(s.code, called(a), t) : t);
    }
    const args = e.args.map((a) => written.get(a)!);
    const few = rows * vectors <= machine.written;
    return settled(
      grid(rows, vectors, (r, c) =>
        write(
          args.map((a) => part(a, r, c)),
          few,
        ),
      ),
      few,
      e.fn,
      s,
    );
  };
};

/** Where a condition is one for all cells, only one of the two sides is computed. */
const branch =
  ({ shape, value, wide, named }: Writer) =>
  (e: Of<'guard'>, s: Scope): Tile => {
    const { rows, vectors } = shape(e, s);
    const side = vectors > 0 ? wide : value;
    const condition = part(named(e.condition, s), 0, 0);
    const [yes, no] = [scope('branch', s), scope('branch', s)];
    const [then, otherwise] = [side(e.then, yes), side(e.otherwise, no)];
    const chosen = Array.from({ length: rows }, () =>
      Array.from({ length: Math.max(1, vectors) }, () => local('chosen', typeOf(e.dtype, vectors > 0))),
    );
    const filled = (t: Tile): readonly Statement[] =>
      chosen.flatMap((row, r) => row.map((c, v) => set(c, part(t, r, v))));
    s.code.push(when(condition, [...yes.code, ...filled(then)], [...no.code, ...filled(otherwise)]));
    return { vectors, parts: chosen.map((row) => row.map(get)) };
  };

const guard = (w: Writer): Kinds['guard'] => {
  const { shape, value, wide } = w;
  const branched = branch(w);
  return (e, s) => {
    const { rows, vectors } = shape(e, s);
    const of = shape(e.condition, s);
    if (of.rows === 1 && of.vectors === 0) return branched(e, s);
    const side = vectors > 0 ? wide : value;
    const inner = scope('branch', s, [], true);
    const condition = side(e.condition, s);
    const [then, otherwise] = [side(e.then, inner), side(e.otherwise, inner)];
    s.code.push(...inner.code);
    return grid(rows, vectors, (r, c) => select(part(condition, r, c), part(then, r, c), part(otherwise, r, c)));
  };
};

/** Consecutive counters spread over all bits. */
const GOLDEN = 0x9e3779b9 | 0;

/** A random number: the counter mixed with the stream, always in lanes. */
const random =
  ({ world: { intern, streams }, machine, shape, value, wide }: Writer): Kinds['uniform'] =>
  (e, s) => {
    const { rows, vectors } = shape(e, s);
    const stream = intern({ kind: 'read', buffer: streamsId, at: [integer(streams.get(e.key) ?? 0)], dtype: 'i32' });
    const side = vectors > 0 ? wide : value;
    const [counter, own] = [side(e.counter, s), side(stream, s)];
    const few = rows * vectors <= machine.written;
    const mixed = (hash: Code): Code =>
      hasLanes(hash.type) ? call('mix', [hash], 'f32s', few) : lane(call('mix', [splat(hash)], 'f32s', few), 0);
    return settled(
      grid(rows, vectors, (r, c) =>
        mixed(op('xor', mul(part(counter, r, c), constant(GOLDEN, 'i32', vectors > 0)), part(own, 0, 0))),
      ),
      few,
      e.kind,
      s,
    );
  };

export const expressions = (w: Writer): Omit<Kinds, 'reduce' | 'collect'> => ({
  literal: (e) => uniform(constant(e.value, e.dtype, false)),
  index: index(w),
  extent: extent(w),
  read: read(w),
  apply: apply(w),
  guard: guard(w),
  uniform: random(w),
});
