/**
 * Writes expressions for a tile of cells at once: some rows along one axis, the lanes of some registers along another. What does
 * not depend on the rows is computed once for all of them, what does not depend on the lanes is one value; so a sum of products
 * becomes a register-tiled micro-kernel (its innermost loop is not unrolled: V8 spills, and lost a tenth), with whatever stands
 * around it in the same expression, and nothing needs to recognise it. Imperative inside: one writer lives while one function is
 * written.
 */
import type { Machine } from '../../code/machine.js';
import type { Code } from '../../code/tree.js';
import { constant, onAllLanes } from '../../code/scalars.js';
import { dtypeOf } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { freeVariables, uses } from '../../loops/shape.js';
import type { World } from '../world.js';
import { hoisting } from './hoist.js';
import { memory } from './memory.js';
import type { Kinds, Shape, Writer } from './pen.js';
import { reductions } from './reduce.js';
import { bound, type Scope } from './scope.js';
import { grid, keepTile, part, type Tile } from './tile.js';
import { expressions } from './values.js';

/** One value for all cells. */
const pointwise: Shape = { rows: 1, vectors: 0 };

export const writer = (
  world: World,
  machine: Machine,
  roots: readonly Expr[],
  changing: ReadonlySet<Expr> = new Set(),
): Writer => {
  const free = freeVariables();
  const count = uses(roots);
  const { home, lookup, depth } = hoisting(free, changing);

  const shape = (e: Expr, s: Scope): Shape => {
    let found = pointwise;
    for (const v of free(e)) {
      const { binding } = bound(v, s);
      if (binding.kind === 'rows') found = { ...found, rows: binding.count, rowAxis: v };
      if (binding.kind === 'lanes') found = { ...found, vectors: binding.vectors, laneAxis: v };
    }
    return found;
  };
  const called = (e: Expr): string =>
    e.kind === 'read'
      ? e.buffer
      : e.kind === 'reduce'
        ? e.monoid
        : e.kind === 'apply'
          ? e.fn
          : e.kind === 'extent'
            ? (w.memory.called(e) ?? `${e.axis.name}.count`)
            : e.kind;

  const value = (e: Expr, s: Scope): Tile => {
    const known = lookup('known', e, s);
    if (known !== undefined) return known;
    const at = home(e, s);
    const raw = (kinds[e.kind] as (e: Expr, s: Scope) => Tile)(e, at);
    if (e.kind === 'literal' || e.kind === 'index') return raw;
    const kept = at !== s || (count.get(e) ?? 0) > 1 || e.kind === 'extent';
    if (!kept) return raw;
    const tile = keepTile(at.code, called(e), raw);
    at.known.set(e, tile);
    return tile;
  };
  const named = (e: Expr, s: Scope): Tile => {
    const t = value(e, s);
    const tile = keepTile(s.code, called(e), t);
    if (tile !== t) s.known.set(e, tile);
    return tile;
  };
  const wide = (e: Expr, s: Scope): Tile => {
    const { vectors, rows } = shape(e, s);
    if (vectors > 0) return value(e, s);
    if (e.kind === 'literal') return grid(1, 1, () => constant(e.value, e.dtype, true));
    const known = lookup('wide', e, s);
    if (known !== undefined) return known;
    const at = home(e, s);
    const asOne = lookup('known', e, s);
    // A read that only ever meets lanes is loaded onto all of them.
    const raw =
      asOne === undefined && e.kind === 'read' && w.memory.dtype(e) !== 'bool'
        ? w.memory.loads(e, at, 'spread')
        : ((t) => grid(rows, 1, (r) => onAllLanes(part(t, r, 0), dtypeOf(e))))(named(e, at));
    const tile = keepTile(at.code, called(e), raw);
    at.wide.set(e, tile);
    return tile;
  };
  const single = (e: Expr, s: Scope): Code => {
    const { rows, vectors } = shape(e, s);
    if (rows > 1 || vectors > 0) throw new Error('One value was asked for where there are several.');
    return part(value(e, s), 0, 0);
  };

  const common = { world, machine, shape, value, named, wide, single, called, depth, free };
  const w: Writer = { ...common, memory: memory(common) };
  const kinds: Kinds = { ...expressions(w), ...reductions(w) };
  return w;
};
