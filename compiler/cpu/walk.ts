/** Collects become walks of lists: for each target, the positions that name it. Axes of one position vanish. */
import { apply, guard, integer } from '../loops/build.js';
import { inverseId } from '../loops/inverse.js';
import type { Expr, LoopAxis } from '../loops/ir.js';
import { rewrite, substitute } from '../loops/rewrite.js';
import { isUnit, withoutUnits } from '../loops/units.js';
import { type Inverse, type Job, listOf, startsOf, taskOf } from './job.js';
import { extending, type Kernels, line, long } from './kernels.js';

type Collect = Extract<Expr, { kind: 'collect' }>;

/** The inverse that a collect walks; its targets are the positions of one of the result's axes. */
const inverseOf = (e: Collect, axes: ReadonlyMap<string, LoopAxis>): Inverse => {
  const targets = e.target.kind === 'index' ? axes.get(e.target.axis)?.size : undefined;
  if (targets === undefined) throw new Error(`A collect by '${e.index}' has a target that is no loop variable.`);
  return { id: inverseId(e), index: e.index, axes: e.over.map((o) => o.axis), targets };
};

/** The walk: its `entry` is a place in the lists, which hold the coordinates of positions. */
const walkOf = (e: Collect, inverse: Inverse, entry: LoopAxis, intern: (e: Expr) => Expr): Expr => {
  const read = (buffer: string, at: Expr): Expr => intern({ kind: 'read', buffer, at: [at], dtype: 'i32' });
  const values = new Map(
    inverse.axes.map((a) => [a.name, read(listOf(inverse, a.name), { kind: 'index', axis: entry.name })] as const),
  );
  const put = substitute(values);
  const limits = e.over.flatMap(({ axis, from, to }) => [
    ...(from === undefined ? [] : [apply('ge', values.get(axis.name)!, put(from))]),
    ...(to === undefined ? [] : [apply('lt', values.get(axis.name)!, put(to))]),
  ]);
  const body = limits.reduce<Expr>((then, limit) => guard(limit, then), put(e.body));
  const starts = startsOf(inverse);
  return {
    kind: 'reduce',
    monoid: 'sum',
    dtype: e.dtype,
    over: [{ axis: entry, from: read(starts, e.target), to: read(starts, apply('add', e.target, integer(1))) }],
    body,
  };
};

export const walkLists = (k: Kernels): Kernels => {
  const { buffers, world, add, done } = extending(k);
  const { intern } = world;
  const inverses = new Map<string, Inverse>();
  let walks = 0;
  const jobs = k.jobs.map((job): Job => {
    const axes = new Map(buffers.get(job.output)!.axes.map((a) => [a.name, a]));
    const units = new Set(
      [...axes.values(), ...(job.scatter?.over ?? []).map((o) => o.axis)].filter(isUnit).map((a) => a.name),
    );
    const walked = rewrite((e) => {
      if (e.kind !== 'collect') return null;
      const inverse = inverseOf(e, axes);
      inverses.set(inverse.id, inverse);
      return walkOf(e, inverse, { name: `entry${++walks}`, size: long, made: 'entry' }, intern);
    });
    const clean = (e: Expr): Expr => intern(withoutUnits(units)(walked(e)));
    const cleaned: Job = {
      ...job,
      body: clean(job.body),
      ...(job.where === undefined ? {} : { where: clean(job.where) }),
      ...(job.scatter === undefined ? {} : { scatter: { ...job.scatter, to: clean(job.scatter.to) } }),
    };
    return { ...cleaned, task: job.task ?? taskOf(cleaned, world) };
  });
  for (const inverse of inverses.values()) {
    const { id, targets, axes } = inverse;
    // One more than there are targets: of one target too there are two, and the axis does not vanish.
    add(line(startsOf(inverse), long, { kind: 'list', inverse: id, cells: { sizes: [targets], more: 1 } }));
    for (const a of axes)
      add(
        line(listOf(inverse, a.name), long, {
          kind: 'list',
          inverse: id,
          cells: { sizes: axes.map((x) => x.size), more: 0 },
        }),
      );
  }
  return done(jobs, [...inverses.values()]);
};
