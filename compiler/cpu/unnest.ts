/** Sums inside a sum that do not depend on all of the result's axes would be computed again and again: they get kernels of their own. */
import { dtypeOf } from '../loops/build.js';
import type { Buffer, Expr, LoopAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { freeVariables, nodes, readsOf } from '../loops/shape.js';
import { isUnit, withoutUnits } from '../loops/units.js';
import { isReduce, isWalk, type Job, taskOf } from './job.js';
import { extending, type Kernels } from './kernels.js';
import type { World } from './world.js';

const sumsIn = (): ((e: Expr) => boolean) => {
  const known = new Map<Expr, boolean>();
  return (e) => {
    const found = known.get(e) ?? [...nodes([e])].some(isReduce);
    known.set(e, found);
    return found;
  };
};

const unnested = (job: Job, world: World, add: (b: Buffer) => void): readonly Job[] => {
  const { intern } = world;
  const free = freeVariables();
  const hasSum = sumsIn();
  const cells = world.layouts.get(job.output)!.buffer.axes.filter((a) => !isUnit(a));
  const made: Job[] = [];
  /** A kernel of its own for `x`, over these axes, and the read of its cell. One position needs no axis. */
  const apart = (x: Expr, own: readonly LoopAxis[], turning: boolean): Expr => {
    const kept = own.filter((a) => !isUnit(a));
    const clean = withoutUnits(new Set(own.filter(isUnit).map((a) => a.name)));
    const id = `${job.output}.inner${made.length === 0 ? '' : made.length + 1}`;
    add({ id, dtype: 'f32', role: 'temp', axes: kept });
    const fresh: Job = {
      name: id,
      output: id,
      body: intern(clean(x)),
      task: null,
      adds: false,
      comment: `${job.comment}: what it sums`,
      ...(job.source === undefined ? {} : { source: job.source }),
      ...(turning ? { loop: job.loop! } : {}),
    };
    made.push({ ...fresh, task: taskOf(fresh, world) });
    return intern({
      kind: 'read',
      buffer: id,
      dtype: 'f32',
      at: kept.map((a): Expr => ({ kind: 'index', axis: a.name })),
    });
  };
  const outer = rewrite((e) => {
    if (e.kind !== 'reduce' || !hasSum(e.body) || isWalk(e)) return null;
    const axes = new Map([...cells, ...e.over.map((o) => o.axis)].map((a) => [a.name, a]));
    const inside = rewrite((x) => {
      if (!hasSum(x)) return x;
      const own = free(x);
      const whole = cells.every((a) => own.has(a.name) || !free(e).has(a.name));
      const known =
        [...own].every((v) => axes.has(v)) && [...own].filter((v) => axes.get(v)!.ragged !== undefined).length <= 1;
      // In a loop, what reads the loop's own buffers is computed in it too, so it must have a position of its axis.
      const turning = job.loop !== undefined && readsOf([x]).some((id) => world.loops.get(id) === job.loop!.id);
      if (turning && !own.has(job.loop!.axis)) return null;
      if (whole || !known || own.size === 0 || x.kind === 'guard' || dtypeOf(x) !== 'f32') return null;
      return apart(
        x,
        [...own].map((v) => axes.get(v)!),
        turning,
      );
    });
    const body = inside(e.body);
    return body === e.body ? e : intern({ ...e, body });
  });
  const body = intern(outer(job.body));
  return [...made, { ...job, body }];
};

export const unnest = (k: Kernels): Kernels => {
  const { world, add, done } = extending(k);
  return done(k.jobs.flatMap((job) => unnested(job, world, add)));
};
