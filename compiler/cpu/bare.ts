/**
 * A kernel leaves zeros in the cells that its conditions rule out, and clearing them touches as much memory as a whole buffer has.
 * Where all who read it do so under the same conditions, nobody sees them, and they are left as they are.
 */
import { conjuncts, isPositional } from '../loops/bounds.js';
import type { Expr } from '../loops/ir.js';
import { substitute } from '../loops/rewrite.js';
import { type Facts, factsIn, knowing } from './facts.js';
import type { Group, TiledJob } from './job.js';
import { keptOf } from './kernels.js';
import type { Scheduled } from './phases.js';

type Read = Extract<Expr, { kind: 'read' }>;

export const bare = (s: Scheduled): Scheduled => {
  const { layouts, intern } = s.world;
  const known = knowing(intern);
  const all = s.phases.flatMap((p) => [...p.rows, ...p.grids].flat());
  const readers = new Map<string, (readonly [Read, Facts])[]>();
  for (const job of all)
    factsIn(job, known).forEach((facts, e) => {
      if (e.kind === 'read') readers.set(e.buffer, [...(readers.get(e.buffer) ?? []), [e, facts]]);
    });
  const kept = keptOf(s);
  const lists = new Set(s.phases.flatMap((p) => p.inverses.map((i) => i.index)));
  const isBare = (j: TiledJob): boolean => {
    const { buffer } = layouts.get(j.output)!;
    if (j.where === undefined || j.adds || j.loop !== undefined || kept.has(j.output) || lists.has(j.output))
      return false;
    // Other conditions are asked cell by cell, and leave zeros.
    const asked = conjuncts(j.where).filter(isPositional);
    return (readers.get(j.output) ?? []).every(([read, facts]) => {
      const here = substitute(new Map(buffer.axes.map((a, k) => [a.name, read.at[k]!])));
      return asked.every((p) => known.holds(here(p), facts));
    });
  };
  const marked = (groups: readonly Group[]): readonly Group[] =>
    groups.map((g) => g.map((j) => (isBare(j) ? { ...j, bare: true } : j)) as unknown as Group);
  return { ...s, phases: s.phases.map((p) => ({ ...p, rows: marked(p.rows), grids: marked(p.grids) })) };
};
