/** One kernel as a function: loops over its cells, tile by tile. */
import { apply, guard, integer } from '../../loops/build.js';
import type { Expr, Loop, LoopAxis, ReduceAxis, Source } from '../../loops/ir.js';
import { freeVariables, nodes } from '../gpu/shape.js';
import { addressOf, runAlong } from './address.js';
import { isUnit, mentions } from './intern.js';
import { sizeExpr, strides } from './layout.js';
import { type Scope, type World, baseOf, bindLanes, bindRows, indent, one, scope } from './scope.js';
import { writer } from './tile.js';

/** A kernel of the schedule. Its function computes the positions [from, to) of `task`. */
export interface Job {
  readonly name: string;
  readonly output: string;
  readonly body: Expr;
  readonly where?: Expr;
  readonly comment: string;
  readonly source?: Source;
  /** The axis that is divided among threads: the outermost of the output, or the rows of a batch; null for a single cell. */
  readonly task: LoopAxis | null;
  /** Adds to what the output holds: the share of some rows in a sum over all. */
  readonly adds: boolean;
  /** Writes each cell over a value that it reads there. */
  readonly overwrites?: boolean;
  /** Its function computes one position of this loop's axis, given as a last parameter. */
  readonly loop?: Loop;
  /** Loops over these axes instead of `axis`, and adds each value at the place `to` along it. */
  readonly scatter?: { readonly axis: string; readonly over: readonly ReduceAxis[]; readonly to: Expr };
}

/** The variable of the share that a row belongs to; bound to a parameter. */
export const chunkAxis: LoopAxis = { name: 'chunk', size: 'chunks' };

/** What a kernel evaluates. */
export const rootsOf = (j: Job): readonly Expr[] => (j.where === undefined ? [j.body] : [j.body, j.where]);

/** Kernels over the same cells, written as one function: what one computes the next has in registers. */
export type Group = readonly [Job, ...Job[]];

export interface Choice {
  readonly lanes: string | null;
  readonly rows: string | null;
  /** Reads that run against the lanes in a sum of products: they want a copy with this axis innermost. */
  readonly against: readonly { readonly read: Extract<Expr, { kind: 'read' }>; readonly at: number }[];
}

type Read = Extract<Expr, { kind: 'read' }>;
type Reduce = Extract<Expr, { kind: 'reduce' }>;
const isRead = (e: Expr): e is Read => e.kind === 'read';
const isReduce = (e: Expr): e is Reduce => e.kind === 'reduce';
/** A walk of lists of positions. */
const isWalk = (e: Reduce): boolean => e.over.some((o) => o.axis.name.startsWith('entry'));
const bounds = (e: Reduce): readonly Expr[] => e.over.flatMap((o) => [o.from, o.to, o.row].filter((x) => x !== undefined));

/** The axes that a kernel loops over besides its task, in memory order. */
export const domain = (job: Job, { layouts }: World): readonly LoopAxis[] => {
  const layout = layouts.get(job.output)!;
  const axes = [...(layout.rows === undefined ? [] : [layout.rows.at]), ...layout.inner].map((k) => layout.buffer.axes[k]!);
  const own = axes.filter((a) => a.name !== chunkAxis.name && a.name !== job.scatter?.axis);
  return [...(job.scatter?.over ?? []).map((o) => o.axis), ...own].filter((a) => !isUnit(a));
};

/** The place of a kernel's cell along an axis of its output. */
const placeAlong = (job: Job, axis: LoopAxis): Expr =>
  isUnit(axis) ? integer(0) : axis.name === job.scatter?.axis ? job.scatter.to : { kind: 'index', axis: axis.name };

