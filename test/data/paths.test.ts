import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { load } from '../../runtime/data/index.js';
import { errorOf, valueOf } from './support.js';

let root = '';
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'pcrec-'))));
afterAll(() => rm(root, { recursive: true }));

const write = async (files: Readonly<Record<string, string>>, folder: string): Promise<string> => {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return join(root, folder);
};

const header = 'user_id,item_id,timestamp,shop\n';
const [first, second] = ['1,a,10,x\n2,b,11,y\n1,b,30,x\n', '1,c,20,z\n2,c,9,x\n3,a,5,y\n'];

describe('several files', () => {
  it('are one, in the order of their names', async () => {
    const folder = await write(
      { 'part-0.csv': header + first, 'deep/part-1.csv': header + second, _SUCCESS: '', '.part-0.csv.crc': 'crc' },
      'one',
    );
    const whole = await write({ 'all.csv': header + first + second }, 'whole');
    const reading = { columns: 'shop' };
    const want = valueOf(await load(join(whole, 'all.csv'), reading));
    for (const path of [folder, `${folder}/**/*.csv`, `${folder}/{,deep/}part-*.csv`]) {
      const got = valueOf(await load(path, reading));
      expect(got.hash).toBe(want.hash);
      expect(got.events).toEqual(want.events);
      expect(got.reading?.says[0]).toMatch(/^Read as table, 2 files: /);
    }
  });

  it('may be of several formats, and without times keep the order of their names', async () => {
    const folder = await write(
      { 'a.csv': 'user_id,item_id,timestamp\n1,a,10\n1,b,11\n', 'b.json': '{"user":1,"item":"c","time":12}\n' },
      'formats',
    );
    expect(valueOf(await load(folder)).items).toEqual(['a', 'b', 'c']);
    const lines = await write({ '2.txt': '2 a b c d\n', '1.txt': '1 d c b a\n4 a\n' }, 'lines');
    const said = valueOf(await load(lines, { format: 'sequences' }));
    expect(said.users).toEqual(['1', '2', '4']);
    expect(said.reading?.says[1]).toContain('the files in the order of their names');
    const pairs = await write({ 'b.csv': 'user,item\n1,z\n', 'a.csv': 'user,item\n1,y\n1,x\n' }, 'pairs');
    const { items, sequence } = valueOf(await load(pairs, { format: 'pairs' }));
    expect([...sequence].map((code) => items[code])).toEqual(['y', 'x', 'z']);
  });

  it.each([
    ['nothing in a folder', { _SUCCESS: '' }, '', /: the folder holds no files; check the path$/],
    ['a pattern that matches nothing', { 'a.csv': header + first }, '/*.tsv', /\*\.tsv: no file matches the pattern/],
    [
      'a file without times beside one with',
      { 'a.csv': header + first, 'b.txt': '7 a b c d\n8 a b\n' },
      '',
      /b\.txt:1: this file has no times, and the files before it have some/,
    ],
    ['a bad line, by its own file', { 'a.csv': header + first, 'b.csv': `${header}1,a\n` }, '', /b\.csv:2: /],
    ['a file of no format', { 'a.csv': header + first, 'b.csv': '# nothing\n' }, '', /b\.csv:1: /],
  ] as const)('refuse %s', async (name, files, more, want) => {
    expect(errorOf(await load((await write(files, name)) + more))).toMatch(want);
  });

  it('are not looked for where a file has the name of a pattern', async () => {
    const folder = await write({ 'a[1].csv': header + first, 'a1.csv': header + second }, 'brackets');
    expect(valueOf(await load(join(folder, 'a[1].csv'))).users).toEqual(['1', '2']);
  });
});
