/**
 * Rewrites an entry for this target: walks of inverse indices for collects, shares of rows for sums over a batch, copies
 * with another axis innermost for operands that run against the lanes.
 */
import { apply, dtypeOf, guard, integer } from '../../loops/build.js';
import type { Buffer, Entry, Expr, LoopAxis, ReduceAxis } from '../../loops/ir.js';
import { inverseId } from '../gpu/inverse.js';
import { rewrite } from '../gpu/rewrite.js';
import { children, freeVariables, nodes, readsOf } from '../gpu/shape.js';
import { type Intern, interning, isUnit, mentions, substitute, withoutUnits } from './intern.js';
import { type Job, choose, chunkAxis, domain } from './kernel.js';
import { type Layout, layoutOf, offsetsId } from './layout.js';
import { scattered } from './scatter.js';
import { type World, streamsId } from './scope.js';

type Collect = Extract<Expr, { kind: 'collect' }>;
type Read = Extract<Expr, { kind: 'read' }>;

/** Lists of the positions of `index` by what they hold: `id.starts`, and `id.AXIS` for each coordinate. */
export interface Inverse {
  readonly id: string;
  readonly index: string;
  readonly axes: readonly LoopAxis[];
  readonly targets: LoopAxis['size'];
}

export interface Prepared {
  readonly jobs: readonly Job[];
  readonly inverses: readonly Inverse[];
  readonly world: World;
  /** Buffers of the entry and those made here. */
  readonly buffers: ReadonlyMap<string, Buffer>;
  /** Products of lengths whose prefix sums packed buffers need. */
  readonly packings: readonly (readonly string[])[];
}

const index = (axis: string): Expr => ({ kind: 'index', axis });
/** Lists are as long as the session makes them. */
const long = 1 << 30;
const line = (id: string, size: LoopAxis['size']): Buffer => ({ id, dtype: 'i32', role: 'temp', axes: [{ name: 'entry', size }] });

/** The axis of rows: that of ragged sequences, else one whose size is its own symbol. */
export const rowsAxisOf = (entry: Entry): string => {
  const axes = entry.buffers.flatMap((b) => b.axes);
  return axes.find((a) => a.ragged !== undefined && axes.some((r) => r.name === a.ragged!.rows))?.ragged?.rows ?? axes.find((a) => a.size === a.name)?.name ?? '';
};

/** The axis that a buffer would have last, where that is one of so many positions. */
const lastOf = (b: Buffer, rowsAxis: string): LoopAxis | undefined => {
  const at = layoutOf(b, rowsAxis).inner.at(-1);
  const axis = at === undefined ? undefined : b.axes[at];
  return typeof axis?.size === 'number' && axis.ragged === undefined ? axis : undefined;
};

/** Rows that are looked up are copied as they lie, and rows that are scattered lie as what they are added to. */
const lastAxes = (entry: Entry, rowsAxis: string): ReadonlyMap<string, string> => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const along = (e: Read): string | undefined => {
    const source = buffers.get(e.buffer)!;
    const last = lastOf(source, rowsAxis);
    const at = last === undefined ? undefined : e.at[source.axes.indexOf(last)];
    return at?.kind === 'index' ? at.axis : undefined;
  };
  return new Map(entry.kernels.flatMap((k) => {
    const all = [...nodes([k.body])];
    const looked = all.filter((e): e is Read => e.kind === 'read' && [...nodes(e.at)].some((x) => x.kind === 'read')).map(along).find((a) => a !== undefined);
    if (looked !== undefined) return all.some((e) => e.kind === 'reduce' || e.kind === 'collect') ? [] : [[k.output, looked] as const];
    const row = lastOf(buffers.get(k.output)!, rowsAxis)?.name;
    return all.flatMap((e) => (e.kind !== 'collect' || row === undefined ? [] : [...nodes([e.body])].flatMap((r) =>
      (r.kind === 'read' && buffers.get(r.buffer)!.role === 'temp' && r.at.some((x) => x.kind === 'index' && x.axis === row) ? [[r.buffer, row] as const] : []))));
  }));
};

/** What is divided among threads. The positions of a loop follow one another, so only its rows can be. */
const taskOf = (job: Job, world: World): LoopAxis | null => {
  const first = domain(job, world)[0] ?? null;
  return job.loop !== undefined && first?.name !== world.rowsAxis ? null : first;
};

