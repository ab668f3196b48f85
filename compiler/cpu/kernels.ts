/** An entry's kernels while they are made ready for a processor: what the passes hand to one another. */
import { interning } from '../loops/intern.js';
import type { Buffer, Entry, Expr, LoopAxis } from '../loops/ir.js';
import { nodes } from '../loops/shape.js';
import type { Inverse, Job, JobBuffer } from './job.js';
import { layoutOf } from './layout.js';
import { streamsId, type World } from './world.js';

export interface Kernels {
  readonly entry: Entry;
  readonly world: World;
  readonly jobs: readonly Job[];
  /** Buffers of the entry and those made for this target. */
  readonly buffers: ReadonlyMap<string, JobBuffer>;
  readonly inverses: readonly Inverse[];
}

/** Buffers that are asked for by others than kernels. */
export const keptOf = ({ entry, inverses }: Pick<Kernels, 'entry' | 'inverses'>): ReadonlySet<string> =>
  new Set([...Object.values(entry.outputs), ...Object.values(entry.updates), ...inverses.map((i) => i.index)]);

/** Lists are as long as the session makes them. */
export const long = 1 << 30;
/** A list of whole numbers. */
export const line = (id: string, size: LoopAxis['size'], made?: JobBuffer['made']): JobBuffer => ({
  id,
  dtype: 'i32',
  role: 'temp',
  axes: [{ name: 'entry', size }],
  ...(made === undefined ? {} : { made }),
});

/** The axis of rows: that of ragged sequences, else one whose size is its own symbol. */
export const rowsAxisOf = (entry: Entry): string => {
  const axes = entry.buffers.flatMap((b) => b.axes);
  return (
    axes.find((a) => a.ragged !== undefined && axes.some((r) => r.name === a.ragged!.rows))?.ragged?.rows ??
    axes.find((a) => a.size === a.name)?.name ??
    ''
  );
};

/** The axis that a buffer would have last, where that is one of so many positions. */
const lastOf = (b: Buffer, rowsAxis: string): LoopAxis | undefined => {
  const at = layoutOf(b, rowsAxis).inner.at(-1);
  const axis = at === undefined ? undefined : b.axes[at];
  return typeof axis?.size === 'number' && axis.ragged === undefined ? axis : undefined;
};

type Read = Extract<Expr, { kind: 'read' }>;
/** A read at places that data name. */
const isLookup = (e: Expr): e is Read => e.kind === 'read' && [...nodes(e.at)].some((x) => x.kind === 'read');

/** Rows that are looked up are copied as they lie, and rows that are scattered lie as what they are added to. */
const lastAxes = (entry: Entry, rowsAxis: string): ReadonlyMap<string, string> => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const along = (e: Read): string | undefined => {
    const source = buffers.get(e.buffer)!;
    const last = lastOf(source, rowsAxis);
    const at = last === undefined ? undefined : e.at[source.axes.indexOf(last)];
    return at?.kind === 'index' ? at.axis : undefined;
  };
  return new Map(
    entry.kernels.flatMap((k) => {
      const all = [...nodes([k.body])];
      const looked = all
        .filter(isLookup)
        .map(along)
        .find((a) => a !== undefined);
      if (looked !== undefined)
        return all.some((e) => e.kind === 'reduce' || e.kind === 'collect') ? [] : [[k.output, looked] as const];
      const row = lastOf(buffers.get(k.output)!, rowsAxis)?.name;
      return all.flatMap((e) =>
        e.kind !== 'collect' || row === undefined
          ? []
          : [...nodes([e.body])].flatMap((r) =>
              r.kind === 'read' &&
              buffers.get(r.buffer)!.role === 'temp' &&
              r.at.some((x) => x.kind === 'index' && x.axis === row)
                ? [[r.buffer, row] as const]
                : [],
            ),
      );
    }),
  );
};

/** Tables whose rows are found by what data say. */
const namedBuffers = (entry: Entry): ReadonlySet<string> => {
  const temps = new Set(entry.buffers.filter((b) => b.role === 'temp').map((b) => b.id));
  const found = entry.kernels.flatMap((k) =>
    [...nodes([k.body])].flatMap((e) => (isLookup(e) && temps.has(e.buffer) ? [e.buffer] : [])),
  );
  return new Set(found);
};

/** A pass's own copy of what it adds buffers to; how they lie is said as of `layoutOf`. */
export const extending = (k: Kernels) => {
  const buffers = new Map(k.buffers);
  const layouts = new Map(k.world.layouts);
  return {
    buffers,
    world: { ...k.world, layouts },
    add: (b: JobBuffer, lies: { readonly last?: string; readonly named?: boolean } = {}): void => {
      buffers.set(b.id, b);
      layouts.set(b.id, layoutOf(b, k.world.rowsAxis, lies));
    },
    done: (jobs: readonly Job[], inverses: readonly Inverse[] = k.inverses): Kernels => ({
      ...k,
      jobs,
      inverses,
      buffers,
      world: { ...k.world, layouts },
    }),
  };
};

/** An entry as it was lowered: nothing is decided yet, but where its buffers' cells lie. */
export const kernelsOf = (
  entry: Entry,
  streams: ReadonlyMap<string, number>,
  name: (id: string) => string,
): Kernels => {
  const rowsAxis = rowsAxisOf(entry);
  const last = lastAxes(entry, rowsAxis);
  const named = namedBuffers(entry);
  const layouts = new Map(
    entry.buffers.map((b) => [b.id, layoutOf(b, rowsAxis, { last: last.get(b.id), named: named.has(b.id) })]),
  );
  layouts.set(streamsId, layoutOf(line(streamsId, 1 << 10), rowsAxis));
  const loops = new Map(entry.kernels.flatMap((k) => (k.loop === undefined ? [] : [[k.output, k.loop.id] as const])));
  return {
    entry,
    jobs: entry.kernels.map((k): Job => ({ ...k, task: null, adds: false })),
    inverses: [],
    buffers: new Map(entry.buffers.map((b) => [b.id, b])),
    world: { layouts, intern: interning(), streams, rowsAxis, name, places: new Map(), loops },
  };
};
