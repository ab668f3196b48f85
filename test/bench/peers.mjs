/**
 * One training step of HSTU in other JavaScript systems, on their WebAssembly, as `pytorch_step.py` takes it in PyTorch: padded
 * sequences, 128 negatives shared by the batch, dropout, Adam. `step.mjs --peers FOLDER` times them beside ours; alone this prints
 * how the loss falls in ten steps on one batch, and what a step takes:
 *
 *   npm run build && node test/bench/peers.mjs --peers FOLDER [--data FILE] [--only NAME] [--batch 8] [--length 200] [--width 50]
 *     [--blocks 2] [--negatives 128] [--dropout 0.2]
 *
 * FOLDER holds a node_modules with the peers: npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm @jax-js/jax. In Node each
 * runs on one thread. Where a system cannot take the step, its own message says why. All start from the same numbers, so without
 * dropout their losses agree.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { initial, load, split, stream, trainingBatches, uniformAt } from 'pcrec/runtime';
import { median } from './common.mjs';

const RATE = 1e-3;
const BETAS = [0.9, 0.98];
const TEMPERATURE = 0.05;
const value = (either) => {
  if (either._tag === 'Right') return either.right;
  throw new Error(typeof either.left === 'string' ? either.left : JSON.stringify(either.left));
};

/** What is trained: its axes, and a law for its first values. Item 0 stands for no item. */
const parameters = (blocks) => {
  const normal = { kind: 'normal', std: 0.02 };
  const uniform = (bound) => ({ kind: 'uniform', low: -bound, high: bound });
  const block = (l) => ({
    [`map${l}`]: [['width', 'part', 'width'], () => normal],
    [`rab${l}`]: [['distance'], () => normal],
    [`out${l}`]: [['width', 'width'], ({ width }) => uniform(1 / Math.sqrt(width))],
    [`bias${l}`]: [['width'], ({ width }) => uniform(1 / Math.sqrt(width))],
  });
  return Object.assign(
    { items: [['item', 'width'], () => normal], positions: [['position', 'width'], () => normal] },
    ...Array.from({ length: blocks }, (_, l) => block(l)),
  );
};
/** The first values, by name: all systems start from these. */
const started = ({ items, length, width, blocks }) => {
  const sizes = { item: items + 1, position: length, distance: 2 * length - 1, part: 4, width };
  return Object.entries(parameters(blocks)).map(([name, [axes, law]]) => ({
    name,
    axes,
    shape: axes.map((axis) => sizes[axis]),
    data: value(initial(1, sizes)({ name, axes, shape: axes, init: law(sizes) })),
  }));
};

/** What they take of a batch: items from 1 on, the real positions (the others are item 0), and negatives for all. */
const padded = ({ items, targets, 'seq.lengths': lengths }, { length, negatives, items: count }, step) => {
  const real = (at) => at % length < lengths[Math.floor(at / length)];
  const codes = (list) => list.map((id, at) => (real(at) ? id + 1 : 0));
  const draw = stream(1, step, 'negatives');
  return {
    ids: codes(items),
    targets: codes(targets),
    kept: Int32Array.from(items.keys()).filter(real),
    negatives: Int32Array.from({ length: negatives }, (_, i) => 1 + Math.floor(uniformAt(draw, i) * count)),
  };
};

/** Of each pair of positions, which of the relative biases is theirs; and whether the second may be read. */
const offsets = (n) => Int32Array.from({ length: n * n }, (_, i) => Math.floor(i / n) - (i % n) + n - 1);
const causal = (n) => Float32Array.from({ length: n * n }, (_, i) => (i % n <= Math.floor(i / n) ? 1 : 0));

/**
 * TensorFlow.js, eagerly. Helped where its WebAssembly needs it:
 * - The gradient of a lookup asks for a kernel that is not there (UnsortedSegmentSum): scatterND adds the rows instead.
 * - The fast product is that of two matrices as they lie: transpositions are written out, and the products of many matrices taken
 *   one by one.
 * - unstack and slice copy the whole tensor for each part, and gather goes cell by cell: gatherND takes the parts, and the rows.
 * Of its packages the whole, `tfjs`, is taken, as the core alone has no gradients.
 */
