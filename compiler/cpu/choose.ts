/** Which axis of a kernel goes along the lanes, and which makes the rows of a tile. */
import type { Expr, LoopAxis } from '../loops/ir.js';
import { freeVariables, mentions, nodes } from '../loops/shape.js';
import { addressOf, type Run, runAlong } from './address.js';
import { boundsOf, cellPlace, domain, isReduce, isWalk, type Job, rootsOf, type Tiling } from './job.js';
import type { World } from './world.js';

type Read = Extract<Expr, { kind: 'read' }>;
type Reduce = Extract<Expr, { kind: 'reduce' }>;
const isRead = (e: Expr): e is Read => e.kind === 'read';

export interface Choice extends Tiling {
  /** Reads that run against the lanes in a sum of products: they want a copy with this axis innermost. */
  readonly against: Against;
}
type Against = readonly { readonly read: Read; readonly at: number }[];

interface Question {
  readonly job: Job;
  readonly world: World;
  readonly outer: readonly LoopAxis[];
  readonly all: readonly Expr[];
  readonly reduces: readonly Reduce[];
}

/** What is added at places that data name goes one by one: two of a tile may have one place. */
const tileAxes = ({ job, world, outer }: Question): readonly LoopAxis[] =>
  outer.filter(
    (a) =>
      (a.name !== world.rowsAxis || job.task?.name !== a.name) &&
      a.name !== job.loop?.axis &&
      !(job.scatter?.over.some((o) => o.axis.name === a.name) ?? false),
  );

/** No loop's bounds, nor the length of a row, differ from lane to lane. */
const isEven = ({ reduces, all }: Question, axis: string): boolean =>
  reduces.every((r) => boundsOf(r).every((b) => !mentions(b, axis))) &&
  all.every((n) => n.kind !== 'extent' || n.row === undefined || !mentions(n.row, axis));

/** The reads of one sum that want a copy for lanes along `axis`; null where lanes had better go elsewhere. */
const copiesFor = ({ job, world, outer }: Question, r: Reduce, axis: string): Against | null => {
  const { layouts, intern, loops } = world;
  const run = (e: Read): Run => runAlong(addressOf(layouts.get(e.buffer)!, e.at, intern), axis);
  const turning = (id: string): boolean => job.loop !== undefined && loops.get(id) === job.loop.id;
  const inside = [...nodes([r.body])].filter(isRead).filter((e) => r.over.some((o) => mentions(e, o.axis.name)));
  const far = inside.filter((e) => mentions(e, axis) && (run(e) === 'even' || run(e) === 'far'));
  if (far.length === 0) return [];
  // Worth a copy where the other factor is another for each row; else lanes go along the sum.
  const reused = inside.some(
    (e) =>
      !mentions(e, axis) &&
      outer.some((a) => a.name !== axis && mentions(e, a.name) && far.some((f) => !mentions(f, a.name))),
  );
  const copies = far.map((e) => ({ read: e, at: e.at.findIndex((x) => x.kind === 'index' && x.axis === axis) }));
  const fixed = copies.some(
    ({ at, read }) =>
      at < 0 ||
      turning(read.buffer) ||
      layouts.get(read.buffer)!.rows?.at === at ||
      !read.at.every((x, k) => k === at || !mentions(x, axis)),
  );
  if (reused && !fixed) return copies;
  return far.length === inside.length || !reused ? null : [];
};

/** Cells along the axis lie side by side: lanes are stored at once. */
const isBeside = ({ job, world }: Question, axis: string): boolean =>
  runAlong(addressOf(world.layouts.get(job.output)!, cellPlace(job, world), world.intern), axis) === 'near';

const lanesAlong = (
  q: Question,
  last: string | undefined,
): { readonly lanes: string; readonly against: Against } | null => {
  if (last === undefined || !isBeside(q, last) || !isEven(q, last)) return null;
  const found = q.reduces.map((r) => copiesFor(q, r, last));
  return found.some((c) => c === null) ? null : { lanes: last, against: found.flatMap((c) => c ?? []) };
};

const rowsAlong = ({ all, reduces }: Question, axes: readonly LoopAxis[], lanes: string | null): string | null => {
  if (reduces.length === 0 || all.some((n) => n.kind === 'collect')) return null;
  const free = freeVariables();
  const walks = (axis: string): boolean => reduces.some((r) => isWalk(r) && boundsOf(r).some((b) => mentions(b, axis)));
  /** What lanes read of a sum is the same for all rows along the axis: a tile loads it once. */
  const shares = (axis: string): boolean =>
    reduces.some(
      (r) =>
        free(r).has(axis) &&
        [...nodes([r.body])].some(
          (e) =>
            isRead(e) &&
            !mentions(e, axis) &&
            (lanes === null || mentions(e, lanes)) &&
            r.over.some((o) => mentions(e, o.axis.name)),
        ),
    );
  const able = [...axes]
    .reverse()
    .filter(({ name }) => name !== lanes && !walks(name) && reduces.some((r) => free(r).has(name)));
  const long = ({ size }: LoopAxis): number => (typeof size === 'number' ? size : Infinity);
  const longest = able.reduce<LoopAxis | undefined>(
    (a, b) => (a === undefined || long(b) > long(a) ? b : a),
    undefined,
  );
  return (able.find((a) => shares(a.name)) ?? longest)?.name ?? null;
};

/** Whether every sum multiplies each row by what is the same for all of them, and is as long for one row as for another. */
const sharesFactor = ({ reduces }: Question, rowsAxis: string): boolean =>
  reduces.length > 0 &&
  reduces.every(
    (r) =>
      r.over.every((o) => o.axis.ragged === undefined && o.row === undefined) &&
      boundsOf(r).every((b) => !mentions(b, rowsAxis)) &&
      [...nodes([r.body])].some(
        (e) => isRead(e) && !mentions(e, rowsAxis) && r.over.some((o) => mentions(e, o.axis.name)),
      ),
  );

/** `tail`: it is one of those through which rows can run together; see tail. */
export const choose = (job: Job, world: World, tail: boolean): Choice => {
  const { rowsAxis } = world;
  const all = [...nodes(rootsOf(job))];
  const question: Question = { job, world, outer: domain(job, world), all, reduces: all.filter(isReduce) };
  const axes = tileAxes(question);
  const along = lanesAlong(question, axes[axes.length - 1]?.name);
  const lanes = along?.lanes ?? null;
  const rows = rowsAlong(question, axes, lanes);
  const together = rows === null && lanes !== null && tail && sharesFactor(question, rowsAxis);
  return { lanes, rows: together ? rowsAxis : rows, against: along?.against ?? [] };
};
