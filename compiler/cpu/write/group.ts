/** Kernels over the same cells as one function. */
import { add, get, int, local } from '../../code/build.js';
import type { Machine } from '../../code/machine.js';
import type { Func, Local, Statement } from '../../code/tree.js';
import { conjuncts } from '../../loops/bounds.js';
import { apply, integer } from '../../loops/build.js';
import type { Expr, LoopAxis } from '../../loops/ir.js';
import { nodes } from '../../loops/shape.js';
import {
  cellOf,
  cellPlace,
  domain,
  type Group,
  isReduce,
  isWalk,
  type Job,
  shareAxis,
  type TiledJob,
  type Tiling,
  tilingOf,
} from '../job.js';
import { firstRow, pastRow, strides } from '../layout.js';
import { tilesRows } from '../tail.js';
import type { World } from '../world.js';
import { blockRange, laneBlocksOf, overBlocks, sumBlocksOf } from './blocks.js';
import { once, overlaps, rootOf, storeCells } from './cells.js';
import { bindFlat, countAll } from './flat.js';
import { type Nest, nest } from './nest.js';
import type { Writer } from './pen.js';
import { rangeOf } from './range.js';
import { bindOne, one, type Scope, scope } from './scope.js';
import { keep, part } from './tile.js';
import { writer } from './writer.js';

/** What every function is given: the positions of its task, the share that rows add to, and in a loop the position it is at. */
export const parameters = (): Readonly<Record<'from' | 'to' | 'chunk' | 'at', Local>> => ({
  from: local('from', 'i32'),
  to: local('to', 'i32'),
  chunk: local('chunk', 'i32'),
  at: local('at', 'i32'),
});
type Given = ReturnType<typeof parameters>;

/**
 * The task, then what is left, then rows and lanes innermost. Rows that are as one are no loop, and neither is what cells of one line have but
 * lanes. Where tiles are made of the batch's rows, rows come last: what lanes read of a matrix is in the nearest cache for all of them.
 */
const orderOf = (job: TiledJob, { lanes, rows }: Tiling, world: World): readonly LoopAxis[] => {
  const others = domain(job, world).filter(
    (a) => a.name !== job.task?.name && (job.flat?.line !== true || a.name === lanes),
  );
  const last = tilesRows(job, world) ? [job.task!] : [];
  return [
    ...(job.task === null || job.flat !== undefined || last.length > 0 ? [] : [job.task]),
    ...others.filter((a) => a.name !== lanes && a.name !== rows),
    ...others.filter((a) => a.name === rows),
    ...others.filter((a) => a.name === lanes),
    ...last,
  ];
};

/** Neither a sum nor a function of numbers. */
const isCopied = (e: Expr): boolean =>
  e.kind === 'index' || e.kind === 'read' || e.kind === 'literal' || (e.kind === 'apply' && e.dtype === 'i32');

/** What a cell waits for is the same for all lanes of its row: the more of them at once the better. */
const sideBySide = (group: Group, { wide, copied }: Machine): readonly number[] => {
  const [job] = group;
  const bodies = group.map((j) => [...nodes([j.body])]);
  const waits =
    job.scatter !== undefined ||
    bodies.some((all) => all.some((e) => isReduce(e) && (job.loop !== undefined || isWalk(e))));
  return waits ? wide : bodies.every((all) => all.every(isCopied)) ? copied : [];
};

/** Zeros in the cells that `where` rules out, from the task's first position to its last. */
const clear = (w: Writer, j: Job, task: LoopAxis, { from, to }: Given, start: Scope): Statement => {
  const { intern, layouts } = w.world;
  const own = layouts.get(j.output)!;
  const place = cellPlace(j, w.world);
  const corner = place.map((x): Expr => (x.kind === 'index' && x.axis === task.name ? x : integer(0)));
  const row = own.rows === undefined ? undefined : place[own.rows.at];
  const alone = own.local && own.gathered !== true;
  const edge = (at: Local, wanted: string) => {
    const s = scope('branch', start, bindOne(task.name, get(at)));
    const { tile } = w.memory.reach(w.memory.place(j.output, corner), s);
    const found = keep(s.code, wanted, part(tile, 0, 0));
    // One row alone ends where its cells do.
    const bytes =
      alone && wanted === 'end'
        ? keep(s.code, 'bytes', w.single(intern(apply('mul', strides(own, row).whole, integer(4))), s))
        : int(0);
    start.code.push(...s.code);
    return alone && wanted === 'end' ? add(found, bytes) : found;
  };
  const begin = edge(from, 'begin');
  return { kind: 'clear', from: begin, to: edge(alone ? from : to, 'end') };
};

/** What people read above its function. */
export const said = (j: TiledJob): string =>
  `${j.name}:${j.source === undefined ? '' : ` ${j.source.file}:${j.source.line}`} ${j.comment}${j.flat === undefined ? '' : ` (${j.flat.line ? 'cells' : 'positions'} of all rows of ${j.task!.name} as of one)`}`.replaceAll(
    '\n',
    ' ',
  );

export const writeGroup = (group: Group, world: World, machine: Machine): Func => {
  const [job] = group;
  const given = parameters();
  const tiling = tilingOf(group);
  const sumBlocks = sumBlocksOf(group, tiling, world);
  const blocks = sumBlocks ?? laneBlocksOf(group, tiling, world);
  const w = writer(
    world,
    machine,
    [...new Set(group.flatMap((j) => overlaps.map((o) => rootOf(j, tiling, o, world, sumBlocks))))],
    new Set(group.filter((j) => j.adds || sumBlocks !== undefined).map((j) => cellOf(j, world))),
  );
  const start = scope('root', null, [
    [firstRow, one(get(given.from))],
    [pastRow, one(get(given.to))],
    ...(job.adds ? [[shareAxis.name, one(get(given.chunk))] as const] : []),
    ...bindFlat(job, domain(job, world), given.from),
  ]);
  const lineOf = countAll(w, group, world, start);
  // A loop does not clear what its conditions rule out: it writes zeros there.
  const asked = {
    w,
    job,
    layout: world.layouts.get(job.output)!,
    conditions: job.loop === undefined ? conjuncts(job.where) : [],
    given,
  };
  const loops: Nest = {
    machine,
    tiling,
    wide: sideBySide(group, machine),
    once: sumBlocks !== undefined || group.some(once),
    turn: job.loop === undefined ? null : { axis: job.loop.axis, at: given.at },
    range: (axis, s) => blockRange(axis, s) ?? lineOf(axis) ?? rangeOf(asked, axis, s),
    store: (s, again, vectors) => storeCells(w, group, { tiling, blocks: sumBlocks }, s, again, vectors),
  };
  const { task } = job;
  group.forEach((j) => {
    const kept = j.adds || j.loop !== undefined || j.passing === true || j.bare === true;
    if (j.where !== undefined && !kept && task !== null) start.code.push(clear(w, j, task, given, start));
  });
  const axes = orderOf(job, tiling, world);
  if (blocks === undefined) nest(loops, axes, start, 1);
  else overBlocks(w, blocks, start, (body) => nest(loops, axes, body, 1));
  return {
    name: world.name(job.name),
    exported: job.loop === undefined,
    comments: group.map(said),
    parameters: [given.from, given.to, given.chunk, ...(job.loop === undefined ? [] : [given.at])],
    body: start.code,
    result: null,
  };
};
