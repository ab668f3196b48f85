/** Sums inside a collect get a kernel of their own, at the positions that the collect sums over: those over rows, and all where rows then add it up. */
import { guard } from '../loops/build.js';
import type { Buffer, Expr, LoopAxis, ReduceAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { freeVariables, isZero, mentions } from '../loops/shape.js';
import { withoutUnits } from '../loops/units.js';
import type { Job } from './job.js';
import { extending, type Kernels } from './kernels.js';
import { isMany } from './scatter.js';

const index = (axis: string): Expr => ({ kind: 'index', axis });

/** A sum, and what is asked besides of all that it adds up. */
const freed = (e: Extract<Expr, { kind: 'reduce' }>): { readonly condition: Expr | null; readonly sum: Expr } => {
  const { body, over, monoid } = e;
  return monoid === 'sum' &&
    body.kind === 'guard' &&
    isZero(body.otherwise) &&
    over.every((o) => !mentions(body.condition, o.axis.name))
    ? { condition: body.condition, sum: { ...e, body: body.then } }
    : { condition: null, sum: e };
};

const lifted = (job: Job, own: readonly LoopAxis[], rowsAxis: string, add: (b: Buffer) => void): readonly Job[] => {
  const free = freeVariables();
  const made: Job[] = [];
  const inside =
    (over: readonly LoopAxis[], all: boolean) =>
    (e: Expr): Expr | null => {
      if (e.kind !== 'reduce' || !(all || e.over.some((o) => o.axis.name === rowsAxis))) return null;
      // A sum over heads, of which there is one, is what it sums.
      const whole = withoutUnits(new Set())(e);
      if (whole.kind !== 'reduce') return whole;
      const axes = over.filter((a) => free(e).has(a.name));
      if (axes.length !== free(e).size) return null;
      const id = `${job.output}.part${made.length === 0 ? '' : made.length + 1}`;
      add({ id, dtype: e.dtype, role: 'temp', axes });
      const { condition, sum } = freed(e);
      const { where: _, ...rest } = job;
      made.push({
        ...rest,
        ...(condition === null ? {} : { where: condition }),
        name: id,
        output: id,
        body: sum,
        comment: `${job.comment}: what it sums`,
      });
      return guard(condition, { kind: 'read', buffer: id, dtype: e.dtype, at: axes.map((a) => index(a.name)) });
    };
  const body = rewrite((e) =>
    e.kind !== 'collect'
      ? null
      : {
          ...e,
          body: rewrite(
            inside(
              e.over.map((o) => o.axis),
              isMany(e, own, rowsAxis),
            ),
          )(e.body),
        },
  )(job.body);
  return [...made, { ...job, body }];
};

/** A ragged loop of a collect knows its row where the rows are looped over too. */
const withRow = rewrite((x) =>
  x.kind !== 'collect'
    ? null
    : {
        ...x,
        over: x.over.map((o): ReduceAxis =>
          o.axis.ragged === undefined || o.row !== undefined || !x.over.some((r) => r.axis.name === o.axis.ragged!.rows)
            ? o
            : { ...o, row: index(o.axis.ragged.rows) },
        ),
      },
);

export const lift = (k: Kernels): Kernels => {
  const {
    buffers,
    world: { rowsAxis },
    add,
    done,
  } = extending(k);
  return done(
    k.jobs
      .flatMap((job) => lifted(job, buffers.get(job.output)!.axes, rowsAxis, add))
      .map((job): Job => ({
        ...job,
        body: withRow(job.body),
        ...(job.where === undefined ? {} : { where: withRow(job.where) }),
      })),
  );
};
