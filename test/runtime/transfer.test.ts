/** What a model learned on some data begins a run on others (`--transfer`): all of it that is not of their items. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HyperValue } from 'pcrec';
import gru4rec from '../../models/gru4rec.js';
import sasrecf from '../../models/sasrecf.js';
import unisrec from '../../models/unisrec.js';
import type { Foreign } from '../../runtime/checkpoint.js';
import type { Event } from '../../runtime/events.js';
import type { Manifest, StateInfo } from '../../runtime/contract/session.js';
import { decode } from '../../runtime/safetensors.js';
import { transferred } from '../../runtime/transfer.js';
import { trainer } from '../../runtime/trainer.js';
import { errorOf, valueOf } from '../data/support.js';
import { compiled } from '../features/compiled.js';

describe('what is taken of a checkpoint of other data', () => {
  const state = (name: string, role: StateInfo['role'], ...shape: readonly (number | string)[]): StateInfo => ({
    name,
    role,
    dtype: 'f32',
    axes: shape.map((_, i) => `axis${i}`),
    shape,
    init: { kind: 'normal', std: 1 },
  });
  const manifest = {
    model: 'tried',
    states: [
      state('own', 'parameter', 'items', 2),
      state('own.m', 'slot', 'items', 2),
      state('genre', 'parameter', 'item_genre_values', 2),
      state('text', 'parameter', 'item_text_width', 2),
      state('text.m', 'slot', 'item_text_width', 2),
      state('block', 'parameter', 2),
    ],
  } as unknown as Manifest;
  const sizes = { items: 3, item_genre_values: 2, item_text_width: 2 };
  const lexicon = { items: { text: { kind: 'vector', width: 2 } as const }, events: {} };
  const full = (value: number, n: number): Float32Array => new Float32Array(n).fill(value);
  const fresh = {
    own: full(1, 6),
    'own.m': full(0, 6),
    genre: full(1, 4),
    text: full(1, 4),
    'text.m': full(0, 4),
    block: full(1, 2),
  };
  const lesson = (more: Foreign['shapes'] = {}) => {
    const shapes = { own: [9, 2], genre: [5, 2], text: [2, 2], 'text.m': [2, 2], block: [2], ...more };
    const states = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        full(
          7,
          shape.reduce((a, b) => a * b, 1),
        ),
      ]),
    );
    return { path: 'x', shapes, kept: { states, data: { source: 'other' } } as unknown as Foreign['kept'] };
  };
  const take = (more?: Foreign['shapes']) => transferred(manifest, lesson(more), sizes, lexicon, fresh);

  it('are parameters of no item and of no word; slots begin anew', () => {
    const { states, says, warns } = valueOf(take());
    expect(states).toEqual({ ...fresh, text: full(7, 4), block: full(7, 2) });
    expect(says).toEqual(['Begun with 2 parameters of x, as other taught them; anew: `own`, `genre`.']);
    expect(warns).toEqual([]);
  });
  it('is said where the model has no place for what is there', () => {
    expect(valueOf(take({ more: [2], 'more.m': [2], 'more.v': [2] })).warns).toEqual([
      'x has learned `more`, for which this model has no place: left out.',
    ]);
  });
  it('is refused where shapes differ, with what to do', () => {
    expect(errorOf(take({ text: [3, 2] }))).toBe(
      "Nothing can be transferred from x: the vectors of the column 'text' were 3 numbers there, and here they are 2: make both with the same language model.",
    );
    expect(errorOf(take({ text: [2, 4] }))).toBe(
      'Nothing can be transferred from x: its `text` has the shape [2, 4], and here it has [2, 2]: compile the model with the hyperparameters of the one that was trained.',
    );
    expect(errorOf(take({ block: [3] }))).toContain('its `block` has the shape [3], and here it has [2]');
  });
  it('is refused where a parameter is not there, or there is none that could be taken', () => {
    const { block: _, ...shapes } = lesson().shapes;
    const less = { ...lesson(), shapes };
    expect(errorOf(transferred(manifest, less, sizes, lexicon, fresh))).toContain('it has no `block`');
    const items = { ...manifest, states: manifest.states.slice(0, 2) };
    expect(errorOf(transferred(items, lesson(), sizes, lexicon, fresh))).toBe(
      'Nothing can be transferred from x: all that `tried` learns is of the items of its data.',
    );
  });
});

let folder = '';
const at = (name: string): string => join(folder, name);
/** Walks along a ring of items with vectors of `width` numbers. */
const written = async (name: string, users: number, ring: number, width: number): Promise<void> => {
  const items = Array.from({ length: ring }, (_, i) => `${name}${i}`);
  const rows = Array.from({ length: users }, (_, u) =>
    Array.from({ length: 6 }, (__, i) => `u${u},${items[(u * 3 + i * (1 + (u % 2))) % ring]},${i}`),
  );
  await writeFile(at(`${name}.csv`), ['user,item,order', ...rows.flat()].join('\n').replace('order', 'time'));
  await writeFile(
    at(`${name}.jsonl`),
    items
      .map((item, i) => JSON.stringify({ item, text: Array.from({ length: width }, (_, k) => Math.sin(i + k * ring)) }))
      .join('\n'),
  );
};
const data = (name: string) => ({ data: at(`${name}.csv`), items: [at(`${name}.jsonl`)] });
const small = { experts: 2, blocks: 1, width: 4, length: 5 } as const;
const model = (over: Readonly<Record<string, HyperValue>> = {}) => trainer(compiled(unisrec, { ...small, ...over }));
const run = { epochs: 2, batch: 8, seed: 3 } as const;
const states = async (out: string) => {
  const { tensors } = valueOf(decode(await readFile(join(out, 'last.safetensors'))));
  return Object.fromEntries(Object.entries(tensors).map(([name, { data: numbers }]) => [name, numbers]));
};

