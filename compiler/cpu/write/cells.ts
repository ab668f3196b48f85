/** What a kernel writes in the cells of a tile. */
import { constant } from '../../code/scalars.js';
import { op, store } from '../../code/build.js';
import { conjuncts, narrowed } from '../../loops/bounds.js';
import { all, apply, guard } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { freeVariables } from '../../loops/shape.js';
import { cellOf, cellPlace, domain, type Group, type Job, type Tiling } from '../job.js';
import type { World } from '../world.js';
import { blockRoot, type SumBlocks } from './blocks.js';
import type { Writer } from './pen.js';
import { bindingOf, doneLanes, doneRows, firstOf, type Scope } from './scope.js';
import { keepTile, part } from './tile.js';

/** Whether the last lanes, or the last rows, lie over cells that are done already, and what was done there is not done again. */
export interface Overlap {
  readonly lanes: boolean;
  readonly rows: boolean;
}
export const overlaps: readonly Overlap[] = [
  { lanes: false, rows: false },
  { lanes: false, rows: true },
  { lanes: true, rows: false },
  { lanes: true, rows: true },
];

/** It matters whether a cell is done already: where it is stored over what was read. */
export const once = (j: Job): boolean => j.adds || (j.overwrites === true && j.passing !== true);

/**
 * What the loops over cells leave open of a kernel's conditions. A condition ends the innermost of the loops that it speaks of, and there is
 * no more to ask, unless another of them is at several positions: between the rows and the lanes of a tile, or where the task is one of them.
 */
const openOf = (j: Job, { lanes, rows }: Tiling, world: World): Expr | null => {
  const free = freeVariables();
  const task = j.task?.name;
  const looped = new Set(domain(j, world).map((a) => a.name));
  const ends = (p: Expr): boolean => {
    const spoken = [...free(p)];
    const own = spoken.filter((v) => v !== task);
    const tiled = spoken.filter((v) => v === lanes || v === rows);
    return (
      own.length > 0 &&
      own.every((v) => looped.has(v) && narrowed(p, v) !== null) &&
      tiled.length <= 1 &&
      !tiled.some((v) => v === task)
    );
  };
  const whole = j.loop !== undefined || j.scatter !== undefined || task === lanes;
  return all(conjuncts(j.where).filter((p) => whole || !ends(p)));
};

/** What is stored: the body, where its condition holds, added to what is there or written over it. */
export const rootOf = (j: Job, tiling: Tiling, overlap: Overlap, world: World, blocks?: SumBlocks): Expr => {
  const { layouts, intern } = world;
  const { lanes, rows } = tiling;
  const { dtype } = layouts.get(j.output)!.buffer;
  const open = openOf(j, tiling, world);
  const body =
    open === null
      ? blocks === undefined
        ? j.body
        : blockRoot(j, blocks, world)
      : intern({
          kind: 'guard',
          condition: open,
          then: j.body,
          otherwise: { kind: 'literal', value: 0, dtype },
          dtype,
        });
  if (!once(j) && blocks === undefined) return body;
  const fresh = (axis: string, done: string): Expr =>
    apply('ge', { kind: 'index', axis }, { kind: 'index', axis: done });
  const condition = all([
    ...(overlap.lanes && lanes !== null ? [fresh(lanes, doneLanes)] : []),
    ...(overlap.rows && rows !== null ? [fresh(rows, doneRows)] : []),
  ]);
  if (j.adds) return intern(apply('add', cellOf(j, world), guard(condition, body)));
  return condition === null
    ? body
    : intern({ kind: 'guard', condition, then: body, otherwise: cellOf(j, world), dtype });
};

/** Stores a tile of each of the group's kernels, in their order. */
export const storeCells = (
  w: Writer,
  group: Group,
  { tiling, blocks }: { readonly tiling: Tiling; readonly blocks: SumBlocks | undefined },
  s: Scope,
  again: boolean,
  vectors: number,
): void => {
  const { world } = w;
  const rows = tiling.rows === null ? undefined : bindingOf(tiling.rows, s)?.binding;
  const count = rows?.kind === 'rows' ? rows.count : 1;
  for (const j of group) {
    const e = rootOf(
      j,
      tiling,
      { lanes: again, rows: rows?.kind === 'rows' && bindingOf(doneRows, s) !== undefined },
      world,
      blocks,
    );
    const { dtype } = world.layouts.get(j.output)!.buffer;
    const found = vectors > 0 ? w.wide(e, s) : w.value(e, s);
    const value = group.length > 1 ? keepTile(s.code, j.output, found) : found;
    if (!j.adds && blocks === undefined) s.known.set(cellOf(j, world), value);
    if (j.passing === true) continue;
    const { tile, offset } = w.memory.reach(w.memory.place(j.output, cellPlace(j, world)), s);
    for (let r = 0; r < count; r++) {
      for (let c = 0; c < Math.max(1, vectors); c++) {
        const v = part(value, r, c);
        s.code.push(
          store(
            part(tile, r, c),
            offset(r, c),
            vectors > 0 && dtype === 'bool' ? op('and', v, constant(1, 'i32', true)) : v,
            firstOf(tiling.lanes, s)?.[c],
          ),
        );
      }
    }
  }
};
