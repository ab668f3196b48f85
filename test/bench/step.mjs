/**
 * Times one training step on real batches: our targets for processors, and beside them, taking turns, what else is asked for:
 * PyTorch where its script is given, as it is and compiled (its best counts), our kernels for gpu.js on its WebAssembly (--webasm), and HSTU in TensorFlow.js and jax-js
 * where they are installed in a folder (--peers; see peers.mjs).
 *
 *   npm run build && node test/bench/step.mjs --data FILE [--model hstu] [--batch 128] [--length 200] [--width 50] [--blocks 2]
 *     [--negatives 128] [--draws batch] [--set inference=after] [--threads 2] [--rounds 5] [--steps 8] [--profile] [--pytorch FILE [--python python3]] [--webasm]
 *     [--targets native,wasm] [--peers FOLDER]
 *
 * By default negatives are drawn once for the batch, as the others do: the same work. --draws user is what models do by default.
 * Prints medians, and their ratios to the first target's. On a busy machine quote ratios of one run, never an absolute time; `cpu` is the processor time
 * that a step took on all threads together. In Node the peers have one thread: --threads 1 compares with one of ours. --profile
 * adds the time of each kernel on one thread, with the operations of its sums of products on the packed batch.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { emit, hyperValues, modelPath, open, toolchain, trace } from 'pcrec/compiler';
import { initialStates, load, openGpu, openNative, openWasm, split, trainingBatches } from 'pcrec/runtime';
import { openPeers } from './peers.mjs';
import { median, value } from './common.mjs';

const text = (name, value) => [name, { type: 'string', default: value }];
const { values: given } = parseArgs({
  options: {
    ...Object.fromEntries([
      text('data', 'sample'),
      text('model', 'hstu'),
      text('batch', '128'),
      text('length', '200'),
      text('width', '50'),
      text('blocks', '2'),
      text('negatives', '128'),
      text('draws', 'batch'),
      text('threads', '2'),
      text('targets', 'native,wasm'),
      text('rounds', '5'),
      text('steps', '8'),
      text('python', 'python3'),
    ]),
    pytorch: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    peers: { type: 'string' },
    webasm: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});
const number = (name) => Number(given[name]);

const opened = value(open(value(modelPath(`models/${given.model}.ts`, process.cwd()))));
const settings = ['length', 'width', 'blocks', 'negatives', 'draws'].map((name) => `${name}=${given[name]}`);
const compiled = value(
  toolchain.compile(
    value(trace(opened, value(hyperValues(opened.model, { set: [...settings, 'dropout=0.2', ...given.set] })))),
  ),
);
const folder = join(process.cwd(), 'build', 'bench', given.model);
/** The kernels of a target, written and read. */
const kernels = async (target) => {
  value(emit(compiled, target, toolchain.targets, folder));
  return (await import(pathToFileURL(join(folder, target.file)).href)).program;
};
const data = value(await load(given.data));
const { manifest } = compiled;
const all = manifest.entries.train.inputs.some(({ name }) => name === 'targets');
const windows = trainingBatches(split(data, 'hstu'), {
  batch: number('batch'),
  length: number('length'),
  seed: 1,
  epoch: 0,
  horizon: all ? 'all' : 'last',
});
const batches = Array.from({ length: Math.min(windows.count, 10) }, (_, i) => ({
  ...windows.at(i),
  step: Float32Array.of(i + 1),
  steps: Float32Array.of(1000),
}));
const sizes = { batch: number('batch'), items: data.items.length, seen: 1 };
const openers = { native: openNative, wasm: openWasm };
/** A session of one of our targets, and what its steps took. */
const openOurs = async (name) => {
  const program = await kernels(toolchain.targets[name]);
  const found = await openers[name](program, manifest, name, sizes, { threads: number('threads') });
  if (found._tag === 'Left') {
    console.log(`${name} cannot take the step: ${found.left}`);
    return [];
  }
  await found.right.write(value(initialStates(1, sizes, manifest.states)));
  return [{ name, session: found.right, step: 0, taken: [] }];
};
const ours = [];
for (const name of given.targets.split(',')) ours.push(...(await openOurs(name)));
if (ours.length === 0) process.exit(1);

