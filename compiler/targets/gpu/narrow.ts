/**
 * Fusion keeps kernels within what a WebGPU shader may read, but knows nothing of the conditions under which a kernel runs, which the
 * lowering finds. A kernel that reads too much computes a part of its value in a kernel of its own before.
 */
import { dtypeOf } from '../../loops/build.js';
import type { Buffer, Entry, Expr, Kernel } from '../../loops/ir.js';
import { maxArrayArguments } from '../../loops/limits.js';
import { rewrite } from '../../loops/rewrite.js';
import { kernelReads, uniformsOf } from './reads.js';

/** What is evaluated wherever the value is: what scalar functions make it of, and the conditions of its choices. */
const parts = (e: Expr): readonly Expr[] => {
  const here = e.kind === 'apply' ? e.args : e.kind === 'guard' ? [e.condition] : [];
  return here.flatMap((a) => [a, ...parts(a)]);
};

const isOnDevice = (e: Expr): boolean => e.kind !== 'literal' && e.kind !== 'read' && dtypeOf(e) !== 'i32';

type Buffers = ReadonlyMap<string, Buffer>;
interface Narrowed {
  readonly kernels: readonly Kernel[];
  readonly made: readonly Buffer[];
}

const narrow = (kernel: Kernel, buffers: Buffers): Narrowed => {
  const output = buffers.get(kernel.output);
  const reads = (k: Kernel): number =>
    kernelReads(k, new Map([...buffers, [k.output, output!]])).length + uniformsOf(k).length;
  if (output === undefined || output.dtype === 'i32' || kernel.loop !== undefined || reads(kernel) <= maxArrayArguments)
    return { kernels: [kernel], made: [] };
  const id = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `${kernel.output}_part_${i}`).find((name) => !buffers.has(name));
  if (id === undefined) return { kernels: [kernel], made: [] };
  const at = output.axes.map(({ name }): Expr => ({ kind: 'index', axis: name }));
  const [best] = [...new Set(parts(kernel.body))]
    .filter(isOnDevice)
    .map((part) => {
      const instead: Expr = { kind: 'read', buffer: id, at, dtype: dtypeOf(part) };
      const go = rewrite((e) => (e === part ? instead : null));
      const rest = { ...kernel, body: go(kernel.body) };
      const own = { ...kernel, name: id, output: id, body: part, comment: `${kernel.comment}: a part of it` };
      return { rest, own, made: { id, dtype: dtypeOf(part), axes: output.axes, role: 'temp' } as const };
    })
    .filter(({ rest, own }) => reads(own) <= maxArrayArguments && reads(rest) < reads(kernel))
    .sort((a, b) => reads(a.rest) - reads(b.rest));
  if (best === undefined) return { kernels: [kernel], made: [] };
  const after = narrow(best.rest, new Map([...buffers, [id, best.made]]));
  return { kernels: [best.own, ...after.kernels], made: [best.made, ...after.made] };
};

export const narrowed = (entry: Entry): Entry => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const results = entry.kernels.map((kernel) => narrow(kernel, buffers));
  return {
    ...entry,
    buffers: [...entry.buffers, ...results.flatMap(({ made }) => made)],
    kernels: results.flatMap(({ kernels }) => kernels),
  };
};
