/** Shards: what they hold, that they are the same each time, and what is refused. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { right } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { leaveOneOut } from '../../runtime/data/index.js';
import { heldLabels, itemLogits } from '../../runtime/labels.js';
import { auc } from '../../runtime/measures/labelled.js';
import { errorOf, valueOf } from '../data/support.js';
import { everything, reader } from './support.js';

vi.mock('../../runtime/data/load.js', async (original) => ({
  ...(await original<object>()),
  load: async () => right(everything()),
}));
const { pack } = await import('../../runtime/pack/pack.js');

interface Listed {
  readonly name: string;
  readonly file: string;
  readonly type: 'i32' | 'f32' | 'f64';
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
}
interface Index {
  readonly shared: readonly Listed[];
  readonly shards: readonly { readonly users: number; readonly files: readonly Listed[] }[];
  readonly [other: string]: unknown;
}

let root = '';
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'pcrec-pack-'))));
afterAll(() => rm(root, { recursive: true }));

const packed = async (name: string, over: object = {}, model = reader('all')): Promise<string> => {
  const out = join(root, name);
  valueOf(await pack(model)({ data: 'any', out, shardEvents: 30, ...over })());
  return out;
};
const indexOf = async (out: string): Promise<Index> =>
  JSON.parse(await readFile(join(out, 'index.json'), 'utf8')) as Index;

const kinds = { i32: Int32Array, f32: Float32Array, f64: Float64Array };
/** The numbers of a file, which NumPy's own head comes before. */
const numbers = async (out: string, { file, type, shape }: Listed): Promise<readonly number[]> => {
  const bytes = await readFile(join(out, file));
  const head = 10 + bytes.readUInt16LE(8);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  expect(head % 64).toBe(0);
  const values = new kinds[type](new Uint8Array(bytes.subarray(head)).buffer);
  expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
  return [...values];
};
/** The numbers of an array, shard by shard. */
const everyShard = (out: string, shards: Index['shards'], name: string): Promise<readonly (readonly number[])[]> =>
  Promise.all(
    shards.map(({ files }) =>
      numbers(
        out,
        files.find((file) => file.name === name)!,
      ),
    ),
  );
const everyFile = async (out: string): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(out, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(async (entry) => {
          const path = join(entry.parentPath, entry.name);
          return [
            path.slice(out.length),
            createHash('sha256')
              .update(await readFile(path))
              .digest('hex'),
          ] as const;
        }),
    ),
  );

