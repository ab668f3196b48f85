/** What is asked with a request: what is proved and refused of it, how it comes into a batch, from which data, and how it is asked with. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Context,
  type State,
  add,
  adamw,
  embed,
  itemFeature,
  linear,
  model,
  nextItem,
  recommenderHypers,
  requestVector,
  sequenceInput,
  shift,
  vector,
} from 'pcrec';
import { compile } from '../../compiler/compile.js';
import instructrec from '../../models/instructrec.js';
import { requestFor } from '../../runtime/asking.js';
import { command } from '../../runtime/command.js';
import type { Manifest } from '../../runtime/contract/session.js';
import { requestRow } from '../../runtime/contract/request.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { columnsOf, filled, nothingSeen } from '../../runtime/data/fill.js';
import { load } from '../../runtime/data/index.js';
import { row } from '../../runtime/row.js';
import { requestOf } from '../../runtime/requests.js';
import { trainer } from '../../runtime/trainer.js';
import type { World } from '../../runtime/world.js';
import { datasets, errorOf, valueOf } from '../data/support.js';
import { traced } from '../support/models.js';
import { disagreements } from '../support/targets.js';
import { compiled } from './compiled.js';

type Ctx = Context<typeof recommenderHypers>;
/** A model whose state is the input and something more. */
const adding = (more: (context: Ctx, width: ReturnType<typeof sequenceInput>['width']) => State) =>
  model({
    name: 'tried',
    hyper: recommenderHypers,
    optimizer: () => adamw({ rate: 0.1 }),
    build: (context) => {
      const { width, items, input } = sequenceInput(context);
      return nextItem(context, { width, items }, add(input, more(context, width)));
    },
  });
const verdict = (of: Parameters<typeof traced>[0]): readonly [code: string, message: string] | string => {
  const found = compile(traced(of));
  return isLeft(found) ? [found.left[0].code, found.left[0].message] : found.right.report.certificate!;
};

describe('a model that reads what is asked', () => {
  it('is certified, and that it was asked without the answer is said to be taken on trust', () => {
    expect(verdict(instructrec)).toBe(
      "prediction at t reads positions <= t of items, position t of request.instruction; rows independent; that the table of items told text beforehand is the author's word; that the instruction of a request was made without its answer is the data's word",
    );
  });

  it('is refused where a prediction reads what is asked later', () => {
    const early = adding(({ batch }, width) => {
      const { values, width: own } = requestVector('instruction', batch);
      return linear('asked', shift(values, batch.seq, -1), own, width);
    });
    expect(verdict(early)).toEqual(['PC5001', expect.stringContaining("'request.instruction'")]);
  });

  it('is refused where it makes the request of the answer itself', () => {
    const simulated = adding(({ batch, phase }, width) => {
      const text = itemFeature('text', vector());
      return linear('asked', embed(text.values, phase === 'training' ? batch.targets : batch.items), text.width, width);
    });
    expect(verdict(simulated)[0]).toBe('PC5002');
  });

  it('is on every target what it means', async () => {
    expect(await disagreements(instructrec, { blocks: 1 }, [0, 2])).toEqual([]);
  });
});

it('comes into a batch at each position as it was asked before the next event, and nowhere else', () => {
  const own = [requestRow('instruction')];
  fc.assert(
    fc.property(datasets, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }), (data, batch, length) => {
      const users = [...data.users.keys()].filter((u) => data.offsets[u + 1]! - data.offsets[u]! >= 2).slice(0, batch);
      const ends = Int32Array.from(users, (u) => data.offsets[u + 1]! - 1);
      const starts = ends.map((end, i) => Math.max(data.offsets[users[i]!]!, end - length));
      const asked = {
        width: 2,
        vectors: Float32Array.of(1, 2, 3, 4, 5, 6),
        values: Int32Array.from(data.sequence, (_, i) => (i * 7) % 4),
      };
      const columns = { ...columnsOf(data), requests: new Map([['instruction', asked]]) };
      const got = filled('train', { columns, starts, ends, batch, length, seen: nothingSeen }, own);
      expect([...got['request.instruction']!]).toEqual(
        Array.from({ length: batch * length * 2 }, (_, cell) => {
          const [place, k] = [Math.floor(cell / 2), cell % 2];
          const [at, t] = [Math.floor(place / length), place % length];
          const event = (starts[at] ?? 0) + t;
          const code = at < users.length && event < ends[at]! ? asked.values[event + 1]! : 0;
          return code === 0 ? 0 : asked.vectors[(code - 1) * 2 + k]!;
        }),
      );
    }),
  );
});

