/**
 * The whole way, as a user walks it: a model file of this repository, compiled by the command, trained on the sample by
 * the emitted trainer in a process of its own. Runs what `npm run build` left in dist, which `npm test` does first.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const minute = 60_000;
/** Inside the repository, so that emitted trainers find the runtime as those in build/ do. */
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'e2e-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (script: string, ...args: readonly string[]): string =>
  execFileSync(process.execPath, [join(packageRoot, script), ...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
/** What a model needs to be so small. */
const small: Readonly<Record<string, readonly string[]>> = {
  'models/gru4rec.ts': ['--set', 'hidden=12'],
  'models/ttt4rec.ts': ['--set', 'heads=2'],
};
const compile = (model: string, out: string): string =>
  run(
    'dist/compiler/cli.js',
    model,
    '--out',
    out,
    '--set',
    'width=8',
    '--set',
    'length=12',
    '--set',
    'negatives=16',
    '--set',
    'blocks=1',
    '--set',
    'dropout=0',
    ...(small[model] ?? []),
  );
const bytes = (of: string): Readonly<Record<string, string>> =>
  Object.fromEntries(readdirSync(of).map((name) => [name, readFileSync(join(of, name), 'utf8')]));

/** The last JSON line of a command of the emitted trainer. */
const last = (out: string, device: string, ...args: readonly string[]): Readonly<Record<string, unknown>> => {
  const lines = run(
    join(out, 'trainer.js').slice(packageRoot.length + 1),
    ...args,
    '--device',
    device,
    ...(args[0] === 'profile' ? [] : ['--out', join(out, `run-${device}`)]),
    '--json',
  )
    .trim()
    .split('\n');
  return JSON.parse(lines.at(-1)!) as Readonly<Record<string, unknown>>;
};

/** Models, the files whose lines their kernels carry, and a tensor of theirs that a training step computes. */
const models = [
  ['pcrec', ['pcrec', 'hstu'], 'scores'],
  ['hstu', ['hstu'], 'scores'],
  ['sasrec', ['sasrec'], 'attended'],
  ['llama', ['llama'], 'normed'],
  ['bert4rec', ['bert4rec'], 'historyLoss'],
  ['gru4rec', ['gru4rec'], 'input'],
  ['mamba4rec', ['mamba4rec'], 'mixed'],
  ['ttt4rec', ['ttt4rec'], 'read'],
  ['pcrec-simple', ['hstu'], 'scores'],
] as const;

interface Explained {
  readonly item: { readonly score: number; readonly rank: number };
  readonly items: readonly { readonly id: string; readonly score: number }[];
  readonly influence: readonly { readonly value: number }[];
  readonly descents: readonly {
    readonly energy: readonly number[];
    readonly errors: readonly (readonly number[][])[];
  }[];
  readonly without: Explained['items'] | null;
}
/** What is said of a recommendation is of that recommendation, and the parts of an energy are its parts. */
const explains = (name: string, out: string): void => {
  const asked = ['--data', 'sample', '--user', '1', '--top', '5'];
  const found = last(out, 'wasm', 'explain', ...asked) as unknown as Explained;
  expect(found.items).toEqual(last(out, 'wasm', 'recommend', ...asked)['items']);
  expect(found.item).toMatchObject({ rank: 1, score: found.items[0]!.score });
  expect(found.influence.some(({ value }) => value !== 0)).toBe(true);
  // In the pass each of PCRec's blocks descends: there is one here.
  const descents: Readonly<Record<string, number>> = { pcrec: 1, 'pcrec-simple': 1 };
  expect([found.descents.length, found.without?.length]).toEqual([
    descents[name] ?? 0,
    name in descents ? 5 : undefined,
  ]);
  for (const { energy, errors } of found.descents) {
    const sums = errors.map((layers) => layers.flat().reduce((a, b) => a + b, 0));
    sums.forEach((sum, k) => expect(Math.abs(sum - energy[k]!)).toBeLessThan(1e-3 * (1 + energy[k]!)));
    expect(energy.at(-1)!).toBeLessThan(energy[0]!);
  }
};

describe.each(models)('models/%s.ts', (name, sources, tensor) => {
  const out = join(folder, name);
  let said = '';
  beforeAll(() => {
    const began = performance.now();
    said = compile(`models/${name}.ts`, out);
    console.log(
      `compiled models/${name}.ts in ${((performance.now() - began) / 1000).toFixed(1)} s, the start of the process included`,
    );
  }, minute);

  it("compiles to kernels named after the model file's constants, or the functions that it calls", () => {
    expect(said).toContain(`${name}: compiled models/${name}.ts`);
    expect(readdirSync(out).sort()).toEqual([
      'explain.jsonl',
      'kernels.gpu.js',
      'kernels.native.js',
      'kernels.wasm.js',
      'lanes.h',
      'manifest.json',
      'model.c',
      'model.fma.wasm',
      ...(name === 'pcrec-simple' ? [] : ['model.h']),
      'model.wasm',
      'model.wat',
      ...(name === 'pcrec-simple' ? [] : ['score.c']),
      'trainer.d.ts',
      'trainer.js',
    ]);
    const kernels = readFileSync(join(out, 'kernels.gpu.js'), 'utf8');
    const named = sources.flatMap((s) =>
      [...readFileSync(join(packageRoot, 'models', `${s}.ts`), 'utf8').matchAll(/const (\w+) = |(\w+)\(/g)].map(
        ([, held, called]) => (held ?? called)!,
      ),
    );
    expect(named.filter((n) => new RegExp(`^function ${n}(_\\d+)?\\(`, 'm').test(kernels)).length).toBeGreaterThan(1);
    for (const source of sources) expect(kernels).toContain(`models/${source}.ts:`);
    expect(kernels).not.toMatch(/^function (d_)*new_\w+_m_\d+\d\(/m);
    expect(kernels).not.toContain(packageRoot);
  });

  it(
    'compiles to the same bytes again',
    () => {
      compile(`models/${name}.ts`, join(folder, `${name}-again`));
      expect(bytes(join(folder, `${name}-again`))).toEqual(bytes(out));
    },
    minute,
  );

  it.each(['wasm', 'cpu'])(
    'trains on the sample, evaluates and recommends on %s',
    (device) => {
      expect(last(out, device, 'train', '--data', 'sample', '--epochs', '2')).toMatchObject({
        kind: 'result',
        part: 'test',
      });
      const epochs = readFileSync(join(out, `run-${device}`, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly kind: string; readonly loss: number })
        .filter((e) => e.kind === 'epoch');
      expect(epochs).toHaveLength(2);
      expect(epochs[1]!.loss).toBeLessThan(epochs[0]!.loss);
      expect(last(out, device, 'evaluate', '--data', 'sample')).toMatchObject({ part: 'test' });
      if (device === 'wasm') {
        const { kernels, ms } = last(out, device, 'profile', '--data', 'sample') as {
          readonly kernels: readonly { readonly name: string; readonly ms: number }[];
          readonly ms: number;
        };
        expect(kernels.map((k) => k.name).join()).toContain(tensor);
        expect(kernels.reduce((sum, k) => sum + k.ms, 0)).toBeCloseTo(ms, 6);
      }
      expect(last(out, device, 'recommend', '--data', 'sample', '--user', '1', '--top', '5')).toHaveProperty(
        'items.length',
        5,
      );
      if (device === 'wasm') explains(name, out);
    },
    5 * minute,
  );
});
