/**
 * States that stay in GPU memory from run to run. A gpu.js pipeline takes every argument from the host and hands every
 * result back, which for an optimizer's states costs more than the step. Its fused WebGPU executor holds all that is
 * needed to do better: the compute passes, the argument buffers and the result buffers. Here those passes are recorded
 * with copies around them, from the states' own buffers and back, inside the same encoder.
 *
 * This reads fields of gpu.js 2.24 that are not its public face. Where they look different `residentRun` returns null and
 * states travel with the arguments, as on every other device.
 */
import type { Pipeline } from './gpujs.js';

interface Buffer {
  destroy(): void;
  mapAsync(mode: number): Promise<unknown>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
}
interface Pass {
  setPipeline(p: unknown): void;
  setBindGroup(i: number, g: unknown): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
  end(): void;
}
interface Encoder {
  beginComputePass(): Pass;
  copyBufferToBuffer(from: Buffer, fromOffset: number, to: Buffer, toOffset: number, bytes: number): void;
  finish(): unknown;
}
export interface Device {
  createBuffer(settings: { readonly size: number; readonly usage: number }): Buffer;
  createCommandEncoder(): Encoder;
  readonly queue: {
    writeBuffer(to: Buffer, offset: number, data: Float32Array): void;
    submit(list: readonly unknown[]): void;
  };
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
  removeEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}
interface Executor {
  readonly kind: string;
  readonly _device: Device;
  readonly _argRegions: ReadonlyMap<number, { readonly flatLength: number; readonly buffer: Buffer }>;
  readonly _passes: readonly {
    readonly pipeline: unknown;
    readonly bindGroup: unknown;
    readonly groups: readonly [number, number, number];
  }[];
  readonly _resultReads: readonly { readonly kind: string; readonly buffer: Buffer; readonly byteLength: number }[];
  readonly _paramsRecords: readonly { readonly perCall?: unknown }[];
}

const has = (x: object, fields: readonly string[]): boolean =>
  fields.every((f) => Reflect.get(x, f) !== undefined && Reflect.get(x, f) !== null);
const isExecutor = (x: unknown): x is Executor => {
  if (
    typeof x !== 'object' ||
    x === null ||
    !has(x, ['kind', '_device', '_argRegions', '_passes', '_resultReads', '_paramsRecords'])
  )
    return false;
  const [regions, passes, reads, params]: readonly unknown[] = [
    '_argRegions',
    '_passes',
    '_resultReads',
    '_paramsRecords',
  ].map((f) => Reflect.get(x, f));
  return (
    regions instanceof Map &&
    [...regions.values()].every((r) => has(r, ['buffer', 'flatLength'])) &&
    Array.isArray(passes) &&
    passes.every((p) => has(p, ['pipeline', 'bindGroup', 'groups'])) &&
    Array.isArray(reads) &&
    reads.every((r) => has(r, ['kind', 'buffer', 'byteLength'])) &&
    Array.isArray(params) &&
    params.every((p) => !Reflect.get(p, 'perCall'))
  );
};

// Pinned by the WebGPU specification; the names are globals only where WebGPU is.
const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8 } as const;
const mapRead = 1;

/** The states on one GPU. Imperative: it owns buffers. */
export interface Vault {
  readonly device: Device;
  readonly put: (name: string, data: Float32Array) => void;
  readonly has: (name: string) => boolean;
  readonly buffer: (name: string) => Buffer | undefined;
  readonly get: (names: readonly string[]) => Promise<ReadonlyMap<string, Float32Array>>;
  readonly destroy: () => void;
}

/** Copies buffers to the host through one staging buffer. `record` puts work before the copies in the same submission. */
const readBack = async (
  device: Device,
  from: readonly { readonly buffer: Buffer; readonly bytes: number }[],
  record: (encoder: Encoder) => void,
): Promise<readonly Float32Array[]> => {
  const encoder = device.createCommandEncoder();
  record(encoder);
  const total = from.reduce((n, { bytes }) => n + bytes, 0);
  const staging = total === 0 ? null : device.createBuffer({ size: total, usage: usage.mapRead | usage.copyTarget });
  const offsets = from.map((_, i) => from.slice(0, i).reduce((n, { bytes }) => n + bytes, 0));
  if (staging !== null)
    from.forEach(({ buffer, bytes }, i) => encoder.copyBufferToBuffer(buffer, 0, staging, offsets[i] ?? 0, bytes));
  device.queue.submit([encoder.finish()]);
  if (staging === null) return [];
  await staging.mapAsync(mapRead);
  const mapped = staging.getMappedRange();
  const values = from.map(({ bytes }, i) => new Float32Array(mapped.slice(offsets[i] ?? 0, (offsets[i] ?? 0) + bytes)));
  staging.unmap();
  staging.destroy();
  return values;
};