describe('a request', () => {
  const manifest = { model: 'tried', length: 3, rows: [requestRow('instruction')] } as unknown as Manifest;
  const both = { ...manifest, rows: [requestRow('instruction'), requestRow('mood')] };
  const learnt = {
    events: { instruction: { kind: 'vector', width: 3 }, mood: { kind: 'vector', width: 2 } },
  } as const;
  const past = { items: [4, 0], times: undefined };
  const ask = (vector?: unknown, of: Manifest = manifest) => requestFor(of, learnt, past, vector as never);

  it('stands at the last position of its row', () => {
    const { requests, notes } = valueOf(ask([1, 2, 3]));
    const { 'request.instruction': got } = row({ ...past, requests }, 3, null, manifest.rows);
    expect([...got!]).toEqual([0, 0, 0, 1, 2, 3, 0, 0, 0]);
    expect(notes).toEqual([]);
  });
  it('without a vector asks for nothing, and says so', () => {
    const { requests, notes } = valueOf(ask());
    expect([...row({ ...past, requests }, 3, null, manifest.rows)['request.instruction']!]).toEqual(
      Array.from({ length: 9 }, () => 0),
    );
    expect(notes).toEqual([
      'The model reads the instruction of a request, and this one has no vector: it is taken to ask for nothing.',
    ]);
  });
  it('follows what the user asked before', () => {
    const before = { width: 3, vectors: Float32Array.of(7, 8, 9), values: Int32Array.of(0, 1) };
    const { requests } = valueOf(
      requestFor(manifest, learnt, { ...past, requests: new Map([['instruction', before]]) }, [1, 2, 3]),
    );
    expect([...row({ ...past, requests }, 3, null, manifest.rows)['request.instruction']!]).toEqual([
      7, 8, 9, 1, 2, 3, 0, 0, 0,
    ]);
  });
  it.each([
    [[1, 2], "The vector 'instruction' of a request has 2 numbers, and the model reads 3"],
    [[], 'has 0 numbers, and the model reads 3'],
    [[1, Number.NaN, 3], 'is a list of finite numbers, and its number 2 is NaN.'],
    [[1, 2, Infinity], 'its number 3 is Infinity.'],
    [[1, null, 3], 'its number 2 is null.'],
    [[1, 1e39, 3], 'its number 2 is 1e+39.'],
    [[1, '2', 3], 'its number 2 is 2.'],
    [{ instruction: 'quiet' }, 'The vector \'instruction\' of a request is a list of numbers, not "quiet".'],
    [{ instructions: [1, 2, 3] }, "reads no 'instructions' of a request: did you mean 'instruction'?"],
  ])('is refused with the vector %j', (vector, words) => expect(errorOf(ask(vector))).toContain(words));
  it('is refused a vector that the model does not read, or that may be either of two', () => {
    expect(errorOf(ask([1], { ...manifest, rows: [] }))).toBe(
      'The model tried reads no vector of a request: leave --vector (or `vector`) out.',
    );
    expect(errorOf(ask([1, 2, 3], both))).toContain('give each by its name, {"instruction": [...]}');
    const { requests, notes } = valueOf(ask({ mood: [5, 6] }, both));
    expect([...requests.get('mood')!.vectors]).toEqual([5, 6]);
    expect(notes).toEqual([expect.stringContaining('The model reads the instruction of a request')]);
  });
});

