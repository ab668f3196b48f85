/** Opens what the gpu target emitted on one of gpu.js's devices. */
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { DeviceName, GpuDevice } from '../contract/compiled.js';
import { messageOf } from '../errors.js';
import type { Draw } from '../contract/random.js';
import type { Data, Manifest, Session, Sizes } from '../contract/session.js';
import { type Choice, choose, tryOut } from './choose.js';
import { type Gpu, type Library, loadLibrary } from './gpujs.js';
import { hostStage } from './host.js';
import { type DevicePlan, degraded, devicePlan } from './pipeline.js';
import { type GpuModule, type Numbers, type PlanEntry, cells, unbound, undispatchable } from '../contract/gpu-plan.js';
import { calledBy, inputsById, type PlanBuffer } from '../contract/plan.js';
import { stateStore } from './states.js';
import { type Device, executorDevice, watch } from './resident.js';
import { plural } from '../contract/words.js';

type Given = Readonly<Record<string, Data>>;

const numeric = {
  argumentTypes: (n: number): Readonly<Record<string, string>> =>
    Object.fromEntries(['x', 'y'].slice(0, n).map((p) => [p, 'Number'])),
  returnType: 'Number',
};

const handedOut = (info: PlanBuffer | undefined, value: Numbers): Data =>
  info !== undefined && info.dtype !== 'f32' ? Int32Array.from(value) : Float32Array.from(value);

/** An entry, ready to run: its host stage, and its device plans for a run and for an inspection, built when first needed. */
interface Runner {
  readonly entry: PlanEntry;
  readonly infos: ReadonlyMap<string, PlanBuffer>;
  readonly host: ReturnType<typeof hostStage>;
  readonly plan: (all: boolean) => DevicePlan;
  readonly plans: () => readonly DevicePlan[];
  /** Neither the host's work nor an output needs the values of a state that some entry advances, so states can stay on the device. */
  readonly lean: boolean;
}

const runner =
  (gpu: Gpu, library: Library, device: GpuDevice, sizes: Sizes, advanced: ReadonlySet<string>) =>
  (entry: PlanEntry): Runner => {
    const computed = entry.device.map((s) => s.output);
    const wanted = new Set([...Object.values(entry.outputs), ...Object.values(entry.updates)]);
    const plans = new Map<boolean, DevicePlan>();
    const onHost = entry.host.flatMap((s) => (s.kind === 'compute' ? s.args : [s.index]));
    return {
      entry,
      infos: new Map(entry.buffers.map((b) => [b.id, b])),
      host: hostStage(entry, sizes),
      plan: (all) => {
        const found = plans.get(all);
        if (found !== undefined) return found;
        const fresh = devicePlan(
          gpu,
          library,
          device,
          entry,
          sizes,
          all ? computed : computed.filter((id) => wanted.has(id)),
        );
        plans.set(all, fresh);
        return fresh;
      },
      plans: () => [...plans.values()],
      lean: ![...onHost, ...Object.values(entry.outputs)].some((id) => advanced.has(id)),
    };
  };

/** The values of one run by buffer: given, computed on the host, computed on the device. */
type Values = (id: string) => Numbers;

/** What the first kernel showed. */
interface Probed {
  readonly kind: string;
  readonly device: Device | null;
}

