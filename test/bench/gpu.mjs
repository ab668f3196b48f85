/**
 * A training step on a GPU through gpu.js: how long it takes and where that time goes, and how far it is from the same step on `wasm`.
 *
 *   npm run build && node test/bench/gpu.mjs --data FILE [--model hstu,sasrec] [--device webgpu] [--batch 128] [--length 200] [--width 50] [--blocks 2]
 *     [--negatives 128] [--draws batch] [--dropout 0.2] [--steps 20] [--kernels 12]
 *
 * Of the steps, after as many to warm up: the median, its parts on the host (whole numbers, random numbers, what travels, recording), what
 * was waited for the GPU, and the kernels that it took longest for, where it has clocks. Checked over three steps from the same start.
 */
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { emit, hyperValues, modelPath, open, toolchain, trace } from 'pcrec/compiler';
import { initialStates, load, openGpu, openWasm, split, trainingBatches } from 'pcrec/runtime';
import { median, value } from './common.mjs';

const text = (name, standard) => [name, { type: 'string', default: standard }];
const { values: given } = parseArgs({
  options: Object.fromEntries([
    text('data', 'sample'),
    text('model', 'hstu'),
    text('device', 'webgpu'),
    text('batch', '128'),
    text('length', '200'),
    text('width', '50'),
    text('blocks', '2'),
    text('negatives', '128'),
    text('draws', 'batch'),
    text('dropout', '0.2'),
    text('steps', '20'),
    text('kernels', '12'),
  ]),
});
const number = (name) => Number(given[name]);

/** Kernels that are clocked at once: WebGPU has no larger sets of times. */
const MOST = 2048;
/** What happens to the device, heard at its doors. Dawn alone; elsewhere a step is one time. */
const heard = { marks: [], bytes: 0, clocks: null };
const listen = async () => {
  const { create, globals } = await import('webgpu').catch(() => ({}));
  if (create === undefined) return;
  for (const [key, of] of Object.entries(globals))
    Object.defineProperty(globalThis, key, { value: of, configurable: true, writable: true });
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  const around = (of, name, wrap) => {
    const inner = of[name];
    of[name] = function (...args) {
      return wrap(() => inner.apply(this, args), args, this);
    };
  };
  const mark = (what) => heard.marks.push([what, performance.now()]);
  around(globals.GPUQueue.prototype, 'writeBuffer', (run, [, , data]) => {
    heard.bytes += data.byteLength;
    mark('write');
    run();
    mark('written');
  });
  around(globals.GPUQueue.prototype, 'submit', (run) => {
    run();
    mark('submitted');
  });
  around(globals.GPUBuffer.prototype, 'mapAsync', async (run) => {
    await run();
    mark('mapped');
  });
  around(globals.GPUDevice.prototype, 'createCommandEncoder', (run) => {
    mark('encode');
    return run();
  });
  around(globals.GPUAdapter.prototype, 'requestDevice', async (run, args, adapter) => {
    const { features } = adapter;
    const wanted = [...features].filter((f) => f === 'timestamp-query');
    args[0] = { ...args[0], requiredFeatures: wanted };
    const device = await run();
    if (wanted.length > 0) heard.clocks = device;
    return device;
  });
  // A kernel that is to be clocked gets a pass of its own.
  around(globals.GPUCommandEncoder.prototype, 'beginComputePass', (run, args) => {
    const { timing } = heard;
    if (timing === undefined) return run();
    const set = {};
    return {
      setPipeline: (pipeline) => void (set.pipeline = pipeline),
      setBindGroup: (_, group) => void (set.group = group),
      dispatchWorkgroups: (...groups) => {
        const at = timing.next++;
        args[0] =
          at < MOST
            ? {
                timestampWrites: {
                  querySet: timing.set,
                  beginningOfPassWriteIndex: 2 * at,
                  endOfPassWriteIndex: 2 * at + 1,
                },
              }
            : {};
        const pass = run();
        pass.setPipeline(set.pipeline);
        pass.setBindGroup(0, set.group);
        pass.dispatchWorkgroups(...groups);
        pass.end();
      },
      end: () => undefined,
    };
  });
  if (typeof navigator === 'undefined')
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
  const adapter = await gpu.requestAdapter();
  if (adapter === null) return;
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  const { maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension, maxStorageBuffersPerShaderStage } =
    adapter.limits;
  const { vendor, architecture, device, description } = adapter.info;
  console.log(
    `adapter ${[vendor, architecture, device, description].join(' ')}: storage buffers of ${maxStorageBufferBindingSize / 2 ** 20} MiB, ${maxStorageBuffersPerShaderStage} a kernel, ${maxComputeWorkgroupsPerDimension} groups along an axis; clocks ${adapter.features.has('timestamp-query')}`,
  );
};
await listen();

/** Milliseconds of each pass of one step, in their order. */
const clocked = async (step) => {
  const device = heard.clocks;
  const set = device.createQuerySet({ type: 'timestamp', count: 2 * MOST });
  heard.timing = { set, next: 0 };
  await step();
  const count = Math.min(MOST, heard.timing.next);
  heard.timing = undefined;
  const size = 16 * count;
  const resolved = device.createBuffer({ size, usage: 0x200 | 0x4 });
  const back = device.createBuffer({ size, usage: 0x1 | 0x8 });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(set, 0, 2 * count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, back, 0, size);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(1);
  const times = new BigInt64Array(back.getMappedRange().slice(0));
  back.unmap();
  return {
    passes: Array.from({ length: count }, (_, i) => Number(times[2 * i + 1] - times[2 * i]) / 1e6),
    whole: count === 0 ? 0 : Number(times[2 * count - 1] - times[0]) / 1e6,
  };
};

