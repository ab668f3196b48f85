/** Where the loops over a kernel's cells begin and end. */
import { get, int, least, most } from '../../code/build.js';
import type { Code, Local } from '../../code/tree.js';
import { narrowed } from '../../loops/bounds.js';
import { integer } from '../../loops/build.js';
import type { Expr, LoopAxis } from '../../loops/ir.js';
import { nodes } from '../../loops/shape.js';
import type { Job } from '../job.js';
import { type Layout, sizeExpr } from '../layout.js';
import type { Writer } from './pen.js';
import { bindingOf, type Scope } from './scope.js';
import { keep } from './tile.js';

export interface Range {
  readonly from: Code;
  readonly to: Code;
}

interface Asked {
  readonly w: Writer;
  readonly job: Job;
  readonly layout: Layout;
  /** What narrows the loops: outside it cells are zero already. */
  readonly conditions: readonly Expr[];
  /** The positions of the task that a call computes. */
  readonly given: { readonly from: Local; readonly to: Local };
}

/** The loops of a scatter are those of its sum. */
const scatterRange = ({ w, job }: Asked, axis: LoopAxis, s: Scope): Range | null => {
  const summed = job.scatter?.over.find((o) => o.axis.name === axis.name);
  if (summed === undefined) return null;
  const edge = (e: Expr): Code => keep(s.code, `${axis.name}.edge`, w.single(w.world.intern(e), s));
  return { from: edge(summed.from ?? integer(0)), to: edge(summed.to ?? sizeExpr(axis, summed.row)) };
};

/** As long as the axis, or its row, is; narrowed by conditions. Rows of a tile that differ give the widest. */
const cellRange = ({ w, layout: { buffer, rows }, conditions }: Asked, axis: LoopAxis, s: Scope): Range => {
  const { intern } = w.world;
  const ragged = axis.ragged !== undefined && rows !== undefined && buffer.axes[rows.at]!.name === axis.ragged.rows;
  const own = sizeExpr(axis, ragged ? { kind: 'index', axis: axis.ragged!.rows } : undefined);
  const isBound = (e: Expr | undefined): e is Expr =>
    e !== undefined && [...nodes([e])].every((n) => n.kind !== 'index' || bindingOf(n.axis, s) !== undefined);
  const narrow = conditions.flatMap((p) => narrowed(p, axis.name) ?? []);
  const edge = (code: Code): Code => keep(s.code, `${axis.name}.edge`, code);
  const widest = (e: Expr, pick: (a: Code, b: Code) => Code): Code =>
    w
      .value(intern(e), s)
      .parts.map((row) => edge(row[0]!))
      .reduce((a, b) => edge(pick(a, b)));
  const from = narrow
    .flatMap((n) => (isBound(n.from) ? [widest(n.from, least)] : []))
    .reduce((a, b) => edge(most(a, b)), int(0));
  const to = narrow
    .flatMap((n) => (isBound(n.to) ? [widest(n.to, most)] : []))
    .reduce((a, b) => edge(least(a, b)), keep(s.code, `${axis.name}.end`, w.single(intern(own), s)));
  return { from, to };
};

export const rangeOf = (asked: Asked, axis: LoopAxis, s: Scope): Range =>
  axis.name === asked.job.task?.name
    ? { from: get(asked.given.from), to: get(asked.given.to) }
    : (scatterRange(asked, axis, s) ?? cellRange(asked, axis, s));

/** The number of cells of a range, where it is known. */
export const lengthOf = ({ from, to }: Range): number | null =>
  from.kind === 'literal' && from.value === 0 && to.kind === 'literal' ? to.value : null;