describe('a run that begins with what another learned', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
    await written('film', 24, 11, 3);
    await written('cream', 20, 7, 3);
    await written('other', 20, 7, 4);
    await model({ stage: 'pretraining' }).train({ ...run, ...data('film'), out: at('film') });
  });
  afterAll(() => rm(folder, { recursive: true }));
  const transfer = (): string => join(at('film'), 'best.safetensors');

  it('has its parameters to the bit, and items of its own', async () => {
    const events: Event[] = [];
    // At the rate 0 nothing moves.
    const still = model({ stage: 'transductive', rate: 0 });
    await still.train({
      ...run,
      ...data('cream'),
      transfer: transfer(),
      out: at('still'),
      listen: (event) => void events.push(event),
    });
    await still.train({ ...run, ...data('cream'), out: at('fresh') });
    const taught = valueOf(decode(await readFile(transfer()))).tensors;
    const [got, fresh] = [await states(at('still')), await states(at('fresh'))];
    const shared = Object.keys(got).filter(
      (name) => /^(?:block|norm|adaptor|embedding\.positions)/.test(name) && !/\.[mv]$/.test(name),
    );
    expect(shared.length).toBeGreaterThan(10);
    for (const name of shared) expect(got[name], name).toEqual(taught[name]!.data);
    expect(got['adaptor.weight']).not.toEqual(fresh['adaptor.weight']);
    expect(got['embedding.items']).toEqual(fresh['embedding.items']);
    expect(got['item.text']).toEqual(fresh['item.text']);
    const start = events.find((event) => event.kind === 'start');
    expect(start?.reading.at(-1)).toMatch(/^Begun with \d+ parameters of .*film.*; anew: `embedding\.items`\.$/);
    expect(start?.step).toBe(0);
    expect(events.filter(({ kind }) => kind === 'warning')).toEqual([]);
  });

  it('ends in the same bytes when it was interrupted', async () => {
    const of = { ...run, ...data('cream') };
    await model().train({ ...of, transfer: transfer(), out: at('whole') });
    await model().train({ ...of, transfer: transfer(), epochs: 1, out: at('parts') });
    await model().train({ ...of, resume: true, out: at('parts') });
    expect(await readFile(join(at('parts'), 'last.safetensors'))).toEqual(
      await readFile(join(at('whole'), 'last.safetensors')),
    );
  });

  it('is refused what does not fit, in words, and before anything is written', async () => {
    const tried = (over: Readonly<Record<string, HyperValue>>, name = 'cream', more: object = {}) =>
      model(over).train({ ...run, ...data(name), transfer: transfer(), out: at('none'), ...more });
    await expect(tried({}, 'other')).rejects.toThrow(
      "the vectors of the column 'text' were 3 numbers there, and here they are 4: make both with the same language model",
    );
    await expect(tried({ width: 6 })).rejects.toThrow('compile the model with the hyperparameters of the one that was');
    await expect(tried({ blocks: 2 })).rejects.toThrow('it has no `block.1.');
    await expect(tried({ length: 4 })).rejects.toThrow(
      'its `embedding.positions` has the shape [5, 4], and here it has [4, 4]',
    );
    await expect(tried({}, 'cream', { from: transfer() })).rejects.toThrow('--transfer begins a run, and');
    await expect(tried({}, 'cream', { resume: true })).rejects.toThrow('--transfer begins a run, and');
    await expect(tried({}, 'cream', { transfer: at('nothing') })).rejects.toThrow(
      /Nothing can be transferred from .*nothing: there is no such file/,
    );
    await expect(
      trainer(compiled(gru4rec, { blocks: 1 })).train({ ...run, transfer: transfer(), out: at('none') }),
    ).rejects.toThrow('it belongs to the model `unisrec`, and this is `gru4rec`');
    await expect(readFile(join(at('none'), 'last.safetensors'))).rejects.toThrow('ENOENT');
  });

  it('warns where it is told of the same events, and they are divided otherwise', async () => {
    const warnings: string[] = [];
    const listen = (event: Event): void => void (event.kind === 'warning' && warnings.push(event.message));
    await model().train({ ...run, ...data('film'), transfer: transfer(), split: 'last:1', out: at('again'), listen });
    expect(warnings).toEqual([expect.stringContaining('it may have learned what is held out now (last:1)')]);
  });

  it('is no matter of texts alone: any model may begin so', async () => {
    const sure = trainer(compiled(sasrecf, { categories: '', vectors: 'text', blocks: 1 }));
    await sure.train({ ...run, ...data('film'), out: at('sure') });
    const events: Event[] = [];
    await sure.train({
      ...run,
      ...data('cream'),
      transfer: join(at('sure'), 'best.safetensors'),
      out: at('surer'),
      listen: (event) => void events.push(event),
    });
    expect(events.find((event) => event.kind === 'start')?.reading.at(-1)).toContain('anew: `embedding.items`');
  });
});