/** A file as numpy.save writes it. */
const npy = (shape: readonly number[], numbers: readonly number[]): Buffer => {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${dictionary.padEnd(117)}\n`, 'latin1');
  header.writeUInt16LE(118, 8);
  return Buffer.concat([header, Buffer.from(Float32Array.from(numbers).buffer)]);
};

/** Each event's item was asked for by one of `kinds`, but now and then nothing was: what comes next is of the kind that was asked for. */
const [ITEMS, KINDS, WIDTH] = [12, 4, 5];
const kindOf = (item: number): number => item % KINDS;
const meaning = (kind: number): readonly number[] =>
  Array.from({ length: WIDTH }, (_, k) => Math.sin(1 + 3 * kind + 1.7 * k * (kind + 1)));
let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  const rows = Array.from({ length: 80 }, (_, u) => {
    const numbers = stream(5, u, 'requests');
    return Array.from({ length: 8 }, (__, i) => {
      const item = Math.floor(ITEMS * uniformAt(numbers, 2 * i));
      return `u${u},i${item},${i},${uniformAt(numbers, 2 * i + 1) < 0.1 ? '' : `kind ${kindOf(item)}`}`;
    });
  }).flat();
  await writeFile(at('events.csv'), ['user,item,time,asked', ...rows].join('\n'));
  await writeFile(
    at('items.jsonl'),
    Array.from({ length: ITEMS }, (_, i) =>
      JSON.stringify({ item: `i${i}`, text: [Math.sin(i), Math.cos(i), Math.sin(2 * i)] }),
    ).join('\n'),
  );
  const kinds = Array.from({ length: KINDS }, (_, k) => k);
  await writeFile(at('instruction.npy'), npy([KINDS + 1, WIDTH], [...kinds, 9].flatMap(meaning)));
  await writeFile(at('instruction.ids.txt'), [...kinds, 9].map((k) => `kind ${k}\n`).join(''));
  await writeFile(at('one.npy'), npy([WIDTH], meaning(2)));
  await writeFile(at('row.npy'), npy([1, WIDTH], meaning(2)));
  await writeFile(at('short.npy'), npy([2], [1, 2]));
  await writeFile(at('nan.npy'), npy([WIDTH], [1, 2, Number.NaN, 4, 5]));
});
afterAll(() => rm(folder, { recursive: true }));
const data = () => ({
  data: at('events.csv'),
  columns: 'user,item,time,instruction=asked:category',
  items: [at('items.jsonl')],
  vectors: [at('instruction.npy')],
});

describe('the data of requests', () => {
  const { data: path, ...options } = { ...data(), data: 'events.csv' };
  const tried = (more: object = {}) => load(at(path), { ...data(), ...more, data: undefined } as never);
  const vectors = async (name: string, ids: readonly string[]) => {
    await writeFile(
      at(`${name}.npy`),
      npy(
        [ids.length, 2],
        ids.flatMap((_, i) => [i, 1]),
      ),
    );
    await writeFile(at(`${name}.ids.txt`), ids.map((id) => `${id}\n`).join(''));
    return [at(`${name}.npy`)];
  };
  it('are a column of events and a vector of each of its values', async () => {
    const found = valueOf(await tried());
    const column = found.events!.get('instruction')!;
    expect(column).toMatchObject({ kind: 'lookup', width: WIDTH });
    if (column.kind !== 'lookup') return;
    expect([...column.vectors]).toEqual([...Float32Array.from([0, 1, 2, 3].flatMap(meaning))]);
    const items = [...found.sequence].map((code) => Number(found.items[code]!.slice(1)));
    const said = [...column.values];
    expect(said.every((code, e) => code === 0 || code === 1 + kindOf(items[e]!))).toBe(true);
    expect(found.reading!.says.at(-1)).toMatch(
      /^Vectors of instruction\.npy: 4 of 4 values of instruction have one, 5 numbers each; \d+ events of 640 come with one\.$/,
    );
    expect(options.vectors).toHaveLength(1);
  });
  it('have the same hash whatever else the file of vectors holds, and another where a vector differs', async () => {
    const { hash } = valueOf(await tried());
    const other = await mkdtemp(join(folder, 'other-'));
    await writeFile(join(other, 'instruction.npy'), npy([4, WIDTH], [3, 2, 1, 0].flatMap(meaning)));
    await writeFile(join(other, 'instruction.ids.txt'), 'kind 3\nkind 2\nkind 1\nkind 0\n');
    expect(valueOf(await tried({ vectors: [join(other, 'instruction.npy')] })).hash).toBe(hash);
    await writeFile(join(other, 'instruction.ids.txt'), 'kind 0\nkind 1\nkind 2\nkind 3\n');
    expect(valueOf(await tried({ vectors: [join(other, 'instruction.npy')] })).hash).not.toBe(hash);
  });
  it('are refused where they tell of no column, of numbers, of none of the values, or of one twice', async () => {
    const file = (name: string): string => at(`${name}.npy`);
    expect(errorOf(await tried({ columns: undefined }))).toBe(
      `${at('instruction.npy')}: no column of events is called 'instruction'; name the one that it tells of with --columns instruction=COLUMN:category`,
    );
    await vectors('time2', ['1']);
    expect(errorOf(await tried({ columns: 'user,item,time,time2=time', vectors: [file('time2')] }))).toContain(
      "the column 'time2' of events is a number; say that its values are names with --columns time2=COLUMN:category",
    );
    const columns = 'user,item,time,none=asked:category,two=asked:category';
    expect(errorOf(await tried({ columns, vectors: await vectors('none', ['x', 'y']) }))).toContain(
      "it knows none of the values of 'none': 'kind 0' is not there, and 'x' is",
    );
    expect(errorOf(await tried({ columns, vectors: await vectors('two', ['kind 1', 'kind 1']) }))).toContain(
      "'kind 1' has two rows; remove one of the two",
    );
  });
});

describe('a run that reads requests', () => {
  const of = compiled(instructrec, { width: 8, length: 6, blocks: 1, dropout: 0, rate: 0.01, negatives: 8 });
  const model1 = trainer(of);
  const run = () => ({ ...data(), epochs: 40, patience: 40, batch: 16, seed: 3 });
  const out = (): string => at('run');
  const recommend = (more: object) =>
    model1.recommend({ out: out(), history: 'i0,i1,i2', top: 3, ...more } as Parameters<typeof model1.recommend>[0]);
  const kinds = ({ items }: { readonly items: readonly { readonly id: string }[] }): readonly number[] =>
    items.map(({ id }) => kindOf(Number(id.slice(1))));
  beforeAll(() => model1.train({ ...run(), out: out() }), 120_000);

  it('follows them: what is asked for comes first, and evaluation is another where nothing is asked', async () => {
    for (const kind of [0, 1, 2, 3]) {
      const found = await recommend({ vector: meaning(kind) });
      expect(kinds(found)[0]).toBe(kind);
      expect(found.notes).toEqual([]);
    }
    const [asked, silent] = [
      await model1.evaluate({ out: out() }),
      await model1.evaluate({ out: out(), withoutRequests: true }),
    ];
    // Three items are of a kind; nine of twelve are not asked for.
    expect(asked.model.MRR).toBeGreaterThan(1.4 * silent.model.MRR);
  });

  it('keeps how wide they are, goes on bit for bit, and refuses data that lack them', async () => {
    await model1.train({ ...run(), epochs: 2, patience: 2, out: at('whole') });
    await model1.train({ ...run(), epochs: 1, patience: 2, out: at('parts') });
    await model1.train({ epochs: 2, resume: true, out: at('parts') });
    const figures = async (name: string) => (await model1.evaluate({ out: at(name) })).ranks;
    expect(await figures('parts')).toEqual(await figures('whole'));
    await expect(model1.train({ ...run(), vectors: undefined, columns: undefined, out: at('none') })).rejects.toThrow(
      "The model instructrec reads what was asked before an event, as a vector of the column 'instruction' of events, and events has no such column: give events with that column (--columns instruction=COLUMN:category) and a vector of each of its values (--vectors instruction.npy).",
    );
    await expect(model1.train({ ...run(), vectors: undefined, out: at('none') })).rejects.toThrow(
      'events has no vectors of its values',
    );
  });

  it('answers requests with a vector, from a program, a command line and in JSON', async () => {
    const asked = await recommend({ vector: meaning(2) });
    const unasked = await recommend({});
    expect(unasked.items).not.toEqual(asked.items);
    expect(unasked.notes).toEqual([expect.stringContaining('it is taken to ask for nothing')]);
    expect((await recommend({ vector: { instruction: meaning(2) } })).items).toEqual(asked.items);
    await expect(recommend({ vector: [1] })).rejects.toThrow('has 1 number, and the model reads 5');
    await expect(recommend({ vector: 'quiet' })).rejects.toThrow(
      "The option 'vector' of recommend is a list of numbers",
    );

    const told = async (...argv: readonly string[]) => {
      const text = { out: '', err: '' };
      const sink = (name: keyof typeof text) =>
        new PassThrough().on('data', (chunk: Buffer) => {
          text[name] += chunk.toString();
        });
      const world: World = {
        in: new PassThrough(),
        out: sink('out'),
        err: sink('err'),
        now: () => 0,
        exit: () => undefined,
        onSignal: () => () => undefined,
      } as unknown as World;
      return { code: await command(of, ['recommend', '--out', out(), '--json', ...argv], world), ...text };
    };
    const one = ['--history', 'i0,i1,i2', '--top', '3'];
    for (const name of ['one', 'row']) {
      const { code, out: text } = await told(...one, '--vector', at(`${name}.npy`));
      expect(code).toBe(0);
      const { items } = JSON.parse(text.trim().split('\n').at(-1)!) as typeof asked;
      expect(items.map(({ id }) => id)).toEqual(asked.items.map(({ id }) => id));
    }
    expect((await told(...one, '--vector', at('short.npy'))).err).toContain('has 2 numbers, and the model reads 5');
    expect((await told(...one, '--vector', at('nan.npy'))).err).toContain('its number 3 is NaN');
    expect((await told(...one, '--vector', at('instruction.npy'))).err).toContain(
      'its shape is (5, 5); expected one vector',
    );
    expect((await told(...one, '--vector', at('no.npy'))).code).toBe(1);

    const lines = [
      JSON.stringify({ history: 'i0,i1,i2', top: 3, vector: meaning(2) }),
      'i0,i1,i2',
      JSON.stringify({ history: 'i0,i1,i2', vector: [1] }),
    ];
    expect(requestOf(lines[0]!)).toMatchObject({ vector: meaning(2) });
    await writeFile(at('requests.txt'), lines.join('\n'));
    const { code, out: text } = await told('--requests', at('requests.txt'), '--top', '3', '--vector', at('one.npy'));
    expect(code).toBe(1);
    const answers = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const ids = asked.items.map(({ id }) => id);
    const got = answers.filter((answer) => 'items' in answer) as unknown as readonly (typeof asked)[];
    // The second line has no vector of its own: it asks for what the command line does.
    expect(got.map(({ items }) => items.map(({ id }) => id))).toEqual([ids, ids]);
    expect(JSON.stringify(answers)).toContain('has 1 number, and the model reads 5');
  });

  it('knows what a user of the data asked before', async () => {
    const found = await recommend({ history: undefined, user: 'u3', vector: meaning(1) });
    expect(kinds(found)[0]).toBe(1);
  });
});
