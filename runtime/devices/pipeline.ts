/** One entry's device kernels as one gpu.js pipeline: the whole step is a single fused plan where the mode can fuse. */
import type { GpuDevice } from '../contract/compiled.js';
import type { Sizes } from '../contract/session.js';
import type { Gpu, Library, Pipeline } from './gpujs.js';
import {
  type DeviceLoop,
  type DeviceStep,
  type Numbers,
  type PlanEntry,
  cells,
  extent,
  shape,
} from '../contract/gpu-plan.js';
import type { PlanBuffer } from '../contract/plan.js';
import { type Vault, residentRun } from './resident.js';

export interface DevicePlan {
  /** Runs the plan; `value` gives host-side buffers. The results are the buffers asked for, each flat and row-major. */
  readonly call: (value: (id: string) => Numbers) => Promise<ReadonlyMap<string, Float32Array>>;
  /** The same on states in the vault, handing back the entry's outputs only. Null before the first call, and where states must travel. */
  readonly resident: (
    states: Vault,
    value: (id: string) => Numbers,
  ) => Promise<ReadonlyMap<string, Float32Array>> | null;
  /** What ran the last call: `fused-encoder`, `fused-threaded`, `fused-sync`, `generic`. */
  readonly kind: () => string;
  readonly pipeline: Pipeline;
  readonly destroy: () => Promise<void>;
}

/** Loops whose bounds are data end here without a word unless it is beyond every loop; float32 counts exactly up to it. */
const loopMaxIterations = 2 ** 24;

const settings = (
  step: DeviceStep,
  buffers: ReadonlyMap<string, PlanBuffer>,
  sizes: Sizes,
): Readonly<Record<string, unknown>> => ({
  output: shape(buffers.get(step.output)?.axes ?? [], sizes),
  constants: sizes,
  constantTypes: Object.fromEntries(Object.keys(sizes).map((name) => [name, 'Integer'])),
  returnType: 'Number',
  precision: 'single',
  loopMaxIterations,
});

/** Flat values of a result, which gpu.js hands back as rows of rows; on webasm and webgpu they are views of one array. */
const flatten = (value: unknown, length: number): Float32Array => {
  if (value instanceof Float32Array) return value;
  const rows: Float32Array[] = [];
  const visit = (v: unknown): void => {
    if (v instanceof Float32Array) rows.push(v);
    else if (Array.isArray(v)) v.forEach(visit);
  };
  visit(value);
  const first = rows[0];
  if (
    first !== undefined &&
    first.byteOffset === 0 &&
    first.buffer.byteLength === 4 * length &&
    rows.every((r) => r.buffer === first.buffer)
  )
    return new Float32Array(first.buffer);
  const out = new Float32Array(length);
  let at = 0;
  for (const row of rows) {
    out.set(row, at);
    at += row.length;
  }
  if (at !== length) throw new Error(`gpu.js returned ${at} cells where ${length} were due.`);
  return out;
};

/**
 * Asks the fused executors for flat results: rows of a table of 200,000 items take them 100 ms to build, and we only put
 * them together again. Reads a field that is not gpu.js's public face; where it is missing `flatten` does the work.
 */
const askFlat = ({ pipeline }: Pipeline): void => {
  const executor = pipeline._executor;
  const reads: unknown =
    typeof executor === 'object' && executor !== null ? Reflect.get(executor, '_resultReads') : undefined;
  if (!Array.isArray(reads)) return;
  for (const read of reads) {
    if (typeof read === 'object' && read !== null && 'kernel' in read)
      read.kernel = { _shapeOutput: (data: Float32Array) => data };
  }
};

/** What must have run for a device to have kept its word; gpu.js otherwise degrades to another without an error. */
const expected: { readonly [D in GpuDevice]: { readonly backend: string; readonly kinds: readonly string[] } } = {
  webgpu: { backend: 'webgpu', kinds: ['fused-encoder'] },
  webgl2: { backend: 'gpu', kinds: ['generic'] },
  webasm: { backend: 'webasm', kinds: ['fused-sync', 'fused-threaded'] },
  cpu: { backend: 'cpu', kinds: ['generic'] },
};

/** What to say where gpu.js ran another device than the one asked for; null where it kept to it. */
export const degraded = (device: GpuDevice, { backend, executorKind, fallbackReason }: Pipeline): string | null =>
  backend === expected[device].backend && expected[device].kinds.includes(executorKind)
    ? null
    : `${device} was asked for, but gpu.js ran ${backend ?? 'nothing'} (${executorKind}): ${fallbackReason ?? 'it gives no reason'}.`;

