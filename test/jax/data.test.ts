/** The emitted program's data are the trainer's: every number of every batch, orders and first values, read whole and in pieces. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { right } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import type { Manifest, StateInfo } from '../../runtime/contract/session.js';
import { catalogued } from '../../runtime/features.js';
import { feedOf } from '../../runtime/feed.js';
import { scalars } from '../../runtime/entries.js';
import { initialStates } from '../../runtime/init.js';
import type { Inputs } from '../../runtime/job.js';
import { ruled, splitBy } from '../../runtime/data/index.js';
import { valueOf } from '../data/support.js';
import { everything, reader } from '../pack/support.js';
import { program, python, ran } from './python.js';

vi.mock('../../runtime/data/load.js', async (original) => ({
  ...(await original<object>()),
  load: async () => right(everything()),
}));
const { pack } = await import('../../runtime/pack/pack.js');

const digest = (values: NodeJS.ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

let root = '';
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'pcrec-jax-data-'))));
afterAll(() => rm(root, { recursive: true }));

const asked = async (ask: object): Promise<Readonly<Record<string, unknown>>> => {
  const { code, out, err } = await ran([join(import.meta.dirname, 'data.py'), JSON.stringify(ask)], {
    PYTHONPATH: program,
  });
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Readonly<Record<string, unknown>>;
};

const settings = { seed: 7, batch: 4, epochs: 2, patience: null, protocol: 'standard' } as const;

/** Digests of what the trainer's own feed gives. */
const expected = (manifest: Manifest, rule: string): Readonly<Record<string, string>> => {
  const data = catalogued(manifest, everything());
  const split = splitBy(data, valueOf(ruled(rule, data)));
  const feed = valueOf(feedOf(manifest, split, settings));
  const found: Record<string, string> = {};
  const note = (label: string, entry: string, inputs: Inputs): void => {
    for (const { name } of manifest.entries[entry]!.inputs) found[`${label} ${name}`] = digest(inputs[name]!);
  };
  let step = 0;
  for (let epoch = 0; epoch < settings.epochs; epoch++)
    [...feed.training(epoch, 0)].forEach((inputs, i) =>
      note(`train ${epoch} ${i}`, 'train', { ...inputs, ...scalars({ settings, feed }, ++step) }),
    );
  for (const part of ['validation', 'test'] as const)
    [...feed.evaluation(part).all].forEach(({ inputs }, i) => note(`${part} ${i}`, 'rank', inputs));
  for (const [name, values] of Object.entries(feed.features.given())) found[`state ${name}`] = digest(values);
  return found;
};

describe.skipIf(python === undefined)('the emitted program', () => {
  it.each([
    ['all', 'leave-one-out'],
    ['last', 'leave-one-out'],
    ['all', 'last:2'],
  ] as const)('fills batches as the trainer does, targets %s, split %s', async (horizon, rule) => {
    const { manifest } = reader(horizon);
    const shards = join(root, `${horizon}-${rule.replace(':', '')}`);
    valueOf(await pack({ manifest })({ data: 'any', split: rule, out: shards, shardEvents: 20 })());
    const [train, rank] = ['train', 'rank'].map((entry) => manifest.entries[entry]!.inputs.map(({ name }) => name));
    const wanted = expected(manifest, rule);
    const steps = 2 * Object.keys(wanted).filter((name) => /^train 0 \d+ items$/.test(name)).length;
    expect(await asked({ ask: 'batches', shards, ...settings, steps, train, rank })).toEqual(wanted);
  });

  it('cuts batches to few lengths, and loses nothing by that', async () => {
    const { manifest } = reader('all');
    const shards = join(root, 'lengths');
    valueOf(await pack({ manifest })({ data: 'any', out: shards, shardEvents: 20 })());
    const train = manifest.entries['train']!.inputs.map(({ name }) => name);
    const { cut } = await asked({ ask: 'lengths', shards, seed: 3, train });
    expect(cut).toBeGreaterThan(0);
  });

  it('draws orders, streams and first values as the trainer does', async () => {
    const sizes = [1, 2, 3, 17, 400, 5000, 50_000];
    const keys = ['data.order', 'init Zoë', '🎬'];
    const of = (name: string, init: StateInfo['init'], shape = [30, 7]): StateInfo & { shape: number[] } => ({
      name,
      dtype: 'f32',
      axes: ['item', 'width'],
      shape,
      init,
      role: 'parameter',
    });
    const states = [
      of('a', { kind: 'normal', std: 0.02 }, [400, 50]),
      of('b', { kind: 'truncatedNormal', std: 1 }),
      of('c', { kind: 'uniform', low: -1, high: 2 }),
      of('d', { kind: 'xavierUniform', fanIn: ['item'], fanOut: ['width'] }),
      of('e', { kind: 'constant', value: 0.1 }),
    ];
    const got = (await asked({ ask: 'random', seed: 2 ** 32 - 2, sizes, keys, states })) as {
      readonly orders: readonly string[];
      readonly streams: readonly number[];
      readonly values: Readonly<Record<string, readonly number[]>>;
    };
    const order = (n: number): Int32Array => {
      const values = Int32Array.from({ length: n }, (_, i) => i);
      const numbers = stream(2 ** 32 - 2, 3, 'data.order');
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(uniformAt(numbers, i) * (i + 1));
        [values[i], values[j]] = [values[j]!, values[i]!];
      }
      return values;
    };
    expect(got.orders).toEqual(sizes.map((n) => digest(order(n))));
    expect(got.streams).toEqual(keys.map((key) => stream(2 ** 32 - 2, 7, key)));
    // Logarithms of two languages may differ in their last bit, so first values may in theirs.
    for (const [name, values] of Object.entries(valueOf(initialStates(2 ** 32 - 2, {}, states))))
      values.forEach((value, i) =>
        expect(Math.abs(value - got.values[name]![i]!)).toBeLessThanOrEqual(2 ** -23 * Math.abs(value)),
      );
  });
});