/** Which axis goes along the lanes and which makes the rows of a tile. */
export const choose = (job: Job, world: World): Choice => {
  const { layouts, intern } = world;
  const outer = domain(job, world);
  // What is added at places that data name goes one by one: two of a tile may have one place.
  const axes = outer.filter((a) => (a.name !== world.rowsAxis || job.task?.name !== a.name) && a.name !== job.loop?.axis && !(job.scatter?.over.some((o) => o.axis.name === a.name) ?? false));
  const turning = (id: string): boolean => job.loop !== undefined && world.loops.get(id) === job.loop.id;
  const all = [...nodes(rootsOf(job))];
  const reduces = all.filter(isReduce);
  const last = axes[axes.length - 1]?.name;
  const run = (e: Read, axis: string) => runAlong(addressOf(layouts.get(e.buffer)!, e.at, intern), axis);
  const allowed = (v: string): boolean => reduces.every((r) => bounds(r).every((b) => !mentions(b, v)))
    && all.every((n) => n.kind !== 'extent' || n.row === undefined || !mentions(n.row, v));
  let against: Choice['against'] = [];
  const lanes = ((): string | null => {
    if (last === undefined || !allowed(last)) return null;
    for (const r of reduces) {
      const inside = [...nodes([r.body])].filter(isRead).filter((e) => r.over.some((o) => mentions(e, o.axis.name)));
      const far = inside.filter((e) => mentions(e, last) && run(e, last) === 'far');
      if (far.length === 0) continue;
      // Worth a copy where the other factor is another for each row; else lanes go along the sum.
      const reused = inside.some((e) => !mentions(e, last) && outer.some((a) => a.name !== last && mentions(e, a.name) && far.some((f) => !mentions(f, a.name))));
      const copies = far.map((e) => ({ read: e, at: e.at.findIndex((x) => x.kind === 'index' && x.axis === last) }));
      if (!reused || copies.some(({ at, read }) => at < 0 || turning(read.buffer) || layouts.get(read.buffer)!.rows?.at === at || !read.at.every((x, k) => k === at || !mentions(x, last)))) {
        if (far.length === inside.length || !reused) return null;
        continue;
      }
      against = [...against, ...copies];
    }
    return last;
  })();
  if (lanes === null) against = [];
  const tiled = reduces.length > 0 && all.every((n) => n.kind !== 'collect');
  const candidates = axes.map((a) => a.name).filter((a) => a !== lanes);
  const free = freeVariables();
  const walks = (axis: string): boolean => reduces.some((r) => isWalk(r) && bounds(r).some((b) => mentions(b, axis)));
  const rows = tiled ? [...candidates].reverse().find((a) => !walks(a) && reduces.some((r) => free(r).has(a))) ?? null : null;
  return { lanes, rows, against };
};

const all_ = (conditions: readonly Expr[]): Expr => conditions.reduce((a, b) => apply('and', a, b));
const conjuncts = (e: Expr | undefined): readonly Expr[] => (e === undefined ? [] : e.kind === 'apply' && e.fn === 'and' ? e.args.flatMap(conjuncts) : [e]);
const sides: Readonly<Record<string, (e: Expr) => { readonly from?: Expr; readonly to?: Expr }>> = {
  le: (e) => ({ to: apply('add', e, integer(1)) }), lt: (e) => ({ to: e }), ge: (e) => ({ from: e }), gt: (e) => ({ from: apply('add', e, integer(1)) }),
};
const flipped: Readonly<Record<string, string>> = { le: 'ge', lt: 'gt', ge: 'le', gt: 'lt' };

/** Bounds that a condition sets to one axis. */
const narrowed = (p: Expr, axis: string): { readonly from?: Expr; readonly to?: Expr } => {
  if (p.kind !== 'apply' || flipped[p.fn] === undefined) return {};
  const [a, b] = p.args as readonly [Expr, Expr];
  const affine = (e: Expr): boolean => e.kind === 'index' || e.kind === 'literal' || e.kind === 'extent' || (e.kind === 'apply' && e.dtype === 'i32' && e.args.every(affine));
  if (a.kind === 'index' && a.axis === axis && affine(b) && !mentions(b, axis)) return sides[p.fn]!(b);
  if (b.kind === 'index' && b.axis === axis && affine(a) && !mentions(a, axis)) return sides[flipped[p.fn]!]!(a);
  return {};
};

