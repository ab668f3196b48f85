/**
 * Matrix products alone, at the shapes that the models use, on one thread: through our compiler, as WebAssembly (`wasm`) and
 * as C (`native`), beside a product written by hand in tiles of 4 by 8 (`tile.mjs`), gpu.js, and TensorFlow.js and jax-js where they are installed.
 *
 *   npm run build && node test/bench/products.mjs [--rounds 5] [--ms 40] [--only TEXT] [--peers FOLDER] [--json FILE] [--profile]
 *
 * The contenders take turns in each round; each figure is the best of all rounds. --peers
 * names a folder with a node_modules that has the peers, so that they need not be installed here.
 */
import { createRequire } from 'node:module';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openNative, openWasm, stream, uniformAt } from 'pcrec/runtime';
import { interner, rewrite } from '../../dist/compiler/graph.js';
import { lowerEntry } from '../../dist/compiler/lower/kernels.js';
import { loopPasses, pipeline, runPasses } from '../../dist/compiler/pipeline.js';
import { rootsOf, withRoots } from '../../dist/compiler/program.js';
import { nativeFiles } from '../../dist/compiler/targets/native/index.js';
import { assemble, wasmText } from '../../dist/compiler/targets/wasm/index.js';
import { axis, ragged } from '../../dist/dsl/axis.js';
import * as dsl from '../../dist/dsl/build.js';
import { GPU } from 'gpu.js';
import { tileProduct } from './tile.mjs';
import { median } from './common.mjs';

const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: process.cwd() },
    json: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});

const right = (either) => {
  if (either._tag === 'Right') return either.right;
  throw new Error(JSON.stringify(either.left));
};

// Rows of a batch of 128 users, as long as those of MovieLens-1M: 14,150 of 25,600 positions.
const lengths = Int32Array.from({ length: 128 }, (_, i) => Math.round(20 + (i * 181) / 128) + (i < 1 ? 53 : 0));
const positions = lengths.reduce((sum, n) => sum + n, 0);
const user = axis('batch', 'batch');
const seq = ragged('seq', user, 200);
const starts = lengths.map((_, row) => lengths.subarray(0, row).reduce((sum, n) => sum + n, 0));
const sumOfProducts = (x, y, over) => dsl.reduce('sum', dsl.map('mul', x, y), over);
const real = (name, ...axes) => dsl.input(name, axes, 'f32');
/** Of a user's position, its row among the packed ones; none beyond the user's length. */
const packed = ({ batch, seq: at }) => (at < lengths[batch] ? starts[batch] + at : null);
const [of50, to50] = [axis('of', 50), axis('to', 50)];
const pair = { sizes: { batch: 32 }, t: axis('query', 200), s: axis('key', 200), f: axis('width', 50) };
const plain = (m, k, n) => {
  const [row, sum, to] = [axis('row', m), axis('sum', k), axis('to', n)];
  return {
    m,
    k,
    n,
    sizes: {},
    x: (at) => [0, at.row, at.sum],
    y: (at) => [0, at.sum, at.to],
    c: (at) => [0, at.row, at.to],
    build: () => sumOfProducts(real('x', row, sum), real('y', sum, to), ['sum']),
  };
};

/**
 * What each computes: C[m, n] = A[m, k] B[k, n], `batch` times; `aT`, `bT`: the others find A, B stored the other way round. Ours
 * is `build`, whose axes say where in A, B and C a cell of `x`, `y` and the result is; the compiler chooses how they lie.
 */
