/** Kernels as processors run them: which axis goes to threads, which to lanes, and what is added or written over. */
import { integer } from '../loops/build.js';
import type { Buffer, Expr, Loop, LoopAxis, ReduceAxis, Size, Source } from '../loops/ir.js';
import { isUnit } from '../loops/units.js';
import type { World } from './world.js';

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
  /** It, or another of its group, writes each cell over a value that it reads there: no cell is computed twice. */
  readonly overwrites?: boolean;
  /** Read by others of its group alone, which have each cell in registers: it is stored nowhere. */
  readonly passing?: boolean;
  /** What its conditions rule out nobody reads: it is not cleared. */
  readonly bare?: boolean;
  /** Its function computes one position of this loop's axis, given as a last parameter. */
  readonly loop?: Loop;
  /** Loops over these axes instead of `axis`, and adds each value at the place `to` along it. */
  readonly scatter?: { readonly axis: string; readonly over: readonly ReduceAxis[]; readonly to: Expr };
}

/** Which axis goes along the lanes and which makes the rows of a tile, where one does. */
export interface Tiling {
  readonly lanes: string | null;
  readonly rows: string | null;
}
export interface TiledJob extends Job {
  readonly tiling: Tiling;
  /** It runs over the positions of all rows that it is given as over one row; `line`: and over their cells as over one line. */
  readonly flat?: { readonly axis: LoopAxis; readonly line: boolean };
}

/** Kernels over the same cells, written as one function: what one computes the next has in registers. */
export type Group = readonly [TiledJob, ...TiledJob[]];

/** The tile of a group: some of its kernels may have no sums, and so no rows. */
export const tilingOf = (group: Group): Tiling => ({
  lanes: group[0].tiling.lanes,
  rows: group.map((j) => j.tiling.rows).find((r) => r !== null) ?? null,
});

/** What a buffer is that no model has: prefix sums of row sizes, or one of an inverse's lists. */
export type Made =
  | { readonly kind: 'offsets'; readonly lengths: readonly string[] }
  | {
      readonly kind: 'list';
      readonly inverse: string;
      readonly cells: { readonly sizes: readonly Size[]; readonly more: number };
    };
export interface JobBuffer extends Buffer {
  readonly made?: Made;
}

/** Lists of the positions of `index` by what they hold: where each target's begin, and one list for each coordinate. */
export interface Inverse {
  readonly id: string;
  readonly index: string;
  readonly axes: readonly LoopAxis[];
  readonly targets: LoopAxis['size'];
}
export const startsOf = ({ id }: Pick<Inverse, 'id'>): string => `${id}.starts`;
export const listOf = ({ id }: Pick<Inverse, 'id'>, axis: string): string => `${id}.${axis}`;
export const listsOf = (inverse: Inverse): readonly string[] => [
  startsOf(inverse),
  ...inverse.axes.map((a) => listOf(inverse, a.name)),
];

/** The axis of the shares of a batch; its variable is a parameter of every function. */
export const shareAxis: LoopAxis = { name: 'chunk', size: 'chunks', made: 'share' };

/** What a kernel evaluates. */
export const rootsOf = (j: Job): readonly Expr[] => (j.where === undefined ? [j.body] : [j.body, j.where]);

type Reduce = Extract<Expr, { kind: 'reduce' }>;
export const isReduce = (e: Expr): e is Reduce => e.kind === 'reduce';
/** As many positions as the data say, items above all: what is read for all of them fits no near cache. */
export const isLong = ({ size, ragged }: LoopAxis): boolean => typeof size === 'string' && ragged === undefined;
/** A walk of lists of positions. */
export const isWalk = (e: Reduce): boolean => e.over.some((o) => o.axis.made === 'entry');
/** What the loops of a reduction ask before they begin. */
export const boundsOf = (e: Reduce): readonly Expr[] =>
  e.over.flatMap((o) => [o.from, o.to, o.row].filter((x) => x !== undefined));

/** The axes that a kernel loops over besides its task, in memory order. */
export const domain = (job: Job, { layouts }: World): readonly LoopAxis[] => {
  const layout = layouts.get(job.output)!;
  const axes = [...(layout.rows === undefined ? [] : [layout.rows.at]), ...layout.inner].map(
    (k) => layout.buffer.axes[k]!,
  );
  const own = axes.filter((a) => a.made !== 'share' && a.name !== job.scatter?.axis);
  return [...(job.scatter?.over ?? []).map((o) => o.axis), ...own].filter((a) => !isUnit(a));
};

/** The place of a kernel's cell in its output. */
export const cellPlace = (job: Job, { layouts }: World): readonly Expr[] =>
  layouts
    .get(job.output)!
    .buffer.axes.map((axis) =>
      isUnit(axis) ? integer(0) : axis.name === job.scatter?.axis ? job.scatter.to : { kind: 'index', axis: axis.name },
    );

/** The cell that a kernel computes, as another would read it. */
export const cellOf = (job: Job, world: World): Extract<Expr, { kind: 'read' }> => {
  const { dtype } = world.layouts.get(job.output)!.buffer;
  return world.intern({ kind: 'read', buffer: job.output, at: cellPlace(job, world), dtype }) as Extract<
    Expr,
    { kind: 'read' }
  >;
};

/** What is divided among threads. The positions of a loop follow one another, so only its rows can be. */
export const taskOf = (job: Job, world: World): LoopAxis | null => {
  const first = domain(job, world)[0] ?? null;
  return job.loop !== undefined && first?.name !== world.rowsAxis ? null : first;
};

/** What a group leaves in memory. */
export const storedBy = (group: Group): readonly string[] =>
  group.flatMap((j) => (j.passing === true ? [] : [j.output]));
