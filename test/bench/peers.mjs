/**
 * One training step of HSTU in other JavaScript systems, on their WebAssembly, as `pytorch_step.py` takes it in PyTorch: padded
 * sequences, 128 negatives shared by the batch, dropout, Adam. `step.mjs --peers FOLDER` times them beside ours; alone this prints
 * how the loss falls in ten steps on one batch, and what a step takes:
 *
 *   npm run build && node test/bench/peers.mjs --peers FOLDER [--data FILE] [--only NAME] [--batch 8] [--length 200] [--width 50]
 *     [--blocks 2] [--negatives 128] [--dropout 0.2]
 *
 * FOLDER holds a node_modules with the peers: npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm
 * @tensorflow/tfjs-backend-cpu @jax-js/jax. In Node each runs on one thread. Where a system cannot do the step, its own message
 * says why. All start from the same numbers, so without dropout their losses agree.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { initial, load, split, stream, trainingBatches, uniformAt } from 'pcrec/runtime';

const RATE = 1e-3;
const BETAS = [0.9, 0.98];
const TEMPERATURE = 0.05;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const value = (either) => {
  if (either._tag === 'Right') return either.right;
  throw new Error(typeof either.left === 'string' ? either.left : JSON.stringify(either.left));
};

/** What is trained: a shape and a law each. Row 0 of the items stands for no item. */
const parameters = ({ items, length, width, blocks }) => {
  const normal = { kind: 'normal', std: 0.02 };
  const uniform = { kind: 'uniform', low: -1 / Math.sqrt(width), high: 1 / Math.sqrt(width) };
  const block = (l) => ({
    [`map${l}`]: [[width, 4 * width], normal], [`rab${l}`]: [[2 * length - 1], normal], [`out${l}`]: [[width, width], uniform], [`bias${l}`]: [[width], uniform],
  });
  return Object.assign({ items: [[items + 1, width], normal], positions: [[length, width], normal] }, ...Array.from({ length: blocks }, (_, l) => block(l)));
};
const started = (sizes) => Object.fromEntries(Object.entries(parameters(sizes)).map(([name, [shape, init]]) =>
  [name, { shape, data: value(initial(1, {})({ name, shape, axes: shape.map(String), init })) }]));

/** What they take of a batch: items from 1 on, the real positions (the others are item 0), and negatives for all. */
const padded = ({ items, targets, 'seq.lengths': lengths }, { length, negatives, items: count }, step) => {
  const real = (at) => at % length < lengths[Math.floor(at / length)];
  const codes = (list) => list.map((id, at) => (real(at) ? id + 1 : 0));
  const draw = stream(1, step, 'negatives');
  return {
    ids: codes(items), targets: codes(targets), kept: Int32Array.from(items.keys()).filter(real),
    negatives: Int32Array.from({ length: negatives }, (_, i) => 1 + Math.floor(uniformAt(draw, i) * count)),
  };
};

/** Of each pair of positions, which of the relative biases is theirs; and whether the second may be read. */
const offsets = (n) => Int32Array.from({ length: n * n }, (_, i) => Math.floor(i / n) - (i % n) + n - 1);
const causal = (n) => Float32Array.from({ length: n * n }, (_, i) => (i % n <= Math.floor(i / n) ? 1 : 0));

/**
 * TensorFlow.js, eagerly. Helped where its WebAssembly needs it: it has no gradient of a lookup (no kernel UnsortedSegmentSum, so
 * rows are added by scatterND), and its fast product is that of two matrices, neither of them turned round: transpositions are
 * written out, and products of many matrices are taken one by one.
 */
