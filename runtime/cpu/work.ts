/** What kernels do, counted from the plan: operations of sums of products, and bytes, of rows as long as they are. */
import type { Sizes } from '../contract/session.js';
import { type Count, type PlanBuffer, type PlanEntry, type PlanJob, cellsOf, sizeOf } from '../contract/cpu-plan.js';

/** The length of a row, by the input that holds lengths. */
export type Lengths = (id: string, row: number) => number;

export interface Given {
  readonly entry: PlanEntry;
  readonly sizes: Sizes;
  readonly lengths: Lengths;
}

const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

export const evaluate = (
  { times, sizes: symbols, lengths: ragged }: Count,
  { entry, sizes, lengths }: Given,
): number => {
  const rows =
    ragged.length === 0 || entry.rowsAxis === null
      ? 1
      : total(
          Array.from({ length: sizeOf(entry.rowsAxis, sizes) }, (_, row) =>
            product(ragged.map((id) => lengths(id, row))),
          ),
        );
  return times * rows * product(symbols.map((s) => sizeOf(s, sizes)));
};

/** Cells of a buffer over a whole batch, padding left out. */
export const packedCells = (b: PlanBuffer, given: Given): number => {
  if (b.cells !== undefined) return cellsOf(b, given.sizes);
  const packed = b.rows?.lengths ?? [];
  const dense = b.axes.filter(
    (a, k) =>
      packed.length === 0 || (k !== b.rows!.at && !(a.ragged !== undefined && packed.includes(a.ragged.lengths))),
  );
  return evaluate({ times: product(dense.map((a) => sizeOf(a.size, given.sizes))), sizes: [], lengths: packed }, given);
};

/** Multiplications and additions of the kernel's sums of products. */
export const operationsOf = ({ work }: PlanJob, given: Given): number =>
  total(work.products.map((c) => evaluate(c, given)));

/** Bytes of the arrays that the kernel reads and writes, each once; of one that it looks things up in, no more than what it looks up. */
export const bytesOf = ({ work, outputs }: PlanJob, given: Given): number => {
  const buffers = new Map(given.entry.buffers.map((b) => [b.id, b]));
  const cells = (id: string): number => packedCells(buffers.get(id)!, given);
  return (
    4 *
    (total(outputs.map(cells)) +
      total(
        work.reads.map(({ id, at }) =>
          Math.min(cells(id), at === undefined ? Infinity : total(at.map((c) => evaluate(c, given)))),
        ),
      ))
  );
};
