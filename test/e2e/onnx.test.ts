/** A trained model in ONNX Runtime, by the words of runtime/README.md: in Node, and in Python where it has onnxruntime. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { blocks, document, section } from '../docs/markdown.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = join(folder, 'hstu');
const run = (command: string, ...args: readonly string[]) =>
  spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
const node = (...args: readonly string[]) => run(process.execPath, ...args);
const trainer = (...args: readonly string[]) => node(join(out, 'trainer.js'), ...args);
const compile = (...args: readonly string[]) =>
  node(
    join(packageRoot, 'dist/compiler/cli.js'),
    join(packageRoot, 'models/hstu.ts'),
    '--out',
    out,
    ...['width=12', 'length=50', 'blocks=1', 'negatives=8'].flatMap((s) => ['--set', s]),
    ...args,
  );
/** A run that is not where `export` looks for it. */
const whose = ['--checkpoint', join('runs', 'best.safetensors')];
const python = process.env['PYTHON'] ?? 'python3';
const withPython = spawnSync(python, ['-c', 'import numpy, onnxruntime']).status === 0;
if (!withPython) console.warn(`${python} has no onnxruntime: the Python example of runtime/README.md is not run`);

const page = section(document('runtime/README.md'), 'Handing over');
/** What an example prints: the best item and its score. */
const told = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): readonly [string, number] => {
  const [id, score] = stdout.trim().split(' ');
  if (id === undefined || score === undefined) throw new Error(stderr);
  return [id, Number(score)];
};

describe('a trained model', () => {
  let best: { readonly id: string; readonly score: number };
  beforeAll(() => {
    expect(compile('--target', 'wasm')).toMatchObject({ status: 0 });
    expect(trainer('train', '--data', 'sample', '--epochs', '2', '--device', 'wasm', '--out', 'runs').status).toBe(0);
    // More than one can want, so that what was seen is not what is missing.
    const asked = trainer(
      'recommend',
      '--history',
      '12, 7, 31',
      '--out',
      'runs',
      '--device',
      'wasm',
      '--json',
      '--top',
      '1000',
    );
    best = (JSON.parse(asked.stdout.trim().split('\n').at(-1)!) as { items: (typeof best)[] }).items[0]!;
  }, 5 * minute);

  it('has no graph before one is asked for, and says how', () => {
    const none = trainer('export', '--onnx', 'hstu.onnx', ...whose);
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(/There is no .*score\.onnx: compile the model for it .*--target onnx\./);
    expect(none.stderr).not.toContain('    at ');
    expect(trainer('export', '--vectors-of', 'user', '--onnx', 'user.onnx', ...whose).stderr).toMatch(
      /There is no .*vectors\.onnx: compile/,
    );
  });

  it('is handed over beside the trainer, which stays, with the numbers of its checkpoint', () => {
    const before = readFileSync(join(out, 'trainer.js'));
    const compiled = compile('--target', 'onnx');
    expect(compiled).toMatchObject({ status: 0, stderr: '' });
    expect(compiled.stdout).toContain('trainer.js export --onnx FILE');
    expect(readFileSync(join(out, 'trainer.js'))).toEqual(before);
    expect(existsSync(join(out, 'kernels.wasm.js'))).toBe(true);
    const exported = trainer('export', '--onnx', 'hstu.onnx', ...whose, '--json');
    expect(exported).toMatchObject({ status: 0 });
    const ids = JSON.parse(readFileSync(join(folder, 'hstu.items.json'), 'utf8')) as string[];
    expect(JSON.parse(exported.stdout)).toMatchObject({
      file: 'hstu.onnx',
      ids: 'hstu.items.json',
      inputs: ['items i32 [batch, 50]', 'seq.lengths i32 [batch]'],
      outputs: [`scores f32 [batch, ${ids.length}]`],
    });
  });

  it(
    'answers in Node as it does here',
    () => {
      writeFileSync(join(folder, 'use.mjs'), blocks(page, 'js')[0]!);
      const [, score] = told(node('use.mjs'));
      expect(Math.abs(score - best.score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(best.score)));
    },
    minute,
  );

  it(
    'makes the vector by which an index of exported vectors of items is searched',
    () => {
      const items = ['--vectors-of', 'item', '--out', 'items.npy', '--device', 'wasm'];
      expect(trainer('export', ...whose, ...items)).toMatchObject({ status: 0 });
      const exported = trainer('export', ...whose, '--vectors-of', 'user', '--onnx', 'user.onnx', '--json');
      expect(exported).toMatchObject({ status: 0 });
      expect(JSON.parse(exported.stdout)).toMatchObject({
        file: 'user.onnx',
        inputs: ['items i32 [batch, 50]', 'seq.lengths i32 [batch]'],
        outputs: ['user f32 [batch, 12]'],
      });
      writeFileSync(join(folder, 'search.mjs'), blocks(page, 'js')[1]!);
      const [id, score] = told(node('search.mjs'));
      expect(id).toBe(best.id);
      expect(Math.abs(score - best.score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(best.score)));
      const none = trainer('export', '--vectors-of', 'item', '--onnx', 'item.onnx');
      expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('--vectors-of item --out FILE') });
      expect(existsSync(join(folder, 'item.onnx'))).toBe(false);
    },
    minute,
  );

  it.skipIf(!withPython)(
    'and in Python',
    () => {
      writeFileSync(join(folder, 'use.py'), blocks(page, 'py')[0]!);
      const [, score] = told(run(python, 'use.py'));
      expect(Math.abs(score - best.score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(best.score)));
    },
    minute,
  );

  it(
    'is not handed over where the graph is of other settings, or damaged',
    () => {
      const graph = readFileSync(join(out, 'score.onnx'));
      compile('--target', 'onnx', '--set', 'width=16');
      expect(trainer('export', '--onnx', 'x.onnx', ...whose).stderr).toContain('is of another version of `hstu`');
      writeFileSync(join(out, 'score.onnx'), graph.subarray(0, 1000));
      expect(trainer('export', '--onnx', 'x.onnx', ...whose).stderr).toContain('is damaged');
      expect(existsSync(join(folder, 'x.onnx'))).toBe(false);
    },
    minute,
  );
});
