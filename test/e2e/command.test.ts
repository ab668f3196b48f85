/** The executable, whose second thread checks types and writes a part of the files: what it leaves is what one thread leaves. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from '../../compiler/command/index.js';
import { packageRoot } from '../../compiler/package.js';
import { toolchain } from '../../compiler/toolchain.js';

const minutes = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'pcrec-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const command = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(packageRoot, 'dist/compiler/cli.js'), ...args], { cwd: folder, encoding: 'utf8' });
const model = (text: string): string => {
  const path = join(folder, 'tiny.ts');
  writeFileSync(path, text);
  return path;
};

describe('the executable', () => {
  it(
    'writes the files that one thread writes',
    () => {
      const args = (out: string) => [
        'hstu',
        '--out',
        join(folder, out),
        ...['width=8', 'length=6', 'blocks=1', 'negatives=4'].flatMap((s) => ['--set', s]),
      ];
      expect(command(...args('two')).status).toBe(0);
      const said = () => undefined;
      const io = { out: said, err: said, now: () => 0, colour: false, cwd: folder };
      expect(main(args('one'), toolchain, io)).toBe(0);
      const files = (out: string) =>
        Object.fromEntries(readdirSync(join(folder, out)).map((f) => [f, readFileSync(join(folder, out, f), 'hex')]));
      expect(Object.keys(files('one'))).toContain('model.c');
      expect(files('two')).toEqual(files('one'));
    },
    3 * minutes,
  );

  it(
    'tells of what the second thread finds, or cannot go through',
    () => {
      model(`const width: number = 'wide';\nthrow new Error('never');\n`);
      const wrong = command('tiny.ts');
      expect([wrong.status, wrong.stdout]).toEqual([1, '']);
      expect(wrong.stderr).toMatch(/^tiny\.ts:1:7: error PC1002: /);
      model(`export default ${'['.repeat(200_000)}${']'.repeat(200_000)};\n`);
      const deep = command('tiny.ts');
      expect([deep.status, deep.stdout]).toEqual([1, '']);
      expect(deep.stderr).toContain('PC1009');
      expect(existsSync(join(folder, 'build'))).toBe(false);
    },
    3 * minutes,
  );

  it.each(Object.keys(toolchain.targets).map((target) => [target]))(
    'names no command whose file is not there: %s',
    (target) => {
      const into = (...more: readonly string[]) =>
        command('gru4rec', '--set', 'width=8', '--out', `next-${target}`, ...more).stdout.match(/^next: (.*)$/m)![1]!;
      const next = into('--target', target);
      const [, file] = /\bnode (\S+)/.exec(next)!;
      if (next.startsWith('node')) expect(existsSync(join(folder, file!))).toBe(true);
      else {
        expect(next).toMatch(/^the trainer, by the same command without --target; then node /);
        expect(existsSync(join(folder, file!))).toBe(false);
        into('--target', 'wasm');
        expect(into('--target', target)).toMatch(/^node /);
      }
    },
    3 * minutes,
  );
});
