/**
 * A sum over items takes them in blocks: of the matrix that lanes read, a block is in a near cache for all rows of a call, where all of it is not.
 * Between two blocks the cells hold what is added up so far.
 */
import { add, get, int, least, local, loop, most, set } from '../../code/build.js';
import { apply, guard, integer } from '../../loops/build.js';
import type { Expr, LoopAxis } from '../../loops/ir.js';
import { rewrite } from '../../loops/rewrite.js';
import { mentions, nodes } from '../../loops/shape.js';
import { cellOf, domain, type Group, isReduce, type Job, rootsOf, type Tiling } from '../job.js';
import { sizeExpr } from '../layout.js';
import type { World } from '../world.js';
import type { Writer } from './pen.js';
import { one, type Scope, scope } from './scope.js';
import { keep } from './tile.js';

type Reduce = Extract<Expr, { kind: 'reduce' }>;

/** As many as the data say, items above all: what is read for all of them fits no near cache. */
export const isLong = ({ size, ragged }: LoopAxis): boolean => typeof size === 'string' && ragged === undefined;

/** The sum, its axis, and how many positions a block has. */
export interface Blocks {
  readonly sum: Reduce;
  readonly axis: LoopAxis;
  readonly size: number;
}

/** Numbers of a matrix that are near: 256 KB of them. */
const NEAR = 2 ** 16;
/** Fewer positions are not worth a load and a store of each cell. */
const LEAST = 256;

/** Cells of a block that are stored before the sum is whole must be nobody's yet, and each must be stored once. */
const isPlain = (j: Job, world: World): boolean =>
  !j.adds &&
  j.loop === undefined &&
  j.scatter === undefined &&
  j.where === undefined &&
  j.passing !== true &&
  j.overwrites !== true &&
  world.layouts.get(j.output)!.buffer.dtype === 'f32';

/** Whether lanes read what is the same for all rows, at each position of the sum. */
const sharesMatrix = ({ body }: Reduce, axis: LoopAxis, lanes: string, rows: string): boolean =>
  [...nodes([body])].some(
    (e) => e.kind === 'read' && mentions(e, axis.name) && mentions(e, lanes) && !mentions(e, rows),
  );

/** Undefined where a kernel's sums, if it has any, are better not parted. */
export const blocksOf = (group: Group, { lanes, rows }: Tiling, world: World): Blocks | undefined => {
  const [job, ...others] = group;
  const [sum, ...more] = [...nodes(rootsOf(job))].filter(isReduce);
  if (sum === undefined || more.length > 0 || others.length > 0 || lanes === null || rows === null) return undefined;
  const [over, ...inner] = sum.over;
  const width = domain(job, world).find((a) => a.name === lanes)?.size;
  const whole = over?.from === undefined && over?.to === undefined && sum.monoid === 'sum';
  if (over === undefined || inner.length > 0 || !whole || typeof width !== 'number' || !isPlain(job, world))
    return undefined;
  const { axis } = over;
  const size = 2 ** Math.floor(Math.log2(NEAR / width));
  return isLong(axis) && size >= LEAST && sharesMatrix(sum, axis, lanes, rows) ? { sum, axis, size } : undefined;
};

const index = (axis: string): Expr => ({ kind: 'index', axis });
/** Variables that say where a block begins and ends. No axis is called so. */
const begins = ({ name }: LoopAxis): string => `${name} from@`;
const ends = ({ name }: LoopAxis): string => `${name} to@`;

/** What a block leaves in a cell: the sum so far; after the last, what the kernel computes of it. */
export const blockRoot = (job: Job, { sum, axis }: Blocks, world: World): Expr => {
  const { intern } = world;
  const [from, to] = [index(begins(axis)), index(ends(axis))];
  const before = guard(apply('gt', from, integer(0)), cellOf(job, world));
  const own: Expr = { ...sum, over: [{ ...sum.over[0]!, from, to }] };
  const soFar = intern(apply('add', before, own));
  const body = intern(rewrite((e) => (e === sum ? soFar : null))(job.body));
  return body === soFar ? soFar : intern(apply('select', apply('ge', to, sizeExpr(axis)), body, soFar));
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
