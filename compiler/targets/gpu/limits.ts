/** What gpu.js cannot run, said of a loop program before anything is emitted. */
import { type Diagnostic, error } from '../../diagnostics.js';
import type { Buffer, Entry, Expr, Kernel, LoopProgram } from '../../loops/ir.js';
import { maxArrayArguments } from '../../loops/limits.js';
import { targetsOf } from '../../loops/inverse.js';
import { writeDevice } from './kernel.js';
import { axesOf, collectsOf, place } from './placement.js';
import { nodes } from '../../loops/shape.js';

export { maxArrayArguments };

type Check = (kernel: Kernel, entry: Entry, buffers: ReadonlyMap<string, Buffer>) => readonly Diagnostic[];
const roots = ({ body, where }: Kernel): readonly Expr[] => (where === undefined ? [body] : [where, body]);

const targets: Check = (kernel, _, buffers) => collectsOf(kernel)
  .filter((e) => targetsOf(e, axesOf(kernel, buffers)) === null)
  .map((e) => error(`'${kernel.name}' collects by '${e.index}' for a target that is no loop variable.`, kernel.source, 'Give the sum a kernel of its own and gather from its result.'));

const literals: Check = (kernel) => [...nodes(roots(kernel))]
  .filter((e) => e.kind === 'literal' && Number.isNaN(e.value))
  .map(() => error(`'${kernel.name}' contains a literal that is not a number.`, kernel.source));

const indices: Check = (kernel, _, buffers) => collectsOf(kernel)
  .filter((e) => (buffers.get(e.index)?.axes ?? []).map((a) => a.name).join() !== e.over.map(({ axis }) => axis.name).join())
  .map((e) => error(`'${kernel.name}' collects by '${e.index}' over other axes than that index has.`, kernel.source));

/** Right, but one thread of JavaScript: an integer that depends on real numbers takes what computes them to the host. */
const drawnToHost = (entry: Entry): readonly Diagnostic[] => {
  const { buffers, host } = place(entry);
  const own = new Set(entry.kernels.map((k) => k.output));
  return host.flatMap((step) => (step.kind === 'compute' && own.has(step.kernel.output) && buffers.get(step.kernel.output)?.dtype === 'f32' ? [{
    ...error(`'${step.kernel.name}' runs on the host: an integer depends on it.`, step.kernel.source, 'Keep such a choice in real numbers, or make it where the batch is made.'),
    severity: 'warning' as const,
  }] : []));
};

/** A loop's kernels run position by position, which the host's do not. */
const loopsOnHost = (entry: Entry): readonly Diagnostic[] => place(entry).host.flatMap((step) =>
  (step.kind !== 'compute' || step.kernel.loop === undefined ? [] : [error(
    `'${step.kernel.name}' is a step of a scan, and a whole number depends on it: gpu.js computes whole numbers apart, before the scan.`,
    step.kernel.source, 'Keep the choice in real numbers (where), or compile with --target wasm.')]));

const argumentsOf = (entry: Entry): readonly Diagnostic[] => {
  const { buffers, device } = place(entry);
  return device.flatMap((kernel) => {
    const { args } = writeDevice(kernel, buffers);
    return args.length <= maxArrayArguments ? [] : [error(
      `'${kernel.name}' reads ${args.length} arrays (${args.join(', ')}); a WebGPU kernel can read ${maxArrayArguments}.`,
      kernel.source, 'Split the kernel, or fuse fewer maps into it.')];
  });
};

/** Errors; empty where every kernel can run. */
export const checkGpu = (program: LoopProgram): readonly Diagnostic[] => program.entries.flatMap((entry) => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const found = entry.kernels.flatMap((kernel) => [targets, literals, indices].flatMap((check) => check(kernel, entry, buffers)));
  return found.length > 0 ? found : [...loopsOnHost(entry), ...argumentsOf(entry)];
});

/** Warnings of what runs, but slowly. The program has passed `checkGpu`. */
export const adviseGpu = (program: LoopProgram): readonly Diagnostic[] => program.entries.flatMap(drawnToHost);
