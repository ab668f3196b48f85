/**
 * How the time of a training step grows with batch, length, width, blocks and items: one is varied at a time, on made-up histories
 * between half and all of the length. Writes the figures, and a plot of them.
 *
 *   npm run build && node test/bench/scaling.mjs [--model hstu] [--rounds 5] [--threads 2] [--out build/bench/scaling]
 *     [--batch 32] [--length 50] [--width 32] [--blocks 2] [--items 4000] [--over batch=8,16,32 --over items=1000,8000]
 *
 * The sizes of one line take turns, so that a busy machine slows all of them; the figures are the best of all rounds.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { hyperValues, modelPath, open, toolchain, trace } from 'pcrec/compiler';
import { initialStates, openWasm, stream, uniformAt } from 'pcrec/runtime';
import { assemble, wasmText } from '../../dist/compiler/targets/wasm/index.js';

const base = { batch: 32, length: 50, width: 32, blocks: 2, items: 4000 };
const usual = {
  batch: [8, 16, 32, 64, 128, 256],
  length: [25, 50, 100, 200],
  width: [16, 32, 64, 128],
  blocks: [1, 2, 4],
  items: [1000, 4000, 16000, 64000],
};
const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'hstu' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    out: { type: 'string', default: join('build', 'bench', 'scaling') },
    over: { type: 'string', multiple: true },
    ...Object.fromEntries(Object.entries(base).map(([name, value]) => [name, { type: 'string', default: `${value}` }])),
  },
});
const center = Object.fromEntries(Object.keys(base).map((name) => [name, Number(given[name])]));
const lines =
  given.over === undefined
    ? usual
    : Object.fromEntries(
        given.over.map((text) => text.split('=')).map(([name, list]) => [name, list.split(',').map(Number)]),
      );

const right = (either) => {
  if (either._tag === 'Right') return either.right;
  console.error(typeof either.left === 'string' ? either.left : JSON.stringify(either.left, null, 2));
  process.exit(1);
};
const opened = right(open(right(modelPath(`models/${given.model}.ts`, process.cwd()))));
const programs = new Map();
const compiledAt = (settings) => {
  const key = JSON.stringify(settings);
  if (!programs.has(key)) {
    const set = Object.entries(settings)
      .filter(([name]) => name in opened.model.hyper)
      .map(([name, value]) => `${name}=${value}`);
    const compiled = right(toolchain.compile(right(trace(opened, right(hyperValues(opened.model, { set }))))));
    const { text, relaxed, plan } = wasmText(compiled.loops);
    programs.set(key, {
      manifest: compiled.manifest,
      plan: { ...plan, load: async (fma) => right(assemble(fma ? relaxed : text, 'model')) },
    });
  }
  return programs.get(key);
};

/** Histories of made-up items, each a day after the other; what a model asks for besides is 0. */
const inputsOf = (manifest, sizes) => {
  const some = stream(1, 1, 'scaling');
  const make = {
    'seq.lengths': (_, i) => Math.ceil(manifest.length * (1 - (i % 8) / 16)),
    items: (_, i) => Math.floor(uniformAt(some, i) * sizes.items),
    targets: (_, i) => Math.floor(uniformAt(some, i + 1) * sizes.items),
    target: (_, i) => i % sizes.items,
    times: (_, i) => i * 86400,
    step: () => 1,
    steps: () => 1000,
  };
  return Object.fromEntries(
    manifest.entries.train.inputs.map(({ name, dtype, shape }) => {
      const n = shape.reduce((cells, s) => cells * (typeof s === 'number' ? s : sizes[s]), 1);
      return [name, (dtype === 'f32' ? Float32Array : Int32Array).from({ length: n }, make[name] ?? (() => 0))];
    }),
  );
};

const openAt = async ({ batch, items, ...settings }) => {
  const { manifest, plan } = compiledAt(settings);
  const sizes = { batch, items, seen: 1 };
  const session = right(await openWasm(plan, manifest, 'wasm', sizes, { threads: Number(given.threads) }));
  await session.write(right(initialStates(1, sizes, manifest.states)));
  const inputs = inputsOf(manifest, sizes);
  let step = 0;
  const once = async () => {
    const began = performance.now();
    await session.run('train', inputs, { seed: 1, step: ++step });
    return performance.now() - began;
  };
  for (let i = 0; i < 8; i++) await once();
  const kernels = await session.profile('train', inputs, { seed: 1, step: 1 });
  return { session, once, gflop: kernels.reduce((sum, k) => sum + k.operations, 0) / 1e9 };
};

const found = [];
for (const [name, values] of Object.entries(lines)) {
  const points = [];
  for (const value of values) points.push({ value, times: [], ...(await openAt({ ...center, [name]: value })) });
  for (let round = 0; round < Number(given.rounds); round++) {
    for (const p of points) for (let i = 0; i < 3; i++) p.times.push(await p.once());
  }
  for (const { value, times, gflop, session } of points) {
    const sorted = [...times].sort((a, b) => a - b);
    const point = {
      over: name,
      value,
      of: value / center[name],
      ms: sorted[0],
      median: sorted[sorted.length >> 1],
      gflop,
      mebibytes: session.peakBytes / 2 ** 20,
    };
    found.push(point);
    console.log(
      `${name.padEnd(7)} ${String(value).padStart(7)}  best ${point.ms.toFixed(2).padStart(8)} ms  median ${point.median.toFixed(2).padStart(8)} ms  ${gflop.toFixed(3).padStart(7)} GFLOP  ${((1000 * gflop) / point.ms).toFixed(1).padStart(5)} GFLOP/s  ${point.mebibytes.toFixed(0).padStart(5)} MiB`,
    );
    await session.dispose();
  }
}

mkdirSync(dirname(given.out), { recursive: true });
writeFileSync(
  `${given.out}.json`,
  `${JSON.stringify({ model: given.model, threads: Number(given.threads), center, points: found }, null, 2)}\n`,
);
try {
  const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<html></html>');
  const label = (p) => `${p.over} ${p.value}`;
  const last = Object.values(Object.fromEntries(found.map((p) => [p.over, p])));
  const at = Object.entries(center)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
  const svg = Plot.plot({
    document,
    width: 860,
    height: 520,
    marginRight: 110,
    marginTop: 40,
    grid: true,
    x: { type: 'log', base: 2, label: `times the usual (${at})`, tickFormat: (x) => `${x}` },
    y: { type: 'log', label: `${given.model}: ms a step, ${given.threads} threads` },
    color: { legend: false },
    style: { background: 'white' },
    marks: [
      Plot.line(found, { x: 'of', y: 'ms', stroke: 'over' }),
      Plot.dot(found, { x: 'of', y: 'ms', fill: 'over' }),
      Plot.text(last, { x: 'of', y: 'ms', text: label, fill: 'over', dx: 8, textAnchor: 'start' }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  writeFileSync(`${given.out}.svg`, svg.outerHTML);
  console.log(`\n${given.out}.json and ${given.out}.svg; load ${loadavg()[0].toFixed(1)}`);
} catch (e) {
  console.log(`\n${given.out}.json; no plot: ${e.message}`);
}
process.exit(0);
