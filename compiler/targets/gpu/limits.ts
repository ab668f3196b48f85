/** What gpu.js cannot run, said of a loop program before anything is emitted. */
import { type Diagnostic, error } from '../../diagnostics.js';
import type { Buffer, Entry, Kernel, LoopProgram } from '../../loops/ir.js';
import { maxArrayArguments } from '../../loops/limits.js';
import { targetsOf } from '../../loops/inverse.js';
import { deviceKernels } from './device.js';
import { axesOf, collectsOf, place } from './placement.js';
import { rootsOf } from './reads.js';
import { nodes } from '../../loops/shape.js';

export { maxArrayArguments };

/** What the lowering promises of a collect, whatever the model: gpu.js runs along an inverse index by the cell's own position. */
const promised = (kernel: Kernel, buffers: ReadonlyMap<string, Buffer>): void =>
  collectsOf(kernel).forEach((e) => {
    if (targetsOf(e, axesOf(kernel, buffers)) === null)
      throw new Error(`'${kernel.name}' collects by '${e.index}' for a target that is no loop variable`);
    const own = (buffers.get(e.index)?.axes ?? []).map((a) => a.name).join();
    if (own !== e.over.map(({ axis }) => axis.name).join())
      throw new Error(`'${kernel.name}' collects by '${e.index}' over other axes than that index has`);
  });

const literals = (kernel: Kernel): readonly Diagnostic[] =>
  [...nodes(rootsOf(kernel))]
    .filter((e) => e.kind === 'literal' && Number.isNaN(e.value))
    .map(() => error('PC6005', `'${kernel.name}' contains a constant that is not a number`, kernel.source));

/** A loop's kernels run position by position, which the host's do not. */
const loopsOnHost = (entry: Entry): readonly Diagnostic[] =>
  place(entry).host.flatMap((step) =>
    step.kind !== 'compute' || step.kernel.loop === undefined
      ? []
      : [
          error(
            'PC6004',
            `'${step.kernel.name}' is a step of a scan, and a whole number depends on it: gpu.js computes whole numbers apart, before the scan`,
            step.kernel.source,
            'keep the choice in real numbers (where), or compile with --target wasm',
          ),
        ],
  );

/** What fusion promises. */
const fitting = (entry: Entry): void =>
  deviceKernels(entry).forEach(({ kernel, written: { args } }) => {
    if (args.length > maxArrayArguments)
      throw new Error(
        `'${kernel.name}' reads ${args.length} arrays (${args.join(', ')}); a WebGPU kernel can read ${maxArrayArguments}`,
      );
  });

/** Errors; empty where every kernel can run. */
export const checkGpu = (program: LoopProgram): readonly Diagnostic[] =>
  program.entries.flatMap((entry) => {
    const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
    entry.kernels.forEach((kernel) => promised(kernel, buffers));
    const found = entry.kernels.flatMap(literals);
    if (found.length > 0) return found;
    fitting(entry);
    return loopsOnHost(entry);
  });
