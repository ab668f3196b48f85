/** Sums and maxima: loops that accumulate, for a tile of cells at once. */
import {
  amount,
  foldLanes,
  get,
  least,
  local,
  loop,
  most,
  op,
  ramp,
  registers,
  select,
  set,
  splat,
  sub,
  when,
} from '../../code/build.js';
import { accumulation, constant } from '../../code/scalars.js';
import type { Code, Local } from '../../code/tree.js';
import { integer } from '../../loops/build.js';
import type { LoopAxis, ReduceAxis } from '../../loops/ir.js';
import { mentions, nodes } from '../../loops/shape.js';
import { runAlong } from '../address.js';
import { sizeExpr } from '../layout.js';
import type { Kinds, Of, Writer } from './pen.js';
import { bindLanes, one, type Scope, scope } from './scope.js';
import { keep, part, type Tile } from './tile.js';

/** The innermost loop can go over all lanes at a time. */
const runsInLanes = ({ memory }: Writer, e: Of<'reduce'>): boolean => {
  const last = e.over[e.over.length - 1];
  if (last === undefined || e.dtype === 'bool') return false;
  const k = last.axis.name;
  const all = [...nodes([e.body])];
  const moving = all.filter((n): n is Of<'read'> => n.kind === 'read' && mentions(n, k));
  return (
    moving.length > 0 &&
    moving.every((n) => runAlong(memory.placeOfRead(n).address, k) === 'near') &&
    all.every(
      (n) =>
        n.kind !== 'reduce' ||
        n.over.every((o) => [o.from, o.to, o.row].every((b) => b === undefined || !mentions(b, k))),
    ) &&
    all.every((n) => n.kind !== 'collect')
  );
};

/** Locals that a reduction adds to, one for each cell of a tile. */
interface Accumulators {
  readonly vectors: number;
  readonly cells: readonly (readonly Local[])[];
}

const tileOf = ({ vectors, cells }: Accumulators): Tile => ({ vectors, parts: cells.map((row) => row.map(get)) });

/** One reduction while it is written. */
interface Sum {
  readonly w: Writer;
  readonly e: Of<'reduce'>;
  readonly rows: number;
  readonly rowAxis: string | undefined;
  readonly total: Accumulators;
  /** Where the innermost loop goes over lanes though the cells do not: what each lane adds up. */
  readonly inLanes: Accumulators | null;
}

const accumulators = ({ monoid, dtype }: Of<'reduce'>, rows: number, vectors: number, s: Scope): Accumulators => {
  const start = constant(accumulation[monoid][dtype].start, dtype, vectors > 0);
  const cells = Array.from({ length: rows }, () =>
    Array.from({ length: Math.max(1, vectors) }, () => local(monoid, start.type)),
  );
  cells.flat().forEach((cell) => s.code.push(set(cell, start)));
  return { vectors, cells };
};

/** Adds the body to the accumulators, to those of one row where `row` says so. */
const accumulate = ({ w, e }: Sum, into: Accumulators, at: Scope, row: number | null, first?: Code): void => {
  const { step, start } = accumulation[e.monoid][e.dtype];
  const term = into.vectors > 0 ? w.wide(e.body, at) : w.value(e.body, at);
  // Lanes that do not exist add nothing.
  const exists = first === undefined ? undefined : keep(at.code, 'exists', op('lt', ramp(0), splat(first)));
  const added = (code: Code): Code =>
    exists === undefined ? code : select(exists, code, constant(start, e.dtype, true));
  for (const r of row === null ? into.cells.keys() : [row]) {
    into.cells[r]!.forEach((cell, c) =>
      at.code.push(set(cell, step([get(cell), added(part(term, row === null ? r : 0, c))], false))),
    );
  }
};

/** The loop along one axis from `start` to `end`, in lanes first where the reduction goes over them. */
const runAxis = (
  sum: Sum,
  axis: LoopAxis,
  rest: readonly ReduceAxis[],
  around: Scope,
  row: number | null,
  start: Code,
  end: Code,
): void => {
  const { total, inLanes } = sum;
  const k = local(axis.name, 'i32');
  const limit = keep(around.code, `${axis.name}.end`, end);
  if (inLanes !== null && rest.length === 0 && row === null) {
    const stop = keep(around.code, `${axis.name}.whole`, sub(limit, amount(registers(1, -1))));
    const body = scope('loop', around, bindLanes(axis.name, get(k), 1));
    accumulate(sum, inLanes, body, null);
    around.code.push(loop(k, start, stop, registers(1), body.code));
    if (sum.w.machine.partly) {
      const left = local(`${axis.name}.left`, 'i32');
      const some = scope('loop', around, bindLanes(axis.name, get(k), 1, [get(left)]));
      accumulate(sum, inLanes, some, null, get(left));
      around.code.push(when(op('lt', get(k), limit), [set(left, sub(limit, get(k))), ...some.code]));
      return;
    }
    const tail = scope('loop', around, bindLanes(axis.name, get(k), 0));
    accumulate(sum, total, tail, null);
    around.code.push(loop(k, null, limit, 1, tail.code));
    return;
  }
  const body = scope('loop', around, bindLanes(axis.name, get(k), 0));
  run(sum, rest, body, row);
  around.code.push(loop(k, start, limit, 1, body.code));
};