/** The running session. Imperative: it owns the states and the device's resources; runs follow one another. */
const session = (
  module: GpuModule,
  manifest: Manifest,
  gpu: Gpu,
  library: Library,
  { device, detail }: Choice,
  probed: Probed,
  sizes: Sizes,
): Session => {
  const advanced = new Set(module.entries.flatMap((e) => Object.keys(e.updates)));
  const runners = new Map(
    module.entries.map((entry) => [entry.name, runner(gpu, library, device, sizes, advanced)(entry)]),
  );
  const stateBuffers = module.entries.flatMap((e) => e.buffers.filter((b) => b.role === 'state'));
  const ids = new Map(stateBuffers.map((b) => [calledBy(b), b.id]));
  const idOf = (state: string): string => ids.get(state) ?? state;
  const length = new Map([
    ...manifest.states.map(
      ({ name, shape }) =>
        [idOf(name), shape.reduce<number>((n, s) => n * (typeof s === 'number' ? s : (sizes[s] ?? 1)), 1)] as const,
    ),
    ...stateBuffers.map((b) => [b.id, cells(b.axes, sizes)] as const),
  ]);
  const names = new Map(stateBuffers.map((b) => [b.id, calledBy(b)]));
  const states = stateStore(length, device === 'webgpu' ? probed.device : null);
  let last: Promise<unknown> = Promise.resolve();
  let kind = probed.kind;
  const faults = watch(probed.device);
  let closed = false;

  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(() => {
      if (closed) throw new Error('The session is closed.');
      return work();
    });
    last = next.catch(() => undefined);
    return next;
  };

  const execute = async (
    name: string,
    given: Given,
    draw: Draw,
    all: boolean,
  ): Promise<{ readonly runner: Runner; readonly values: Values; readonly resident: boolean }> => {
    const found = runners.get(name);
    if (found === undefined)
      throw new Error(`The model has no entry '${name}'; it has ${[...runners.keys()].join(', ')}.`);
    const { entry, host } = found;
    const inputs = inputsById(entry.buffers, given);
    for (const b of entry.buffers) {
      if (b.role === 'input' && inputs[b.id]?.length !== cells(b.axes, sizes))
        throw new Error(
          `The input '${calledBy(b)}' of '${name}' needs ${plural(cells(b.axes, sizes), 'value')} and got ${inputs[b.id]?.length ?? 'none'}.`,
        );
    }
    if (all || !found.lean) await states.toHost();
    const known = (id: string): Numbers | undefined => inputs[id] ?? states.get(id);
    const onHost = host.run(known, draw);
    const before: Values = (id) => {
      const value = onHost.get(id) ?? known(id);
      if (value === undefined) throw new Error(`Nothing computes '${id}'.`);
      return value;
    };
    if (entry.device.length === 0) return { runner: found, values: before, resident: false };
    const plan = found.plan(all);
    const vault = all || !found.lean ? null : states.toDevice();
    const running = vault === null ? null : plan.resident(vault, before);
    if (running === null) await states.toHost();
    const onDevice = await (running ?? plan.call(before));
    const fault = faults.take();
    if (fault !== null) throw new Error(`${device} reports: ${fault}`);
    kind = `${plan.kind()}${running === null ? '' : ', states resident'}`;
    return { runner: found, values: (id) => onDevice.get(id) ?? before(id), resident: running !== null };
  };

  return {
    get backend() {
      return `${device} (${[kind, detail].filter((s) => s !== '').join(', ')})`;
    },
    run: (name, inputs, draw) =>
      queued(async () => {
        const {
          runner: { entry, infos },
          values,
          resident,
        } = await execute(name, inputs, draw, false);
        const outputs = Object.fromEntries(
          Object.entries(entry.outputs).map(([key, id]) => [key, handedOut(infos.get(id), values(id))]),
        );
        if (resident) states.changed(Object.keys(entry.updates));
        else
          states.set(
            new Map(Object.entries(entry.updates).map(([state, id]) => [state, Float32Array.from(values(id))])),
          );
        return outputs;
      }),
    inspect: (name, inputs, draw) =>
      queued(async () => {
        const {
          runner: { entry, infos },
          values,
        } = await execute(name, inputs, draw, true);
        const given = entry.buffers
          .filter((b) => b.role === 'input' || b.role === 'state')
          .map((b) => ({ name: calledBy(b), id: b.id }));
        const computed = [...entry.host.flatMap((s) => (s.kind === 'compute' ? [s] : [])), ...entry.device].map(
          (s) => ({ name: s.name, id: s.output }),
        );
        return [...given, ...computed].map(({ name: called, id }) => ({
          name: called,
          data: handedOut(infos.get(id), values(id)),
        }));
      }),
    read: () =>
      queued(async () => {
        await states.toHost();
        return Object.fromEntries(
          [...length.keys()].map((id) => [names.get(id) ?? id, (states.get(id) ?? new Float32Array(0)).slice()]),
        );
      }),
    write: (values) =>
      queued(async () => {
        for (const [name, value] of Object.entries(values)) {
          const due = length.get(idOf(name));
          if (due === undefined) throw new Error(`The model has no state '${name}'.`);
          if (value.length !== due)
            throw new Error(`The state '${name}' has ${plural(due, 'value')}, not ${value.length}.`);
        }
        await states.toHost();
        runners.forEach(({ host }) => host.forget());
        states.set(new Map(Object.entries(values).map(([name, value]) => [idOf(name), value.slice()])));
      }),
    dispose: async () => {
      if (closed) return;
      await last;
      closed = true;
      for (const { plans } of runners.values()) for (const plan of plans()) await plan.destroy();
      states.destroy();
      faults.stop();
      await gpu.destroy();
    },
  };
};

/**
 * A session of fixed sizes on the device demanded, or on the best that answers. The Left says what is missing and what to
 * do; no device stands in for another.
 */
export const openGpu = async (
  module: GpuModule,
  manifest: Manifest,
  wanted: DeviceName | 'auto',
  sizes: Sizes,
): Promise<Either<string, Session>> => {
  if (wanted === 'wasm' || wanted === 'native')
    return left(
      `This trainer carries no kernels ${wanted === 'wasm' ? 'of our own WebAssembly' : 'in C'}; compile the model with --target ${wanted === 'wasm' ? 'all' : 'native'}, or choose webasm.`,
    );
  const device: GpuDevice | 'auto' = wanted;
  if (module.format !== 1)
    return left(`These kernels have format ${module.format}; this runtime reads format 1. Compile the model again.`);
  const missing = unbound(module, sizes);
  if (missing.length > 0) return left(`The model needs a positive size for ${missing.join(', ')}.`);
  try {
    const library = await loadLibrary();
    const chosen = await choose(library, device);
    if (chosen._tag === 'Left') return chosen;
    const large = chosen.right.device === 'webgpu' ? undispatchable(module, sizes) : [];
    if (large.length > 0)
      return left(
        `webgpu cannot run kernels of the size of ${large.join(', ')} (at most 524,280 positions along the last axis but one, 65,535 before it). Choose smaller sizes or another device.`,
      );
    const gpu = new library.GPU({ mode: chosen.right.device });
    module.helpers.forEach((helper) =>
      gpu.addFunction(helper, { argumentTypes: numeric.argumentTypes(helper.length), returnType: numeric.returnType }),
    );
    let probed: Probed = { kind: '', device: null };
    const wrong = await tryOut(
      gpu,
      (pipeline) => {
        probed = { kind: pipeline.executorKind, device: executorDevice(pipeline) };
        return degraded(chosen.right.device, pipeline);
      },
      library.input(Float32Array.of(1, 2, 3, 4), [4]),
    );
    if (wrong !== null) {
      await gpu.destroy();
      return left(`${chosen.right.device} does not work here: ${wrong}`);
    }
    return right(session(module, manifest, gpu, library, chosen.right, probed, sizes));
  } catch (e) {
    return left(`${device} does not work here: ${messageOf(e)}`);
  }
};
