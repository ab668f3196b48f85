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
  const best = join('runs', 'best.safetensors');
  let first: { readonly id: string; readonly score: number };
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
    first = (JSON.parse(asked.stdout.trim().split('\n').at(-1)!) as { items: (typeof first)[] }).items[0]!;
  }, 5 * minute);

  it('has no graph before one is asked for, and says how', () => {
    const none = trainer('export', '--onnx', 'hstu.onnx', '--checkpoint', best);
    expect(none.status).toBe(1);
    expect(none.stderr).toMatch(/There is no .*score\.onnx: compile the model for it .*--target onnx\./);
    expect(none.stderr).not.toContain('    at ');
  });

  it('is handed over beside the trainer, which stays, with the numbers of its checkpoint', () => {
    const before = readFileSync(join(out, 'trainer.js'));
    const compiled = compile('--target', 'onnx');
    expect(compiled).toMatchObject({ status: 0, stderr: '' });
    expect(compiled.stdout).toContain('trainer.js export --onnx FILE');
    expect(readFileSync(join(out, 'trainer.js'))).toEqual(before);
    expect(existsSync(join(out, 'kernels.wasm.js'))).toBe(true);
    const exported = trainer('export', '--onnx', 'hstu.onnx', '--checkpoint', best, '--json');
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
      expect(Math.abs(score - first.score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(first.score)));
    },
    minute,
  );

  it.skipIf(!withPython)(
    'and in Python',
    () => {
      writeFileSync(join(folder, 'use.py'), blocks(page, 'py')[0]!);
      const [, score] = told(run(python, 'use.py'));
      expect(Math.abs(score - first.score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(first.score)));
    },
    minute,
  );

  it(
    'is not handed over where the graph is of other settings, or damaged',
    () => {
      const graph = readFileSync(join(out, 'score.onnx'));
      compile('--target', 'onnx', '--set', 'width=16');
      expect(trainer('export', '--onnx', 'x.onnx', '--checkpoint', best).stderr).toContain(
        'is of another version of `hstu`',
      );
      writeFileSync(join(out, 'score.onnx'), graph.subarray(0, 1000));
      expect(trainer('export', '--onnx', 'x.onnx', '--checkpoint', best).stderr).toContain('is damaged');
      expect(existsSync(join(folder, 'x.onnx'))).toBe(false);
    },
    minute,
  );
});
