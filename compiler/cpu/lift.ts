/** Sums over rows inside a collect get a kernel of their own, at the positions that the collect sums over. */
import type { Buffer, Expr, LoopAxis, ReduceAxis } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { freeVariables } from '../loops/shape.js';
import type { Job } from './job.js';
import { extending, type Kernels } from './kernels.js';

const index = (axis: string): Expr => ({ kind: 'index', axis });

const lifted = (job: Job, rowsAxis: string, add: (b: Buffer) => void): readonly Job[] => {
  const free = freeVariables();
  const made: Job[] = [];
  const inside =
    (over: readonly LoopAxis[]) =>
    (e: Expr): Expr | null => {
      if (e.kind !== 'reduce' || !e.over.some((o) => o.axis.name === rowsAxis)) return null;
      const axes = over.filter((a) => free(e).has(a.name));
      if (axes.length !== free(e).size) return null;
      const id = `${job.output}.part${made.length === 0 ? '' : made.length + 1}`;
      add({ id, dtype: e.dtype, role: 'temp', axes });
      made.push({ ...job, name: id, output: id, body: e, comment: `${job.comment}: what it sums` });
      return { kind: 'read', buffer: id, dtype: e.dtype, at: axes.map((a) => index(a.name)) };
    };
  const body = rewrite((e) =>
    e.kind !== 'collect' ? null : { ...e, body: rewrite(inside(e.over.map((o) => o.axis)))(e.body) },
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
    world: { rowsAxis },
    add,
    done,
  } = extending(k);
  return done(
    k.jobs
      .flatMap((job) => lifted(job, rowsAxis, add))
      .map((job): Job => ({
        ...job,
        body: withRow(job.body),
        ...(job.where === undefined ? {} : { where: withRow(job.where) }),
      })),
  );
};
