/**
 * A kernel leaves zeros in the cells that its conditions rule out, and clearing them touches as much memory as a whole buffer has.
 * Where all who read it do so under the same conditions, nobody sees them, and they are left as they are.
 */
import { conjuncts, isPositional, narrowed } from '../loops/bounds.js';
import { apply } from '../loops/build.js';
import type { Expr } from '../loops/ir.js';
import { substitute } from '../loops/rewrite.js';
import { children, freeVariables } from '../loops/shape.js';
import { type Group, type Job, type TiledJob } from './job.js';
import { keptOf } from './kernels.js';
import type { Scheduled } from './phases.js';

type Read = Extract<Expr, { kind: 'read' }>;
type Facts = ReadonlySet<Expr>;

/** What is known where an expression is computed, as comparisons of one loop variable with something else. */
const knowing = (intern: (e: Expr) => Expr) => {
  const free = freeVariables();
  /** The variable is not less than `e`: nor than either, where that is the greater of two. */
  const from = (axis: string, e: Expr): readonly Expr[] =>
    e.kind === 'apply' && e.fn === 'max'
      ? e.args.flatMap((a) => from(axis, a))
      : [intern(apply('ge', { kind: 'index', axis }, e))];
  const to = (axis: string, e: Expr): readonly Expr[] =>
    e.kind === 'apply' && e.fn === 'min'
      ? e.args.flatMap((a) => to(axis, a))
      : [intern(apply('lt', { kind: 'index', axis }, e))];
  const bounds = (axis: string, b: { readonly from?: Expr; readonly to?: Expr }): readonly Expr[] => [
    ...(b.from === undefined ? [] : from(axis, b.from)),
    ...(b.to === undefined ? [] : to(axis, b.to)),
  ];
  /** A condition, by each variable that it says something of. */
  const readings = (p: Expr): readonly (readonly Expr[])[] =>
    [...free(p)].flatMap((axis) => {
      const found = narrowed(p, axis);
      return found === null ? [] : [bounds(axis, found)];
    });
  const facts = (e: Expr | undefined): readonly Expr[] =>
    conjuncts(e).flatMap((p) => [intern(p), ...readings(p).flat()]);
  const holds = (p: Expr, known: Facts): boolean =>
    known.has(intern(p)) || readings(p).some((all) => all.every((fact) => known.has(fact)));
  return { bounds, facts, holds };
};
type Knowing = ReturnType<typeof knowing>;

/** Every read of a kernel, with what is known on all ways to it. */
const readsIn = (job: Job, { bounds, facts }: Knowing): ReadonlyMap<Read, Facts> => {
  const found = new Map<Expr, Facts>();
  const visit = (e: Expr, known: Facts): void => {
    const before = found.get(e);
    const both = before === undefined ? known : new Set([...before].filter((fact) => known.has(fact)));
    if (before !== undefined && both.size === before.size) return;
    found.set(e, both);
    const more = (facts: readonly Expr[]): Facts => new Set([...both, ...facts]);
    if (e.kind === 'guard') {
      visit(e.condition, both);
      visit(e.then, more(facts(e.condition)));
      visit(e.otherwise, both);
    } else if (e.kind === 'reduce' || e.kind === 'collect') {
      children(e).forEach((x) => visit(x, x === e.body ? more(e.over.flatMap((o) => bounds(o.axis.name, o))) : both));
    } else children(e).forEach((x) => visit(x, both));
  };
  visit(job.body, new Set(facts(job.where)));
  if (job.where !== undefined) visit(job.where, new Set());
  job.scatter?.over.flatMap((o) => [o.from, o.to]).forEach((e) => e !== undefined && visit(e, new Set()));
  if (job.scatter !== undefined) visit(job.scatter.to, new Set());
  return new Map([...found].filter((entry): entry is [Read, Facts] => entry[0].kind === 'read'));
};

export const bare = (s: Scheduled): Scheduled => {
  const { layouts, intern } = s.world;
  const known = knowing(intern);
  const all = s.phases.flatMap((p) => [...p.rows, ...p.grids].flat());
  const readers = new Map<string, (readonly [Read, Facts])[]>();
  for (const job of all)
    readsIn(job, known).forEach((facts, read) =>
      readers.set(read.buffer, [...(readers.get(read.buffer) ?? []), [read, facts]]),
    );
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