export const vault = (device: Device): Vault => {
  const held = new Map<string, { readonly buffer: Buffer; readonly bytes: number }>();
  return {
    device,
    put: (name, data) => {
      const found = held.get(name) ?? {
        buffer: device.createBuffer({ size: data.byteLength, usage: usage.copySource | usage.copyTarget }),
        bytes: data.byteLength,
      };
      held.set(name, found);
      device.queue.writeBuffer(found.buffer, 0, data);
    },
    has: (name) => held.has(name),
    buffer: (name) => held.get(name)?.buffer,
    get: async (names) => {
      const wanted = names.flatMap((name) => {
        const found = held.get(name);
        return found === undefined ? [] : [{ name, ...found }];
      });
      const values = await readBack(device, wanted, () => undefined);
      return new Map(wanted.map(({ name }, i) => [name, values[i] ?? new Float32Array(0)]));
    },
    destroy: () => held.forEach(({ buffer }) => buffer.destroy()),
  };
};

export const executorDevice = ({ pipeline }: Pipeline): Device | null =>
  isExecutor(pipeline._executor) ? pipeline._executor._device : null;

export interface ResidentPlan {
  /** Argument ids in the pipeline's order, and result ids in its order. */
  readonly args: readonly string[];
  readonly results: readonly string[];
  /** State to the result that is its new value. */
  readonly updates: Readonly<Record<string, string>>;
  readonly outputs: ReadonlySet<string>;
}

/**
 * Runs a compiled pipeline on states in the vault: arguments that are states are copied on the device, new states too, and
 * only `outputs` come back. Null where the pipeline is not one we can run so.
 */
export const residentRun = (
  pipeline: Pipeline,
  states: Vault,
  plan: ResidentPlan,
  value: (id: string) => Float32Array,
): Promise<ReadonlyMap<string, Float32Array>> | null => {
  const executor = pipeline.pipeline._executor;
  if (!isExecutor(executor) || executor._device !== states.device) return null;
  const source = (id: string): { readonly buffer: Buffer; readonly bytes: number } | undefined => {
    const read = executor._resultReads[plan.results.indexOf(id)];
    return read === undefined || read.kind !== 'step' ? undefined : { buffer: read.buffer, bytes: read.byteLength };
  };
  const inputs = [...executor._argRegions].map(([i, region]) => ({ id: plan.args[i] ?? '', region }));
  const outputs = plan.results.filter((id) => plan.outputs.has(id));
  const updates = Object.entries(plan.updates).map(([state, id]) => ({ to: states.buffer(state), from: source(id) }));
  if (
    updates.some(({ to, from }) => to === undefined || from === undefined) ||
    outputs.some((id) => source(id) === undefined)
  )
    return null;

  for (const { id, region } of inputs) {
    if (!states.has(id)) executor._device.queue.writeBuffer(region.buffer, 0, value(id));
  }
  const record = (encoder: Encoder): void => {
    for (const { id, region } of inputs) {
      const state = states.buffer(id);
      if (state !== undefined) encoder.copyBufferToBuffer(state, 0, region.buffer, 0, 4 * region.flatLength);
    }
    // One pass: each dispatch sees what those before it wrote, and a pass of its own takes longer to record than many run.
    const pass = encoder.beginComputePass();
    for (const { pipeline: code, bindGroup, groups } of executor._passes) {
      pass.setPipeline(code);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
    for (const { to, from } of updates) {
      if (to !== undefined && from !== undefined) encoder.copyBufferToBuffer(from.buffer, 0, to, 0, from.bytes);
    }
  };
  return readBack(
    executor._device,
    outputs.flatMap((id) => source(id) ?? []),
    record,
  ).then((values) => new Map(outputs.map((id, i) => [id, values[i] ?? new Float32Array(0)])));
};

export interface Watch {
  /** The first error since the last look: a shader that does not compile otherwise only leaves zeros behind. */
  readonly take: () => string | null;
  readonly stop: () => void;
}

/** Listens for what WebGPU reports outside of any call. */
export const watch = (device: Device | null): Watch => {
  const heard: string[] = [];
  const listener = ({ error }: { readonly error: { readonly message: string } }): void =>
    void heard.push(error.message);
  device?.addEventListener('uncapturederror', listener);
  return {
    take: () => heard.splice(0)[0] ?? null,
    stop: () => device?.removeEventListener('uncapturederror', listener),
  };
};
