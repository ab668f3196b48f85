/** `explain` and `export` as they are asked, and what they give beside what `recommend` gives. */
import { existsSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { command } from '../../runtime/command.js';
import { decodeForeign } from '../../runtime/safetensors.js';
import { trainer } from '../../runtime/trainer.js';
import { place } from '../serve/support.js';
import { toy } from '../runtime/toy.js';

const at = place();
const checkpoint = () => join(at.out, 'best.safetensors');
const { explain, recommend, recommender, exportTo } = trainer(toy());

const run = async (...argv: readonly string[]) => {
  const said: { out: string; err: string } = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({ write: (text: string) => ((said[name] += text), true), isTTY: false });
  const code = await command(toy(), argv, {
    in: process.stdin,
    out: stream('out') as never,
    err: stream('err') as never,
    onSignal: () => () => undefined,
    exit: () => undefined,
    now: () => performance.now(),
  });
  return { code, ...said };
};

describe('explain', () => {
  it('explains what is recommended first, with what each past item did', async () => {
    const asked = { out: at.out, history: ['i3', 'i4'], top: 3 };
    const found = await explain(asked);
    const { items, history, user } = await recommend(asked);
    expect(found).toMatchObject({ items, history, user, without: null, descents: [] });
    expect(found.item).toEqual(items[0]);
    expect(found.influence.map(({ id, position }) => [id, position])).toEqual([
      ['i3', 0],
      ['i4', 1],
    ]);
    // The toy reads the last item alone, and its score is linear in it but for the bias.
    expect(found.influence[0]!.value).toBe(0);
    expect(found.influence[1]!.value).not.toBe(0);
  });

  it('explains any other item, and says of one that was met that it is not recommended', async () => {
    const all = (await recommend({ out: at.out, user: 'u7', top: 25 })).items;
    const third = await explain({ out: at.out, user: 'u7', item: all[2]!.id });
    expect(third.item).toEqual(all[2]);
    expect((await explain({ out: at.out, user: 'u7', item: 'i7' })).item).toMatchObject({ id: 'i7', rank: null });
    await expect(explain({ out: at.out, user: 'u7', item: 'i99' })).rejects.toThrow(/"i99"/);
    await expect(explain({ out: at.out, user: 'u99' })).rejects.toThrow(/no user "u99"/);
  });

  it('is a text, or JSON of the same', async () => {
    const { code, out } = await run('explain', '--out', at.out, '--history', 'i3,i4', '--top', '3');
    expect(code).toBe(0);
    expect(out).toMatch(/^After 2 items, lately .*: .* is number 1, with the score -?\d/);
    expect(out).toMatch(/^ +[+-]\d\.\d{4} {2}#{24} +1 back {2}Film 4/m);
    const { out: json } = await run('explain', '--out', at.out, '--history', 'i3,i4', '--top', '3', '--json');
    expect(JSON.parse(json)).toEqual(await explain({ out: at.out, history: 'i3,i4', top: 3 }));
    expect((await run('explain', '--out', at.out)).err).toMatch(/one of --user and --history/);
    expect((await run('explain', '--out', at.out, '--history', '[{"item":"i3"')).err).toMatch(
      /^Error: The history begins as a list in JSON, and is none: /,
    );
  });

  it('says what to do where the model was compiled without', async () => {
    const { explain: _, ...without } = toy();
    await expect(trainer(without).explain({ out: at.out, history: 'i3' })).rejects.toThrow(/compile it again/);
  });
});

describe('export', () => {
  const file = (name: string) => join(at.folder, name);
  const users = Array.from({ length: 40 }, (_, u) => `u${u}`).sort();

  it('writes for every user what `recommend` answers', async () => {
    const one = await recommender({ out: at.out });
    const expected = [];
    for (const user of users)
      for (const { rank, id, title, score } of (await one.recommend({ user, top: 4 })).items)
        expected.push({ user, rank, item: id, score, title });
    await one.close();

    const csv = await exportTo({ checkpoint: checkpoint(), top: 4, batch: 7, file: file('top.csv') });
    expect(csv).toMatchObject({ rows: 40, ids: null });
    const quoted = (x: string): string => (x.includes(',') ? `"${x}"` : x);
    expect(await readFile(file('top.csv'), 'utf8')).toBe(
      ['user,rank,item,score,title', ...expected.map((r) => [r.user, r.rank, r.item, r.score, quoted(r.title!)].join())]
        .map((line) => `${line}\n`)
        .join(''),
    );

    await exportTo({ checkpoint: checkpoint(), top: 4, batch: 3, file: file('top.jsonl') });
    const lines = (await readFile(file('top.jsonl'), 'utf8')).trim().split('\n');
    const lists = lines.map((line) => JSON.parse(line) as { user: string; items: readonly object[] });
    expect(lists.flatMap(({ user, items }) => items.map((item, i) => ({ user, rank: i + 1, ...item })))).toEqual(
      expected,
    );

    await exportTo({ checkpoint: checkpoint(), top: 4, file: file('top.parquet') });
    const bytes = await readFile(file('top.parquet'));
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(rows).toEqual(expected.map((r) => ({ ...r, score: Math.fround(r.score) })));
  });

  it('says what `recommend` says of a request', async () => {
    const asked = { checkpoint: checkpoint(), at: '1000', top: 2 };
    const { notes } = await recommend({ ...asked, user: users[0]! });
    expect(notes).toHaveLength(1);
    expect((await exportTo({ ...asked, file: file('noted.csv') })).notes).toEqual(notes);
  });

  it('keeps to the items that may be shown', async () => {
    await exportTo({ checkpoint: checkpoint(), where: 'genre=even', top: 25, file: file('even.csv') });
    const items = (await readFile(file('even.csv'), 'utf8')).trim().split('\n').slice(1);
    expect(items.every((line) => Number(/,i(\d+),/.exec(line)![1]) % 2 === 0)).toBe(true);
  });

  it('writes vectors whose products are the scores', async () => {
    const whose = { checkpoint: checkpoint() };
    const found = await exportTo({ ...whose, vectorsOf: 'user', batch: 7, file: file('users.npy') });
    expect(found).toMatchObject({ rows: 40, ids: file('users.npy.ids.jsonl') });
    const ids = (await readFile(found.ids!, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string);
    expect(ids).toEqual(users);
    const npy = await readFile(file('users.npy'));
    const head = 10 + npy.readUInt16LE(8);
    expect([npy.subarray(0, 8).toString('latin1'), head % 64]).toEqual(['\x93NUMPY\x01\x00', 0]);
    expect(npy.subarray(10, head).toString('latin1')).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(40, 17\), \} *\n$/,
    );
    const own = new Float32Array(npy.buffer.slice(npy.byteOffset + head, npy.byteOffset + npy.byteLength));
    expect(own.length).toBe(40 * 17);

    await exportTo({ ...whose, vectorsOf: 'item', file: file('items.safetensors') });
    const read = decodeForeign(await readFile(file('items.safetensors')));
    if (read._tag === 'Left') throw new Error(read.left);
    const { shape, data } = read.right.tensors['item']!;
    const codes = JSON.parse(read.right.metadata['ids']!) as readonly string[];
    expect([shape, codes.length]).toEqual([[25, 17], 25]);

    const { items } = await recommend({ out: at.out, user: 'u7', top: 25 });
    for (const { id, score } of items) {
      const item = data.subarray(codes.indexOf(id) * 17, (codes.indexOf(id) + 1) * 17);
      const sum = item.reduce((total, x, k) => total + x * own[users.indexOf('u7') * 17 + k]!, 0);
      expect(sum).toBeCloseTo(score, 5);
    }

    await exportTo({ ...whose, vectorsOf: 'item', file: file('items.parquet') });
    const bytes = await readFile(file('items.parquet'));
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(rows).toEqual(codes.map((item, i) => ({ item, vector: [...data.subarray(i * 17, (i + 1) * 17)] })));
    await rm(file('items.parquet'));
  });

  it('says what it did, and refuses what it cannot write', async () => {
    const whose = ['--checkpoint', checkpoint()];
    expect((await run('export', ...whose, '--top', '2', '--out', file('two.csv'))).out).toMatch(
      /^Wrote 40 users to .*two\.csv: \d+ a second on toy/,
    );
    expect((await run('export', ...whose, '--out', file('two.xlsx'))).err).toMatch(
      /ends in \.csv, \.jsonl or \.parquet/,
    );
    expect((await run('export', ...whose, '--vectors-of', 'user', '--out', file('u.csv'))).err).toMatch(/\.npy/);
    expect((await run('export', ...whose)).code).toBe(2);
    expect((await run('export', ...whose, '--out', '/proc/nowhere/x.csv')).err).toMatch(/could not be written/);
  });

  it('says of how many users the model knows nothing', async () => {
    await writeFile(file('newer.txt'), 'u1 i3 i4 i5\nu2 i77 i78 i79\nu3 i3 i99 i5\n');
    const asked = ['export', '--checkpoint', checkpoint(), '--data', file('newer.txt'), '--top', '1', '--out'];
    const { out } = await run(...asked, file('newer.csv'));
    expect(out).toMatch(/^Wrote 2 users .* 1 user left out: the model knows no item of theirs\.\n$/);
    expect((await readFile(file('newer.csv'), 'utf8')).split('\n').map((line) => line.split(',')[0])).toEqual([
      'user',
      'u1',
      'u3',
      '',
    ]);
    expect(JSON.parse((await run(...asked, file('newer.csv'), '--json')).out)).toMatchObject({ rows: 2, unknown: 1 });
  });

  it('writes over nothing that it reads', async () => {
    const before = [await readFile(checkpoint()), await readFile(at.data)];
    const link = file('linked.safetensors');
    await symlink(checkpoint(), link);
    const vectors = ['export', '--checkpoint', checkpoint(), '--vectors-of', 'item', '--out'];
    for (const out of [checkpoint(), relative('', checkpoint()), link])
      expect(await run(...vectors, out)).toMatchObject({ code: 1, err: expect.stringContaining('is read here') });
    expect((await run('export', '--checkpoint', checkpoint(), '--out', at.data)).err).toMatch(/is read here/);
    expect((await run('export', '--checkpoint', checkpoint(), '--onnx', checkpoint())).err).toMatch(/is read here/);
    expect((await run('evaluate', '--out', at.out, '--csv', at.data)).err).toMatch(/is read here/);
    expect((await run('--data', at.data, '--out', file('other'), '--csv', at.data)).err).toMatch(/is read here/);
    expect([await readFile(checkpoint()), await readFile(at.data)]).toEqual(before);
  });

  it.each([
    [['--vectors-of', 'user', '--only', 'i3'], 'only'],
    [['--vectors-of', 'item', '--at', '7'], 'at'],
    [['--onnx', 'x.onnx', '--where', 'genre=even'], 'where'],
    [['--onnx', 'x.onnx', '--data', 'sample'], 'data'],
  ])('refuses %j, of which one would change nothing', async (options, name) => {
    const to = options[0] === '--onnx' ? [] : ['--out', file('none.npy')];
    const { code, err } = await run('export', '--checkpoint', checkpoint(), ...to, ...options);
    expect(code).toBeGreaterThan(0);
    expect(err).toContain(`--${name}`);
    expect(existsSync(file('none.npy'))).toBe(false);
    await expect(
      exportTo({ checkpoint: checkpoint(), file: file('none.npy'), vectorsOf: 'user', where: 'genre=even' }),
    ).rejects.toThrow('--where says what lists have');
  });

  it('leaves what was there when it is told to end', async () => {
    await writeFile(file('kept.csv'), 'before');
    await expect(
      exportTo({ checkpoint: checkpoint(), file: file('kept.csv'), signal: AbortSignal.abort() }),
    ).rejects.toThrow(/kept\.csv was not written/);
    expect(await readFile(file('kept.csv'), 'utf8')).toBe('before');
    expect(existsSync(file('kept.csv.tmp'))).toBe(false);
  });
});
