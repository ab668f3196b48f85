/** Rows as one: a kernel that runs over the positions of all rows it is given is written as for one row that has them all. */
import { get, int, mul } from '../../code/build.js';
import type { Code, Local } from '../../code/tree.js';
import { apply } from '../../loops/build.js';
import type { Expr, LoopAxis } from '../../loops/ir.js';
import { nodes } from '../../loops/shape.js';
import { domain, type Group, rootsOf, type TiledJob } from '../job.js';
import { cellsBefore, pastRow, sizeExpr } from '../layout.js';
import type { World } from '../world.js';
import type { Writer } from './pen.js';
import type { Range } from './range.js';
import { bindOne, type Binding, type Scope } from './scope.js';
import { keep, uniform } from './tile.js';

/** The row that stands for all is the first; of cells of one line only lanes have a position, and all others are 0. */
export const bindFlat = (
  { task, flat, tiling }: TiledJob,
  axes: readonly LoopAxis[],
  from: Local,
): readonly (readonly [string, Binding])[] =>
  flat === undefined
    ? []
    : [
        ...bindOne(task!.name, get(from)),
        ...(flat.line
          ? axes.filter((a) => a !== task && a.name !== tiling.lanes).flatMap((a) => bindOne(a.name, int(0)))
          : []),
      ];

/** Says how many positions all rows have, wherever the group asks how long one is; gives the line of their cells, where they are one. */
export const countAll = (w: Writer, group: Group, world: World, start: Scope): ((axis: LoopAxis) => Range | null) => {
  const [{ flat, task }] = group;
  if (flat === undefined) return () => null;
  const { intern } = world;
  const { axis, line } = flat;
  const row: Expr = { kind: 'index', axis: task!.name };
  const lengths = [axis.ragged!.lengths];
  const all = keep(
    start.code,
    `${axis.name}.all`,
    w.single(
      intern(apply('sub', cellsBefore(lengths, { kind: 'index', axis: pastRow }), cellsBefore(lengths, row))),
      start,
    ),
  );
  const own = group.flatMap((j) => [
    ...domain(j, world),
    ...[...nodes(rootsOf(j))].flatMap((e) =>
      e.kind === 'reduce' ? e.over.map((o) => o.axis) : e.kind === 'extent' ? [e.axis] : [],
    ),
  ]);
  own.filter((a) => a.name === axis.name).forEach((a) => start.known.set(intern(sizeExpr(a, row)), uniform(all)));
  if (!line) return () => null;
  const cells = domain(group[0], world).reduce(
    (n, a) => (a.name === task!.name || a.name === axis.name ? n : n * (a.size as number)),
    1,
  );
  const to: Code = keep(start.code, 'cells', mul(all, int(cells)));
  return () => ({ from: int(0), to });
};