/** The largest difference of an array, as a share of its largest number. */
const apart = (got, want) => {
  const scale = want.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
  return want.reduce((most, x, i) => Math.max(most, Number.isNaN(got[i]) ? Infinity : Math.abs(got[i] - x)), 0) / scale;
};

const data = value(await load(given.data));
for (const name of given.model.split(',')) {
  const opened = value(open(value(modelPath(`models/${name}.ts`, process.cwd()))));
  const known = ['length', 'width', 'blocks', 'negatives', 'draws', 'dropout'].filter((k) => k in opened.model.hyper);
  const compiled = value(
    toolchain.compile(
      value(trace(opened, value(hyperValues(opened.model, { set: known.map((k) => `${k}=${given[k]}`) })))),
    ),
  );
  const kernels = async (target) => {
    const folder = join(process.cwd(), 'build', 'bench', `${name}-${target.file}`);
    mkdirSync(folder, { recursive: true });
    value(emit(compiled, target, toolchain.targets, folder));
    return (await import(pathToFileURL(join(folder, target.file)).href)).program;
  };
  const { manifest } = compiled;
  const windows = trainingBatches(split(data, 'hstu'), {
    batch: number('batch'),
    length: number('length'),
    seed: 1,
    epoch: 0,
    horizon: manifest.entries.train.inputs.some((input) => input.name === 'targets') ? 'all' : 'last',
  });
  const batches = Array.from({ length: Math.min(windows.count, 10) }, (_, i) => ({
    ...windows.at(i),
    step: Float32Array.of(i + 1),
    steps: Float32Array.of(1000),
  }));
  const sizes = { batch: number('batch'), items: data.items.length, seen: 1 };
  const states = value(initialStates(1, sizes, manifest.states));
  const program = await kernels(toolchain.targets.gpu);
  const session = value(await openGpu(program, manifest, given.device, sizes));
  const other = value(await openWasm(await kernels(toolchain.targets.wasm), manifest, 'wasm', sizes));
  const threeSteps = async (of) => {
    await of.write(states);
    const losses = [];
    for (let i = 0; i < 3; i++)
      losses.push((await of.run('train', batches[i % batches.length], { seed: 1, step: i + 1 })).loss[0]);
    return { losses, states: await of.read() };
  };
  const began = performance.now();
  const [first, wanted] = [await threeSteps(session), await threeSteps(other)];
  const opening = performance.now() - began;
  const again = await threeSteps(session);
  const same = Object.entries(first.states).every(([key, list]) =>
    Buffer.from(list.buffer).equals(Buffer.from(again.states[key].buffer)),
  );
  const [far, where] = Object.entries(wanted.states)
    .map(([key, list]) => [apart(first.states[key], list), key])
    .sort(([a], [b]) => b - a)[0];

  let count = 0;
  const step = () => session.run('train', batches[count % batches.length], { seed: 1, step: ++count });
  const parts = [];
  const taken = [];
  for (let i = 0; i < 2 * number('steps'); i++) {
    heard.marks = [];
    heard.bytes = 0;
    const from = performance.now();
    await step();
    const to = performance.now();
    if (i < number('steps')) continue;
    taken.push(to - from);
    const at = (what, last = false) => {
      const found = heard.marks.filter(([w]) => w === what);
      return (last ? found.at(-1) : found[0])?.[1] ?? to;
    };
    parts.push({
      host: at('write') - from,
      upload: at('encode') - at('write'),
      record: at('submitted') - at('encode'),
      wait: at('mapped', true) - at('submitted'),
      rest: to - at('mapped', true),
      mebibytes: heard.bytes / 2 ** 20,
    });
  }
  const entry = program.entries.find((e) => e.name === 'train');
  console.log(
    `\n${name} on ${data.name}: batch ${sizes.batch}, length ${given.length}, width ${given.width}, ${given.blocks} blocks, ${sizes.items} items; ${median(batches.map((b) => b['seq.lengths'].reduce((a, n) => a + n, 0)))} of ${sizes.batch * number('length')} positions are real; ${entry.device.length} kernels, ${entry.host.length} steps on the host\n` +
      `${session.backend}, beside ${cpus()[0]?.model}: median ${median(taken).toFixed(2)} ms, best ${Math.min(...taken).toFixed(2)} ms a step; opened in ${(opening / 1000).toFixed(1)} s with wasm's three steps\n` +
      `medians: ${Object.keys(parts[0])
        .map((key) => `${key} ${median(parts.map((p) => p[key])).toFixed(2)}`)
        .join(', ')}\n` +
      `losses ${first.losses.map((x) => x.toFixed(5)).join(' ')}, of wasm ${wanted.losses.map((x) => x.toFixed(5)).join(' ')}; after three steps at most ${far.toExponential(1)} apart (${where}); ${same ? 'the same bytes' : 'OTHER BYTES'} a second time`,
  );
  if (heard.clocks !== null) {
    const { passes, whole } = await clocked(step);
    const names = entry.device.map((d) => d.name);
    const loops = passes.length !== names.length;
    const by = passes.map((ms, i) => ({ ms, name: loops ? `pass ${i}` : names[i] })).sort((a, b) => b.ms - a.ms);
    console.log(
      `GPU: ${passes.reduce((a, b) => a + b, 0).toFixed(2)} ms in ${passes.length} kernels, ${whole.toFixed(2)} ms from the first to the last\n${by
        .slice(0, number('kernels'))
        .map((k) => `${k.ms.toFixed(3).padStart(9)}  ${k.name}`)
        .join('\n')}`,
    );
  }
  const hosts = entry.host.filter((s) => s.kind === 'compute').map((s) => s.name);
  console.log(`on the host: ${hosts.join(', ')}`);
  await session.dispose();
  await other.dispose();
}
process.exit(0);