/** A collect as a walk of lists, and the lists it walks. */
const walked = (e: Collect, axes: ReadonlyMap<string, LoopAxis>, found: Map<string, Inverse>, intern: Intern, count: () => number): Expr => {
  const id = inverseId(e);
  const over = e.over.map((o) => o.axis);
  const targets = e.target.kind === 'index' ? axes.get(e.target.axis)?.size : undefined;
  if (targets === undefined) throw new Error(`A collect by '${e.index}' has a target that is no loop variable.`);
  found.set(id, { id, index: e.index, axes: over, targets });
  const entry: LoopAxis = { name: `entry${count()}`, size: 1 << 30 };
  const list = (of: string, at: Expr): Expr => intern({ kind: 'read', buffer: `${id}.${of}`, at: [at], dtype: 'i32' });
  const values = new Map(over.map((a) => [a.name, list(a.name, index(entry.name))] as const));
  const put = substitute(values);
  const limits = e.over.flatMap(({ axis, from, to }) => [
    ...(from === undefined ? [] : [apply('ge', values.get(axis.name)!, put(from))]), ...(to === undefined ? [] : [apply('lt', values.get(axis.name)!, put(to))]),
  ]);
  const body = limits.reduce<Expr>((then, limit) => guard(limit, then), put(e.body));
  return { kind: 'reduce', monoid: 'sum', dtype: e.dtype, over: [{ axis: entry, from: list('starts', e.target), to: list('starts', apply('add', e.target, integer(1))) }], body };
};

/** Reduces over the rows of what rows compute become sums over shares of rows. */
const shared = (job: Job, world: World, isRowTemp: (id: string) => boolean, add: (b: Buffer) => void): readonly Job[] => {
  const { rowsAxis, intern } = world;
  const layout = world.layouts.get(job.output)!;
  const free = freeVariables();
  const axes = layout.buffer.axes;
  const names = new Set(axes.map((a) => a.name));
  const shares: Job[] = [];
  const around = contexts(job.body, job.where === undefined ? [] : conjuncts(job.where));
  const replace = (e: Expr): Expr | null => {
    if (e.kind !== 'reduce' || e.monoid !== 'sum' || e.dtype !== 'f32') return null;
    const rows = e.over.find((o) => o.axis.name === rowsAxis);
    if (rows === undefined || rows.from !== undefined || rows.to !== undefined || ![...free(e)].every((v) => names.has(v)) || !readsOf([e]).some(isRowTemp)) return null;
    const rest = e.over.filter((o) => o !== rows);
    const over = new Set(rest.map((o) => o.axis.name));
    const kept = axes.filter((a) => free(e).has(a.name));
    const id = `${job.output}.share${shares.length === 0 ? '' : shares.length + 1}`;
    add({ id, dtype: 'f32', role: 'temp', axes: [chunkAxis, ...kept] });
    // What holds for whole rows of the sum narrows the loops over its result.
    const own = e.body.kind === 'guard' && e.body.otherwise.kind === 'literal' && e.body.otherwise.value === 0 ? e.body : null;
    const parts = own === null ? [] : conjuncts(own.condition);
    // And so does what must hold wherever the sum is asked for.
    const asked = (around.get(e) ?? []).filter((p) => [...free(p)].every((v) => names.has(v)) && readsOf([p]).length === 0);
    const outer = [...parts.filter((p) => ![...over].some((v) => mentions(p, v))), ...asked];
    const inner = parts.filter((p) => [...over].some((v) => mentions(p, v)));
    const both = (ps: readonly Expr[]): Expr | null => ps.reduce<Expr | null>((a, b) => (a === null ? b : apply('and', a, b)), null);
    const body = own === null ? e.body : guard(both(inner), own.then);
    const where = both(outer);
    shares.push({
      name: id, output: id, adds: true, task: rows.axis, comment: `${job.comment}: the share of some rows`,
      body: intern(rest.length === 0 ? body : { ...e, over: rest, body }), ...(where === null ? {} : { where: intern(where) }), ...(job.source === undefined ? {} : { source: job.source }),
    });
    return intern({ kind: 'reduce', monoid: 'sum', dtype: 'f32', over: [{ axis: chunkAxis }], body: { kind: 'read', buffer: id, dtype: 'f32', at: [index(chunkAxis.name), ...kept.map((a) => index(a.name))] } });
  };
  const body = intern(rewrite(replace)(job.body));
  return [...shares, { ...job, body }];
};

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

