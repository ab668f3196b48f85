/** One training, and one search, in a folder at a time, whatever an earlier one came to. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, expect, it } from 'vitest';
import { alone } from '../../runtime/alone.js';

const folder = mkdtempSync(join(tmpdir(), 'pcrec-alone-'));
const lock = join(folder, 'search.lock');
afterAll(() => rmSync(folder, { recursive: true }));
const work = async () => E.right(existsSync(lock));

it('works while nobody else does, and leaves the folder to others', async () => {
  expect(await alone(folder, 'search', work)).toEqual(E.right(true));
  expect(existsSync(lock)).toBe(false);
  await expect(alone(folder, 'search', () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  expect(existsSync(lock)).toBe(false);
});

it.each([
  [`${process.ppid} ${hostname()}`, `process ${process.ppid} of ${hostname()}`],
  ['7 elsewhere', 'process 7 of elsewhere'],
])('gives way to %s', async (who, named) => {
  writeFileSync(lock, who);
  const found = await alone(folder, 'search', work);
  expect(E.isLeft(found) ? found.left : 'worked').toContain(`Another search is at work in ${folder} (${named})`);
  expect(existsSync(lock)).toBe(true);
});

it('gives way to itself, whatever else is at work there', async () => {
  rmSync(lock, { force: true });
  const twice = await alone(folder, 'training', async () =>
    E.right([await alone(folder, 'training', work), await alone(folder, 'search', work)]),
  );
  expect(twice).toMatchObject(
    E.right([E.left(expect.stringContaining(`Another training is at work in ${folder}`)), E.right(true)]),
  );
});

it('goes on with a training of another machine, which may have been killed there', async () => {
  writeFileSync(join(folder, 'training.lock'), '7 elsewhere');
  expect(await alone(folder, 'training', async () => E.right('done'))).toEqual(E.right('done'));
});

it('takes the place of one that was killed', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(lock, `${pid} ${hostname()}`);
  expect(await alone(folder, 'search', work)).toEqual(E.right(true));
});

it('says that a folder cannot be written to', async () => {
  const found = await alone(join(folder, 'none'), 'search', work);
  expect(E.isLeft(found) ? found.left : 'worked').toMatch(/search\.lock could not be written: /);
});