/** Variables that say which cells of overlapping tiles are done. */
const doneLanes = 'lanes done@';
const doneRows = 'rows done@';

/** The cell that a kernel computes, as another would read it. */
export const cellOf = (job: Job, { layouts, intern }: World): Expr => {
  const { buffer } = layouts.get(job.output)!;
  return intern({ kind: 'read', buffer: job.output, at: buffer.axes.map((a) => placeAlong(job, a)), dtype: buffer.dtype });
};

export const writeGroup = (group: Group, world: World): { readonly text: string; readonly globals: ReadonlySet<string> } => {
  const { layouts, intern } = world;
  const [job] = group;
  const layout = layouts.get(job.output)!;
  const { buffer } = layout;
  const { lanes } = choose(job, world);
  const rows = group.map((j) => choose(j, world).rows).find((r) => r !== null) ?? null;
  const all = domain(job, world);
  const parts = group.map((j) => [...nodes([j.body])]);
  const isCopy = parts.every((all) => all.every((e) => e.kind === 'index' || e.kind === 'read' || e.kind === 'literal' || (e.kind === 'apply' && e.dtype === 'i32')));
  /** What a cell waits for is the same for all lanes of its row: the more of them at once the better. */
  const waits = isCopy || job.scatter !== undefined || parts.some((all) => all.some((e) => isReduce(e) && (job.loop !== undefined || isWalk(e))));
  const task = job.task;
  const order: readonly LoopAxis[] = [
    ...(task === null ? [] : [task]),
    ...all.filter((a) => a.name !== task?.name && a.name !== lanes && a.name !== rows),
    ...all.filter((a) => a.name === rows && a.name !== task?.name), ...all.filter((a) => a.name === lanes && a.name !== task?.name),
  ];
  const zero = integer(0);
  const placeOf = (j: Job): readonly Expr[] => layouts.get(j.output)!.buffer.axes.map((a) => placeAlong(j, a));
  const none = (j: Job): Expr => ({ kind: 'literal', value: 0, dtype: layouts.get(j.output)!.buffer.dtype });
  /** What is stored; `again`: the last lanes of a row overlap those before them, and what was done there is not done again. */
  const rootOf = (j: Job, again: boolean, overlap: boolean): Expr => {
    const { dtype } = layouts.get(j.output)!.buffer;
    const body = j.where === undefined ? j.body : intern({ kind: 'guard', condition: j.where, then: j.body, otherwise: none(j), dtype });
    if (!j.adds && j.overwrites !== true) return body;
    const fresh = (axis: string, done: string): Expr => apply('ge', { kind: 'index', axis }, { kind: 'index', axis: done });
    const conditions = [...(again && lanes !== null ? [fresh(lanes, doneLanes)] : []), ...(overlap && rows !== null ? [fresh(rows, doneRows)] : [])];
    if (conditions.length === 0) return j.adds ? intern(apply('add', cellOf(j, world), body)) : body;
    return intern(j.adds ? apply('add', cellOf(j, world), guard(all_(conditions), body))
      : { kind: 'guard', condition: all_(conditions), then: body, otherwise: cellOf(j, world), dtype });
  };
  const w = writer(world, [...new Set(group.flatMap((j) => [false, true].flatMap((again) => [rootOf(j, again, false), rootOf(j, again, true)])))]);
  const start = scope('root', null, job.adds ? [[chunkAxis.name, one('(local.get $chunk)')]] : []);
  // A loop does not clear what its conditions rule out: it writes zeros there.
  const conditions = job.loop === undefined ? conjuncts(job.where) : [];

  const store = (s: Scope, again: boolean, vectors: number): void => {
    for (const j of group) {
      const e = rootOf(j, again, rows !== null && get(s, rows)?.kind === 'rows' && get(s, doneRows) !== undefined);
      const { dtype } = layouts.get(j.output)!.buffer;
      const found = vectors > 0 ? w.wide(e, s) : w.value(e, s);
      const value = group.length > 1 ? w.named(found, j.output, dtype, s) : found;
      if (!j.adds) s.known.set(cellOf(j, world), value);
      const { tile, offset } = w.address(w.addressOf(j.output, placeOf(j)), s);
      const b = rows === null ? undefined : get(s, rows);
      const count = b?.kind === 'rows' ? b.count : 1;
      for (let r = 0; r < count; r++) {
        for (let c = 0; c < Math.max(1, vectors); c++) {
          const v = w.part(value, r, c);
          const kept = vectors > 0 && dtype === 'bool' ? `(v128.and ${v} (v128.const i32x4 1 1 1 1))` : v;
          s.lines.push(`(${vectors > 0 ? 'v128.store' : dtype === 'f32' ? 'f32.store' : 'i32.store'}${offset(r, c)} ${w.part(tile, r, c)} ${kept})`);
        }
      }
    }
  };
  const get = (s: Scope, axis: string): (typeof s.variables extends ReadonlyMap<string, infer B> ? B : never) | undefined => s.variables.get(axis) ?? (s.parent === null ? undefined : get(s.parent, axis));

  /** Where the loop of an axis begins and ends, as code; rows that differ give the widest. */
  const range = (axis: LoopAxis, s: Scope): { readonly from: string; readonly to: string } => {
    if (axis.name === task?.name) return { from: '(local.get $from)', to: '(local.get $to)' };
    const summed = job.scatter?.over.find((o) => o.axis.name === axis.name);
    if (summed !== undefined) {
      const edge = (e: Expr): string => put(s, `${axis.name}.edge`, w.single(intern(e), s));
      return { from: edge(summed.from ?? zero), to: edge(summed.to ?? sizeExpr(axis, summed.row)) };
    }
    const ragged = axis.ragged !== undefined && layout.rows !== undefined && buffer.axes[layout.rows.at]!.name === axis.ragged.rows;
    const own = sizeExpr(axis, ragged ? { kind: 'index', axis: axis.ragged!.rows } : undefined);
    const bound = (e: Expr): boolean => [...nodes([e])].every((n) => n.kind !== 'index' || get(s, n.axis) !== undefined);
    const narrow = conditions.map((p) => narrowed(p, axis.name)).filter((n) => (n.from ?? n.to) !== undefined && bound((n.from ?? n.to)!));
    const pick = (e: Expr, fn: 'min' | 'max'): string => {
      const t = w.value(intern(e), s);
      const named = t.parts.map((row) => put(s, `${axis.name}.edge`, row[0]!));
      return named.reduce((a, b) => put(s, `${axis.name}.edge`, `(select ${a} ${b} (${fn === 'min' ? 'i32.lt_s' : 'i32.gt_s'} ${a} ${b}))`));
    };
    const both = (fn: 'min' | 'max', a: string, b: string): string => put(s, `${axis.name}.edge`, `(select ${a} ${b} (${fn === 'min' ? 'i32.lt_s' : 'i32.gt_s'} ${a} ${b}))`);
    const from = narrow.flatMap((n) => (n.from === undefined ? [] : [pick(n.from, 'min')])).reduce((a, b) => both('max', a, b), '(i32.const 0)');
    const to = narrow.flatMap((n) => (n.to === undefined ? [] : [pick(n.to, 'max')])).reduce((a, b) => both('min', a, b), put(s, `${axis.name}.end`, w.single(intern(own), s)));
    return { from, to };
  };
  const put = (s: Scope, wanted: string, code: string): string => {
    if (/^\((local\.get|global\.get|i32\.const) [^()]*\)$/.test(code)) return code;
    const name = w.local(wanted, 'i32');
    s.lines.push(`(local.set ${name} ${code})`);
    return `(local.get ${name})`;
  };

  const nest = (rest: readonly LoopAxis[], s: Scope, rowCount: number): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) { store(s, false, 0); return; }
    if (axis.name === job.loop?.axis) {
      const body = scope('loop', s, [[axis.name, one('(local.get $at)')], [baseOf(axis.name), one('(local.get $at)')]]);
      nest(inner, body, rowCount);
      s.lines.push(...body.lines);
      return;
    }
    const { from, to } = range(axis, s);
    const literal = /^\(i32\.const (\d+)\)$/.exec(to)?.[1];
    const fixed = from === '(i32.const 0)' && literal !== undefined ? Number(literal) : null;
    const position = w.local(axis.name, 'i32');
    const here = `(local.get ${position})`;
    if (axis.name === lanes) {
      s.lines.push(`(local.set ${position} ${from})`);
      const tile = (vectors: number, again: boolean, more: readonly (readonly [string, ReturnType<typeof one>])[] = [], base = here): Scope => {
        const body = scope('loop', s, [...bindLanes(axis.name, base, vectors), ...more]);
        if (inner.length > 0) nestTile(inner, body, again, vectors); else store(body, again, vectors);
        return body;
      };
      if (rowCount > 1 && (fixed === null || fixed >= 8)) {
        const body = tile(2, false);
        s.lines.push(...w.loop(position, '', put(s, `${axis.name}.eight`, `(i32.sub ${to} (i32.const 7))`), 8, body.lines, true));
      }
      // One row alone: as many sums side by side as there are registers, since each waits for itself.
      const widths = [8, 4].filter((v) => fixed === null || (v === 8 ? fixed : fixed % 32) >= 4 * v);
      for (const vectors of rowCount === 1 && waits ? widths : []) {
        const body = tile(vectors, false);
        s.lines.push(...w.loop(position, '', put(s, `${axis.name}.many`, `(i32.sub ${to} (i32.const ${4 * vectors - 1}))`), 4 * vectors, body.lines, true));
      }
      const small = fixed === null || fixed < 4;
      const some = fixed === null || fixed >= 4;
      // Four at a time; the last four end with the row, over cells that are already there.
      if (some && !(fixed !== null && rowCount > 1 && fixed % 8 === 0)) {
        const base = w.local(`${axis.name}.here`, 'i32');
        const last = put(s, `${axis.name}.last`, `(i32.sub ${to} (i32.const 4))`);
        // Where it matters whether a cell is done already, only the last four are asked.
        if (group.some((j) => j.adds || j.overwrites === true)) {
          const body = tile(1, false);
          s.lines.push(...w.loop(position, '', put(s, `${axis.name}.four`, `(i32.sub ${to} (i32.const 3))`), 4, body.lines, true));
        }
        const body = tile(1, true, [[doneLanes, one(here)]], `(local.get ${base})`);
        const lines = w.loop(position, '', to, 4, [`(local.set ${base} (select ${here} ${last} (i32.lt_s ${here} ${last})))`, ...body.lines], true);
        s.lines.push(...(small ? [`(if (i32.ge_s ${last} ${from}) (then`, ...indent(lines), '))'] : lines));
      }
      if (small) {
        const body = tile(0, false);
        s.lines.push(...w.loop(position, '', to, 1, body.lines, true));
      }
      return;
    }
    if (axis.name === rows) {
      s.lines.push(`(local.set ${position} ${from})`);
      if (fixed === null || fixed >= 4) {
        // Four at a time; the last four end with the range, over rows that are already there.
        const even = fixed !== null && fixed % 4 === 0;
        const base = even ? position : w.local(`${axis.name}.here`, 'i32');
        const last = even ? '' : put(s, `${axis.name}.last`, `(i32.sub ${to} (i32.const 4))`);
        const body = scope('loop', s, [...bindRows(axis.name, `(local.get ${base})`, 4), ...(even ? [] : [[doneRows, one(here)] as const])]);
        nest(inner, body, 4);
        const lines = w.loop(position, '', to, 4, [...(even ? [] : [`(local.set ${base} (select ${here} ${last} (i32.lt_s ${here} ${last})))`]), ...body.lines], true);
        s.lines.push(...(fixed === null ? [`(if (i32.ge_s ${last} ${from}) (then`, ...indent(lines), '))'] : lines));
      }
      if (fixed === null || fixed === 3) {
        // Three together take as long as one: in a row alone each sum waits for itself.
        const three = scope('loop', s, bindRows(axis.name, here, 3));
        nest(inner, three, 3);
        s.lines.push(`(if (i32.eq (i32.sub ${to} ${here}) (i32.const 3)) (then`, ...indent([...three.lines, `(local.set ${position} ${to})`]), '))');
      }
      if (fixed === null || fixed < 3) {
        const body = scope('loop', s, bindRows(axis.name, here, 1));
        nest(inner, body, 1);
        s.lines.push(...w.loop(position, '', to, 1, body.lines, true));
      }
      return;
    }
    const body = scope('loop', s, [[axis.name, one(here)], [`${axis.name}@`, one(here)]]);
    nest(inner, body, rowCount);
    s.lines.push(...w.loop(position, from, to, 1, body.lines));
  };
  /** Lanes that are the task itself come before the rows. */
  const nestTile = (rest: readonly LoopAxis[], s: Scope, again: boolean, vectors: number): void => {
    const [axis, ...inner] = rest;
    if (axis === undefined) { store(s, again, vectors); return; }
    const { from, to } = range(axis, s);
    const position = w.local(axis.name, 'i32');
    const here = `(local.get ${position})`;
    const body = scope('loop', s, [[axis.name, one(here)], [`${axis.name}@`, one(here)]]);
    nestTile(inner, body, again, vectors);
    s.lines.push(...w.loop(position, from, to, 1, body.lines));
  };
  /** Cells that `where` rules out are zero. */
  const clear = (j: Job, task: LoopAxis): void => {
    const own = layouts.get(j.output)!;
    const place = placeOf(j).map((x) => (x.kind === 'index' && x.axis === task.name ? x : zero));
    const edge = (code: string, wanted: string): string => {
      const s = scope('branch', start, [[task.name, one(code)], [`${task.name}@`, one(code)]]);
      const found = put(s, wanted, w.part(w.address(w.addressOf(j.output, place), s).tile, 0, 0));
      const row = own.rows === undefined ? undefined : placeOf(j)[own.rows.at];
      const bytes = own.local ? put(s, 'bytes', w.single(intern(apply('mul', strides(own, row).whole, integer(4))), s)) : '';
      start.lines.push(...s.lines);
      return own.local && wanted === 'end' ? `(i32.add ${found} ${bytes})` : found;
    };
    const begin = edge('(local.get $from)', 'begin');
    const end = edge(`(local.get ${own.local ? '$from' : '$to'})`, 'end');
    start.lines.push(`(memory.fill ${begin} (i32.const 0) (i32.sub ${end} ${begin}))`);
  };

  group.forEach((j) => { if (j.where !== undefined && !j.adds && j.loop === undefined && task !== null) clear(j, task); });
  nest(order, start, 1);
  const said = (j: Job): string => `;; ${j.name}:${j.source === undefined ? '' : ` ${j.source.file}:${j.source.line}`} ${j.comment}`.replaceAll('\n', ' ');
  const text = [
    ...group.map(said),
    `(func $${world.name(job.name)}${job.loop === undefined ? ` (export "${world.name(job.name)}")` : ''} (param $from i32) (param $to i32) (param $chunk i32)${job.loop === undefined ? '' : ' (param $at i32)'}`,
    ...indent(fold(w.locals())), ...indent(start.lines), ')',
  ].join('\n');
  return { text, globals: w.globals };
};

/** Declarations, several a line. */
const fold = (declarations: readonly string[]): readonly string[] =>
  declarations.reduce<readonly string[]>((lines, d) => {
    const last = lines[lines.length - 1];
    return last !== undefined && last.length + d.length < 120 ? [...lines.slice(0, -1), `${last} ${d}`] : [...lines, d];
  }, []);
