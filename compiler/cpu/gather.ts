/**
 * A row is often shorter than a tile is high, and calling every kernel for each row costs as much as what it computes. So short rows that
 * follow one another are given to each kernel at once; and a kernel to which it is all the same whose position it computes runs over
 * the positions of all of them as over one row, or even over their cells as over one line.
 */
import type { Expr, LoopAxis } from '../loops/ir.js';
import { children, nodes } from '../loops/shape.js';
import { domain, type Group, isReduce, type Job, rootsOf } from './job.js';
import type { Layout } from './layout.js';
import type { Phase, Scheduled } from './phases.js';
import { rowsTogether, tilesRows } from './tail.js';
import type { World } from './world.js';

/** From so many positions on a row keeps its core busy; more would only take more of the cache. */
const enough = 64;
/** Cells of a row up to which a buffer whose rows are equally long may have a place for every row of the batch. */
const few = 1024;

const isIndex = (e: Expr | undefined, axis: string): boolean => e?.kind === 'index' && e.axis === axis;

/** A kernel, and the ragged axis that it might run along over all rows as over one. */
interface Asked {
  readonly world: World;
  readonly axis: LoopAxis;
}

/** Position by position, so that the first of a row lies behind the last of the row before. */
const isPacked = ({ buffer, rows, inner }: Layout, { axis }: Asked): boolean =>
  rows !== undefined &&
  rows.lengths.join() === axis.ragged!.lengths &&
  buffer.axes[inner[0]!]!.ragged?.lengths === axis.ragged!.lengths;

/** The indices of a read beside its row and position, where these are the ones being computed; null where they are others, or not packed. */
const besides = (e: Extract<Expr, { kind: 'read' }>, asked: Asked): readonly Expr[] | null => {
  const layout = asked.world.layouts.get(e.buffer)!;
  if (!isPacked(layout, asked)) return null;
  const [row, position] = [layout.rows!.at, layout.inner[0]!];
  return isIndex(e.at[row], asked.world.rowsAxis) && isIndex(e.at[position], asked.axis.name)
    ? e.at.filter((_, k) => k !== row && k !== position)
    : null;
};

/** Whether an expression asks which row, or which of its positions, it is computed for only to read there, or to sum a row from end to end. */
const isBlind = (root: Expr, asked: Asked): boolean => {
  const { rowsAxis } = asked.world;
  const seen = new Set<Expr>();
  const blind = (e: Expr): boolean => {
    if (seen.has(e)) return true;
    seen.add(e);
    if (e.kind === 'index') return e.axis !== rowsAxis && e.axis !== asked.axis.name;
    if (e.kind === 'read') return (besides(e, asked) ?? e.at).every(blind);
    if (e.kind !== 'reduce') return e.kind !== 'collect' && children(e).every(blind);
    const whole = e.over.filter(
      (o) => o.axis.name === asked.axis.name && isIndex(o.row, rowsAxis) && o.from === undefined && o.to === undefined,
    );
    return [
      e.body,
      ...e.over.flatMap((o) => (whole.includes(o) ? [] : [o.from, o.to, o.row].filter((b) => b !== undefined))),
    ].every(blind);
  };
  return blind(root);
};

/** The axis along which a kernel may run over all rows as over one: that of its result, or of the sum that is its share. */
const axisOf = (job: Job, world: World): LoopAxis | null => {
  const isRagged = (a: LoopAxis): boolean => a.ragged?.rows === world.rowsAxis;
  const { body, adds } = job;
  if (job.task?.name !== world.rowsAxis || job.loop !== undefined || job.scatter !== undefined) return null;
  const own = domain(job, world).filter(isRagged);
  const summed = adds && isReduce(body) && body.monoid === 'sum' ? body.over.map((o) => o.axis).filter(isRagged) : [];
  const [axis, ...others] = adds ? [...summed, ...own] : own;
  if (axis === undefined || others.length > 0) return null;
  const asked = { world, axis };
  const lies = adds || (job.where === undefined && isPacked(world.layouts.get(job.output)!, asked));
  return lies && rootsOf(job).every((e) => isBlind(e, asked)) ? axis : null;
};

