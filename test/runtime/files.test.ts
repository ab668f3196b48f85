/** Files that are written whole, and what is written elsewhere. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, expect, it } from 'vitest';
import { Interrupted, writeAtomically } from '../../runtime/files.js';

const folder = mkdtempSync(join(tmpdir(), 'pcrec-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pieces = async function* (fails: boolean) {
  yield Buffer.from('one ');
  if (fails) throw new Interrupted('Told to end.');
  yield Buffer.from('two');
};

it('are the old ones where the new are not finished', async () => {
  const path = join(folder, 'made', 'file');
  expect(await writeAtomically(path, pieces(false))()).toEqual(E.right(undefined));
  expect(await writeAtomically(path, pieces(true))()).toEqual(E.left('Told to end.'));
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(readdirSync(join(folder, 'made'))).toEqual(['file']);
});

it.skipIf(process.platform === 'win32')('leave a pipe or a device where it is, and go into it', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [read, written] = await Promise.all([readFile(pipe, 'utf8'), writeAtomically(pipe, pieces(false))()]);
  expect([read, written]).toEqual(['one two', E.right(undefined)]);
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});