const tensorflow = {
  load: async (importFrom, fileOf) => {
    const tf = await importFrom('@tensorflow/tfjs');
    const backend = await importFrom('@tensorflow/tfjs-backend-wasm');
    backend.setWasmPaths(`${dirname(fileOf('@tensorflow/tfjs-backend-wasm'))}/`);
    if (!(await tf.setBackend('wasm'))) throw new Error('its backend wasm does not start');
    await tf.ready();
    return tf;
  },
  open: (tf, sizes) => {
    const { batch, length, width, blocks, dropout } = sizes;
    const p = Object.fromEntries(
      started(sizes).map(({ name, shape, data }) => [name, tf.variable(tf.tensor(data, shape))]),
    );
    const optimizer = tf.train.adam(RATE, ...BETAS, 1e-8);
    const [pairs, mask] = [tf.tensor1d(offsets(length), 'int32'), tf.tensor2d(causal(length), [length, length])];
    const numbers = Array.from({ length: batch }, (_, i) => tf.tensor1d([i], 'int32'));

    const lookup = (table, ids) =>
      tf.customGrad((rows) => ({
        value: tf.gatherND(rows, tf.expandDims(ids, 1)),
        gradFunc: (dy) => tf.scatterND(tf.expandDims(ids, 1), dy, table.shape),
      }))(table);
    const product = tf.customGrad((a, b, save) => {
      save([a, b]);
      return {
        value: tf.matMul(a, b),
        gradFunc: (dy, [x, y]) => [tf.matMul(dy, tf.transpose(y)), tf.matMul(tf.transpose(x), dy)],
      };
    });
    /** The product of each matrix of one list with that of the other. */
    const each = (a, b) => tf.stack(numbers.map((i) => tf.matMul(tf.gatherND(a, i), tf.gatherND(b, i))));
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
      const [u, v, q, k] = tf.split(silu(product(norm(x), tf.reshape(p[`map${l}`], [width, 4 * width]))), 4, -1);
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
    return async ({ ids, targets, kept, negatives }) =>
      tf.tidy(() => {
        const ints = (list) => tf.tensor1d(list, 'int32');
        const given = {
          ids: ints(ids),
          targets: ints(kept.map((at) => targets[at])),
          kept: ints(kept),
          negatives: ints(negatives),
        };
        return optimizer.minimize(() => loss(given), true).dataSync()[0];
      });
  },
};

/**
 * jax-js: loss, gradients and Adam in one compiled function. Positions without an item are computed and masked, as shapes are
 * fixed. Its kernels use vectors where sizes are multiples of four (seven times as fast for a width of 52 as for 50), so channels
 * of zeros fill the width up; they stay zero.
 */
