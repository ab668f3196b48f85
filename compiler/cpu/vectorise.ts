/** Chooses what goes along lanes and rows; reads that run against the lanes read a copy with another axis innermost. */
import type { Expr } from '../loops/ir.js';
import { rewrite } from '../loops/rewrite.js';
import { isUnit, withoutUnits } from '../loops/units.js';
import { choose } from './choose.js';
import type { Job, JobBuffer, TiledJob } from './job.js';
import { taskOf } from './job.js';
import { extending, type Kernels, line, long } from './kernels.js';
import { offsetsId } from './layout.js';
import { tailOf } from './tail.js';

/** Kernels of which each knows its tiles. */
export interface TiledKernels extends Kernels {
  readonly jobs: readonly TiledJob[];
}

const copyOf = (source: JobBuffer, id: string, last: string, intern: (e: Expr) => Expr): Job => {
  const units = new Set(source.axes.filter(isUnit).map((a) => a.name));
  const whole: Expr = {
    kind: 'read',
    buffer: source.id,
    at: source.axes.map((a): Expr => ({ kind: 'index', axis: a.name })),
    dtype: source.dtype,
  };
  return {
    name: id,
    output: id,
    adds: false,
    task: null,
    comment: `${source.id} with ${last} innermost`,
    body: intern(withoutUnits(units)(whole)),
  };
};

export const vectorise = (k: Kernels): TiledKernels => {
  const { buffers, world, add, done } = extending(k);
  const { intern } = world;
  const tail = tailOf(k);
  const copies = new Map<string, string>();
  const tiled = (job: Job): TiledJob => {
    const { lanes, rows } = choose(job, world, tail.has(job.output));
    return { ...job, tiling: { lanes, rows } };
  };
  const jobs = k.jobs.flatMap((job): readonly TiledJob[] => {
    const made: Job[] = [];
    const swaps = new Map<Expr, Expr>();
    const { against, lanes, rows } = choose(job, world, tail.has(job.output));
    for (const { read, at } of against) {
      const source = buffers.get(read.buffer)!;
      const last = source.axes[at]!.name;
      const key = `${read.buffer} ${last}`;
      const id = copies.get(key) ?? `${read.buffer}.by.${last}`;
      if (!copies.has(key)) {
        copies.set(key, id);
        add({ ...source, id, role: 'temp' }, { last });
        const copy = copyOf(source, id, last, intern);
        made.push({ ...copy, task: taskOf(copy, world) });
      }
      swaps.set(read, intern({ ...read, buffer: id }));
    }
    if (swaps.size === 0) return [...made.map(tiled), { ...job, tiling: { lanes, rows } }];
    return [...made, { ...job, body: intern(rewrite((e) => swaps.get(e) ?? null)(job.body)) }].map(tiled);
  });
  return { ...done(jobs), jobs };
};

/** Packed buffers need to know where each row begins: prefix sums of the products of lengths. */
export const packRows = (k: TiledKernels): TiledKernels => {
  const { world, add, done } = extending(k);
  const packings = new Map(
    [...world.layouts.values()].flatMap(({ rows }) =>
      rows === undefined || rows.lengths.length === 0
        ? []
        : // Those of each axis alone, too: by them rows are taken together.
          [rows.lengths, ...rows.lengths.map((own) => [own])].map((lengths) => [offsetsId(lengths), lengths] as const),
    ),
  );
  for (const [id, lengths] of packings) add(line(id, long, { kind: 'offsets', lengths }));
  return { ...done(k.jobs), jobs: k.jobs };
};
