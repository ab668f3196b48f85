/**
 * Decides where each kernel of an entry runs. gpu.js knows float32 only, so integers are the host's: kernels that compute
 * i32, the numbers of `uniform`, inverse indices for `collect`, and whatever these read. The rest goes to the device.
 */
import type { Buffer, Entry, Kernel, LoopAxis, Size } from '../../loops/ir.js';
import { exprText } from '../../loops/text.js';
import { type Collect, inverseId, targetsOf } from '../../loops/inverse.js';
import { once } from '../../../runtime/contract/once.js';
import { identifier } from './names.js';
import { interning } from '../../loops/intern.js';
import { rewrite } from '../../loops/rewrite.js';
import { freeVariables, loopAxes, nodes, readsOf } from '../../loops/shape.js';
import { narrowed } from './narrow.js';
import { existence, kernelReads, rootsOf, uniformsOf } from './reads.js';
import { splitReductions } from './split.js';

export interface Invert {
  readonly kind: 'invert';
  readonly output: string;
  readonly index: string;
  readonly axes: readonly LoopAxis[];
  readonly targets: Size;
  readonly once: boolean;
}
export interface Compute {
  readonly kind: 'compute';
  readonly kernel: Kernel;
  readonly once: boolean;
}

export interface Placement {
  /** The entry's buffers, and those that hold uniform numbers and inverse indices for the device. */
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly host: readonly (Invert | Compute)[];
  readonly device: readonly Kernel[];
}

export const collectsOf = (kernel: Kernel): readonly Collect[] =>
  [...nodes(rootsOf(kernel))].flatMap((e) => (e.kind === 'collect' ? [e] : []));

/** Every axis that a kernel's loops run over, by name. */
export const axesOf = (kernel: Kernel, buffers: ReadonlyMap<string, Buffer>): ReadonlyMap<string, LoopAxis> =>
  new Map([...loopAxes(rootsOf(kernel)), ...(buffers.get(kernel.output)?.axes ?? []).map((a) => [a.name, a] as const)]);

/** Kernels on the host, by output: integers, conditions on nothing but host data, and what host work reads. */
const hostOutputs = (entry: Entry, buffers: ReadonlyMap<string, Buffer>): ReadonlySet<string> => {
  const given = new Set(entry.buffers.filter((b) => b.role === 'input').map((b) => b.id));
  const integral = entry.kernels.reduce((known, kernel) => {
    const dtype = buffers.get(kernel.output)?.dtype;
    const local = dtype === 'bool' && kernelReads(kernel, buffers).every((id) => given.has(id) || known.has(id));
    return dtype === 'i32' || local ? new Set([...known, kernel.output]) : known;
  }, new Set<string>());
  const producer = new Map(entry.kernels.map((k) => [k.output, k]));
  const result = new Set<string>();
  const need = (id: string): void => {
    const kernel = producer.get(id);
    if (kernel === undefined || result.has(id)) return;
    result.add(id);
    kernelReads(kernel, buffers).forEach(need);
  };
  integral.forEach(need);
  entry.kernels.forEach((kernel) => {
    uniformsOf(kernel).forEach(({ counter }) => readsOf([counter]).forEach(need));
    collectsOf(kernel).forEach(({ index }) => need(index));
  });
  return result;
};

/** The numbers of a `uniform` inside a device kernel become a buffer over the loop variables of its counter. */
const drawOnHost = (
  kernel: Kernel,
  buffers: ReadonlyMap<string, Buffer>,
  drawn: Map<string, { readonly buffer: Buffer; readonly kernel: Kernel }>,
): Kernel => {
  if (uniformsOf(kernel).length === 0) return kernel;
  const free = freeVariables();
  const axes = axesOf(kernel, buffers);
  const go = rewrite((e) => {
    if (e.kind !== 'uniform') return null;
    const over = [...axes.values()].filter((a) => free(e.counter).has(a.name));
    const key = JSON.stringify([e.key, exprText(e.counter), over]);
    const taken = [...drawn.values()].length;
    const id = drawn.get(key)?.buffer.id ?? `uniform_${identifier(e.key)}${taken === 0 ? '' : `_${taken + 1}`}`;
    if (!drawn.has(key)) {
      drawn.set(key, {
        buffer: { id, dtype: 'f32', axes: over, role: 'temp' },
        kernel: { name: id, output: id, body: e, comment: `uniform numbers of '${e.key}' for ${kernel.name}` },
      });
    }
    return { kind: 'read', buffer: id, at: over.map((a) => ({ kind: 'index', axis: a.name })), dtype: 'f32' };
  });
  return { ...kernel, body: go(kernel.body), ...(kernel.where === undefined ? {} : { where: go(kernel.where) }) };
};

const shared = (kernel: Kernel): Kernel => {
  const share = interning();
  return { ...kernel, body: share(kernel.body), ...(kernel.where === undefined ? {} : { where: share(kernel.where) }) };
};

/**
 * `advanced`: the states that some entry of the program changes; all of them, unless it says. What hangs on no others and on no input is
 * computed once, and again when states are written.
 */
const placed = (given: Entry, advanced?: ReadonlySet<string>): Placement => {
  const entry = narrowed(splitReductions({ ...given, kernels: given.kernels.map(shared) }));
  const own = new Map(entry.buffers.map((b) => [b.id, b]));
  const onHost = hostOutputs(entry, own);
  const drawn = new Map<string, { readonly buffer: Buffer; readonly kernel: Kernel }>();
  const device = entry.kernels.filter((k) => !onHost.has(k.output)).map((k) => drawOnHost(k, own, drawn));
  const buffers = new Map([...own, ...[...drawn.values()].map(({ buffer }) => [buffer.id, buffer] as const)]);

  // In order: an inverse index right before the first host kernel that reads it, or after them all.
  const steps: (Invert | Compute)[] = [];
  const changes = ({ id, role }: Buffer): boolean =>
    role === 'input' || (role === 'state' && advanced?.has(id) !== false);
  const varying = new Set(entry.buffers.filter(changes).map((b) => b.id));
  const invert = (kernel: Kernel): void =>
    collectsOf(kernel).forEach((e) => {
      const output = inverseId(e);
      if (steps.some((s) => s.kind === 'invert' && s.output === output)) return;
      const axes = e.over.map(({ axis }) => axis);
      const once = ![e.index, ...existence(axes)].some((id) => varying.has(id));
      if (!once) varying.add(output);
      buffers.set(output, { id: output, dtype: 'i32', axes: [], role: 'temp' });
      steps.push({
        kind: 'invert',
        output,
        index: e.index,
        axes,
        targets: targetsOf(e, axesOf(kernel, own)) ?? 0,
        once,
      });
    });
  const compute = (kernel: Kernel): void => {
    invert(kernel);
    const once =
      uniformsOf(kernel).length === 0 &&
      !kernelReads(kernel, buffers).some((id) => varying.has(id)) &&
      !collectsOf(kernel).some((e) => varying.has(inverseId(e)));
    if (!once) varying.add(kernel.output);
    steps.push({ kind: 'compute', kernel, once });
  };
  entry.kernels.filter((k) => onHost.has(k.output)).forEach(compute);
  [...drawn.values()].forEach(({ kernel }) => compute(kernel));
  device.forEach(invert);
  return { buffers, host: steps, device };
};
const whatever = once((entry: Entry) => placed(entry));

export const place: typeof placed = (entry, advanced) =>
  advanced === undefined ? whatever(entry) : placed(entry, advanced);
