/** What is known where a kernel computes something: the conditions on the way to it, and the bounds of the loops around it. */
import { conjuncts, narrowed } from '../loops/bounds.js';
import { apply } from '../loops/build.js';
import type { Expr } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { children, freeVariables } from '../loops/shape.js';
import type { Job } from './job.js';

export type Facts = ReadonlySet<Expr>;

/** What is known where an expression is computed, as comparisons of one loop variable with something else. */
export const knowing = (intern: (e: Expr) => Expr) => {
  const free = freeVariables();
  /** Axes that are as long as one another in each row, whatever they are called, say the same. */
  const lengths = rewrite((e) =>
    e.kind === 'extent' && e.row !== undefined && e.axis.ragged !== undefined
      ? { kind: 'read', buffer: e.axis.ragged.lengths, at: [e.row], dtype: 'i32' }
      : null,
  );
  const fact = (e: Expr): Expr => intern(lengths(e));
  /** The variable is not less than `e`: nor than either, where that is the greater of two. */
  const from = (axis: string, e: Expr): readonly Expr[] =>
    e.kind === 'apply' && e.fn === 'max'
      ? e.args.flatMap((a) => from(axis, a))
      : [fact(apply('ge', { kind: 'index', axis }, e))];
  const to = (axis: string, e: Expr): readonly Expr[] =>
    e.kind === 'apply' && e.fn === 'min'
      ? e.args.flatMap((a) => to(axis, a))
      : [fact(apply('lt', { kind: 'index', axis }, e))];
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
  const facts = (e: Expr | undefined): readonly Expr[] => conjuncts(e).flatMap((p) => [fact(p), ...readings(p).flat()]);
  const holds = (p: Expr, known: Facts): boolean =>
    known.has(fact(p)) || readings(p).some((all) => all.every((e) => known.has(e)));
  return { bounds, facts, holds };
};
export type Knowing = ReturnType<typeof knowing>;

/** Every part of a kernel, with what is known on all ways to it. */
export const factsIn = (job: Job, { bounds, facts }: Knowing): ReadonlyMap<Expr, Facts> => {
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
  return found;
};
