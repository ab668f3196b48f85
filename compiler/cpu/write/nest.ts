/** The loops over a kernel's cells, tile by tile: lanes inside rows, or the other way round where rows share what lanes read. */
import {
  amount,
  get,
  int,
  least,
  local,
  loop,
  most,
  op,
  registers,
  scaled,
  select,
  set,
  sub,
  when,
} from '../../code/build.js';
import type { Amount, Code, Local, Statement } from '../../code/tree.js';
import type { LoopAxis } from '../../loops/ir.js';
import type { Tiling } from '../job.js';
import type { Machine } from '../../code/machine.js';
import { alongLanes, alongRows, type RowStrip } from './cover.js';
import { lengthOf, type Range } from './range.js';
import { bindLanes, bindOne, bindRows, doneLanes, doneRows, one, type Scope, scope } from './scope.js';
import { keep } from './tile.js';

/** What the loops are put around, and what they need to know of it. */
export interface Nest {
  readonly machine: Machine;
  readonly tiling: Tiling;
  /** How many registers are side by side in one row alone. */
  readonly wide: readonly number[];
  /** It matters whether a cell is done already: only a last tile asks. */
  readonly once: boolean;
  /** The axis of a loop whose position is given, and that position. */
  readonly turn: { readonly axis: string; readonly at: Local } | null;
  readonly range: (axis: LoopAxis, s: Scope) => Range;
  /** Stores the cells of a tile; `again`: some of its lanes may be done already. */
  readonly store: (s: Scope, again: boolean, vectors: number) => void;
}

/** A loop over single positions. */
const plainLoop = ({ range }: Nest, axis: LoopAxis, s: Scope, inside: (body: Scope) => void): void => {
  const { from, to } = range(axis, s);
  const position = local(axis.name, 'i32');
  const body = scope('loop', s, bindOne(axis.name, get(position)));
  inside(body);
  s.code.push(loop(position, from, to, 1, body.code));
};

/** Lanes that are the task itself come before the rows. */
const underLanes = (n: Nest, rest: readonly LoopAxis[], s: Scope, again: boolean, vectors: number): void => {
  const [axis, ...inner] = rest;
  if (axis === undefined) n.store(s, again, vectors);
  else plainLoop(n, axis, s, (body) => underLanes(n, inner, body, again, vectors));
};

/** What covering a range needs: where it is at, where it ends, and how a tile is written. */
interface Covering {
  readonly axis: string;
  readonly position: Local;
  readonly range: Range;
  /** Cells in each of what a strip counts. */
  readonly size: Amount;
  readonly once: boolean;
  /** The body of tiles of `count`, the first of which begins at `base`; `overlap`: it may lie over cells that are done. */
  readonly tile: (count: number, base: Code, overlap: boolean) => readonly Statement[];
  readonly single: () => readonly Statement[];
}

const overlapping = (
  c: Covering,
  { count, always }: Extract<RowStrip, { kind: 'overlap' }>,
  into: Statement[],
): void => {
  const {
    axis,
    position,
    range: { from, to },
    size,
    once,
    tile,
  } = c;
  const step = scaled(size, count);
  const base = local(`${axis}.here`, 'i32');
  const last = keep(into, `${axis}.last`, sub(to, amount(step)));
  // Where it matters whether a cell is done already, only the last tile is asked.
  if (once) covered(c, { kind: 'whole', count, even: false }, into);
  const body = tile(count, get(base), true);
  const lines = [loop(position, null, to, step, [set(base, least(get(position), last)), ...body])];
  into.push(...(always ? lines : [when(op('ge', last, from), lines)]));
};

const less = (step: Amount): Amount => (typeof step === 'number' ? step - 1 : { ...step, plain: step.plain - 1 });

/** One tile more for what is left takes as long as one, and so does one of half its size that has half as many sums to wait for. */
const fuller = (
  { axis, position, range: { from, to }, size, tile }: Covering,
  count: number,
  into: Statement[],
): void => {
  const step = scaled(size, count);
  const base = local(`${axis}.here`, 'i32');
  const last = keep(into, `${axis}.last`, sub(to, amount(step)));
  const whole = from.kind === 'literal' && from.value === 0 ? to : sub(to, from);
  const left = op('and', whole, amount(less(step)));
  const stop = select(op('and', op('ge', last, from), op('gt', left, amount(size))), to, sub(to, amount(less(step))));
  const body = tile(count, get(base), true);
  into.push(
    loop(position, null, keep(into, `${axis}.stop`, stop), step, [set(base, least(get(position), last)), ...body]),
  );
};