/** Whether a kernel reads, cell for cell, what lies as `own` does, and beside it nothing that differs within a row: then cells are one line. */
const isLine = (job: Job, own: Layout, asked: Asked): boolean => {
  const { layouts, rowsAxis } = asked.world;
  const along = (l: Layout): readonly LoopAxis[] => l.inner.map((k) => l.buffer.axes[k]!);
  const sizes = (l: Layout): string =>
    `${l.pitch} ${along(l)
      .map((a) => a.size)
      .join()}`;
  const line = along(own).map((a) => a.name);
  const all = [...nodes(rootsOf(job))];
  const seen = new Set<Expr>();
  const straight = (e: Expr): boolean => {
    if (seen.has(e)) return true;
    seen.add(e);
    if (e.kind === 'index') return e.axis !== rowsAxis && !line.includes(e.axis);
    if (e.kind !== 'read' || besides(e, asked) === null) return children(e).every(straight);
    const layout = layouts.get(e.buffer)!;
    return sizes(layout) === sizes(own) && layout.inner.every((k, i) => isIndex(e.at[k], line[i]!));
  };
  return (
    sizes(layouts.get(job.output)!) === sizes(own) &&
    own.pitch === undefined &&
    along(own)
      .slice(1)
      .every((a) => typeof a.size === 'number' && a.ragged === undefined) &&
    all.every((e) => e.kind !== 'reduce') &&
    rootsOf(job).every(straight)
  );
};

/** The group, whose kernels know over what they run as over one row, where they may. */
const flattened = (group: Group, world: World): Group => {
  const [first] = group;
  const axis = axisOf(first, world);
  if (axis === null || group.some((j) => axisOf(j, world)?.name !== axis.name)) return group;
  const own = world.layouts.get(first.output)!;
  const last = own.buffer.axes[own.inner.at(-1)!]?.name;
  const line = !first.adds && first.tiling.lanes === last && group.every((j) => isLine(j, own, { world, axis }));
  return group.map((j) => ({ ...j, flat: { axis, line } })) as unknown as Group;
};

const cellsOfRow = ({ buffer, inner }: Layout): number =>
  inner.reduce((n, k) => {
    const { size } = buffer.axes[k]!;
    return typeof size === 'number' ? n * size : Infinity;
  }, 1);

/** The lengths by which rows of a phase are gathered: those of all that threads hold of a row. No row of a loop can wait for another. */
const lengthsOf = ({ rows }: Phase, { layouts }: World): LoopAxis | null => {
  if (rows.some((g) => g[0].loop !== undefined)) return null;
  const held = rows.flat().flatMap((j) => {
    const layout = layouts.get(j.output)!;
    return layout.local ? [layout] : [];
  });
  const axes = held.flatMap(({ buffer }) => buffer.axes.filter((a) => a.ragged !== undefined));
  const [axis] = axes;
  const alike = (l: Layout): boolean =>
    l.rows!.lengths.length === 0 ? cellsOfRow(l) <= few : l.rows!.lengths.every((n) => n === axis?.ragged?.lengths);
  return axis !== undefined && axes.every((a) => a.size === axis.size) && held.every(alike) ? axis : null;
};

export const gather = (s: Scheduled): Scheduled => {
  const layouts = new Map(s.world.layouts);
  const world = { ...s.world, layouts };
  const phases = s.phases.map((phase): Phase => {
    const rows = phase.rows.map((g) => flattened(g, s.world));
    if (rows.flat().some((j) => tilesRows(j, s.world))) {
      const held = rows.flat().map((j) => layouts.get(j.output)!);
      held.filter((l) => l.local).forEach((l) => layouts.set(l.buffer.id, { ...l, gathered: true }));
      return { ...phase, rows, gather: { most: rowsTogether } };
    }
    const axis = lengthsOf(phase, s.world);
    if (axis === null || typeof axis.size !== 'number') return { ...phase, rows };
    for (const { output } of phase.rows.flat()) {
      const layout = layouts.get(output)!;
      if (!layout.local) continue;
      layouts.set(
        output,
        layout.rows!.lengths.length === 0 ? { ...layout, local: false } : { ...layout, gathered: true },
      );
    }
    return { ...phase, rows, gather: { lengths: axis.ragged!.lengths, most: Math.min(enough, axis.size) } };
  });
  return { ...s, world, phases };
};