const gflop =
  (await ours[0].session.profile('train', batches[0], { seed: 1, step: 1 })).reduce((n, k) => n + k.operations, 0) /
  1e9;

const once = async (of) => {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await of.session.run('train', batches[of.step % batches.length], { seed: 1, step: ++of.step });
  const used = process.cpuUsage(before);
  return { ms: performance.now() - began, cpu: (used.user + used.system) / 1000 };
};
// A training takes thousands of steps, and the engine optimises what runs them for as long as a hundred.
const warm = { steps: 100, ms: 3000 };
for (const of of ours) {
  const began = performance.now();
  for (let i = 0; i < 12 || (i < warm.steps && performance.now() - began < warm.ms); i++) await once(of);
}

/** PyTorch's ways to take a step, each with the median milliseconds of every round. */
const torch =
  given.pytorch === undefined ? [] : [[], ['--compile']].map((more) => ({ more, medians: [], version: '' }));
const inTorch = (way) => {
  const flags = ['batch', 'length', 'width', 'blocks', 'threads'].flatMap((name) => [`--${name}`, given[name]]);
  // Some machines hold its products to old kernels.
  const { OPENBLAS_CORETYPE: _type, OPENBLAS_L2_SIZE: _size, ...env } = process.env;
  const data = existsSync(given.data) ? ['--data', given.data] : [];
  const { status, stdout, stderr } = spawnSync(
    given.python,
    [given.pytorch, given.model, ...flags, ...data, ...way.more],
    {
      encoding: 'utf8',
      env,
    },
  );
  if (status !== 0) {
    console.error(`PyTorch does not run: ${stderr.trim().split('\n').at(-1)}`);
    return;
  }
  const answer = JSON.parse(stdout.trim().split('\n').at(-1));
  way.version = `${answer.torch}${answer.compiled ? ', compiled' : ''}`;
  way.medians.push(answer.median_ms);
};

const cannot = (name, why) => console.log(`${name} cannot take the step: ${why}`);

/** Our kernels for gpu.js, from the first values on. */
const throughGpu = async () => {
  const name = 'gpu.js webasm';
  const found = await openGpu(await kernels(toolchain.targets.gpu), manifest, 'webasm', sizes);
  if (found._tag === 'Left') {
    cannot(name, found.left);
    return [];
  }
  await found.right.write(value(initialStates(1, sizes, manifest.states)));
  let count = 0;
  const run = async (batch) => {
    const began = performance.now();
    const { loss } = await found.right.run('train', batch, { seed: 1, step: ++count });
    return { ms: performance.now() - began, loss: loss[0] };
  };
  return [{ name, step: run, dispose: () => found.right.dispose() }];
};
/** The same step in other systems, which know HSTU alone. */
const inPeers = async () => {
  if (given.model !== 'hstu') {
    cannot('A peer', `peers.mjs has no ${given.model}, only hstu.`);
    return [];
  }
  return openPeers(
    given.peers,
    {
      ...sizes,
      ...Object.fromEntries(['length', 'width', 'blocks', 'negatives'].map((name) => [name, number(name)])),
      dropout: 0.2,
    },
    cannot,
  );
};
/** What takes turns with ours. One step of these may take seconds, hence few rounds. */
const FEW = 3;
const others = [...(given.webasm ? await throughGpu() : []), ...(given.peers === undefined ? [] : await inPeers())].map(
  (other) => ({ ...other, taken: [] }),
);
const beside = async (other) => {
  if (other.taken.length > FEW || other.failed) return;
  try {
    other.taken.push(await other.step(batches[other.taken.length % batches.length]));
  } catch (e) {
    other.failed = true;
    cannot(other.name, e.message);
  }
};