const shapes = {
  'linear map of packed rows': {
    m: positions,
    k: 50,
    n: 50,
    sizes: { batch: 128 },
    x: (at) => [0, packed(at), at.of],
    y: (at) => [0, at.of, at.to],
    c: (at) => [0, packed(at), at.to],
    build: () => sumOfProducts(real('x', user, seq, of50), real('y', of50, to50), ['of']),
  },
  'its gradient by the rows': {
    m: positions,
    k: 50,
    n: 50,
    bT: true,
    sizes: { batch: 128 },
    x: (at) => [0, packed(at), at.to],
    y: (at) => [0, at.to, at.of],
    c: (at) => [0, packed(at), at.of],
    build: () => sumOfProducts(real('x', user, seq, to50), real('y', of50, to50), ['to']),
  },
  'its gradient by the matrix': {
    m: 50,
    k: positions,
    n: 50,
    aT: true,
    sizes: { batch: 128 },
    x: (at) => [0, at.of, packed(at)],
    y: (at) => [0, packed(at), at.to],
    c: (at) => [0, at.of, at.to],
    computed: true,
    // The models compute one of the operands, row by row, and the sum runs share by share beside it.
    build: () =>
      sumOfProducts(
        dsl.reduce('sum', real('x', user, seq, of50, axis('one', 2)), ['one']),
        real('y', user, seq, to50),
        ['batch', 'seq'],
      ),
  },
  'linear map of 64, 32 users': {
    m: 6400,
    k: 64,
    n: 64,
    sizes: { batch: 32 },
    x: (at) => [0, 200 * at.batch + at.query, at.of],
    y: (at) => [0, at.of, at.to],
    c: (at) => [0, 200 * at.batch + at.query, at.to],
    build: () =>
      sumOfProducts(real('x', user, pair.t, axis('of', 64)), real('y', axis('of', 64), axis('to', 64)), ['of']),
  },
  'square, 512': plain(512, 512, 512),
  'queries and keys, 32 users': {
    batch: 32,
    m: 200,
    k: 50,
    n: 200,
    bT: true,
    sizes: pair.sizes,
    x: (at) => [at.batch, at.query, at.width],
    y: (at) => [at.batch, at.width, at.key],
    c: (at) => [at.batch, at.query, at.key],
    build: () => sumOfProducts(real('x', user, pair.t, pair.f), real('y', user, pair.s, pair.f), ['width']),
  },
  'attention and values, 32 users': {
    batch: 32,
    m: 200,
    k: 200,
    n: 50,
    sizes: pair.sizes,
    x: (at) => [at.batch, at.query, at.key],
    y: (at) => [at.batch, at.key, at.width],
    c: (at) => [at.batch, at.query, at.width],
    build: () => sumOfProducts(real('x', user, pair.t, pair.s), real('y', user, pair.s, pair.f), ['key']),
  },
};

/** Where a cell of an operand or of the result lies among `count` matrices. */
const atOf = (rows, columns, turned) => (i, r, c) => i * rows * columns + (turned ? c * rows + r : r * columns + c);
/** Calls back with each cell of a dense array: where it is, and its coordinates by axis. */
const eachCell = (axes, visit) => {
  const place = {};
  const walk = (k, at) => {
    if (k === axes.length) {
      visit(at, place);
      return;
    }
    for (let p = 0; p < axes[k].size; p++) {
      place[axes[k].name] = p;
      walk(k + 1, at * axes[k].size + p);
    }
  };
  walk(0, 0);
};

/** Values near 0 that no two places share. */
const values = (name, n) => Float32Array.from({ length: n }, (_, i) => uniformAt(stream(1, 1, name), i) - 0.5);

const openers = {
  wasm: async (program, sizes) => {
    const { text, relaxed, plan } = wasmText(program);
    const load = async (fma) => right(assemble(fma ? relaxed : text, 'product'));
    return openWasm({ ...plan, load }, {}, 'wasm', sizes, { threads: 1 });
  },
  native: async (program, sizes, name) => {
    const folder = join(process.cwd(), 'build', 'bench', 'products', name.replaceAll(/\W/g, '-'));
    mkdirSync(folder, { recursive: true });
    for (const { name: file, content } of nativeFiles.assets(program)) writeFileSync(join(folder, file), content);
    const file = join(folder, 'kernels.native.mjs');
    writeFileSync(file, nativeFiles.plan(program));
    return openNative((await import(pathToFileURL(file).href)).program, {}, 'native', sizes, { threads: 1 });
  },
};

const ours = async (shape, a, b, opener, called) => {
  const program = {
    entry: 'train',
    outputs: { c: shape.build() },
    updates: {},
    interned: interner(),
    origins: new WeakMap(),
  };
  const finished = right(
    runPasses(
      pipeline,
      withRoots(
        program,
        rewrite(rootsOf(program), program.interned, (n) => n),
      ),
    ),
  );
  const entry = loopPasses.reduce((e, pass) => pass.run(e), lowerEntry(finished));
  const session = right(await opener({ model: 'product', entries: [entry] }, shape.sizes, called));
  const { m, k, n, aT, bT, batch = 1 } = shape;
  const axesOf = (id) =>
    entry.buffers.find((e) => e.id === id).axes.map(({ name, size }) => ({ name, size: shape.sizes[size] ?? size }));
  const dense = (id, data, cell, at) => {
    const axes = axesOf(id);
    const into = new Float32Array(axes.reduce((total, { size }) => total * size, 1));
    eachCell(axes, (to, place) => {
      const found = cell(place);
      if (!found.includes(null) && (place.one ?? 0) === 0) into[to] = data[at(...found)];
    });
    return into;
  };
  const inputs = {
    x: dense('x', a, shape.x, atOf(m, k, aT)),
    y: dense('y', b, shape.y, atOf(k, n, bT)),
    ...(entry.buffers.some((e) => e.id === 'seq.lengths') ? { 'seq.lengths': lengths } : {}),
  };
  const random = { seed: 1, step: 1 };
  const { c } = await session.run('train', inputs, random);
  const result = new Float32Array(batch * m * n);
  eachCell(axesOf(entry.outputs.c), (from, place) => {
    const found = shape.c(place);
    if (!found.includes(null)) result[atOf(m, n)(...found)] = c[from];
  });
  /** Milliseconds of the kernels alone: inputs are there already where a model asks for a product. */
  const kernels = async () =>
    (await session.profile('train', inputs, random)).filter(
      (kernel) =>
        kernel.name !== 'inputs' && !(shape.computed && kernel.operations === 0 && !kernel.name.includes('share')),
    );
  return {
    session,
    kernels,
    run: async () => (await kernels()).reduce((ms, kernel) => ms + kernel.ms, 0),
    cell: (...place) => result[atOf(m, n)(...place)],
  };
};

