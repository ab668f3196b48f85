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
import { mentions, nodes } from '../../loops/shape.js';
import { cellOf, domain, type Group, isLong, isReduce, type Job, rootsOf, type Tiling } from '../job.js';
import { sizeExpr } from '../layout.js';
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
/** Fewer are no tile of two registers. */
const TILE = 32;
/** Positions of a block, at each of which so many numbers are read. */
const positionsOf = (each: number): number => 2 ** Math.floor(Math.log2(NEAR / each));

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
  const size = positionsOf(width);
  return isLong(axis) && size >= LEAST && sharesMatrix(sum.body, axis, lanes, rows) ? { sum, axis, size } : undefined;
};

/** Undefined where lanes do not go over items, or rows share nothing that they read there. */
export const laneBlocksOf = (group: Group, { lanes, rows }: Tiling, world: World): Blocks | undefined => {
  const [job] = group;
  const axis = domain(job, world).find((a) => a.name === lanes);
  if (axis === undefined || rows === null || !isLong(axis) || axis.name === job.task?.name) return undefined;
  const sums = group.flatMap((j) => [...nodes(rootsOf(j))].filter(isReduce));
  const lengths = sums
    .filter(({ over, body }) => over.some((o) => sharesMatrix(body, o.axis, axis.name, rows)))
    .map(({ over }) => over.reduce((n, o) => (typeof o.axis.size === 'number' ? n * o.axis.size : Infinity), 1));
  const size = positionsOf(Math.max(...lengths));
  return lengths.length > 0 && size >= TILE && group.every((j) => j.where === undefined) ? { axis, size } : undefined;
};

const index = (axis: string): Expr => ({ kind: 'index', axis });
/** Variables that say where a block begins and ends. No axis is called so. */
const begins = ({ name }: LoopAxis): string => `${name} from@`;
const ends = ({ name }: LoopAxis): string => `${name} to@`;

/** What a block leaves in a cell: the sum so far; after the last, what the kernel computes of it. */
export const blockRoot = (job: Job, { sum, axis }: SumBlocks, world: World): Expr => {
  const { intern } = world;
  const [from, to] = [index(begins(axis)), index(ends(axis))];
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
  const [from, to] = [edge(begins(axis)), edge(ends(axis))];
  return from === undefined || to === undefined ? undefined : { from, to };
};

/** The loop over blocks around `inside`. */
export const overBlocks = (w: Writer, blocks: Blocks, s: Scope, inside: (body: Scope) => void): void => {
  const { axis, size } = blocks;
  const [from, to] = [local(`${axis.name}.from`, 'i32'), local(`${axis.name}.to`, 'i32')];
  const all = keep(s.code, `${axis.name}.all`, w.single(w.world.intern(sizeExpr(axis)), s));
  const body = scope('loop', s, [
    [begins(axis), one(get(from))],
    [ends(axis), one(get(to))],
  ]);
  body.code.push(set(to, least(add(get(from), int(size)), all)));
  inside(body);
  // Where there is none, cells are still stored.
  s.code.push(loop(from, int(0), keep(s.code, `${axis.name}.stop`, most(all, int(1))), size, body.code));
};
