/**
 * A GPU works on many cells at once, so a kernel of few cells and long sums (a loss, the gradient of a weight) leaves it
 * idle: one thread would walk all positions of all rows. Such a sum is split in two kernels, one part for each position of
 * its outermost axis and then the sum of the parts.
 */
import type { Buffer, Entry, Expr, Kernel, LoopAxis } from '../../loops/ir.js';
import { rewrite } from '../../loops/rewrite.js';

type Reduce = Extract<Expr, { kind: 'reduce' }>;

/** Above this many cells the device is busy anyway, and the parts would only cost memory. */
const manyCells = 16384;

const few = (axes: readonly LoopAxis[]): boolean =>
  axes.reduce((n, { size }) => n * (typeof size === 'number' ? size : Infinity), 1) <= manyCells;

/** Reductions that the cell's value is made of by scalar functions alone: not inside a loop, nor behind a condition. */
const outermost = (e: Expr): readonly Reduce[] =>
  e.kind === 'reduce' ? [e] : e.kind === 'apply' ? e.args.flatMap(outermost) : [];

const splittable = ({ over, dtype }: Reduce, output: readonly LoopAxis[]): boolean => {
  const [first, ...rest] = over;
  return (
    first !== undefined &&
    rest.length > 0 &&
    dtype === 'f32' &&
    first.from === undefined &&
    first.to === undefined &&
    first.row === undefined &&
    !output.some((a) => a.name === first.axis.name)
  );
};

interface Parts {
  readonly kernel: Kernel;
  readonly parts: readonly { readonly buffer: Buffer; readonly kernel: Kernel }[];
}

const split = (kernel: Kernel, output: readonly LoopAxis[], taken: ReadonlySet<string>): Parts => {
  const found = [...new Set(outermost(kernel.body))].filter((r) => splittable(r, output));
  const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
  const parts = found.flatMap((reduce, i) => {
    const [first, ...rest] = reduce.over;
    if (first === undefined) return [];
    const { name, size } = first.axis;
    const id = `${kernel.output}_by_${name}${i === 0 ? '' : `_${i + 1}`}`;
    // The result has all positions of an axis whose rows it lacks, so the parts have: a cell that a row is too short for is no 0.
    const axes = [
      { name, size },
      ...output.map((a): LoopAxis => (a.ragged?.rows === name ? { name: a.name, size: a.size } : a)),
    ];
    const sum: Expr = { ...reduce, over: [first], body: { kind: 'read', buffer: id, at: axes.map(at), dtype: 'f32' } };
    return [
      {
        reduce,
        sum,
        buffer: { id, dtype: 'f32', axes, role: 'temp' } as const,
        kernel: {
          ...kernel,
          name: `${kernel.name}_by_${name}${i === 0 ? '' : `_${i + 1}`}`,
          output: id,
          body: { ...reduce, over: rest },
          comment: `${kernel.comment}: the part of each ${name}`,
        },
      },
    ];
  });
  if (parts.length === 0 || parts.some(({ buffer }) => taken.has(buffer.id))) return { kernel, parts: [] };
  const go = rewrite((e) => parts.find(({ reduce }) => reduce === e)?.sum ?? null);
  return { kernel: { ...kernel, body: go(kernel.body) }, parts };
};

export const splitReductions = (entry: Entry): Entry => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const taken = new Set(buffers.keys());
  const results = entry.kernels.map((kernel): Parts => {
    const info = buffers.get(kernel.output);
    return info !== undefined && kernel.loop === undefined && info.dtype === 'f32' && few(info.axes)
      ? split(kernel, info.axes, taken)
      : { kernel, parts: [] };
  });
  return {
    ...entry,
    buffers: [...entry.buffers, ...results.flatMap(({ parts }) => parts.map(({ buffer }) => buffer))],
    kernels: results.flatMap(({ kernel, parts }) => [...parts.map((p) => p.kernel), kernel]),
  };
};
