/**
 * A GPU works on many cells at once, so a kernel of few cells and long sums (a loss, the gradient of a weight) leaves it
 * idle: one thread would walk all positions of all rows. Such a sum is split in two kernels, one part for each position of
 * its outermost axis and then the sum of the parts. What a collect of few targets sums again at each of its positions is taken out of
 * it as well.
 */
import type { Buffer, Entry, Expr, Kernel, LoopAxis } from '../../loops/ir.js';
import { maxArrayArguments } from '../../loops/limits.js';
import { rewrite } from '../../loops/rewrite.js';
import { freeVariables, readsOf } from '../../loops/shape.js';
import { rootsOf, uniformsOf } from './reads.js';

type Reduce = Extract<Expr, { kind: 'reduce' }>;

/** Above this many cells the device is busy anyway, and the parts would only cost memory. */
const manyCells = 16384;

const few = (axes: readonly LoopAxis[]): boolean =>
  axes.reduce((n, { size }) => n * (typeof size === 'number' ? size : Infinity), 1) <= manyCells;

type Sum = Extract<Expr, { kind: 'reduce' | 'collect' }>;

/** Sums that a value is made of by scalar functions alone: not inside a loop, nor behind a condition. Each once. */
const outermost = (e: Expr): readonly Sum[] =>
  e.kind === 'reduce' || e.kind === 'collect' ? [e] : e.kind === 'apply' ? [...new Set(e.args.flatMap(outermost))] : [];
const reduces = (e: Expr): readonly Reduce[] => outermost(e).filter((x) => x.kind === 'reduce');

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

const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });

/** A sum, what stands in its place, and the kernel that computes it before. */
interface Part {
  readonly sum: Reduce;
  readonly instead: Expr;
  readonly buffer: Buffer;
  readonly kernel: Kernel;
}

interface Parts {
  readonly kernel: Kernel;
  readonly parts: readonly Part[];
}

/** The kernel without those of the parts with which it still fits: what several sums read is one array, and their parts are several. */
const cut = (kernel: Kernel, parts: readonly Part[], taken: ReadonlySet<string>): Parts => {
  const without = (some: readonly Part[]): Kernel => {
    const go = rewrite((e) => some.find(({ sum }) => sum === e)?.instead ?? null);
    return { ...kernel, body: go(kernel.body) };
  };
  const fits = (k: Kernel): boolean => readsOf(rootsOf(k)).length + uniformsOf(k).length <= maxArrayArguments;
  const free = parts.filter(({ buffer }) => !taken.has(buffer.id));
  const found = free.reduce<readonly Part[]>(
    (some, part) => (fits(without([...some, part])) ? [...some, part] : some),
    [],
  );
  return { kernel: found.length === 0 ? kernel : without(found), parts: found };
};

/** Parts of each position of a sum's outermost axis. */
const shares = (kernel: Kernel, output: readonly LoopAxis[]): readonly Part[] =>
  reduces(kernel.body)
    .filter((sum) => splittable(sum, output))
    .flatMap((sum, i) => {
      const [first, ...rest] = sum.over;
      if (first === undefined) return [];
      const { name, size } = first.axis;
      const suffix = `_by_${name}${i === 0 ? '' : `_${i + 1}`}`;
      const id = `${kernel.output}${suffix}`;
      // The result has all positions of an axis whose rows it lacks, so the parts have: a cell that a row is too short for is no 0.
      const axes = [
        { name, size },
        ...output.map((a): LoopAxis => (a.ragged?.rows === name ? { name: a.name, size: a.size } : a)),
      ];
      return [
        {
          sum,
          instead: { ...sum, over: [first], body: { kind: 'read', buffer: id, at: axes.map(at), dtype: 'f32' } },
          buffer: { id, dtype: 'f32', axes, role: 'temp' },
          kernel: {
            ...kernel,
            name: `${kernel.name}${suffix}`,
            output: id,
            body: { ...sum, over: rest },
            comment: `${kernel.comment}: the part of each ${name}`,
          },
        },
      ];
    });

/**
 * What a collect sums at each of its positions hangs on the position alone, and there are more of these (pairs of positions) than
 * targets (their distances): it is summed before.
 */
const terms = (kernel: Kernel): readonly Part[] => {
  const free = freeVariables();
  const found = outermost(kernel.body).flatMap((e) => {
    if (e.kind !== 'collect') return [];
    const axes = e.over.map(({ axis }) => axis);
    return reduces(e.body)
      .filter((sum) => sum.dtype === 'f32' && [...free(sum)].every((name) => axes.some((a) => a.name === name)))
      .map((sum) => ({ sum, axes: axes.filter(({ name }) => free(sum).has(name)) }));
  });
  const { where: _, ...rest } = kernel;
  return found.map(({ sum, axes }, i) => {
    const suffix = `_summed${i === 0 ? '' : `_${i + 1}`}`;
    const id = `${kernel.output}${suffix}`;
    return {
      sum,
      instead: { kind: 'read', buffer: id, at: axes.map(at), dtype: 'f32' },
      buffer: { id, dtype: 'f32', axes, role: 'temp' },
      kernel: {
        ...rest,
        name: `${kernel.name}${suffix}`,
        output: id,
        body: sum,
        comment: `${kernel.comment}: what it collects`,
      },
    };
  });
};

export const splitReductions = (entry: Entry): Entry => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const taken = new Set(buffers.keys());
  const results = entry.kernels.map((whole): Parts => {
    const info = buffers.get(whole.output);
    if (info === undefined || whole.loop !== undefined || info.dtype !== 'f32' || !few(info.axes))
      return { kernel: whole, parts: [] };
    const before = cut(whole, terms(whole), taken);
    const { kernel, parts } = cut(before.kernel, shares(before.kernel, info.axes), taken);
    return { kernel, parts: [...before.parts, ...parts] };
  });
  return {
    ...entry,
    buffers: [...entry.buffers, ...results.flatMap(({ parts }) => parts.map(({ buffer }) => buffer))],
    kernels: results.flatMap(({ kernel, parts }) => [...parts.map((p) => p.kernel), kernel]),
  };
};
