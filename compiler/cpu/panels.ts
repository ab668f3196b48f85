/**
 * A copy with items innermost is read by lanes that go over them, and what one tile reads for the positions of its sum lies as far apart as there
 * are items: each on a page of its own, where no processor foresees it. Where all who touch the copy take items in blocks, it lies as they do: in
 * panels, one for each block, in which all that a block reads is side by side.
 */
import type { LoopAxis } from '../loops/ir.js';
import { nodes, readsOf } from '../loops/shape.js';
import { type Group, isLong, type JobBuffer, rootsOf, tilingOf } from './job.js';
import { keptOf } from './kernels.js';
import type { Layout } from './layout.js';
import type { Scheduled } from './phases.js';
import { laneBlock, laneBlocksOf } from './write/blocks.js';

/** The axis innermost, if it is a long one and all others are as long as the model says. */
const longOf = ({ buffer, inner, rows, pitch, local }: Layout): LoopAxis | undefined => {
  const [last, ...others] = [...inner].reverse().map((k) => buffer.axes[k]!);
  const fixed = others.length > 0 && others.every(({ size }) => typeof size === 'number');
  return last !== undefined && isLong(last) && fixed && rows === undefined && pitch === undefined && !local
    ? last
    : undefined;
};

/** One kernel alone writes each cell, and lanes go along the axis. */
const copies = (group: Group, axis: LoopAxis): boolean => {
  const [{ tiling, where, loop, scatter, adds, flat }, ...others] = group;
  const plain = where === undefined && loop === undefined && scatter === undefined && flat === undefined && !adds;
  return others.length === 0 && plain && tiling.lanes === axis.name;
};

const liesInPanels = ({ id, role }: JobBuffer, groups: readonly Group[], s: Scheduled): boolean => {
  const layout = s.world.layouts.get(id)!;
  const axis = longOf(layout);
  if (axis === undefined || role !== 'temp') return false;
  const place = layout.buffer.axes.indexOf(axis);
  const reads = (g: Group): boolean => {
    const tiling = tilingOf(g);
    return (
      laneBlocksOf(g, tiling, s.world) !== undefined &&
      [...nodes(g.flatMap(rootsOf))].every((e) => {
        const at = e.kind === 'read' && e.buffer === id ? e.at[place] : undefined;
        return at === undefined || (at.kind === 'index' && at.axis === tiling.lanes);
      })
    );
  };
  const writers = groups.filter((g) => g.some((j) => j.output === id));
  const readers = groups.filter((g) => g.some((j) => readsOf(rootsOf(j)).includes(id)));
  return writers.length === 1 && copies(writers[0]!, axis) && readers.length > 0 && readers.every(reads);
};

export const panels = (s: Scheduled): Scheduled => {
  const groups = s.phases.flatMap((p) => [...p.rows, ...p.grids]);
  const kept = keptOf(s);
  const layouts = new Map(s.world.layouts);
  for (const b of s.buffers.values())
    if (!kept.has(b.id) && liesInPanels(b, groups, s)) layouts.set(b.id, { ...layouts.get(b.id)!, panel: laneBlock });
  return { ...s, world: { ...s.world, layouts } };
};