const tensorflow = {
  load: async (importFrom, fileOf) => {
    const tf = await importFrom('@tensorflow/tfjs');
    const backend = await importFrom('@tensorflow/tfjs-backend-wasm');
    backend.setWasmPaths(`${dirname(fileOf('@tensorflow/tfjs-backend-wasm'))}/`);
    if (!await tf.setBackend('wasm')) throw new Error('its backend wasm does not start');
    await tf.ready();
    return tf;
  },
  open: (tf, sizes) => {
    const { batch, length, width, blocks, dropout } = sizes;
    const p = Object.fromEntries(Object.entries(started(sizes)).map(([name, { shape, data }]) => [name, tf.variable(tf.tensor(data, shape), true, `pcrec.${name}`)]));
    const optimizer = tf.train.adam(RATE, ...BETAS, 1e-8);
    const [pairs, mask] = [tf.tensor1d(offsets(length), 'int32'), tf.tensor2d(causal(length), [length, length])];

    const lookup = (table, ids) => tf.customGrad((rows) => ({
      value: tf.gather(rows, ids),
      gradFunc: (dy) => tf.scatterND(tf.expandDims(ids, 1), dy, table.shape),
    }))(table);
    const product = tf.customGrad((a, b, save) => {
      save([a, b]);
      return { value: tf.matMul(a, b), gradFunc: (dy, [x, y]) => [tf.matMul(dy, tf.transpose(y)), tf.matMul(tf.transpose(x), dy)] };
    });
    /** Products of the pairs of two lists of matrices. */
    const each = (a, b) => {
      const right = tf.unstack(b);
      return tf.stack(tf.unstack(a).map((x, i) => tf.matMul(x, right[i])));
    };
    const turned = (a) => tf.transpose(a, [0, 2, 1]);
    const products = tf.customGrad((a, b, save) => {
      save([a, b]);
      return { value: each(a, b), gradFunc: (dy, [x, y]) => [each(dy, turned(y)), each(turned(x), dy)] };
    });
    const silu = (x) => tf.mul(x, tf.sigmoid(x));
    const norm = (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5)));
    };
    const unit = (x) => tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24)));
    const rows = [batch * length, width];
    const users = [batch, length, width];
    const block = (x, l) => {
      const [u, v, q, k] = tf.split(silu(product(norm(x), p[`map${l}`])), 4, -1);
      const bias = tf.reshape(lookup(p[`rab${l}`], pairs), [length, length]);
      const scores = tf.add(products(tf.reshape(q, users), turned(tf.reshape(k, users))), bias);
      const read = products(tf.mul(silu(scores), tf.div(mask, length)), tf.reshape(v, users));
      const gated = tf.mul(u, norm(tf.reshape(read, rows)));
      return tf.add(x, tf.add(product(dropout > 0 ? tf.dropout(gated, dropout) : gated, p[`out${l}`]), p[`bias${l}`]));
    };
    const loss = ({ ids, targets, kept, negatives }) => {
      const input = tf.add(tf.mul(tf.reshape(lookup(p.items, ids), users), Math.sqrt(width)), p.positions);
      const top = Array.from({ length: blocks }).reduce((x, _, l) => block(x, l), tf.reshape(input, rows));
      const state = unit(lookup(top, kept));
      const own = tf.sum(tf.mul(state, unit(lookup(p.items, targets))), -1, true);
      const others = product(state, tf.transpose(unit(lookup(p.items, negatives))));
      const logits = tf.div(tf.concat([own, others], 1), TEMPERATURE);
      return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.zeros([kept.shape[0]], 'int32'), logits.shape[1]), logits);
    };
    return async ({ ids, targets, kept, negatives }) => tf.tidy(() => {
      const ints = (list) => tf.tensor1d(list, 'int32');
      const given = { ids: ints(ids), targets: ints(kept.map((at) => targets[at])), kept: ints(kept), negatives: ints(negatives) };
      return optimizer.minimize(() => loss(given), true).dataSync()[0];
    });
  },
};

