/**
 * How an entry ends once the positions of its rows are read: kernels whose cells know of none, and which nobody else reads. Many rows can run
 * through these together, and a matrix that is the same for all rows, such as that of items, is then read for a tile of rows instead of for each.
 */
import { readsOf } from '../loops/shape.js';
import { domain, type Job, rootsOf, type TiledJob } from './job.js';
import type { Kernels } from './kernels.js';
import type { World } from './world.js';

/** Rows that are computed together: whole tiles of every machine. Each thread holds so many rows of what it computes. */
export const rowsTogether = 12;

const knowsNoPosition = (job: Job, world: World): boolean =>
  job.task?.name === world.rowsAxis &&
  !job.adds &&
  job.loop === undefined &&
  job.scatter === undefined &&
  domain(job, world).every((a) => a.ragged === undefined);

/** What such kernels give. */
export const tailOf = ({ jobs, world }: Kernels): ReadonlySet<string> => {
  const tail = new Set(jobs.filter((j) => knowsNoPosition(j, world)).map((j) => j.output));
  // What is read by one that is none is none.
  for (let before = -1; before !== tail.size;) {
    before = tail.size;
    for (const job of jobs) if (!tail.has(job.output)) readsOf(rootsOf(job)).forEach((id) => tail.delete(id));
  }
  return tail;
};

/** Whether the rows of a kernel's tiles are those of the batch. */
export const tilesRows = ({ tiling }: TiledJob, { rowsAxis }: World): boolean => tiling.rows === rowsAxis;
