/** Addresses of a tile's cells, and what is loaded from them. */
import { base, end, gather, load, op, registers, select, splat, spread, strided } from '../../code/build.js';
import { typeOf } from '../../code/scalars.js';
import type { Code } from '../../code/tree.js';
import { apply, integer } from '../../loops/build.js';
import type { Expr } from '../../loops/ir.js';
import { nodes } from '../../loops/shape.js';
import { type Address, addressOf, type Run, runAlong, stepAlong, termExpr } from '../address.js';
import { isLong } from '../job.js';
import type { Layout } from '../layout.js';
import { isPlain } from './hoist.js';
import { baseOf, bindingOf, bound, firstOf, type Scope } from './scope.js';
import { grid, keepTile, part, type Tile } from './tile.js';
import type { Memory, Of, Place, Reached, Writer } from './pen.js';

/**
 * How lanes are filled. A place may hang on the position of a lane and yet be one address for all: that of an axis of one
 * position, looked up at what data say.
 */
const fetching = (run: Run, apart: number, first: readonly Code[] | undefined): Reached['fetch'] => {
  const load = run === 'far' ? gather : strided(apart);
  return (at, offset, lanes, vector) => load(at, offset, lanes, run === 'still' ? undefined : first?.[vector]);
};

/** Bytes of a cache line, or half of one. */
const LINE = 64;

type Asked = Pick<Writer, 'world' | 'shape' | 'named' | 'depth'> & { readonly free: (e: Expr) => ReadonlySet<string> };

/** Buffers by name, and the places that reads ask for. */
const placing = ({
  world: { layouts, intern },
}: Pick<Asked, 'world'>): Pick<Memory, 'layout' | 'place' | 'placeOfRead'> => {
  const layout = (id: string): Layout => {
    const found = layouts.get(id);
    if (found === undefined) throw new Error(`No buffer is called '${id}'.`);
    return found;
  };
  const place = (buffer: string, at: readonly Expr[]): Place => ({
    buffer,
    address: addressOf(layout(buffer), at, intern),
    plain: at.every(isPlain),
  });
  const reads = new Map<Expr, Place>();
  const placeOfRead = (e: Of<'read'>): Place => {
    const found = reads.get(e) ?? place(e.buffer, e.at);
    reads.set(e, found);
    return found;
  };
  return { layout, place, placeOfRead };
};

/** Addresses of buffers among the terms of sums: expressions of no axis, which only these maps know. */
interface Starts {
  readonly of: (e: Expr) => string | undefined;
  /** The sum of the terms, those that change least first, so that sums of what a loop does not change are computed before it. */
  readonly sum: (id: string, terms: readonly Expr[], s: Scope) => Expr;
}

const starting = ({ world: { intern, name, places }, depth }: Pick<Asked, 'world' | 'depth'>): Starts => {
  const starts = new Map<Expr, string>();
  const startOf = (id: string): Expr => {
    const buffer = name(places.get(id) ?? id);
    const e = intern({ kind: 'extent', axis: { name: `@${buffer}`, size: `@${buffer}` } });
    starts.set(e, buffer);
    return e;
  };
  const sum: Starts['sum'] = (id, terms, s) => {
    const ordered = terms
      .map((e) => ({ e, depth: depth(e, s) }))
      .sort((a, b) => a.depth - b.depth)
      .map(({ e }) => e);
    return [startOf(id), ...ordered].reduce((a, b) => intern(apply('add', a, b)));
  };
  return { of: (e) => starts.get(e), sum };
};

/** Within memory, whatever a read that is dropped would ask for. */
const clamped = (t: Tile, s: Scope): Tile =>
  keepTile(
    s.code,
    'safe',
    grid(t.parts.length, t.vectors, (r, c) => {
      const at = part(t, r, c);
      return t.vectors > 0 ? op('leastUnsigned', at, splat(end)) : select(op('ltUnsigned', at, end), at, end);
    }),
  );

type Reach = (place: Place, s: Scope, laneAxis: string | undefined, rowAxis: string | undefined) => Reached;

