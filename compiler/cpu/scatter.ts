/**
 * Sums of many positions for each target. Walking lists of a target's positions reads all over memory; here each row adds to
 * the table of its share, where the place that a position names is as near as the table is small, and shares are summed.
 */
import { conjuncts, narrowed } from '../loops/bounds.js';
import { all, apply, guard, integer, literal } from '../loops/build.js';
import type { Buffer, Expr, LoopAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { freeVariables, isZero, nodes } from '../loops/shape.js';
import { typicalSizes } from '../sizes.js';
import { type Job, shareAxis } from './job.js';
import { extending, type Kernels } from './kernels.js';
import { sizeExpr } from './layout.js';
import { sumOfShares } from './shares.js';

type Collect = Extract<Expr, { kind: 'collect' }>;

/** Positions for each target from which a table for each share is cheaper than lists: a share is zeroed and summed whole. */
const many = 128;
const typical = ({ size, ragged }: LoopAxis): number =>
  (typeof size === 'number' ? size : (typicalSizes[size] ?? 256)) / (ragged === undefined ? 1 : 2);

interface Place {
  /** Those of the kernel's own buffer. */
  readonly axes: readonly LoopAxis[];
  readonly rowsAxis: string;
  readonly add: (b: Buffer, lies: { readonly named: boolean }) => void;
}

const targetOf = (e: Collect, axes: readonly LoopAxis[]): LoopAxis | undefined =>
  axes.find((a) => e.target.kind === 'index' && e.target.axis === a.name);

/** Whether it is over whole rows of a batch, with many positions for each target. */
export const isMany = (e: Collect, axes: readonly LoopAxis[], rowsAxis: string): boolean => {
  const target = targetOf(e, axes);
  const rows = e.over.find((o) => o.axis.name === rowsAxis);
  return (
    target !== undefined &&
    e.dtype === 'f32' &&
    rows !== undefined &&
    rows.from === undefined &&
    rows.to === undefined &&
    e.over.reduce((n, o) => n * typical(o.axis), 1) >= many * typical(target)
  );
};

/** Whether rows may add it up: many positions for each target, and no sum inside. */
const isDense = (e: Collect, { axes, rowsAxis }: Place): boolean => {
  const target = targetOf(e, axes);
  if (target === undefined || !isMany(e, axes, rowsAxis)) return false;
  const names = new Set([...axes.filter((a) => a !== target), ...e.over.map((o) => o.axis)].map((a) => a.name));
  /** A loop's bounds may speak of the loops around it. */
  const nested = e.over.every(({ from, to }, k) =>
    [from, to].every(
      (bound) =>
        bound === undefined ||
        [...freeVariables()(bound)].every((v) => e.over.slice(0, k).some((o) => o.axis.name === v)),
    ),
  );
  return (
    nested &&
    [...freeVariables()(e.body)].every((v) => names.has(v)) &&
    [...nodes([e.body])].every((n) => n.kind !== 'reduce' && n.kind !== 'collect')
  );
};

/** Its loops, which the conditions of what it adds narrow where they can, and what is left of these. */
const loopsOf = (e: Collect, rowsAxis: string): Pick<Collect, 'over' | 'body'> => {
  if (e.body.kind !== 'guard' || !isZero(e.body.otherwise)) return e;
  const over = [...e.over];
  const open = conjuncts(e.body.condition).filter((p) => {
    for (let k = over.length - 1; k >= 0; k--) {
      const loop = over[k]!;
      // Rows are given to a kernel, a share of them at a time.
      const whole = loop.from === undefined && loop.to === undefined && loop.axis.name !== rowsAxis;
      const range = whole ? narrowed(p, loop.axis.name) : null;
      const outside = (b: Expr): boolean =>
        [...freeVariables()(b)].every((v) => over.slice(0, k).some((o) => o.axis.name === v));
      if (range === null || ![range.from, range.to].every((b) => b === undefined || outside(b))) continue;
      const { from, to } = range;
      over[k] = {
        ...loop,
        ...(from === undefined ? {} : { from: apply('max', from, integer(0)) }),
        ...(to === undefined ? {} : { to: apply('min', to, sizeExpr(loop.axis, loop.row)) }),
      };
      return false;
    }
    return true;
  });
  return { over, body: guard(all(open), e.body.then) };
};

/** The kernel with such sums as sums over shares, after the kernels that fill the shares. */
const scattered = (job: Job, place: Place): readonly Job[] => {
  const { where: _, ...rest } = job;
  const shares: Job[] = [];
  const body = rewrite((e) => {
    if (e.kind !== 'collect' || job.loop !== undefined || !isDense(e, place)) return null;
    const id = `${job.output}.share${shares.length === 0 ? '' : shares.length + 1}`;
    const target = targetOf(e, place.axes)!;
    const free = freeVariables()(e.body);
    const { over, body: added } = loopsOf(e, place.rowsAxis);
    // A row for each target, so that what is added to it lies side by side.
    const kept = [target, ...place.axes.filter((a) => a !== target && free.has(a.name))];
    place.add({ id, dtype: 'f32', role: 'temp', axes: [shareAxis, ...kept] }, { named: true });
    const named: Expr = {
      kind: 'read',
      buffer: e.index,
      at: e.over.map((o): Expr => ({ kind: 'index', axis: o.axis.name })),
      dtype: 'i32',
    };
    const exists = apply('and', apply('ge', named, integer(0)), apply('lt', named, sizeExpr(target)));
    shares.push({
      ...rest,
      name: id,
      output: id,
      adds: true,
      task: e.over.find((o) => o.axis.name === place.rowsAxis)!.axis,
      comment: `${job.comment}: the share of some rows`,
      body: apply('select', exists, added, literal(0)),
      scatter: { axis: target.name, over, to: apply('select', exists, named, integer(0)) },
    });
    return sumOfShares(id, kept);
  })(job.body);
  return [...shares, { ...job, body }];
};

export const scatterShares = (k: Kernels): Kernels => {
  const { buffers, world, add, done } = extending(k);
  return done(
    k.jobs.flatMap((job) => scattered(job, { axes: buffers.get(job.output)!.axes, rowsAxis: world.rowsAxis, add })),
  );
};