/** Reduces over rows inside a collect get a kernel of their own, at the positions that the collect sums over. */
const lifted = (job: Job, rowsAxis: string, add: (b: Buffer) => void): readonly Job[] => {
  const free = freeVariables();
  const made: Job[] = [];
  const inside = (over: readonly LoopAxis[]) => (e: Expr): Expr | null => {
    if (e.kind !== 'reduce' || !e.over.some((o) => o.axis.name === rowsAxis)) return null;
    const axes = over.filter((a) => free(e).has(a.name));
    if (axes.length !== free(e).size) return null;
    const id = `${job.output}.part${made.length === 0 ? '' : made.length + 1}`;
    add({ id, dtype: e.dtype, role: 'temp', axes });
    made.push({ ...job, name: id, output: id, body: e, comment: `${job.comment}: what it sums` });
    return { kind: 'read', buffer: id, dtype: e.dtype, at: axes.map((a) => index(a.name)) };
  };
  const body = rewrite((e) => (e.kind !== 'collect' ? null : { ...e, body: rewrite(inside(e.over.map((o) => o.axis)))(e.body) }))(job.body);
  return [...made, { ...job, body }];
};

/** Sums inside a sum that do not depend on all of the result's axes would be computed again and again: they get kernels of their own. */
const unnested = (job: Job, world: World, add: (b: Buffer) => void): readonly Job[] => {
  const { intern } = world;
  const free = freeVariables();
  const cells = world.layouts.get(job.output)!.buffer.axes.filter((a) => !isUnit(a));
  const made: Job[] = [];
  const sums = new Map<Expr, boolean>();
  const hasSum = (e: Expr): boolean => {
    const known = sums.get(e) ?? [...nodes([e])].some((n) => n.kind === 'reduce');
    sums.set(e, known);
    return known;
  };
  const outer = rewrite((e) => {
    if (e.kind !== 'reduce' || !hasSum(e.body) || e.over.some((o) => o.axis.name.startsWith('entry'))) return null;
    const axes = new Map([...cells, ...e.over.map((o) => o.axis)].map((a) => [a.name, a]));
    const inside = rewrite((x) => {
      if (!hasSum(x)) return x;
      const own = free(x);
      const whole = cells.every((a) => own.has(a.name) || !free(e).has(a.name));
      const known = [...own].every((v) => axes.has(v)) && [...own].filter((v) => axes.get(v)!.ragged !== undefined).length <= 1;
      // In a loop, what reads the loop's own buffers is computed in it too, so it must have a position of its axis.
      const turning = job.loop !== undefined && readsOf([x]).some((id) => world.loops.get(id) === job.loop!.id);
      if (turning && !own.has(job.loop!.axis)) return null;
      if (whole || !known || own.size === 0 || x.kind === 'guard' || dtypeOf(x) !== 'f32') return null;
      const id = `${job.output}.inner${made.length === 0 ? '' : made.length + 1}`;
      const kept = [...own].map((v) => axes.get(v)!);
      add({ id, dtype: 'f32', role: 'temp', axes: kept });
      const fresh: Job = { name: id, output: id, body: x, task: null, adds: false, comment: `${job.comment}: what it sums`, ...(job.source === undefined ? {} : { source: job.source }), ...(turning ? { loop: job.loop! } : {}) };
      made.push({ ...fresh, task: taskOf(fresh, world) });
      return intern({ kind: 'read', buffer: id, dtype: 'f32', at: kept.map((a) => index(a.name)) });
    });
    const body = inside(e.body);
    return body === e.body ? e : intern({ ...e, body });
  });
  const body = intern(outer(job.body));
  return [...made, { ...job, body }];
};

const conjuncts = (e: Expr): readonly Expr[] => (e.kind === 'apply' && e.fn === 'and' ? e.args.flatMap(conjuncts) : [e]);

const withRow = (e: Expr): Expr => rewrite((x) => (x.kind !== 'collect' ? null : {
  ...x, over: x.over.map((o): ReduceAxis => (o.axis.ragged === undefined || o.row !== undefined || !x.over.some((r) => r.axis.name === o.axis.ragged!.rows) ? o : { ...o, row: index(o.axis.ragged.rows) })),
}))(e);

