/**
 * Groups of kernels that are the same but for the buffers they work on: the layers of a model, its forward pass while it trains and
 * while it ranks. One function serves them all, which is given the buffers.
 */
import type { Expr, LoopAxis, ReduceAxis } from '../loops/ir.js';
import { children } from '../loops/shape.js';
import { type Group, rootsOf, shareAxis, type TiledJob } from './job.js';
import { offsetsId } from './layout.js';
import type { Scheduled } from './phases.js';
import { streamsId, type World } from './world.js';

/** What a group is, and what it works on. */
interface Described {
  /** Equal for groups that differ in nothing but buffers, and in what axes are called. */
  readonly shape: string;
  /** The buffers, as the module calls them, each at the same place in all groups of one shape. */
  readonly buffers: readonly string[];
}

/** Numbers for names, in the order in which they are met. */
const numbering = () => {
  const known = new Map<string, number>();
  return {
    has: (name: string): boolean => known.has(name),
    of: (name: string): number => {
      if (!known.has(name)) known.set(name, known.size);
      return known.get(name)!;
    },
    all: (): readonly string[] => [...known.keys()],
  };
};

/** Every part in turn, with numbers in place of the names of buffers and axes. */
const describe = (group: Group, { layouts, places, name, rowsAxis }: World): Described => {
  const lines: string[] = [];
  const axes = numbering();
  const spots = numbering();
  const buffers = numbering();
  const met = new Map<Expr, number>();
  const axis = (of: string): string => (of === rowsAxis ? 'rows' : of === shareAxis.name ? 'share' : `a${axes.of(of)}`);
  const axisLine = ({ name: of, size, ragged, missing, made }: LoopAxis): string =>
    `${axis(of)}:${size}${made ?? ''}${missing === undefined ? '' : `-${buffer(missing)}`}${ragged === undefined ? '' : `~${axis(ragged.rows)}~${buffer(ragged.lengths)}`}`;
  const buffer = (id: string): string => {
    const isMet = buffers.has(id);
    const b = buffers.of(id);
    if (isMet) return `b${b}`;
    // A state's new value may lie in the state's place.
    const place = spots.of(name(places.get(id) ?? id));
    const layout = layouts.get(id);
    if (layout !== undefined) {
      const { rows, inner, pitch, panel, local, gathered } = layout;
      lines.push(
        `b${b} @${place} ${layout.buffer.dtype} [${layout.buffer.axes.map(axisLine).join()}] ${inner.join()} ${pitch ?? ''} ${panel ?? ''} ${local} ${gathered ?? ''} ${rows?.at ?? ''} ${rows?.lengths.map(buffer).join('*') ?? ''}`,
      );
      if (rows !== undefined && rows.lengths.length > 0) buffer(offsetsId(rows.lengths));
    }
    return `b${b}`;
  };
  const over = ({ axis: of, from, to, row }: ReduceAxis): string =>
    `${axisLine(of)}(${[from, to, row].map((e) => (e === undefined ? '' : expr(e))).join()})`;
  const own = (e: Expr): string => {
    const parts = (): string => children(e).map(expr).join();
    switch (e.kind) {
      case 'literal':
        return `${Object.is(e.value, -0) ? '-0' : e.value}:${e.dtype}`;
      case 'index':
        return axis(e.axis);
      case 'extent':
        return `#${axisLine(e.axis)}(${parts()})`;
      case 'read':
        return `${buffer(e.buffer)}[${parts()}]`;
      case 'apply':
        return `${e.fn}:${e.dtype}(${parts()})`;
      case 'guard':
        return `?(${parts()})`;
      case 'reduce':
        return `${e.monoid}:${e.dtype}{${e.over.map(over).join()}}${expr(e.body)}`;
      case 'collect':
        return `collect{${e.over.map(over).join()}|${buffer(e.index)}=${expr(e.target)}}${expr(e.body)}`;
      case 'uniform':
        return `${buffer(streamsId)} ${e.key}(${parts()})`;
    }
  };
  const expr = (e: Expr): string => {
    const known = met.get(e);
    if (known !== undefined) return `${known}`;
    const line = own(e);
    met.set(e, met.size);
    lines.push(line);
    return `${met.get(e)!}`;
  };
  const job = (j: TiledJob): string =>
    [
      buffer(j.output),
      j.task === null ? '' : axisLine(j.task),
      `${j.adds} ${j.overwrites === true} ${j.passing === true} ${j.bare === true}`,
      ...[j.tiling.lanes, j.tiling.rows].map((a) => (a === null ? '' : axis(a))),
      j.flat === undefined ? '' : `${axisLine(j.flat.axis)} ${j.flat.line}`,
      j.scatter === undefined ? '' : `${axis(j.scatter.axis)} ${j.scatter.over.map(over).join()} ${expr(j.scatter.to)}`,
      ...rootsOf(j).map(expr),
    ].join(' ');
  group.forEach((j) => lines.push(job(j)));
  return { shape: lines.join('\n'), buffers: buffers.all().map((id) => name(places.get(id) ?? id)) };
};

/** A group, and where it stands. */
export interface Placed {
  readonly group: Group;
  readonly world: World;
}

/** One of several groups of one shape. */
export interface Alike {
  /** The first of them, whose names the function has. */
  readonly first: Placed;
  /** What stands, in this group, for each buffer of the first. */
  readonly buffers: ReadonlyMap<string, string>;
}

/** All groups that are not alone in their shape. Kernels of a loop stay by themselves. */
export const alike = (entries: readonly Scheduled[]): ReadonlyMap<Group, Alike> => {
  const byShape = new Map<string, (Placed & Described)[]>();
  for (const { phases, world } of entries) {
    for (const group of phases.flatMap((p) => [...p.rows, ...p.grids])) {
      if (group[0].loop !== undefined) continue;
      const described = describe(group, world);
      byShape.set(described.shape, [...(byShape.get(described.shape) ?? []), { group, world, ...described }]);
    }
  }
  return new Map(
    [...byShape.values()]
      .filter((all) => all.length > 1)
      .flatMap((all) =>
        all.map(({ group, buffers }): readonly [Group, Alike] => {
          const [first] = all as [Placed & Described];
          return [group, { first, buffers: new Map(first.buffers.map((b, k) => [b, buffers[k]!])) }];
        }),
      ),
  );
};
