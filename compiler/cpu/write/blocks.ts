/**
 * What there is for all items is taken in blocks: of the matrix that lanes read, a block is in a near cache for all rows of a call, where all of
 * it is not. Where lanes go over the items, each row stores a block of its cells before the next row does. Where a sum goes over them, the cells
 * hold between two blocks what is added up so far.
 */
import { add, get, int, least, local, loop, most, set } from '../../code/build.js';
import type { Code } from '../../code/tree.js';
import { apply, guard, integer } from '../../loops/build.js';
import type { Expr, LoopAxis } from '../../loops/ir.js';
import { rewrite } from '../../loops/rewrite.js';
import { mentions, nodes, readsOf } from '../../loops/shape.js';
import { cellOf, domain, type Group, isLong, isReduce, type Job, rootsOf, type Tiling } from '../job.js';
import { blockFrom, sizeExpr } from '../layout.js';
import type { World } from '../world.js';
import type { Writer } from './pen.js';
import type { Range } from './range.js';
import { bindingOf, one, type Scope, scope } from './scope.js';
import { keep } from './tile.js';

type Reduce = Extract<Expr, { kind: 'reduce' }>;

/** The axis, and how many of its positions a block has. */
export interface Blocks {
  readonly axis: LoopAxis;
  readonly size: number;
}
/** Of a sum. */
export interface SumBlocks extends Blocks {
  readonly sum: Reduce;
}

/** Numbers of a matrix that are near: 256 KB of them. */
const NEAR = 2 ** 16;
/** Fewer positions are not worth a load and a store of each cell that holds a sum. */
const LEAST = 256;
/** Positions of a block of lanes: few enough for the nearest cache, and tiles for the widest registers. */
export const laneBlock = 64;

/** Cells of a block that are stored before the sum is whole must be nobody's yet, and each must be stored once. */
const holdsSums = (j: Job, world: World): boolean =>
  !j.adds &&
  j.loop === undefined &&
  j.scatter === undefined &&
  j.where === undefined &&
  j.passing !== true &&
  j.overwrites !== true &&
  world.layouts.get(j.output)!.buffer.dtype === 'f32';

/** Whether lanes read what is the same for all rows, at each position of the sum. */
const sharesMatrix = (body: Expr, axis: LoopAxis, lanes: string, rows: string): boolean =>
  [...nodes([body])].some(
    (e) => e.kind === 'read' && mentions(e, axis.name) && mentions(e, lanes) && !mentions(e, rows),
  );

/** Undefined where a kernel's sums, if it has any, are better not parted. */
export const sumBlocksOf = (group: Group, { lanes, rows }: Tiling, world: World): SumBlocks | undefined => {
  const [job, ...others] = group;
  const [sum, ...more] = [...nodes(rootsOf(job))].filter(isReduce);
  if (sum === undefined || more.length > 0 || others.length > 0 || lanes === null || rows === null) return undefined;
  const [over, ...inner] = sum.over;
  const width = domain(job, world).find((a) => a.name === lanes)?.size;
  const whole = over?.from === undefined && over?.to === undefined && sum.monoid === 'sum';
  if (over === undefined || inner.length > 0 || !whole || typeof width !== 'number' || !holdsSums(job, world))
    return undefined;
  const { axis } = over;
  const size = 2 ** Math.floor(Math.log2(NEAR / width));
  return isLong(axis) && size >= LEAST && sharesMatrix(sum.body, axis, lanes, rows) ? { sum, axis, size } : undefined;
};

/** Whether what a group touches lies as blocks of lanes read it. */
const touchesPanels = (group: Group, { layouts }: World): boolean =>
  group.some((j) => [j.output, ...readsOf(rootsOf(j))].some((id) => layouts.get(id)?.panel !== undefined));

/** Undefined where lanes do not go over items, or rows share nothing that they read there. */
export const laneBlocksOf = (group: Group, { lanes, rows }: Tiling, world: World): Blocks | undefined => {
  const [job] = group;
  const axis = domain(job, world).find((a) => a.name === lanes);
  if (axis === undefined || !isLong(axis)) return undefined;
  const shares = (j: Job): boolean =>
    [...nodes(rootsOf(j))]
      .filter(isReduce)
      .some((r) => rows !== null && r.over.some((o) => sharesMatrix(r.body, o.axis, axis.name, rows)));
  const may = axis.name !== job.task?.name && group.every((j) => j.where === undefined);
  return (may && group.some(shares)) || touchesPanels(group, world) ? { axis, size: laneBlock } : undefined;
};

const index = (axis: string): Expr => ({ kind: 'index', axis });
/** As `blockFrom`: where a block ends. */
const ends = ({ name }: LoopAxis): string => `${name} to@`;

/** What a block leaves in a cell: the sum so far; after the last, what the kernel computes of it. */
export const blockRoot = (job: Job, { sum, axis }: SumBlocks, world: World): Expr => {
  const { intern } = world;
  const [from, to] = [index(blockFrom(axis.name)), index(ends(axis))];
  const before = guard(apply('gt', from, integer(0)), cellOf(job, world));
  const own: Expr = { ...sum, over: [{ ...sum.over[0]!, from, to }] };
  const soFar = intern(apply('add', before, own));
  const body = intern(rewrite((e) => (e === sum ? soFar : null))(job.body));
  return body === soFar ? soFar : intern(apply('select', apply('ge', to, sizeExpr(axis)), body, soFar));
};

/** Where a loop over lanes begins and ends in the block at hand, if there are blocks of it. */
export const blockRange = (axis: LoopAxis, s: Scope): Range | undefined => {
  const edge = (name: string): Code | undefined => {
    const found = bindingOf(name, s)?.binding;
    return found?.kind === 'one' ? found.code : undefined;
  };
  const [from, to] = [edge(blockFrom(axis.name)), edge(ends(axis))];
  return from === undefined || to === undefined ? undefined : { from, to };
};

/** The loop over blocks around `inside`. */
export const overBlocks = (w: Writer, blocks: Blocks, s: Scope, inside: (body: Scope) => void): void => {
  const { axis, size } = blocks;
  const [from, to] = [local(`${axis.name}.from`, 'i32'), local(`${axis.name}.to`, 'i32')];
  const all = keep(s.code, `${axis.name}.all`, w.single(w.world.intern(sizeExpr(axis)), s));
  const body = scope('loop', s, [
    [blockFrom(axis.name), one(get(from))],
    [ends(axis), one(get(to))],
  ]);
  body.code.push(set(to, least(add(get(from), int(size)), all)));
  inside(body);
  // Where there is none, cells are still stored.
  s.code.push(loop(from, int(0), keep(s.code, `${axis.name}.stop`, most(all, int(1))), size, body.code));
};