/** jax-js: loss, gradients and Adam in one compiled function. Positions without an item are computed and masked, as shapes are fixed. */
const jax = {
  load: async (importFrom) => {
    const lib = await importFrom('@jax-js/jax');
    if (!(await lib.init('wasm')).includes('wasm')) throw new Error('its backend wasm does not start');
    lib.defaultDevice('wasm');
    return lib;
  },
  open: ({ numpy: np, nn, random, jit, valueAndGrad }, sizes) => {
    const { batch, length, width, blocks, dropout } = sizes;
    const ints = (list) => np.array(list, { dtype: np.int32 });
    const zeros = (like) => Object.fromEntries(Object.entries(like).map(([name, { shape }]) => [name, np.zeros(shape)]));
    const pairs = ints(offsets(length)).reshape([length, length]);
    const mask = np.array(causal(length).map((x) => x / length)).reshape([length, length]);

    const norm = (x) => nn.standardize(x, -1);
    const unit = (x) => x.ref.div(np.sqrt(np.maximum(np.sum(np.square(x), -1, { keepdims: true }), 1e-24)));
    const dropped = (x, key) => np.where(random.bernoulli(key, 1 - dropout, x.shape), x.div(1 - dropout), 0);
    /** Each use of an array takes it: `ref` keeps it for another. */
    const block = (x, p, key, l) => {
      const [u, v, q, k] = np.split(nn.silu(np.matmul(norm(x.ref), p[`map${l}`])), 4, -1);
      const scores = np.matmul(q, np.matrixTranspose(k)).add(p[`rab${l}`].slice(pairs.ref));
      const gated = u.mul(norm(np.matmul(nn.silu(scores).mul(mask.ref), v)));
      return x.add(np.matmul(dropout > 0 ? dropped(gated, key) : gated, p[`out${l}`]).add(p[`bias${l}`]));
    };
    const loss = (p, { ids, targets, negatives }, keys) => {
      const input = p.items.ref.slice(ids).mul(Math.sqrt(width)).add(p.positions);
      const state = unit(Array.from({ length: blocks }).reduce((x, _, l) => block(x, p, keys[l], l), input));
      const own = np.sum(state.ref.mul(unit(p.items.ref.slice(targets.ref))), -1, { keepdims: true });
      const others = np.matmul(state, np.transpose(unit(p.items.slice(negatives))));
      const logits = np.concatenate([own.ref, others], -1).div(TEMPERATURE);
      const losses = nn.logsumexp(logits, -1).sub(np.squeeze(own, -1).div(TEMPERATURE));
      const real = np.where(np.greater(targets, 0), 1, 0);
      return np.sum(losses.mul(real.ref)).div(np.sum(real));
    };
    const map = (of, f) => Object.fromEntries(Object.keys(of).map((name) => [name, f(name)]));
    const update = jit((p, m, v, time, data, keys) => {
      const kept = map(p, (name) => p[name].ref);
      const [found, g] = valueAndGrad(loss)(p, data, keys);
      const moved = map(m, (name) => m[name].mul(BETAS[0]).add(g[name].ref.mul(1 - BETAS[0])));
      const spread = map(v, (name) => v[name].mul(BETAS[1]).add(np.square(g[name]).mul(1 - BETAS[1])));
      const [one, two] = BETAS.map((beta, i) => np.subtract(1, np.exp((i === 0 ? time.ref : time).mul(Math.log(beta)))));
      const next = map(kept, (name) => kept[name].sub(moved[name].ref.div(one.ref).mul(RATE).div(np.sqrt(spread[name].ref.div(two.ref)).add(1e-8))));
      one.dispose();
      two.dispose();
      return [next, moved, spread, found];
    });
    const start = started(sizes);
    let states = [map(start, (name) => np.array(start[name].data).reshape(start[name].shape)), zeros(start), zeros(start)];
    let time = 0;
    return async ({ ids, targets, negatives }) => {
      const grid = (list) => ints(list).reshape([batch, length]);
      const keys = Array.from({ length: dropout > 0 ? blocks : 0 }, (_, l) => random.key(1000 * ++time + l));
      const [p, m, v, found] = update(...states, np.array(Float32Array.of(dropout > 0 ? time : ++time)).reshape([]), { ids: grid(ids), targets: grid(targets), negatives: ints(negatives) }, keys);
      states = [p, m, v];
      return (await found.data())[0];
    };
  },
};

const systems = { 'TensorFlow.js wasm': tensorflow, 'jax-js wasm': jax };
const INSTALL = 'not installed: npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-backend-cpu @jax-js/jax in that folder';

/**
 * The systems that can take the step, ready: `step(batch)` takes one and gives the loss and the milliseconds. `tell` hears of
 * one that cannot, and why.
 */
export const openPeers = async (folder, sizes, tell, only = '') => {
  const { resolve: fileOf } = createRequire(join(resolve(folder), 'here.js'));
  const importFrom = (name) => import(pathToFileURL(fileOf(name)).href);
  const ready = [];
  for (const [name, { load: library, open }] of Object.entries(systems).filter(([key]) => key.includes(only))) {
    try {
      const run = open(await library(importFrom, fileOf), sizes);
      let count = 0;
      const step = async (batch) => {
        const data = padded(batch, sizes, ++count);
        const began = performance.now();
        const loss = await run(data);
        const ms = performance.now() - began;
        if (!Number.isFinite(loss)) throw new Error(`a loss of ${loss}`);
        return { loss, ms };
      };
      ready.push({ name, step });
    } catch (e) {
      tell(name, /MODULE_NOT_FOUND/.test(e.code) ? INSTALL : e.message);
    }
  }
  return ready;
};

const main = async () => {
  const text = (name, standard) => [name, { type: 'string', default: standard }];
  const { values: given } = parseArgs({
    options: Object.fromEntries([text('peers', process.cwd()), text('data', 'sample'), text('only', ''), text('batch', '8'), text('length', '200'), text('width', '50'), text('blocks', '2'), text('negatives', '128'), text('dropout', '0.2')]),
  });
  const data = value(await load(given.data));
  const sizes = { ...Object.fromEntries(['batch', 'length', 'width', 'blocks', 'negatives', 'dropout'].map((name) => [name, Number(given[name])])), items: data.items.length };
  const batch = trainingBatches(split(data, 'hstu'), { batch: sizes.batch, length: sizes.length, seed: 1, epoch: 0 }).at(0);
  const cannot = (name, why) => console.log(`${name}: cannot take the step: ${why}`);
  for (const { name, step } of await openPeers(given.peers, sizes, cannot, given.only)) {
    try {
      const taken = [];
      for (let i = 0; i < 10; i++) taken.push(await step(batch));
      console.log(`${name}   median ${median(taken.map(({ ms }) => ms)).toFixed(1)} ms, the first ${taken[0].ms.toFixed(0)} ms; loss ${taken.map(({ loss }) => loss.toFixed(3)).join(' ')}`);
    } catch (e) {
      cannot(name, e.message);
    }
  }
};
if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