const positions = batches.map((b) => b['seq.lengths'].reduce((a, n) => a + n, 0));
console.log(
  `${given.model} on ${data.name}: batch ${sizes.batch}, length ${given.length}, width ${given.width}, ${given.blocks} blocks, negatives of each ${given.draws}; ${median(positions)} of ${sizes.batch * number('length')} positions are real.`,
);
console.log(
  `${ours.map(({ session }) => session.backend).join(', ')} on ${cpus()[0]?.model ?? 'a processor'}, load ${loadavg()[0].toFixed(1)}; memory ${(ours[0].session.peakBytes / 2 ** 20).toFixed(0)} MiB; sums of products ${gflop.toFixed(2)} GFLOP a step.`,
);
// The first step of each compiles its kernels.
for (const other of others) await beside(other);
for (let round = 0; round < number('rounds'); round++) {
  for (const of of ours) for (let i = 0; i < number('steps'); i++) of.taken.push(await once(of));
  torch.forEach(inTorch);
  for (const other of others) await beside(other);
}
const ms = median(ours[0].taken.map((o) => o.ms));
for (const { name, taken } of ours) {
  const took = median(taken.map((o) => o.ms));
  console.log(
    `${name.padEnd(9)} median ${took.toFixed(1)} ms, best ${Math.min(...taken.map((o) => o.ms)).toFixed(1)} ms, cpu ${Math.min(...taken.map((o) => o.cpu)).toFixed(1)} ms, ${((gflop / took) * 1000).toFixed(1)} GFLOP/s: ${(took / ms).toFixed(2)} times the first`,
  );
}
for (const { medians, version } of torch.filter((way) => way.medians.length > 0))
  console.log(
    `pytorch ${version} median ${median(medians).toFixed(1)} ms: ${(median(medians) / ms).toFixed(2)} times ours`,
  );
for (const { name, taken } of others.filter((other) => !other.failed)) {
  const [{ loss: first }, ...counted] = taken;
  const took = median(counted.map((t) => t.ms));
  console.log(
    `${name.padEnd(18)} median ${took.toFixed(1)} ms: ${(took / ms).toFixed(1)} times ours; loss ${first.toFixed(2)}, after ${taken.length} steps ${taken.at(-1).loss.toFixed(2)}`,
  );
}
for (const { dispose } of others) await dispose?.();

for (const { name: target, session } of given.profile ? ours : []) {
  const best = new Map();
  for (let i = 0; i < 8; i++) {
    for (const k of await session.profile('train', batches[0], { seed: 1, step: i + 1 }))
      best.set(k.name, { ...k, ms: Math.min(best.get(k.name)?.ms ?? Infinity, k.ms) });
  }
  const list = [...best.values()].sort((a, b) => b.ms - a.ms);
  const total = list.reduce((sum, k) => sum + k.ms, 0);
  const { operations, near, far } = await session.ceilings();
  console.log(
    `\n${target}, one thread, best of 8: ${total.toFixed(1)} ms. It could do ${(operations / 1e9).toFixed(1)} GFLOP/s, and copy ${(near / 1e9).toFixed(1)} GB/s in its caches, ${(far / 1e9).toFixed(1)} beyond.\n      ms   share  GFLOP/s     GB/s  kernel`,
  );
  const per = (n, took) => (n === 0 ? '' : (n / took / 1e6).toFixed(1)).padStart(8);
  for (const { name, source, ms: took, operations: work, bytes } of list.filter((k) => k.ms > total / 500)) {
    console.log(
      `${took.toFixed(2).padStart(8)} ${((100 * took) / total).toFixed(1).padStart(6)}% ${per(work, took)} ${per(bytes, took)}  ${name}${source === undefined ? '' : `  ${source}`}`,
    );
  }
}
for (const { session } of ours) await session.dispose();
