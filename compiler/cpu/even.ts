/**
 * A sum whose loop begins or ends elsewhere for each cell of a row keeps cells from lying along lanes. Where no user's rows are computed, and a
 * kernel is so no larger than its parameters, it is taken over all positions that any cell of the row takes, those that a cell leaves out as 0.
 */
import { all, apply, guard } from '../loops/build.js';
import type { Expr, ReduceAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { mentions, nodes } from '../loops/shape.js';
import { choose } from './choose.js';
import { boundsOf, domain, isReduce, isWalk, type Job, rootsOf } from './job.js';
import type { Kernels } from './kernels.js';
import type { World } from './world.js';

/** A bound as the list of what it is the greatest, or the least, of. */
const parts = (fn: 'max' | 'min', e: Expr | undefined): readonly Expr[] =>
  e === undefined ? [] : e.kind === 'apply' && e.fn === fn ? e.args.flatMap((a) => parts(fn, a)) : [e];

/** The loop without what of its bounds differs along `axis`, and what that says of each of its positions. */
const widened = (
  over: ReduceAxis,
  axis: string,
): { readonly over: ReduceAxis; readonly conditions: readonly Expr[] } => {
  const { from: low, to: high, ...rest } = over;
  const index: Expr = { kind: 'index', axis: over.axis.name };
  const side = (fn: 'max' | 'min', e: Expr | undefined, test: 'ge' | 'lt') => {
    const whole = parts(fn, e);
    const kept = whole.filter((x) => !mentions(x, axis));
    return {
      bound: kept.length === 0 ? undefined : kept.reduce((a, b) => apply(fn, a, b)),
      conditions: whole.filter((x) => mentions(x, axis)).map((x) => apply(test, index, x)),
    };
  };
  const [from, to] = [side('max', low, 'ge'), side('min', high, 'lt')];
  return {
    over: {
      ...rest,
      ...(from.bound === undefined ? {} : { from: from.bound }),
      ...(to.bound === undefined ? {} : { to: to.bound }),
    },
    conditions: [...from.conditions, ...to.conditions],
  };
};

const evened = (job: Job, world: World): Job => {
  const outer = domain(job, world);
  const last = outer.at(-1)?.name;
  const sums = [...nodes(rootsOf(job))].filter(isReduce);
  const differ = sums.filter((r) => last !== undefined && boundsOf(r).some((b) => mentions(b, last)));
  if (
    last === undefined ||
    differ.length === 0 ||
    job.loop !== undefined ||
    job.scatter !== undefined ||
    outer.some((a) => a.name === world.rowsAxis) ||
    differ.some((r) => r.monoid !== 'sum' || isWalk(r) || r.over.some((o) => o.row !== undefined))
  )
    return job;
  const body = rewrite((e): Expr | null => {
    if (e.kind !== 'reduce' || !differ.includes(e)) return null;
    const loops = e.over.map((o) => widened(o, last));
    return {
      ...e,
      over: loops.map(({ over }) => over),
      body: guard(all(loops.flatMap(({ conditions }) => conditions)), e.body),
    };
  })(job.body);
  const even = { ...job, body: world.intern(body) };
  return choose(even, world, false).lanes === last ? even : job;
};

export const evenLanes = (k: Kernels): Kernels => ({ ...k, jobs: k.jobs.map((job) => evened(job, k.world)) });