describe('shards', () => {
  it('put together are the data and their split', async () => {
    const out = await packed('whole');
    const { shards } = await indexOf(out);
    expect(shards.length).toBeGreaterThan(2);
    const data = everything();
    const split = leaveOneOut(data);
    const all = (name: string) => everyShard(out, shards, name);
    expect((await all('sequence')).flat()).toEqual([...data.sequence]);
    expect((await all('times')).flat()).toEqual([...data.times!]);
    const offsets = await all('offsets');
    const firsts = offsets.map((_, s) => offsets.slice(0, s).reduce((sum, of) => sum + of.at(-1)!, 0));
    const absolute = (places: readonly (readonly number[])[]) =>
      places.flatMap((of, s) => of.map((p) => p + firsts[s]!));
    expect(absolute(offsets.map((of) => of.slice(0, -1)))).toEqual([...data.offsets].slice(0, -1));
    expect(absolute(await all('training ends'))).toEqual([...split.trainingEnds]);
    const users = shards.map((_, s) => shards.slice(0, s).reduce((sum, shard) => sum + shard.users, 0));
    for (const part of ['validation', 'test'] as const) {
      const of = split.held[part];
      expect((await all(`${part} users`)).flatMap((own, s) => own.map((u) => u + users[s]!))).toEqual([...of.users]);
      expect(absolute(await all(`${part} ends`))).toEqual([...of.ends]);
      expect((await all(`${part} wanted`)).flat()).toEqual([...of.wanted]);
      expect((await all(`${part} starts`)).flatMap((own) => own.slice(1).map((row, i) => row - own[i]!))).toEqual(
        [...of.starts].slice(1).map((row, i) => row - of.starts[i]!),
      );
    }
  });

  it('are listed with their sizes and hashes, and hold no more events than was asked', async () => {
    const out = await packed('listed');
    const { shared, shards } = await indexOf(out);
    for (const { file, bytes, sha256 } of [...shared, ...shards.flatMap(({ files }) => files)]) {
      const content = await readFile(join(out, file));
      expect([file, content.byteLength, createHash('sha256').update(content).digest('hex')]).toEqual([
        file,
        bytes,
        sha256,
      ]);
    }
    for (const { users, files } of shards)
      expect(users === 1 || files.find(({ name }) => name === 'sequence')!.shape[0]! <= 30).toBe(true);
  });

  it('say for whom they are, of which data, and all that a checkpoint wants to know', async () => {
    const index = await indexOf(await packed('said', { split: 'last:1' }));
    const data = everything();
    expect(index).toMatchObject({
      format: 'pcrec-shards-1',
      manifest: { model: 'reader', hash: '2-0123' },
      data: { hash: data.hash, source: 'any', split: { given: 'last:1' } },
      protocol: 'standard',
      defaults: { seed: 42, batch: 128, epochs: 100, patience: 10 },
      horizon: 'all',
      items: [...data.items, ...data.unmet!],
      features: { items: { text: { kind: 'vector', width: 3 } }, users: { gender: { kind: 'category' } } },
    });
  });

  it('of a model that predicts a label say whether it holds of what is asked, and how well the items alone tell it', async () => {
    const rated = { column: 'rating', test: { kind: 'atLeast', value: 4 } } as const;
    const out = await packed('labels', {}, reader('all', rated));
    const { shards, label, baselines, inputs } = await indexOf(out);
    expect(label).toBe('rating >= 4');
    expect(Object.values(inputs as object)).toContainEqual(expect.objectContaining({ label: 'rating >= 4' }));
    const split = leaveOneOut(everything());
    const means = itemLogits(split, rated);
    for (const part of ['validation', 'test'] as const) {
      const labels = [...heldLabels(split, part, rated)];
      expect((await everyShard(out, shards, `${part} label`)).flat()).toEqual(labels);
      const known = [...labels.keys()].filter((row) => labels[row]! > 0);
      const holds = known.map((row) => Number(labels[row] === 2));
      const logits = known.map((row) => means[split.held[part].wanted[row]!]!);
      expect((baselines as Readonly<Record<string, unknown>>)[part]).toMatchObject({
        // By what is liked nothing is ranked.
        popularity: { MRR: null },
        markov: { MRR: null },
        label: {
          label: 'rating >= 4',
          events: known.length,
          holds: holds.reduce((a, b) => a + b, 0),
          items: { AUC: auc({ logits, holds }) },
        },
      });
    }
  });

  it('are the same each time, whatever was there before', async () => {
    const out = await packed('again');
    const before = await everyFile(out);
    await packed('again', { shardEvents: 1 });
    expect(await everyFile(out)).not.toEqual(before);
    await packed('again');
    expect(await everyFile(out)).toEqual(before);
    expect(await everyFile(await packed('elsewhere'))).toEqual(before);
  });
});

describe('it refuses', () => {
  const refused = async (over: object, model = reader('all')): Promise<string> =>
    errorOf(await pack(model)({ data: 'any', out: join(root, 'refused'), ...over })());

  it('a folder of other things, and leaves it alone', async () => {
    const out = await packed('mine');
    await writeFile(join(out, 'letters.txt'), 'dear');
    expect(await refused({ out })).toBe(`${out} holds other files than shards: name an empty folder, or a new one.`);
    expect(await readdir(out)).toContain('index.json');
  });
  it('numbers out of range', async () =>
    expect(await refused({ shardEvents: 0 })).toContain('--shard-events takes a whole number from 1'));
  it('options that exclude each other', async () =>
    expect(await refused({ protocol: 'hstu', split: 'last:1' })).toContain('leave one of them out'));
  it('data without the label that the model predicts', async () =>
    expect(await refused({}, reader('all', { column: 'stars', test: { kind: 'atLeast', value: 4 } }))).toContain(
      "reads the column 'stars' of events as a number",
    ));
  it('a split that asks nothing', async () => expect(await refused({ split: 'last:40' })).toContain('holds nothing'));
});