const jax = {
  load: async (importFrom) => {
    const lib = await importFrom('@jax-js/jax');
    if (!(await lib.init('wasm')).includes('wasm')) throw new Error('its backend wasm does not start');
    lib.defaultDevice('wasm');
    return lib;
  },
  open: ({ numpy: np, nn, random, jit, valueAndGrad, blockUntilReady }, sizes) => {
    const { batch, length, width, blocks, dropout } = sizes;
    const wide = 4 * Math.ceil(width / 4);
    const ints = (list) => np.array(list, { dtype: np.int32 });
    const real = np.array(Float32Array.from({ length: wide }, (_, i) => (i < width ? 1 : 0)));
    const pairs = ints(offsets(length)).reshape([length, length]);
    const mask = np.array(causal(length).map((x) => x / length)).reshape([length, length]);

    // The gradient of a mean would reach the filling, too, and train it: hence the product within.
    const norm = (x) => {
      const centred = x.ref.sub(np.sum(x.mul(real.ref), -1, { keepdims: true }).div(width)).mul(real.ref);
      return centred.ref.div(np.sqrt(np.sum(np.square(centred), -1, { keepdims: true }).div(width).add(1e-5)));
    };
    const unit = (x) => x.ref.div(np.sqrt(np.maximum(np.sum(np.square(x), -1, { keepdims: true }), 1e-24)));
    const dropped = (x, key) => np.where(random.bernoulli(key, 1 - dropout, x.shape), x.div(1 - dropout), 0);
    /** Each use of an array takes it: `ref` keeps it for another. */
    const block = (x, p, key, l) => {
      const [u, v, q, k] = np.split(nn.silu(np.matmul(norm(x.ref), p[`map${l}`].reshape([wide, 4 * wide]))), 4, -1);
      const scores = np.matmul(q, np.matrixTranspose(k)).add(p[`rab${l}`].slice(pairs.ref));
      const gated = u.mul(norm(np.matmul(nn.silu(scores).mul(mask.ref), v)));
      return x.add(np.matmul(dropout > 0 ? dropped(gated, key) : gated, p[`out${l}`]).add(p[`bias${l}`]));
    };
    const loss = (p, { ids, targets, negatives }, keys) => {
      const input = p.items.ref.slice(ids).mul(Math.sqrt(width)).add(p.positions);
      const state = unit(Array.from({ length: blocks }).reduce((x, _, l) => block(x, p, keys[l], l), input));
      const own = np.sum(state.ref.mul(unit(p.items.ref.slice(targets.ref))), -1).div(TEMPERATURE);
      const others = np.matmul(state, np.transpose(unit(p.items.slice(negatives)))).div(TEMPERATURE);
      const losses = np.logaddexp(own.ref, nn.logsumexp(others, -1)).sub(own);
      const counted = np.where(np.greater(targets, 0), 1, 0);
      return np.sum(losses.mul(counted.ref)).div(np.sum(counted));
    };
    const map = (of, f) => Object.fromEntries(Object.keys(of).map((name) => [name, f(name)]));
    const update = jit((p, m, v, time, data, keys) => {
      const kept = map(p, (name) => p[name].ref);
      const [found, g] = valueAndGrad(loss)(p, data, keys);
      const moved = map(m, (name) => m[name].mul(BETAS[0]).add(g[name].ref.mul(1 - BETAS[0])));
      const spread = map(v, (name) => v[name].mul(BETAS[1]).add(np.square(g[name]).mul(1 - BETAS[1])));
      const [one, two] = BETAS.map((beta, i) =>
        np.subtract(1, np.exp((i === 0 ? time.ref : time).mul(Math.log(beta)))),
      );
      const next = map(kept, (name) =>
        kept[name].sub(
          moved[name].ref
            .div(one.ref)
            .mul(RATE)
            .div(np.sqrt(spread[name].ref.div(two.ref)).add(1e-8)),
        ),
      );
      one.dispose();
      two.dispose();
      return [next, moved, spread, found];
    });
    const start = started(sizes).map(({ name, axes, shape, data }) => [
      name,
      np.pad(
        np.array(data).reshape(shape),
        axes.map((axis) => [0, axis === 'width' ? wide - width : 0]),
      ),
    ]);
    const zeros = () => Object.fromEntries(start.map(([name, { shape }]) => [name, np.zeros(shape)]));
    let states = [Object.fromEntries(start), zeros(), zeros()];
    let time = 0;
    return async ({ ids, targets, negatives }) => {
      const grid = (list) => ints(list).reshape([batch, length]);
      time++;
      const keys = Array.from({ length: dropout > 0 ? blocks : 0 }, (_, l) => random.key(blocks * time + l));
      const [p, m, v, found] = update(
        ...states,
        np.array(Float32Array.of(time)).reshape([]),
        { ids: grid(ids), targets: grid(targets), negatives: ints(negatives) },
        keys,
      );
      states = [p, m, v];
      await blockUntilReady(states);
      return (await found.data())[0];
    };
  },
};

const systems = { 'TensorFlow.js wasm': tensorflow, 'jax-js wasm': jax };
const INSTALL = 'not installed: npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm @jax-js/jax in that folder.';

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
    options: Object.fromEntries([
      text('peers', process.cwd()),
      text('data', 'sample'),
      text('only', ''),
      text('batch', '8'),
      text('length', '200'),
      text('width', '50'),
      text('blocks', '2'),
      text('negatives', '128'),
      text('dropout', '0.2'),
    ]),
  });
  const data = value(await load(given.data));
  const sizes = {
    ...Object.fromEntries(
      ['batch', 'length', 'width', 'blocks', 'negatives', 'dropout'].map((name) => [name, Number(given[name])]),
    ),
    items: data.items.length,
  };
  const batch = trainingBatches(split(data, 'hstu'), {
    batch: sizes.batch,
    length: sizes.length,
    seed: 1,
    epoch: 0,
  }).at(0);
  const cannot = (name, why) => console.log(`${name} cannot take the step: ${why}`);
  for (const { name, step } of await openPeers(given.peers, sizes, cannot, given.only)) {
    try {
      const taken = [];
      for (let i = 0; i < 10; i++) taken.push(await step(batch));
      console.log(
        `${name}   median ${median(taken.map(({ ms }) => ms)).toFixed(1)} ms, the first ${taken[0].ms.toFixed(0)} ms; loss ${taken.map(({ loss }) => loss.toFixed(3)).join(' ')}`,
      );
    } catch (e) {
      cannot(name, e.message);
    }
  }
};
if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
