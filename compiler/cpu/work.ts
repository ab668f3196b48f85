/** What a kernel does, as counts that the runtime evaluates at the sizes and lengths of a batch; see runtime/cpu/work. */
import type { Count, PlanWork } from '../../runtime/contract/cpu-plan.js';
import { conjuncts } from '../loops/bounds.js';
import type { Expr, LoopAxis } from '../loops/ir.js';
import { freeVariables, loopAxes, nodes } from '../loops/shape.js';
import { isUnit } from '../loops/units.js';
import { type Group, type Inverse, type Job, rootsOf, shareAxis, startsOf } from './job.js';
import { streamsId, type World } from './world.js';

/** Products among the terms of a sum. */
const products = (e: Expr): number =>
  e.kind === 'guard'
    ? Math.max(products(e.then), products(e.otherwise))
    : e.kind !== 'apply'
      ? 0
      : e.fn === 'mul'
        ? 1
        : e.fn === 'add' || e.fn === 'sub'
          ? e.args.reduce((n, a) => n + products(a), 0)
          : 0;

interface Counting {
  readonly world: World;
  readonly inverses: readonly Inverse[];
}

/** How often something is computed that depends on these loop variables. A condition that orders two of them halves it. */
const counter = (job: Job, { world, inverses }: Counting) => {
  const free = freeVariables();
  const { buffer } = world.layouts.get(job.output)!;
  const axes = new Map<string, LoopAxis>(
    [...buffer.axes, ...(job.scatter?.over ?? []).map((o) => o.axis), ...(job.task === null ? [] : [job.task])].map(
      (a) => [a.name, a],
    ),
  );
  loopAxes(rootsOf(job)).forEach((a, name) => axes.set(name, a));
  const bounds = new Map(
    [...nodes(rootsOf(job))].flatMap((e) => (e.kind === 'reduce' ? e.over.map((o) => [o.axis.name, o] as const) : [])),
  );
  /** A walk of lists passes each of their entries once, whatever the number of lists. */
  const walked = (
    name: string,
  ): { readonly axes: readonly LoopAxis[]; readonly target: ReadonlySet<string> } | null => {
    const from = bounds.get(name)?.from;
    const inverse = from?.kind === 'read' ? inverses.find((i) => startsOf(i) === from.buffer) : undefined;
    return inverse === undefined ? null : { axes: inverse.axes, target: free(from!) };
  };
  return (variables: ReadonlySet<string>, times: number): Count => {
    const walks = [...variables].map(walked).filter((w) => w !== null);
    const lists = new Set([...variables].filter((v) => walked(v) !== null));
    const gone = new Set([...lists, ...walks.flatMap((w) => [...w.target]), shareAxis.name]);
    const all = [
      ...new Map(
        [
          ...[...variables].filter((v) => !gone.has(v)).flatMap((v) => axes.get(v) ?? []),
          ...walks.flatMap((w) => w.axes),
        ].map((a) => [a.name, a]),
      ).values(),
    ].filter((a) => !isUnit(a));
    const rowwise = all.some((a) => a.name === world.rowsAxis);
    const ragged = rowwise ? all.filter((a) => a.ragged?.rows === world.rowsAxis) : [];
    const rest = all.filter((a) => !ragged.includes(a) && (ragged.length === 0 || a.name !== world.rowsAxis));
    const narrowed =
      [...variables].filter(
        (v) =>
          !lists.has(v) && [bounds.get(v)?.from, bounds.get(v)?.to].some((b) => b !== undefined && free(b).size > 0),
      ).length +
      conjuncts(job.where).filter((p) => free(p).size > 1 && [...free(p)].every((v) => variables.has(v))).length;
    return {
      times: rest.reduce((n, a) => (typeof a.size === 'number' ? n * a.size : n), times * 0.5 ** narrowed),
      sizes: rest.flatMap((a) => (typeof a.size === 'string' ? [a.size] : [])),
      lengths: ragged.map((a) => a.ragged!.lengths),
    };
  };
};

const merged = (counts: readonly Count[]): readonly Count[] => {
  const found = new Map<string, Count>();
  for (const c of counts) {
    const key = JSON.stringify([c.sizes, c.lengths]);
    found.set(key, { ...c, times: c.times + (found.get(key)?.times ?? 0) });
  }
  return [...found.values()];
};

/** Of kernels that are one function: what one reads of another stays in registers. */
export const workOf = (group: Group, counting: Counting): PlanWork => {
  const free = freeVariables();
  const own = new Set(group.map((j) => j.output));
  const sums: Count[] = [];
  const reads = new Map<string, Count[] | null>();
  for (const job of group) {
    const count = counter(job, counting);
    const task = job.task === null ? [] : [job.task.name];
    for (const e of nodes(rootsOf(job))) {
      if (e.kind === 'reduce' && e.monoid === 'sum' && e.dtype === 'f32') {
        const n = products(e.body);
        if (n > 0)
          sums.push(count(new Set([...free(e), ...e.over.map((o) => o.axis.name), ...(job.adds ? task : [])]), 2 * n));
      }
      if (e.kind === 'read' && !own.has(e.buffer) && e.buffer !== streamsId) {
        const far = [...nodes(e.at)].some((x) => x.kind === 'read');
        const known = reads.get(e.buffer);
        reads.set(e.buffer, !far || known === null ? null : [...(known ?? []), count(free(e), 1)]);
      }
    }
  }
  return {
    products: merged(sums),
    reads: [...reads].map(([id, at]) => ({ id, ...(at === null ? {} : { at: merged(at) }) })),
  };
};