const reaching =
  ({ world: { intern }, named }: Pick<Asked, 'world' | 'named'>, { sum }: Starts): Reach =>
  ({ buffer, address, plain }, s, laneAxis, rowAxis) => {
    const found = laneAxis === undefined ? 'still' : runAlong(address, laneAxis);
    // Where a place may be outside of memory, each lane's is looked at.
    const run = found === 'even' && s.speculative && !plain ? 'far' : found;
    const apart = run === 'near' || run === 'even' ? stepAlong(address, laneAxis!)! : 0;
    const rowStep = rowAxis === undefined ? null : stepAlong(address, rowAxis);
    // Rows at a constant distance go by one address and constant offsets.
    const fixedRows = rowStep !== null && rowStep >= 0;
    const terms = address.terms.map((t) => {
      const { atom } = t;
      const moves =
        atom.kind === 'index' && ((run !== 'far' && atom.axis === laneAxis) || (fixedRows && atom.axis === rowAxis));
      return intern(termExpr(moves ? { ...t, atom: intern({ kind: 'index', axis: baseOf(atom.axis) }) } : t));
    });
    const { constant } = address;
    const bare = named(sum(buffer, constant < 0 ? [...terms, intern(integer(constant))] : terms, s), s);
    return {
      fetch: fetching(run, apart, firstOf(laneAxis, s)),
      tile: s.speculative && !plain ? clamped(bare, s) : bare,
      offset: (row, vector) => registers(apart * vector, Math.max(0, constant) + (fixedRows ? row * rowStep : 0)),
    };
  };

export const memory = (asked: Asked): Memory => {
  const { shape, free } = asked;
  const { layout, place, placeOfRead } = placing(asked);
  const starts = starting(asked);
  const reachAlong = reaching(asked, starts);
  const reach = (p: Place, s: Scope): Reached => {
    const axes = [
      ...new Set(p.address.terms.flatMap((t) => [...free(t.atom), ...(t.factor === null ? [] : free(t.factor))])),
    ];
    const along = (kind: 'lanes' | 'rows'): string | undefined => axes.find((v) => bound(v, s).binding.kind === kind);
    return reachAlong({ ...p, plain: true }, s, along('lanes'), along('rows'));
  };

  /**
   * Rows of a tile that are neighbours in memory, where each turn of the loop at hand is as far ahead as there are items: no processor foresees
   * which lines the next tile reads. They are the next ones behind those that this tile reads.
   */
  const isScattered = (address: Address, rowAxis: string | undefined, s: Scope): boolean =>
    rowAxis !== undefined &&
    s.kind === 'loop' &&
    stepAlong(address, rowAxis) === 4 &&
    address.terms.some(
      ({ atom, factor }) =>
        atom.kind === 'index' &&
        bindingOf(atom.axis, s)?.owner === s &&
        factor !== null &&
        [...nodes([factor])].some((e) => e.kind === 'extent' && isLong(e.axis)),
    );

  const loads = (e: Of<'read'>, s: Scope, alone: 'one' | 'spread'): Tile => {
    const { rows, vectors, laneAxis, rowAxis } = shape(e, s);
    const dtype = layout(e.buffer).buffer.dtype;
    const lanes = dtype === 'f32' ? 'f32s' : 'i32s';
    const place = placeOfRead(e);
    const { tile, offset, fetch } = reachAlong(place, s, laneAxis, rowAxis);
    if (rows > 1 && vectors === 0 && isScattered(place.address, rowAxis, s))
      s.code.push({ kind: 'prefetch', address: part(tile, 0, 0), offset: LINE });
    if (vectors > 0) return grid(rows, vectors, (r, c) => fetch(part(tile, r, c), offset(r, c), lanes, c));
    return alone === 'one'
      ? grid(rows, 0, (r) => load(part(tile, r, 0), offset(r, 0), typeOf(dtype, false)))
      : grid(rows, 1, (r) => spread(part(tile, r, 0), offset(r, 0), lanes));
  };

  const start = (e: Expr): Code | undefined => {
    const buffer = starts.of(e);
    return buffer === undefined ? undefined : base(buffer);
  };
  return {
    layout,
    dtype: (e) => layout(e.buffer).buffer.dtype,
    place,
    placeOfRead,
    reach,
    loads,
    start,
    called: (e) => {
      const buffer = starts.of(e);
      return buffer === undefined ? undefined : `@${buffer}`;
    },
  };
};
