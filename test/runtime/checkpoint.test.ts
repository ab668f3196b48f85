import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkpoint, parse, restore, save } from '../../runtime/checkpoint.js';
import { beginning } from '../../runtime/progress.js';
import { decode, encode } from '../../runtime/safetensors.js';
import { type Manifest, type StateInfo, manifestHash } from '../../runtime/contract/session.js';

const info = (name: string, shape: readonly (number | string)[]): StateInfo => ({
  name,
  dtype: 'f32',
  axes: shape.map(String),
  shape,
  init: { kind: 'constant', value: 0 },
  role: 'parameter',
});
const manifest: Manifest = {
  format: 1,
  model: 'toy',
  source: 'toy.ts',
  hyper: {},
  length: 5,
  entries: {},
  hash: 'ab'.repeat(32),
  states: [info('items', ['items', 2]), info('items.m', ['items', 2]), info('bias', [])],
};
const checkpoint: Checkpoint = {
  model: 'toy',
  manifest: manifest.hash,
  data: { hash: 'd', source: 'sample', format: null, titles: null },
  settings: { seed: 42, batch: 8, epochs: 3, patience: 2, protocol: 'standard' },
  progress: { ...beginning, step: 7, loss: 0.1 + 0.2 },
  items: ['é', 'b', '"c"'],
  titles: null,
  states: { items: Float32Array.of(1, 2, 3, 4, 5, 6), 'items.m': new Float32Array(6), bias: Float32Array.of(Math.PI) },
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
});
afterAll(() => rm(folder, { recursive: true }));

const written = async (name: string, value: Checkpoint = checkpoint, of: Manifest = manifest) => {
  const path = join(folder, name);
  expect(await save(path, of, value)()).toEqual(E.right(undefined));
  return path;
};

describe('the safetensors format', () => {
  const tensors = fc.dictionary(
    fc.string(),
    fc.array(fc.float({ noNaN: true })).map((data) => ({ shape: [data.length], data: Float32Array.from(data) })),
  );
  const metadata = fc.dictionary(
    fc.string().filter((key) => key !== 'sha256'),
    fc.string(),
  );

  it('gives back what was written', () => {
    fc.assert(
      fc.property(
        metadata,
        tensors.filter((t) => !Object.hasOwn(t, '__metadata__')),
        (m, t) => {
          const file = decode(Buffer.concat(encode({ metadata: m, tensors: t })));
          expect(file).toEqual(E.right({ metadata: { ...m }, tensors: { ...t } }));
        },
      ),
    );
  });

  it('is the layout that other readers expect', () => {
    const bytes = Buffer.concat(
      encode({
        metadata: { a: 'b' },
        tensors: { y: { shape: [1], data: Float32Array.of(2) }, x: { shape: [1, 2], data: Float32Array.of(0.5, 1) } },
      }),
    );
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toMatchObject({
      __metadata__: { a: 'b' },
      x: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      y: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    });
    expect([0, 4, 8].map((at) => bytes.readFloatLE(8 + length + at))).toEqual([0.5, 1, 2]);
  });

  it('refuses every truncation, every changed byte and every appended one, and never throws', () => {
    const file = Buffer.concat(
      encode({
        metadata: { a: 'b', c: 'd' },
        tensors: { x: { shape: [3], data: Float32Array.of(1, 2, 3) }, y: { shape: [1], data: Float32Array.of(4) } },
      }),
    );
    fc.assert(fc.property(fc.nat(file.length - 1), (length) => E.isLeft(decode(file.subarray(0, length)))));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(file);
        bad[at] = (bad[at] as number) ^ flip;
        return E.isLeft(decode(bad));
      }),
      { numRuns: 3000 },
    );
    fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), (more) => E.isLeft(decode(Buffer.concat([file, more])))));
  });

  it('refuses any header, any bytes, without throwing', () => {
    const framed = (text: string) => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
      return Buffer.concat([size, Buffer.from(text)]);
    };
    fc.assert(fc.property(fc.uint8Array(), (bytes) => E.isLeft(decode(Buffer.from(bytes)))));
    fc.assert(fc.property(fc.json(), (text) => E.isLeft(decode(framed(text)))));
    const entry = fc.record(
      { dtype: fc.constantFrom('F32', 'I8', 3), shape: fc.array(fc.anything()), data_offsets: fc.array(fc.anything()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), entry), (header) =>
        E.isLeft(
          decode(
            framed(
              JSON.stringify({ __metadata__: { sha256: '0'.repeat(64) }, ...header }, (_, v: unknown) =>
                typeof v === 'bigint' ? String(v) : v,
              ),
            ),
          ),
        ),
      ),
    );
  });
});

describe('checkpoints', () => {
  it('come back as they were saved, with no temporary file beside them', async () => {
    const path = await written('whole.safetensors');
    expect(await restore(path, manifest)()).toEqual(E.right(checkpoint));
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('are the same bytes for the same values', async () => {
    expect(await readFile(await written('one.safetensors'))).toEqual(await readFile(await written('two.safetensors')));
  });

  it.each([
    ['another model', { ...manifest, model: 'other' }, /belongs to the model `toy`/],
    ['another version', { ...manifest, hash: 'cd'.repeat(32) }, /another version/],
    [
      'hashes of another kind',
      { ...manifest, hash: manifestHash.of('ab'.repeat(32)) },
      /written with another version of pcrec, .* go on with the version that wrote it, or train anew/,
    ],
    [
      'another shape',
      { ...manifest, states: [info('items', ['items', 3])] },
      /`items` should have the shape \[3, 3\] and has \[3, 2\]/,
    ],
    ['a missing state', { ...manifest, states: [info('theta', [1])] }, /`theta` .* is missing/],
  ])('are refused by %s', async (_, other, message) => {
    expect(await restore(await written('mismatch.safetensors'), other)()).toEqual(
      E.left(expect.stringMatching(message)),
    );
  });

  it('are refused with a reason when they are missing or something else', async () => {
    expect(await restore(join(folder, 'none'), manifest)()).toEqual(
      E.left(expect.stringMatching(/none cannot be used: there is no such file; train first/)),
    );
    expect(await restore(folder, manifest)()).toEqual(E.left(expect.stringMatching(/it is a folder/)));
    const foreign = join(folder, 'foreign');
    await writeFile(foreign, Buffer.concat(encode({ metadata: {}, tensors: {} })));
    expect(await restore(foreign, manifest)()).toEqual(E.left(expect.stringMatching(/format/)));
  });

  it('refuse contents of the wrong kind under a valid checksum', () => {
    const claim = (text: string) => {
      const all = { format: 'pcrec-checkpoint-1', model: 'toy', manifest: manifest.hash };
      const rest = Object.fromEntries(['data', 'settings', 'progress', 'items', 'titles'].map((part) => [part, text]));
      return parse(manifest, Buffer.concat(encode({ metadata: { ...all, ...rest }, tensors: {} })));
    };
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => E.isLeft(claim(text))));
  });

  it('never replace a good file by one with non-finite values', async () => {
    const path = await written('good.safetensors');
    const bad = { ...checkpoint, states: { ...checkpoint.states, bias: Float32Array.of(Number.NaN) } };
    expect(await save(path, manifest, bad)()).toEqual(E.left(expect.stringContaining('`bias`')));
    expect(await restore(path, manifest)()).toEqual(E.right(checkpoint));
  });

  it('say why a folder cannot be written', async () => {
    const path = join(await written('file.safetensors'), 'below.safetensors');
    expect(await save(path, manifest, checkpoint)()).toEqual(
      E.left(expect.stringMatching(/could not be written: .*(folder|in the way)/)),
    );
  });
});
