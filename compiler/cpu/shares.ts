/** Sums over the rows of what rows compute become sums over shares of the batch, to which rows add while they are at hand. */
import { conjuncts } from '../loops/bounds.js';
import { all, guard } from '../loops/build.js';
import type { Buffer, Expr, LoopAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { children, freeVariables, mentions, readsOf } from '../loops/shape.js';
import { type Job, shareAxis } from './job.js';
import { extending, type Kernels } from './kernels.js';
import type { World } from './world.js';

type Reduce = Extract<Expr, { kind: 'reduce' }>;
const index = (axis: string): Expr => ({ kind: 'index', axis });

/** The sum over all shares of a buffer that has these axes besides. */
export const sumOfShares = (id: string, kept: readonly LoopAxis[]): Expr => ({
  kind: 'reduce',
  monoid: 'sum',
  dtype: 'f32',
  over: [{ axis: shareAxis }],
  body: { kind: 'read', buffer: id, dtype: 'f32', at: [shareAxis, ...kept].map((a) => index(a.name)) },
});

/** The conditions under which each part is asked for: those that hold on every way to it. */
const contexts = (root: Expr, always: readonly Expr[]): ReadonlyMap<Expr, readonly Expr[]> => {
  const found = new Map<Expr, readonly Expr[]>();
  const visit = (e: Expr, under: readonly Expr[]): void => {
    const sofar = found.get(e);
    const both = sofar === undefined ? under : sofar.filter((p) => under.includes(p));
    if (sofar !== undefined && both.length === sofar.length) return;
    found.set(e, both);
    if (e.kind === 'guard') {
      visit(e.condition, both);
      visit(e.then, [...both, ...conjuncts(e.condition).filter((p) => !both.includes(p))]);
      visit(e.otherwise, both);
    } else children(e).forEach((x) => visit(x, both));
  };
  visit(root, always);
  return found;
};

/** What one share adds up, and where: conditions on whole rows of the sum, and those under which it is asked for, narrow its loops. */
const shareOf = (
  e: Reduce,
  rowsAxis: string,
  asked: readonly Expr[],
): { readonly body: Expr; readonly where: Expr | null } => {
  const rest = e.over.filter((o) => o.axis.name !== rowsAxis);
  const own =
    e.body.kind === 'guard' && e.body.otherwise.kind === 'literal' && e.body.otherwise.value === 0 ? e.body : null;
  const parts = conjuncts(own?.condition);
  const isInner = (p: Expr): boolean => rest.some((o) => mentions(p, o.axis.name));
  const body = own === null ? e.body : guard(all(parts.filter(isInner)), own.then);
  return {
    body: rest.length === 0 ? body : { ...e, over: rest, body },
    where: all([...parts.filter((p) => !isInner(p)), ...asked]),
  };
};

const shared = (
  job: Job,
  world: World,
  isRowTemp: (id: string) => boolean,
  add: (b: Buffer) => void,
): readonly Job[] => {
  const { rowsAxis, intern } = world;
  const free = freeVariables();
  const { axes } = world.layouts.get(job.output)!.buffer;
  const names = new Set(axes.map((a) => a.name));
  const isOwn = (e: Expr): boolean => [...free(e)].every((v) => names.has(v));
  const shares: Job[] = [];
  const around = contexts(job.body, conjuncts(job.where));
  const body = rewrite((e) => {
    if (e.kind !== 'reduce' || e.monoid !== 'sum' || e.dtype !== 'f32') return null;
    const rows = e.over.find((o) => o.axis.name === rowsAxis);
    if (
      rows === undefined ||
      rows.from !== undefined ||
      rows.to !== undefined ||
      !isOwn(e) ||
      !readsOf([e]).some(isRowTemp)
    )
      return null;
    const kept = axes.filter((a) => free(e).has(a.name));
    const id = `${job.output}.share${shares.length === 0 ? '' : shares.length + 1}`;
    add({ id, dtype: 'f32', role: 'temp', axes: [shareAxis, ...kept] });
    // A share knows its own axes alone, whatever the result has besides.
    const isKept = (p: Expr): boolean => [...free(p)].every((v) => kept.some((a) => a.name === v));
    const share = shareOf(
      e,
      rowsAxis,
      (around.get(e) ?? []).filter((p) => isKept(p) && readsOf([p]).length === 0),
    );
    shares.push({
      name: id,
      output: id,
      adds: true,
      task: rows.axis,
      comment: `${job.comment}: the share of some rows`,
      body: intern(share.body),
      ...(share.where === null ? {} : { where: intern(share.where) }),
      ...(job.source === undefined ? {} : { source: job.source }),
    });
    return intern(sumOfShares(id, kept));
  })(job.body);
  return [...shares, { ...job, body: intern(body) }];
};

export const shareRows = (k: Kernels): Kernels => {
  const { buffers, world, add, done } = extending(k);
  const isRowTemp = (id: string): boolean => {
    const b = buffers.get(id);
    return b !== undefined && b.role !== 'input' && b.role !== 'state' && b.axes.some((a) => a.name === world.rowsAxis);
  };
  return done(
    k.jobs.flatMap((job) =>
      job.task?.name === world.rowsAxis || job.loop !== undefined ? [job] : shared(job, world, isRowTemp, add),
    ),
  );
};
