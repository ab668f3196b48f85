/**
 * examples/vite: a trainer's folder in somebody's own bundle. Built by Vite as it stands in the package, opened in Chromium where there is
 * one. Runs what `npm run build` left in dist, which `npm test` does first.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { type Files, serveFiles } from '../../runtime/page/static.js';
import type { Recommendations } from '../../runtime/recommend.js';
import { available, executable, flags } from '../browser/page.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'vite-'));
const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
const trainer = join(folder, 'model', 'trainer.js');

beforeAll(() => {
  cpSync(join(packageRoot, 'examples', 'vite'), folder, { recursive: true });
  // As npm lays it out.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(packageRoot, join(folder, 'node_modules', 'pcrec'), 'junction');
  const small = ['width=8', 'length=12', 'negatives=16', 'blocks=1', 'dropout=0'].flatMap((s) => ['--set', s]);
  run('dist/compiler/cli.js', 'models/hstu.ts', '--target', 'wasm', '--out', join(folder, 'model'), ...small);
  run(
    trainer,
    '--data',
    'sample',
    '--epochs',
    '1',
    '--device',
    'wasm',
    '--threads',
    '1',
    '--out',
    join(folder, 'run'),
    '--json',
  );
  run(join(packageRoot, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', folder, '--logLevel', 'warn');
}, 5 * minute);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is a bundle of the kernels, the checkpoint and little else', () => {
  const assets = readdirSync(join(folder, 'dist', 'assets'));
  expect(
    assets
      .filter((name) => /\.(wasm|safetensors)$/.test(name))
      .map((name) => name.replace(/-.*\./, '.'))
      .sort(),
  ).toEqual(['best.safetensors', 'model.fma.wasm', 'model.wasm']);
  const [script] = assets.filter((name) => name.endsWith('.js'));
  const text = readFileSync(join(folder, 'dist', 'assets', script!), 'utf8');
  expect(text).not.toMatch(/from\s*["']node:|__vite-browser-external/);
});

if (!available) console.warn(`The bundle in a browser: skipped. There is no ${executable}; apt-get install chromium.`);

describe.skipIf(!available)('in a browser', () => {
  let browser: Browser;
  let files: Files;
  beforeAll(async () => {
    const served = await serveFiles(join(folder, 'dist'), '127.0.0.1', 0)();
    if (isLeft(served)) throw new Error(served.left);
    files = served.right;
    browser = await chromium.launch({ executablePath: executable, args: [...flags] });
  });
  afterAll(async () => {
    await browser?.close();
    await files?.close();
  });

  it('recommends as the command does', async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(files.url);
    await page.getByText(/^Runs on wasm \(1 thread/).waitFor();
    for (const [i, title] of ['The Silent Witness', 'The Silent Witness II'].entries()) {
      await page.getByLabel('Add an item').fill(title);
      await page.getByRole('button', { name: 'Add' }).click();
      await page.getByText(`After ${i + 1}.`).waitFor();
    }
    const { items } = JSON.parse(
      run(
        trainer,
        'recommend',
        '--checkpoint',
        join(folder, 'run', 'best.safetensors'),
        '--device',
        'wasm',
        '--json',
        '--history',
        'The Silent Witness, The Silent Witness II',
      ),
    ) as Recommendations;
    expect(await page.locator('#answer li').allTextContents()).toEqual(items.map(({ title }) => title));
    expect(complaints).toEqual([]);
  }, 60_000);
});
