/** C kernels as a user has them: trained with, built ahead, and linked by programs that know no JavaScript. Left out where there is no compiler. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { available } from '../native/sessions.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'native-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = join(folder, 'hstu');
const runs = join(folder, 'runs');
const flags = [
  '-O1',
  '-march=native',
  '-std=gnu11',
  '-ffp-contract=off',
  '-fwrapv',
  '-Wall',
  '-Wno-unused-function',
  '-Werror',
];
const environment = { ...process.env, PCREC_CACHE: join(folder, 'cache'), CFLAGS: '-O1' };
const run = (env: NodeJS.ProcessEnv, command: string, ...args: readonly string[]) =>
  spawnSync(command, args, { cwd: packageRoot, encoding: 'utf8', env: { ...environment, ...env } });
const trainer = (env: NodeJS.ProcessEnv, ...args: readonly string[]) =>
  run(env, process.execPath, join(out, 'trainer.js'), ...args);
const lines = (text: string): readonly Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.skipIf(!available)('a trainer with C kernels', () => {
  beforeAll(() => {
    execFileSync(
      process.execPath,
      [
        'dist/compiler/cli.js',
        'models/hstu.ts',
        '--out',
        out,
        ...['width=12', 'length=10', 'blocks=1', 'negatives=8', 'dropout=0'].flatMap((s) => ['--set', s]),
      ],
      { cwd: packageRoot, stdio: 'pipe' },
    );
  }, 5 * minute);

  it(
    'builds once, says so, and trains to what WebAssembly trains to, within rounding',
    () => {
      const train = (device: string, where: string) =>
        trainer({}, 'train', '--data', 'sample', '--epochs', '1', '--device', device, '--out', where, '--json');
      const first = train('native', runs);
      expect(first.stderr).toMatch(
        /builds the kernels of hstu for this processor; that is done once\.[^]*The kernels are built, in \d+\.\d s\./,
      );
      const again = train('native', join(folder, 'again'));
      expect(again.stderr).not.toContain('build');
      const lossOf = (text: string): number => Number(lines(text).find((e) => e['kind'] === 'epoch')!['loss']);
      expect(lossOf(again.stdout)).toBe(lossOf(first.stdout));
      expect(readFileSync(join(folder, 'again', 'last.safetensors'))).toEqual(
        readFileSync(join(runs, 'last.safetensors')),
      );
      expect(lossOf(train('wasm', join(folder, 'wasm')).stdout)).toBeCloseTo(lossOf(first.stdout), 3);
      // A checkpoint is of no device.
      expect(lines(trainer({}, 'evaluate', '--out', runs, '--device', 'wasm', '--json').stdout).at(-1)).toMatchObject({
        kind: 'result',
      });
      expect(
        lines(trainer({}, 'profile', '--data', 'sample', '--device', 'native', '--json').stdout).at(-1),
      ).toHaveProperty('ceilings.operations');
    },
    10 * minute,
  );

  it(
    'goes on with WebAssembly where there is no compiler, and says why; a device that was named is an error',
    () => {
      const without = { CC: 'no-such-compiler' };
      const auto = trainer(without, 'evaluate', '--out', runs, '--device', 'auto');
      expect(`${auto.stdout}${auto.stderr}`).toMatch(/wasm \(.*\); not native: CC is 'no-such-compiler'/);
      const named = trainer(without, 'evaluate', '--out', runs, '--device', 'native');
      expect(named.status).toBe(1);
      expect(named.stderr).toContain("CC is 'no-such-compiler', which does not compile C here");
      expect(named.stderr).not.toContain('    at ');
    },
    5 * minute,
  );

  it(
    "is built ahead by the compiler's command, for where there is no compiler, and for its own text alone",
    () => {
      const ahead = join(folder, 'ahead');
      const compile = (width: number, ...more: readonly string[]) =>
        run(
          {},
          process.execPath,
          'dist/compiler/cli.js',
          'models/sasrec.ts',
          '--target',
          'native',
          '--out',
          ahead,
          ...[`width=${width}`, 'length=10', 'blocks=1', 'negatives=8', 'dropout=0'].flatMap((s) => ['--set', s]),
          ...more,
        );
      expect(compile(8, '--build')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/Built .*model\.node\./) as string,
      });
      const train = () =>
        run(
          { CC: 'no-such-compiler' },
          process.execPath,
          join(ahead, 'trainer.js'),
          '--data',
          'sample',
          '--epochs',
          '1',
          '--out',
          join(folder, 'ahead-run'),
        );
      expect(train()).toMatchObject({ status: 0, stderr: expect.not.stringContaining('builds the kernels') as string });
      const about = join(ahead, 'model.node.json');
      const known = JSON.parse(readFileSync(about, 'utf8')) as { readonly needs: readonly string[] };
      writeFileSync(
        about,
        JSON.stringify({ ...known, needs: [...known.needs, 'none-has-this'], processor: 'another' }),
      );
      expect(train()).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('does not compile C here') as string,
      });
      compile(9);
      expect(existsSync(join(ahead, 'model.node'))).toBe(false);
      expect(
        run({}, process.execPath, 'dist/compiler/cli.js', 'models/sasrec.ts', '--target', 'gpu', '--build').stderr,
      ).toContain('has nothing to build');
    },
    10 * minute,
  );

  it(
    'is a library for C and for Python, with the scores that the trainer has',
    () => {
      const best = join(runs, 'best.safetensors');
      const answer = lines(
        trainer(
          {},
          'recommend',
          '--out',
          runs,
          '--history',
          '"3","1","8"',
          '--top',
          '5',
          '--device',
          'native',
          '--json',
        ).stdout,
      ).at(-1)!;
      const header = readFileSync(best);
      const metadata = (
        JSON.parse(header.subarray(8, 8 + Number(header.readBigUInt64LE(0))).toString()) as {
          readonly __metadata__: { readonly items: string };
        }
      ).__metadata__;
      const catalogue = JSON.parse(metadata.items) as readonly string[];
      const places = ['3', '1', '8'].map((id) => `${catalogue.indexOf(id)}`);
      const want = (answer['items'] as readonly { readonly id: string; readonly score: number }[]).map(
        ({ id, score }) => ({ place: catalogue.indexOf(id), score }),
      );
      const told = (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => {
            const [place, score] = line.split(' ').map(Number);
            return { place, score };
          });
      const agrees = (text: string): void => {
        expect(told(text).map((t) => t.place)).toEqual(want.map((w) => w.place));
        told(text).forEach(({ score }, i) => expect(score).toBeCloseTo(want[i]!.score, 4));
      };
      const program = join(folder, 'score');
      const built = run(
        {},
        'cc',
        ...flags,
        '-I',
        out,
        '-o',
        program,
        'examples/scores/score.c',
        join(out, 'score.c'),
        '-lm',
      );
      expect(built.stderr).toBe('');
      const said = run({}, program, best, ...places);
      expect(said.stderr).toBe('');
      agrees(said.stdout);
      expect(run({}, program, join(out, 'manifest.json'), '1')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('This is no checkpoint') as string,
      });
      if (run({}, 'python3', '-c', 'import ctypes').status !== 0) {
        console.warn('The example in Python: skipped. There is no python3.');
        return;
      }
      const shared = join(folder, 'libmodel.so');
      expect(run({}, 'cc', ...flags, '-fPIC', '-shared', '-o', shared, join(out, 'score.c'), '-lm').stderr).toBe('');
      const python = run({}, 'python3', 'examples/scores/score.py', shared, best, ...places);
      expect(python.stderr).toBe('');
      agrees(python.stdout);
    },
    5 * minute,
  );
});