const timed = (run) => async () => {
  const began = performance.now();
  await run();
  return performance.now() - began;
};

const importFrom = (name) =>
  import(pathToFileURL(createRequire(join(resolve(given.peers), 'here.js')).resolve(name)).href);

const peers = {
  'gpu.js': async () => ({
    open: ({ batch = 1, m, k, n, aT, bT }, a, b) => {
      const gpu = new GPU({ mode: 'webasm' });
      const at = (i, rows, cols, r, c, turned) =>
        `${i} * ${rows * cols} + ${turned ? `${c} * ${rows} + ${r}` : `${r} * ${cols} + ${c}`}`;
      const body = `function (a, b) { let sum = 0; for (let i = 0; i < ${k}; i++) { sum += a[${at('this.thread.z', m, k, 'this.thread.y', 'i', aT)}] * b[${at('this.thread.z', k, n, 'i', 'this.thread.x', bT)}]; } return sum; }`;
      const kernel = gpu
        .createKernel(body)
        .setOutput([n, m, batch])
        .setLoopMaxIterations(1 << 20);
      const call = () => kernel(a, b);
      call();
      return { run: timed(call), cell: (i, r, c) => call()[i][r][c] };
    },
  }),
  'TensorFlow.js': async () => {
    const tf = await importFrom('@tensorflow/tfjs-core');
    const backend = await importFrom('@tensorflow/tfjs-backend-wasm');
    backend.setWasmPaths(
      `${dirname(createRequire(join(resolve(given.peers), 'here.js')).resolve('@tensorflow/tfjs-backend-wasm'))}/`,
    );
    await tf.setBackend('wasm');
    await tf.ready();
    return {
      open: ({ batch = 1, m, k, n, aT, bT }, a, b) => {
        const x = tf.tensor3d(a, [batch, ...(aT ? [k, m] : [m, k])]);
        const y = tf.tensor3d(b, [batch, ...(bT ? [n, k] : [k, n])]);
        const call = () => tf.matMul(x, y, aT === true, bT === true);
        const first = call();
        const found = first.dataSync();
        first.dispose();
        return { run: timed(() => call().dispose()), cell: (i, r, c) => found[(i * m + r) * n + c] };
      },
    };
  },
  'jax-js': async () => {
    const { init, defaultDevice, numpy: np, jit, blockUntilReady } = await importFrom('@jax-js/jax');
    await init('wasm');
    defaultDevice('wasm');
    return {
      open: async ({ batch = 1, m, k, n, aT, bT }, a, b) => {
        const [x, y] = [
          np.array(a).reshape([batch, ...(aT ? [k, m] : [m, k])]),
          np.array(b).reshape([batch, ...(bT ? [n, k] : [k, n])]),
        ];
        await blockUntilReady([x, y]);
        const turned = (p, is) => (is ? p.transpose([0, 2, 1]) : p);
        const product = jit((p, q) => np.matmul(turned(p, aT), turned(q, bT)));
        const call = async () => {
          const c = product(x.ref, y.ref);
          await c.blockUntilReady();
          return c;
        };
        const found = await (await call()).data();
        return { run: timed(async () => (await call()).dispose()), cell: (i, r, c) => found[(i * m + r) * n + c] };
      },
    };
  },
};

const installed = {};
for (const [name, load] of Object.entries(peers)) {
  try {
    installed[name] = await load();
  } catch (e) {
    const missing = e.code === 'MODULE_NOT_FOUND' || e.code === 'ERR_MODULE_NOT_FOUND';
    console.log(
      `${name}: ${missing ? 'not installed: npm install --no-save @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-backend-cpu @jax-js/jax' : `does not run here: ${e.message}`}`,
    );
  }
}