/** Where only some rows have a position: one position after the other, at each the rows that `has` says. What does not depend on the row is there once. */
const runSome = (
  sum: Sum,
  axis: LoopAxis,
  rest: readonly ReduceAxis[],
  at: Scope,
  [from, to]: readonly [Code, Code],
  has: (row: number, position: Code) => Code,
): void => {
  const k = local(axis.name, 'i32');
  const body = scope('loop', at, bindLanes(axis.name, get(k), 0));
  const rows = sum.w.value(sum.w.world.intern({ kind: 'index', axis: sum.rowAxis! }), at);
  for (let r = 0; r < sum.rows; r++) {
    const own = scope('branch', body, [[sum.rowAxis!, one(part(rows, r, 0))]]);
    run(sum, rest, own, r);
    body.code.push(when(has(r, get(k)), own.code));
  }
  at.code.push(loop(k, from, to, 1, body.code));
};

/** Rows begin and end at different positions: those that all have, together; before and after them, those that some have. */
const runRows = (sum: Sum, axis: LoopAxis, rest: readonly ReduceAxis[], at: Scope, low: Tile, high: Tile): void => {
  const put = (wanted: string, code: Code): Code => keep(at.code, `${axis.name}.${wanted}`, code);
  /** The least or the greatest of what the rows have. */
  const ofAll = (t: Tile, wanted: string, choose: (a: Code, b: Code) => Code): Code =>
    t.parts.map((_, r) => part(t, r, 0)).reduce((a, b) => put(wanted, choose(a, b)));
  const latest = put('from', ofAll(low, 'latest', most));
  const earliest = put('to', most(latest, ofAll(high, 'earliest', least)));
  const begun = (r: number, k: Code): Code => op('ge', k, part(low, r, 0));
  const going = (r: number, k: Code): Code => op('lt', k, part(high, r, 0));
  const last = put('end', ofAll(high, 'last', most));
  if (low.parts.length > 1)
    runSome(
      sum,
      axis,
      rest,
      at,
      [put('begin', ofAll(low, 'first', least)), put('before', least(latest, last))],
      high.parts.length > 1 ? (r, k) => op('and', begun(r, k), going(r, k)) : begun,
    );
  runAxis(sum, axis, rest, at, null, latest, earliest);
  if (high.parts.length > 1) runSome(sum, axis, rest, at, [earliest, last], going);
};

/** The loops along `over`, outermost first, and what they add up. */
const run = (sum: Sum, over: readonly ReduceAxis[], at: Scope, row: number | null): void => {
  const [first, ...rest] = over;
  if (first === undefined) {
    accumulate(sum, sum.total, at, row);
    return;
  }
  const {
    w: {
      world: { intern },
      named,
    },
  } = sum;
  const low = named(intern(first.from ?? integer(0)), at);
  const high = named(intern(first.to ?? sizeExpr(first.axis, first.row)), at);
  if (low.parts.length === 1 && high.parts.length === 1)
    runAxis(sum, first.axis, rest, at, row, part(low, 0, 0), part(high, 0, 0));
  else runRows(sum, first.axis, rest, at, low, high);
};

/** What the lanes added up, folded into the totals. */
const fold = ({ e, total }: Sum, inLanes: Accumulators, s: Scope): void => {
  const { step } = accumulation[e.monoid][e.dtype];
  total.cells.forEach((row, r) =>
    row.forEach((cell) => {
      const folded = keep(s.code, 'folded', foldLanes(e.monoid, get(inLanes.cells[r]![0]!)));
      s.code.push(set(cell, step([folded, get(cell)], false)));
    }),
  );
};

export const reductions = (w: Writer): Pick<Kinds, 'reduce' | 'collect'> => ({
  reduce: (e, s) => {
    const { rows, vectors, rowAxis } = w.shape(e, s);
    const total = accumulators(e, rows, vectors, s);
    const inLanes = vectors === 0 && runsInLanes(w, e) ? accumulators(e, rows, 1, s) : null;
    const sum: Sum = { w, e, rows, rowAxis, total, inLanes };
    run(sum, e.over, s, null);
    if (inLanes !== null) fold(sum, inLanes, s);
    return tileOf(total);
  },
  collect: () => {
    throw new Error('A collect was not turned into a walk of its lists.');
  },
});