/** The exact float32 integers; beyond them neighbours fall together. */
const exactIntegers = 2 ** 24;

/** A plain loop: a `find` with a function takes longer than what it guards. */
const beyond = (values: Numbers): number | undefined => {
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x > exactIntegers || x < -exactIntegers) return x;
  }
  return undefined;
};

const floats = (info: PlanBuffer | undefined, id: string, value: Numbers): Float32Array => {
  if (value instanceof Float32Array) return value;
  const large = info?.dtype === 'i32' ? beyond(value) : undefined;
  if (large !== undefined)
    throw new Error(
      `'${id}' contains ${large}; a GPU computes integers in float32, exactly only up to 2^24. Count from a nearer origin, or use another device.`,
    );
  return new Float32Array(value);
};

/** What a loop's buffer holds before its first position. */
function blank(): number {
  return 0;
}

/** Steps side by side: those of one loop together. */
const loopsOf = (
  steps: readonly DeviceStep[],
): readonly { readonly loop: DeviceLoop | undefined; readonly members: readonly number[] }[] =>
  steps.reduce<readonly { readonly loop: DeviceLoop | undefined; readonly members: readonly number[] }[]>(
    (groups, { loop }, i) => {
      const last = groups.at(-1);
      return last !== undefined && loop?.id === last.loop?.id
        ? [...groups.slice(0, -1), { loop, members: [...last.members, i] }]
        : [...groups, { loop, members: [i] }];
    },
    [],
  );

const positions = ({ length, reverse }: DeviceLoop, sizes: Sizes): readonly number[] => {
  const forward = Array.from({ length: extent(length, sizes) }, (_, i) => i);
  return reverse ? forward.reverse() : forward;
};

/** `results`: the device buffers to hand back. Arguments are what the steps read and no step computes. */
export const devicePlan = (
  gpu: Gpu,
  library: Library,
  device: GpuDevice,
  entry: PlanEntry,
  sizes: Sizes,
  results: readonly string[],
): DevicePlan => {
  const buffers = new Map(entry.buffers.map((b) => [b.id, b]));
  const computed = new Set(entry.device.map((s) => s.output));
  const args = [...new Set(entry.device.flatMap((s) => s.args))].filter((id) => !computed.has(id));
  const kernels = entry.device.map((step) => gpu.createKernel(step.run, settings(step, buffers, sizes)));

  const blanks = entry.device.map((step) =>
    step.loop === undefined ? null : gpu.createKernel(blank, settings(step, buffers, sizes)),
  );

  const trace = (...handles: readonly unknown[]): unknown => {
    const known = new Map(args.map((id, i) => [id, handles[i]]));
    const run = (i: number, ...position: readonly number[]): void => {
      const step = entry.device[i]!;
      known.set(step.output, kernels[i]!(...step.args.map((id) => known.get(id)), ...position));
    };
    for (const { loop, members } of loopsOf(entry.device)) {
      if (loop === undefined) {
        members.forEach((i) => run(i));
        continue;
      }
      members.forEach((i) => known.set(entry.device[i]!.output, blanks[i]!()));
      for (const at of positions(loop, sizes)) members.forEach((i) => run(i, at));
    }
    return results.map((id) => known.get(id));
  };
  // gpu.js makes as many handles as the function declares parameters.
  Object.defineProperty(trace, 'length', { value: Math.max(1, args.length) });
  const pipeline = gpu.createPipeline(trace);

  const call = async (value: (id: string) => Numbers): Promise<ReadonlyMap<string, Float32Array>> => {
    const inputs = args.map((id) => {
      const info = buffers.get(id);
      const data = floats(info, id, value(id));
      return library.input(data, info === undefined ? [data.length] : shape(info.axes, sizes));
    });
    const values: unknown = await pipeline(...(inputs.length === 0 ? [0] : inputs));
    const broken = degraded(device, pipeline);
    if (broken !== null) throw new Error(broken);
    askFlat(pipeline);
    const list: readonly unknown[] = Array.isArray(values) ? values : [];
    return new Map(results.map((id, i) => [id, flatten(list[i], cells(buffers.get(id)?.axes ?? [], sizes))]));
  };
  const outputs = new Set(Object.values(entry.outputs));
  const resident: DevicePlan['resident'] = (states, value) =>
    residentRun(pipeline, states, { args, results, updates: entry.updates, outputs }, (id) =>
      floats(buffers.get(id), id, value(id)),
    );
  return { call, resident, kind: () => pipeline.executorKind, pipeline, destroy: () => pipeline.destroy() };
};