const covered = (c: Covering, strip: RowStrip, into: Statement[]): void => {
  const {
    axis,
    position,
    range: { to },
    size,
    tile,
    single,
  } = c;
  const here = get(position);
  switch (strip.kind) {
    case 'whole': {
      const step = scaled(size, strip.count);
      const body = tile(strip.count, here, false);
      into.push(
        loop(position, null, strip.even ? to : keep(into, `${axis}.whole`, sub(to, amount(less(step)))), step, body),
      );
      return;
    }
    case 'fuller':
      fuller(c, strip.count, into);
      return;
    case 'overlap':
      overlapping(c, strip, into);
      return;
    case 'single':
      into.push(loop(position, null, to, 1, single()));
      return;
  }
};

/** As many lanes as a register has, or fewer. */
const within = (left: Code, vector: number): Code =>
  least(vector === 0 ? left : most(left, int(0)), amount(registers(1)));

const overLanes = (n: Nest, axis: LoopAxis, inner: readonly LoopAxis[], s: Scope, rows: number): void => {
  const range = n.range(axis, s);
  const position = local(axis.name, 'i32');
  const tile = (vectors: number, base: Code, again: boolean, first?: readonly Code[]): readonly Statement[] => {
    const body = scope('loop', s, [
      ...bindLanes(axis.name, base, vectors, first),
      ...(again ? [[doneLanes, one(get(position))] as const] : []),
    ]);
    const [next, ...rest] = inner;
    if (next === undefined) n.store(body, again, vectors);
    else if (next.name === n.tiling.rows)
      overRows({ ...n, store: (at) => n.store(at, again, vectors) }, next, rest, body);
    else underLanes(n, inner, body, again, vectors);
    return body.code;
  };
  const covering: Covering = {
    axis: axis.name,
    position,
    range,
    size: registers(1),
    once: n.once,
    tile,
    single: () => tile(0, get(position), false),
  };
  /** Tiles of `count` registers, of each of which maybe only the first lanes exist. */
  const inPart = (count: number): Statement => {
    const left = local(`${axis.name}.left`, 'i32');
    const body: Statement[] = [set(left, sub(range.to, get(position)))];
    const firsts = Array.from({ length: count }, (_, c) =>
      keep(body, `${axis.name}.first`, within(c === 0 ? get(left) : sub(get(left), amount(registers(c))), c)),
    );
    return loop(position, null, range.to, registers(count), [...body, ...tile(count, get(position), false, firsts)]);
  };
  s.code.push(set(position, range.from));
  for (const strip of alongLanes({ length: lengthOf(range), rows, wide: n.wide }, n.machine))
    if (strip.kind === 'part') s.code.push(inPart(strip.count));
    else covered(covering, strip, s.code);
};

const overRows = (n: Nest, axis: LoopAxis, inner: readonly LoopAxis[], s: Scope): void => {
  const range = n.range(axis, s);
  const position = local(axis.name, 'i32');
  const tile = (count: number, base: Code, again: boolean): readonly Statement[] => {
    const body = scope('loop', s, [
      ...bindRows(axis.name, base, count),
      ...(again ? [[doneRows, one(get(position))] as const] : []),
    ]);
    nest(n, inner, body, count);
    return body.code;
  };
  const covering: Covering = {
    axis: axis.name,
    position,
    range,
    size: 1,
    once: false,
    tile,
    single: () => tile(1, get(position), false),
  };
  s.code.push(set(position, range.from));
  for (const strip of alongRows({ length: lengthOf(range) }, n.machine)) covered(covering, strip, s.code);
};

/** Loops along the axes, outermost first; `rows`: how many rows the tile has so far. */
export const nest = (n: Nest, rest: readonly LoopAxis[], s: Scope, rows: number): void => {
  const [axis, ...inner] = rest;
  if (axis === undefined) n.store(s, false, 0);
  else if (axis.name === n.turn?.axis) {
    const body = scope('loop', s, bindOne(axis.name, get(n.turn.at)));
    nest(n, inner, body, rows);
    s.code.push(...body.code);
  } else if (axis.name === n.tiling.lanes)
    overLanes(n, axis, inner, s, inner.some((a) => a.name === n.tiling.rows) ? n.machine.rows : rows);
  else if (axis.name === n.tiling.rows) overRows(n, axis, inner, s);
  else plainLoop(n, axis, s, (body) => nest(n, inner, body, rows));
};
