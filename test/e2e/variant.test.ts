/** A checkpoint evaluated with other hyperparameters than it was trained with. Runs what `npm run build` left in dist. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import type { EvaluateResult } from '../../runtime/evaluate.js';
import type { Trainer } from '../../runtime/trainer.js';

mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'variant-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'own.ts');
const compile = (out: string, ...set: readonly string[]) => {
  const settings = ['width=8', 'length=10', 'negatives=16', 'dropout=0', 'rate=0.05', ...set];
  return spawnSync(
    process.execPath,
    [
      join(packageRoot, 'dist/compiler/cli.js'),
      file,
      '--target',
      'wasm',
      '--out',
      join(folder, out),
      ...settings.flatMap((one) => ['--set', one]),
    ],
    { encoding: 'utf8' },
  ).status;
};
const trainerIn = async (name: string): Promise<Trainer> =>
  (await import(join(folder, name, 'trainer.js'))) as unknown as Trainer;
const common = { data: 'sample', device: 'wasm', threads: 1 } as const;
const ranksOf = async (trainer: Trainer, set?: readonly string[]): Promise<EvaluateResult> =>
  trainer.evaluate({ ...common, checkpoint: join(folder, 'run', 'best.safetensors'), set, model: file });
const refused = async (trainer: Trainer, ...set: readonly string[]): Promise<string> =>
  ranksOf(trainer, set).then(
    () => expect.fail('it was evaluated'),
    (error: unknown) => (error as Error).message,
  );

describe('evaluate --set', () => {
  let trainer: Trainer;
  let trained: EvaluateResult;
  beforeAll(async () => {
    writeFileSync(file, readFileSync(join(packageRoot, 'models/pcrec.ts'), 'utf8'));
    expect([compile('two', 'steps=2'), compile('none', 'steps=0')]).toEqual([0, 0]);
    trainer = await trainerIn('two');
    await trainer.train({ ...common, epochs: 3, batch: 64, seed: 1, out: join(folder, 'run') });
    trained = await ranksOf(trainer);
  }, 180_000);

  it('with what was trained gives what is there without it', async () => {
    const same = await ranksOf(trainer, ['steps=2']);
    expect(same.ranks).toEqual(trained.ranks);
    expect([trained.set, same.set]).toEqual([undefined, ['steps=2']]);
  });

  it('takes more steps, or none, of the same parameters', async () => {
    const [none, more] = [await ranksOf(trainer, ['steps=0']), await ranksOf(trainer, ['steps=5'])];
    expect(none.ranks).not.toEqual(trained.ranks);
    expect(more.ranks).not.toEqual(trained.ranks);
    expect(more.ranks).not.toEqual(none.ranks);
  });

  it('refuses what changes a parameter, and what is no hyperparameter, by name', async () => {
    expect(await refused(trainer, 'width=4')).toMatch(
      /^--set width=4 changes what is trained, and cannot be set for a checkpoint: `[\w.]+` would be \[.+\], and is \[.+\]\.$/,
    );
    expect(await refused(trainer, 'blocks=3')).toMatch(/blocks=3 changes what is trained, .*`.*` was not trained\.$/);
    expect(await refused(trainer, 'stepz=3')).toContain("'stepz'");
  });

  it('refuses the checkpoint of another model, though its parameters are there', async () => {
    const other = await trainerIn('none');
    expect(await refused(other, 'steps=2')).toContain('it was trained by another version of `pcrec`');
  });

  it('refuses a file that is no more what was compiled', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('mul(0.5)', 'mul(0.25)'));
    expect(await refused(trainer, 'steps=1')).toContain('is no more what this trainer was compiled from');
  });
});