/** Where a contender's cell is not what it should be, its name. */
const wrong = (shape, a, b, cell) => {
  const { batch = 1, m, k, n, aT, bT } = shape;
  return [
    [0, 0, 0],
    [batch - 1, m - 1, n - 1],
    [batch >> 1, m >> 1, n >> 1],
  ].some(([i, r, c]) => {
    let sum = 0;
    for (let j = 0; j < k; j++)
      sum += a[i * m * k + (aT ? j * m + r : r * k + j)] * b[i * k * n + (bT ? c * k + j : j * n + c)];
    return !(Math.abs(sum - cell(i, r, c)) <= 1e-4 * Math.sqrt(k));
  });
};

const results = [];
for (const [name, shape] of Object.entries(shapes).filter(([key]) => key.includes(given.only))) {
  const { batch = 1, m, k, n } = shape;
  const [a, b] = [values('a', batch * m * k), values('b', batch * k * n)];
  const own = await ours(shape, a, b, openers.wasm, name);
  const inC = await ours(shape, a, b, openers.native, name);
  const fma = own.session.backend.includes('fused');
  if (wrong(shape, a, b, own.cell) || wrong(shape, a, b, inC.cell)) throw new Error(`Our product is wrong at ${name}.`);
  const tile = await tileProduct({ batch, ...shape }, a, b, fma);
  tile.run();
  const contenders = { native: inC.run, wasm: own.run, tile: timed(tile.run) };
  if (wrong(shape, a, b, tile.cell)) throw new Error(`The tile's product is wrong at ${name}.`);
  for (const [peer, { open }] of Object.entries(installed)) {
    try {
      const { run, cell } = await open(shape, a, b);
      if (wrong(shape, a, b, cell)) throw new Error('wrong results');
      contenders[peer] = run;
    } catch (e) {
      console.log(`${peer} cannot do '${name}': ${e.message}`);
    }
  }
  const times = Object.fromEntries(Object.keys(contenders).map((c) => [c, []]));
  // The first round lets the engines optimise.
  for (let round = 0; round <= Number(given.rounds); round++) {
    for (const [c, run] of Object.entries(contenders)) {
      const taken = [];
      for (const end = performance.now() + Number(given.ms); performance.now() < end || taken.length < 2;)
        taken.push(await run());
      if (round > 0) times[c].push(...taken);
    }
  }
  const rate = (ms) => (2 * batch * m * k * n) / ms / 1e6;
  const best = Object.fromEntries(Object.entries(times).map(([c, list]) => [c, rate(Math.min(...list))]));
  const middle = Object.fromEntries(Object.entries(times).map(([c, list]) => [c, rate(median(list))]));
  const { operations } = await own.session.ceilings();
  const native = await inC.session.ceilings();
  results.push({
    name,
    shape: `${batch > 1 ? `${batch} x ` : ''}${m} x ${k} x ${n}`,
    best,
    median: middle,
    ceiling: operations / 1e9,
    nativeCeiling: native.operations / 1e9,
  });
  if (given.profile)
    for (const kernel of await inC.kernels()) console.log(`  ${kernel.ms.toFixed(3).padStart(8)} ms  ${kernel.name}`);
  await own.session.dispose();
  await inC.session.dispose();
}

const names = ['native', 'wasm', 'tile', ...Object.keys(installed)];
console.log(
  `\nGFLOP/s on one thread, best of ${given.rounds} rounds; load ${loadavg()[0].toFixed(1)}. Registers alone: ${Math.max(...results.map((r) => r.nativeCeiling)).toFixed(1)} in C, ${Math.max(...results.map((r) => r.ceiling)).toFixed(1)} in WebAssembly.`,
);
console.log(`${''.padEnd(52)}${names.map((n) => n.padStart(14)).join('')}   native / registers, wasm / tile`);
for (const { name, shape, best, nativeCeiling } of results) {
  const cell = (c) => (best[c] === undefined ? '-' : best[c].toFixed(1)).padStart(14);
  console.log(
    `${name.padEnd(32)}${shape.padEnd(20)}${names.map(cell).join('')}   ${`${((100 * best.native) / nativeCeiling).toFixed(0)} %`.padStart(16)} ${`${((100 * best.wasm) / best.tile).toFixed(0)} %`.padStart(12)}`,
  );
}
if (given.json !== undefined) {
  mkdirSync(dirname(resolve(given.json)), { recursive: true });
  writeFileSync(given.json, `${JSON.stringify(results, null, 2)}\n`);
}
process.exit(0);
