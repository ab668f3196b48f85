/**
 * Times PCRec-simple: the scores of a batch, each user's with parameters stepped on that user's own history, by the batched
 * entry that `personalise` compiles to, and by the plain loop over users: a training step with plain gradient descent on that
 * user alone, the scores, the parameters put back. Both are WebAssembly, from one set of parameters, and give the same scores.
 *
 *   npm run build && node test/bench/personalise.mjs [--data FILE] [--batch 128] [--length 200] [--width 50] [--blocks 2]
 *     [--negatives 128] [--threads 1] [--rounds 5] [--users N: users of the loop's batch that are timed] [--profile]
 *
 * Prints medians and their ratio. On a busy machine quote ratios of one run, never an absolute time.
 */
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { sgd } from 'pcrec';
import { emit, hyperValues, modelPath, open, toolchain, trace } from 'pcrec/compiler';
import { initialStates, load, openWasm, split, trainingBatches } from 'pcrec/runtime';
import { median, value } from './common.mjs';

const defaults = {
  data: 'sample',
  batch: '128',
  length: '200',
  width: '50',
  blocks: '2',
  negatives: '128',
  rate: '0.01',
  threads: '1',
  rounds: '5',
  users: '',
};
const { values: given } = parseArgs({
  options: {
    ...Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }])),
    profile: { type: 'boolean', default: false },
  },
});
const number = (name) => Number(given[name]);

const settings = ['length', 'width', 'blocks', 'negatives'].map((name) => `${name}=${given[name]}`);
const opened = (name) => value(open(value(modelPath(`models/${name}.ts`, process.cwd()))));
const compiledAs = async (name, from, set) => {
  const compiled = value(toolchain.compile(value(trace(from, value(hyperValues(from.model, { set }))))));
  const folder = join(process.cwd(), 'build', 'bench', name);
  value(emit(compiled, toolchain.targets.wasm, toolchain.targets, folder));
  return { ...(await import(pathToFileURL(join(folder, 'kernels.wasm.js')).href)), manifest: compiled.manifest };
};

// What a user's own step is, for one user: the model without dropout, trained by plain gradient descent.
const hstu = opened('hstu');
const stepped = {
  ...hstu,
  model: {
    ...hstu.model,
    optimizer: () => sgd({ rate: number('rate') }),
    build: (context) => hstu.model.build({ ...context, phase: 'inference' }),
  },
};
const loop = await compiledAs('personalise-loop', stepped, settings);
const batched = await compiledAs('personalise', opened('pcrec-simple'), [...settings, `adaptationRate=${given.rate}`]);

const data = value(await load(given.data));
const [batch, length] = [number('batch'), number('length')];
const windows = trainingBatches(split(data, 'hstu'), { batch, length, seed: 1, epoch: 0 });
const all = windows.at(0);
const items = data.items.length;
const random = { seed: 1, step: 0 };
const session = async ({ program, manifest }, rows) =>
  value(await openWasm(program, manifest, 'wasm', { batch: rows, items, seen: 1 }, { threads: number('threads') }));
const [many, one] = [await session(batched, batch), await session(loop, 1)];
const initial = ({ manifest }) => value(initialStates(1, { batch, items, seen: 1 }, manifest.states));
const trained = initial(loop);
await many.write({ ...initial(batched), ...trained });
await one.write(trained);

const row = (r, n) => ({
  ...Object.fromEntries(
    ['items', 'targets', 'times', 'times.next'].map((name) => [
      name,
      all[name].slice(r * length, (r + 1) * length).fill(0, n),
    ]),
  ),
  'seq.lengths': Int32Array.of(n),
  target: Int32Array.of(0),
  step: Float32Array.of(1),
  steps: Float32Array.of(1),
});
const scoresOf = async (r) => {
  const n = all['seq.lengths'][r];
  if (n > 1) await one.run('train', row(r, n - 1), random);
  const { scores } = await one.run('score', row(r, n), random);
  await one.write(trained);
  return scores;
};

const users = given.users === '' ? all.rows : Math.min(Number(given.users), all.rows);
const together = async () => (await many.run('score', all, random)).scores;
const inTurn = async () => {
  const scores = [];
  for (let r = 0; r < users; r++) scores.push(await scoresOf(r));
  return scores;
};
const timed = async (work) => {
  const began = performance.now();
  const result = await work();
  return { result, ms: performance.now() - began };
};

const positions = all['seq.lengths'].reduce((a, n) => a + n, 0);
console.log(
  `pcrec-simple on ${data.name}: ${all.rows} users, ${positions} positions, ${items} items, width ${given.width}, ${given.blocks} blocks, ${given.negatives} negatives.`,
);
console.log(
  `wasm on ${cpus()[0]?.model ?? 'a processor'}, ${given.threads} threads, load ${loadavg()[0].toFixed(1)}; memory: batch ${(many.peakBytes / 2 ** 20).toFixed(0)} MiB, one user ${(one.peakBytes / 2 ** 20).toFixed(0)} MiB.`,
);

// The engine optimises the kernels while they run.
for (let i = 0; i < 4; i++) await together();
const [ours, theirs] = [await together(), await inTurn()];
let worst = 0;
theirs.forEach((scores, r) =>
  scores.forEach((x, i) => {
    worst = Math.max(worst, Math.abs(x - ours[r * items + i]));
  }),
);
console.log(`scores differ by at most ${worst.toExponential(1)} (cosines, in float32).`);

const times = { batch: [], loop: [] };
for (let round = 0; round < number('rounds'); round++) {
  for (let i = 0; i < 3; i++) times.batch.push((await timed(together)).ms / all.rows);
  times.loop.push((await timed(inTurn)).ms / users);
}
const [a, b] = [median(times.batch), median(times.loop)];
console.log(`batch  median ${a.toFixed(2)} ms a user, best ${Math.min(...times.batch).toFixed(2)}`);
console.log(
  `loop   median ${b.toFixed(2)} ms a user, best ${Math.min(...times.loop).toFixed(2)}: ${(b / a).toFixed(1)} times the batch`,
);

if (given.profile) {
  const kernels = await many.profile('score', all, random);
  const total = kernels.reduce((sum, k) => sum + k.ms, 0);
  console.log(`\nOne thread: ${total.toFixed(1)} ms.`);
  kernels
    .slice(0, 30)
    .forEach(({ name, ms }) =>
      console.log(`${ms.toFixed(2).padStart(8)} ${((100 * ms) / total).toFixed(1).padStart(6)}%  ${name}`),
    );
}
await Promise.all([many.dispose(), one.dispose()]);