export const prepare = (entry: Entry, streams: ReadonlyMap<string, number>, name: (id: string) => string): Prepared => {
  const intern = interning();
  const rowsAxis = rowsAxisOf(entry);
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const layouts = new Map<string, Layout>();
  const add = (b: Buffer, last?: string): void => {
    buffers.set(b.id, b);
    layouts.set(b.id, layoutOf(b, rowsAxis, last === undefined ? {} : { last }));
  };
  const last = lastAxes(entry, rowsAxis);
  entry.buffers.forEach((b) => add(b, last.get(b.id)));
  layouts.set(streamsId, layoutOf(line(streamsId, 1 << 10), rowsAxis));
  const world: World = { layouts, intern, streams, rowsAxis, name, places: new Map(), loops: new Map(entry.kernels.flatMap((k) => (k.loop === undefined ? [] : [[k.output, k.loop.id] as const]))) };

  const inverses = new Map<string, Inverse>();
  let walks = 0;
  const plain = entry.kernels.flatMap((k) => lifted({ ...k, task: null, adds: false }, rowsAxis, (b) => add(b)))
    .map((k): Job => ({ ...k, body: withRow(k.body), ...(k.where === undefined ? {} : { where: withRow(k.where) }) }))
    .flatMap((k) => scattered(k, { axes: buffers.get(k.output)!.axes, rowsAxis, add: (b) => add(b) }));
  const read = plain.map((k): Job => {
    const axes = new Map(buffers.get(k.output)!.axes.map((a) => [a.name, a]));
    const units = new Set([...axes.values(), ...(k.scatter?.over ?? []).map((o) => o.axis)].filter(isUnit).map((a) => a.name));
    const clean = (e: Expr): Expr => intern(withoutUnits(units)(rewrite((x) => (x.kind === 'collect' ? walked(x, axes, inverses, intern, () => ++walks) : null))(e)));
    const job: Job = {
      ...k, body: clean(k.body), ...(k.where === undefined ? {} : { where: clean(k.where) }),
      ...(k.scatter === undefined ? {} : { scatter: { ...k.scatter, to: clean(k.scatter.to) } }),
    };
    return { ...job, task: job.task ?? taskOf(job, world) };
  });
  for (const { id, axes, targets } of inverses.values()) {
    add({ ...line(`${id}.starts`, targets), axes: [{ name: 'target', size: targets }, ] });
    for (const a of axes) add(line(`${id}.${a.name}`, long));
  }
  const isRowTemp = (id: string): boolean => { const b = buffers.get(id); return b !== undefined && b.role !== 'input' && b.role !== 'state' && b.axes.some((a) => a.name === rowsAxis); };
  const flat = read.flatMap((job) => unnested(job, world, (b) => add(b)));
  const split = flat.flatMap((job) => (job.task?.name === rowsAxis || job.loop !== undefined ? [job] : shared(job, world, isRowTemp, add)));

  const copies = new Map<string, string>();
  const jobs = split.flatMap((job): readonly Job[] => {
    const made: Job[] = [];
    const swaps = new Map<Expr, Expr>();
    for (const { read: e, at } of choose(job, world).against) {
      const source = buffers.get(e.buffer)!;
      const last = source.axes[at]!.name;
      const key = `${e.buffer} ${last}`;
      const id = copies.get(key) ?? `${e.buffer}.by.${last}`;
      if (!copies.has(key)) {
        copies.set(key, id);
        add({ ...source, id, role: 'temp' }, last);
        const copy: Job = { name: id, output: id, adds: false, task: null, comment: `${e.buffer} with ${last} innermost`, body: intern(withoutUnits(new Set(source.axes.filter(isUnit).map((a) => a.name)))({ kind: 'read', buffer: e.buffer, at: source.axes.map((a) => index(a.name)), dtype: e.dtype })) };
        made.push({ ...copy, task: taskOf(copy, world) });
      }
      swaps.set(e, intern({ ...e, buffer: id }));
    }
    if (swaps.size === 0) return [...made, job];
    return [...made, { ...job, body: intern(rewrite((e) => swaps.get(e) ?? null)(job.body)) }];
  });
  const packings = new Map([...layouts.values()].flatMap(({ rows }) => (rows === undefined || rows.lengths.length === 0 ? [] : [[offsetsId(rows.lengths), rows.lengths] as const])));
  for (const id of packings.keys()) add(line(id, long));
  return { jobs, inverses: [...inverses.values()], world, buffers, packings: [...packings.values()] };
};
