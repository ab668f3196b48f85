/**
 * A page as a person uses it: written by an emitted trainer, served, opened in Chromium where there is one, and used with the keyboard
 * and with a finger. Runs what `npm run build` left in dist, which `npm test` does first. With PAGE_SCREENSHOTS=FOLDER its looks are kept.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { openModel } from '../../runtime/page/model.js';
import { files, type Site, unpacked } from '../../runtime/page/site.js';
import type { Explained } from '../../runtime/explain/explain.js';
import type { Recommendations } from '../../runtime/recommend.js';
import { available, executable, flags } from '../browser/page.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'page-'));
const [model, site, runs] = ['model', 'site', 'runs'].map((name) => join(folder, name)) as [string, string, string];
const trainer = join(model, 'trainer.js');
const checkpoint = join(runs, 'best.safetensors');
const environment = { ...process.env, NO_COLOR: '1' };
const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment,
  });

let child: ChildProcess | undefined;
let url = '';
const told: Record<string, unknown>[] = [];

/** Writes the page and serves it; resolves when it listens. */
const served = async (): Promise<string> => {
  child = spawn(
    process.execPath,
    [
      trainer,
      'page',
      '--out',
      site,
      '--checkpoint',
      checkpoint,
      '--title',
      'Books',
      '--serve',
      '--port',
      '0',
      '--json',
    ],
    { cwd: packageRoot, env: environment },
  );
  let [out, err] = ['', ''];
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child!.stdout!.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const lines = out.split('\n').slice(0, -1);
      const listening = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      told.splice(0, told.length, ...listening);
      const address = listening.find(({ kind }) => kind === 'listening')?.['url'];
      if (typeof address === 'string') resolve(address);
    });
    child!.on('close', (code) => reject(new Error(`It ended with ${code}: ${err}`)));
  });
};

beforeAll(async () => {
  const small = ['width=16', 'length=12', 'negatives=32', 'blocks=2', 'dropout=0', 'steps=3'];
  run(
    'dist/compiler/cli.js',
    'models/pcrec.ts',
    '--target',
    'wasm',
    '--out',
    model,
    ...small.flatMap((s) => ['--set', s]),
  );
  run(trainer, '--data', 'sample', '--epochs', '2', '--device', 'wasm', '--threads', '1', '--out', runs, '--json');
  url = await served();
}, 5 * minute);
afterAll(() => {
  child?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

describe('the server of the site', () => {
  const args = ['page', '--out', join(folder, 'ended'), '--checkpoint', checkpoint, '--serve', '--port', '0'];
  /** Runs it, keeps a connection open, sends the signal, and tells how it ended. */
  const ended = async (
    begin: () => ChildProcess,
    send: (child: ChildProcess) => void,
  ): Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly out: string;
    readonly err: string;
  }> => {
    const own = begin();
    let [out, err] = ['', ''];
    own.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const address = new Promise<string>((resolve) => {
      own.stdout!.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        const found = /page is at (\S+)/.exec(out)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const closed = new Promise<readonly [number | null, string | null]>((resolve) => {
      own.on('close', (code, signal) => resolve([code, signal]));
    });
    const held = connect(Number(new URL(await address).port), '127.0.0.1');
    held.on('error', () => undefined);
    await once(held, 'connect');
    send(own);
    const [code, signal] = await closed;
    held.destroy();
    return { code, signal, out, err };
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with code 0 on %s, whoever is connected', async (signal) => {
    const found = await ended(
      () => spawn(process.execPath, [trainer, ...args], { cwd: packageRoot, env: environment }),
      (own) => own.kill(signal),
    );
    expect(found).toMatchObject({ code: 0, signal: null, err: '\nEnding; once more to end at once.\n' });
    expect(found.out.trim().split('\n')).toHaveLength(2);
  });

  it.skipIf(process.platform === 'win32')(
    'ends under npm with the Ctrl-C of a terminal, as `npm run demo` does',
    async () => {
      const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as Record<
        string,
        Record<string, string>
      >;
      const last = scripts!['demo']!.split(' && ').at(-1)!;
      expect(last).toContain('trainer.js page');
      // The last command of the script, which is where a person ends it, with what the tests have trained.
      const demo = last
        .replace('build/demo/trainer.js', trainer)
        .replace('runs/demo/best.safetensors', checkpoint)
        .replace('build/demo/site', join(folder, 'ended'));
      mkdirSync(join(folder, 'npm'));
      writeFileSync(join(folder, 'npm', 'package.json'), JSON.stringify({ scripts: { demo: `true && ${demo}` } }));
      const found = await ended(
        () => spawn('npm', ['run', 'demo'], { cwd: join(folder, 'npm'), env: environment, detached: true }),
        // A terminal tells all that it runs.
        (own) => process.kill(-own.pid!, 'SIGINT'),
      );
      expect(found.signal === 'SIGINT' || found.code === 130).toBe(true);
      expect(found.err).toBe('\nEnding; once more to end at once.\n');
    },
  );
});

const command = (name: string, history: readonly string[], ...more: readonly string[]): unknown =>
  JSON.parse(
    run(
      trainer,
      name,
      '--checkpoint',
      checkpoint,
      '--device',
      'wasm',
      '--json',
      '--history',
      JSON.stringify(history.map((item) => ({ item }))),
      ...more,
    ),
  );
const asked = (history: readonly string[]) => command('recommend', history) as Recommendations;
const site1 = (): Site => JSON.parse(readFileSync(join(site, files.model), 'utf8')) as Site;

describe('the site', () => {
  it('is small, says so, and names what it keeps for when there is no network', () => {
    const paths = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(site, path)).isFile(),
    );
    const bytes = paths.reduce((sum, path) => sum + statSync(join(site, path)).size, 0);
    expect(bytes).toBeLessThan(2_500_000);
    expect(told[0]).toMatchObject({ kind: 'page', out: site, files: paths.length, bytes, precision: 'float32' });
    const worker = readFileSync(join(site, 'offline.js'), 'utf8');
    expect(
      paths.filter((path) => !['index.html', 'offline.js'].includes(path) && !worker.includes(`"./${path}"`)),
    ).toEqual([]);
  });

  it('answers as the command does, with float32 to the bit, and nearly so with float16', async () => {
    const { titles, items } = site1();
    const history = [3, 40, 77];
    const expected = asked(history.map((item) => items[item]!));
    const answers = async (of: string) => {
      const found = JSON.parse(readFileSync(join(of, files.model), 'utf8')) as Site;
      const bytes = readFileSync(join(of, files.states));
      const states = unpacked(
        found,
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
      );
      const load = (name: string) => async () => new Uint8Array(readFileSync(join(of, name)));
      const score = { ...found.plan, load: (fused: boolean) => load(fused ? files.fused : files.plain)() };
      const opened = await openModel(found, { score }, states, 1);
      if (isLeft(opened)) throw new Error(opened.left);
      return (await opened.right.recommend(history, 10)).items;
    };
    const named = (await answers(site)).map(({ item, score }) => ({
      id: items[item],
      title: titles?.[item] ?? null,
      score,
    }));
    expect(named).toEqual(expected.items.map(({ id, title, score }) => ({ id, title, score })));

    const half = join(folder, 'half');
    run(trainer, 'page', '--out', half, '--checkpoint', checkpoint, '--precision', 'float16');
    expect(statSync(join(half, files.states)).size).toBe(statSync(join(site, files.states)).size / 2);
    const rounded = await answers(half);
    expect(Math.abs(rounded[0]!.score - expected.items[0]!.score)).toBeLessThan(
      0.05 * Math.abs(expected.items[0]!.score),
    );
  });

  it('is written over an earlier one, and over nothing else', () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'mine.txt'), 'mine');
    const write = (to: string): string => run(trainer, 'page', '--out', to, '--checkpoint', checkpoint);
    expect(() => write(other)).toThrow(/it holds files that are no page; choose another folder with --out/);
    rmSync(join(other, 'mine.txt'));
    expect(write(other)).toMatch(
      /^Wrote .*other: \d+ files, \d\.\d\d MB, parameters in float32\. Any static file server shows it/,
    );
    writeFileSync(join(other, 'assets', 'old.js'), '');
    write(other);
    expect(readdirSync(join(other, 'assets'))).not.toContain('old.js');
    // One that was cut short is a page all the same; a model of somebody else's is none.
    rmSync(join(other, 'index.html'));
    rmSync(join(other, 'assets'), { recursive: true });
    write(other);
    expect(readdirSync(other)).toContain('index.html');
    writeFileSync(join(other, files.model), '{"format":"layers-model"}');
    expect(() => write(other)).toThrow(/it holds files that are no page/);
    expect(readdirSync(other)).toContain('index.html');
  });
});

if (!available) console.warn(`The page in a browser: skipped. There is no ${executable}; apt-get install chromium.`);

describe.skipIf(!available)('in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  const { source: axe } = createRequire(import.meta.url)('axe-core') as { readonly source: string };

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executable, args: [...flags] });
  });
  afterAll(async () => browser?.close());
  afterEach(async () => {
    await context?.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  interface Look {
    readonly width?: number;
    readonly height?: number;
    readonly scheme?: 'light' | 'dark';
    readonly hash?: string;
    /** Without the headers that isolate a page, and without the service worker that would add them. */
    readonly plain?: boolean;
  }
  const open = async ({
    width = 1280,
    height = 900,
    scheme = 'light',
    hash = '',
    plain = false,
  }: Look = {}): Promise<void> => {
    context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      serviceWorkers: plain ? 'block' : 'allow',
      reducedMotion: 'reduce',
    });
    page = await context.newPage();
    page.on('console', (message) => {
      const expected = plain && message.text() === 'Service Worker registration blocked by Playwright';
      if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    if (plain)
      await context.route('**/*', async (route) => {
        const answer = await route.fetch();
        const { 'cross-origin-opener-policy': _, 'cross-origin-embedder-policy': __, ...headers } = answer.headers();
        await route.fulfill({ response: answer, headers });
      });
    await page.goto(url + hash);
    await page.getByRole('combobox').waitFor();
  };
  const rows = (): Promise<readonly { title: string; score: string }[]> =>
    page.locator('.recommended li').evaluateAll((list) =>
      list.map((row) => ({
        title: row.querySelector('.name')!.firstChild!.textContent!.trim(),
        score: row.querySelector('.score')!.lastChild!.textContent!.trim(),
      })),
    );
  const shownAfter = (words: string) => page.locator('.lead', { hasText: words }).waitFor();
  const expectedRows = (history: readonly string[]) =>
    asked(history).items.map(({ id, title, score }) => ({ title: title ?? id, score: score.toFixed(2) }));
  /** Titles of the sample, and of items of its checkpoint. */
  const chosen = (): readonly (readonly [id: string, title: string])[] => {
    const { items, titles } = site1();
    return [5, 60, 130].map((item) => [items[item]!, titles![item]!] as const);
  };
  const hashOf = (ids: readonly string[]): string => `#after=${ids.map(encodeURIComponent).join(',')}`;

  it('searches as one types, shows what an item would change, and recommends as the command does', async () => {
    await open();
    expect(await page.title()).toBe('Books: recommendations');
    const all = chosen();
    for (const [i, [, title]] of all.entries()) {
      await page.getByRole('combobox').pressSequentially(title);
      await page.getByRole('option', { name: title, exact: true }).waitFor();
      await shownAfter(`If you add ${title}.`);
      await page.waitForFunction(() => document.querySelectorAll('.recommended li').length === 10);
      await page.getByRole('combobox').press('Enter');
      await shownAfter(`After ${i + 1} item`);
    }
    expect(await page.locator('.past .name').allTextContents()).toEqual(all.map(([, title]) => title));
    const ids = all.map(([id]) => id);
    await expect.poll(rows).toEqual(expectedRows(ids));

    await page.getByRole('button', { name: `Move ${all[2]![1]} earlier` }).click();
    await expect.poll(rows).toEqual(expectedRows([ids[0]!, ids[2]!, ids[1]!]));
    expect(new URL(page.url()).hash).toBe(hashOf([ids[0]!, ids[2]!, ids[1]!]));
    await page.getByRole('button', { name: `Remove ${all[0]![1]}` }).press('Enter');
    await expect.poll(rows).toEqual(expectedRows([ids[2]!, ids[1]!]));
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(`Remove ${all[2]![1]}`);

    const [first] = await rows();
    await page.getByRole('button', { name: `Add ${first!.title} to the history` }).click();
    await shownAfter('After 3 items.');
    expect((await rows()).map(({ title }) => title)).not.toContain(first!.title);
  }, 120_000);

  it('says why as the command does: what moved an item, its errors step by step, and what there would be without', async () => {
    const ids = chosen().map(([id]) => id);
    await open({ hash: hashOf(ids) });
    await shownAfter('After 3 items.');
    const second = (await rows())[1]!.title;
    await page.getByRole('button', { name: `Why ${second}` }).click();
    await page.getByRole('heading', { name: `Why ${second}` }).waitFor();
    const why = command('explain', ids, '--item', second) as Explained;
    const [{ energy, errors } = { energy: [], errors: [] }] = why.descents;
    const sorted = why.influence.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
    expect(await page.locator('.bars .name').allTextContents()).toEqual(sorted.map(({ id, title }) => title ?? id));
    const numbers = (await page.locator('.bars .number').allTextContents()).map((text) =>
      Number(text.replace('−', '-')),
    );
    numbers.forEach((value, i) =>
      expect(Math.abs(value - sorted[i]!.value)).toBeLessThan(0.006 * Math.abs(sorted[i]!.value) + 1e-6),
    );
    expect(await page.locator('.pair tbody td:nth-child(2)').allTextContents()).toEqual(
      why.without!.map(({ id, title }) => title ?? id),
    );

    // Steps, by the keyboard: the picture and the numbers follow.
    expect(energy).toHaveLength(4);
    expect(energy.at(-1)).toBeLessThan(energy[0]!);
    // Each block has a descent of its own: this is the first one's.
    const descent = page.getByRole('region', { name: 'Prediction errors, descent 1' });
    const slider = descent.getByRole('slider', { name: 'Inference step' });
    await slider.press('Home');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^at the first guess: energy /);
    const strengths = () =>
      descent
        .locator('.picture svg')
        .first()
        .locator('g[aria-label=cell] rect')
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute('fill-opacity'))));
    const before = await strengths();
    expect(before).toHaveLength(errors[0]!.length * ids.length);
    await slider.press('End');
    const total = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0);
    await expect.poll(async () => total(await strengths())).toBeLessThan(total(before));
    await descent.getByText('The same as numbers').click();
    expect(await descent.locator('details tbody tr').count()).toBe(energy.length);
  }, 120_000);

  it('takes a history from its address, and runs on one thread where memory cannot be shared', async () => {
    const ids = chosen().map(([id]) => id);
    await open({ hash: hashOf(ids), plain: true });
    await shownAfter('After 3 items.');
    await expect.poll(rows).toEqual(expectedRows(ids));
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await page.locator('footer').textContent()).toContain('wasm (1 thread');
  }, 120_000);

  it('runs on threads where memory can be shared, and without a network once it was open', async () => {
    const ids = chosen().map(([id]) => id);
    await open({ hash: hashOf(ids) });
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const cores = await page.evaluate(() => Math.min(4, navigator.hardwareConcurrency));
    expect(await page.locator('footer').textContent()).toContain(`wasm (${cores} thread`);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await context.setOffline(true);
    await page.reload();
    await shownAfter('After 3 items.');
    await expect.poll(rows).toEqual(expectedRows(ids));
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  }, 120_000);

  it('says what is wrong where the model does not load', async () => {
    await open();
    await context.route('**/model/states.bin', (route) => route.fulfill({ status: 404, body: '' }));
    await page.evaluate(() => navigator.serviceWorker.getRegistration().then((found) => found?.unregister()));
    await page.evaluate(() => caches.keys().then((all) => Promise.all(all.map((name) => caches.delete(name)))));
    await page.reload();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(
      /does not open in this browser\. .*states\.bin does not load: 404/,
    );
    complaints.splice(0);
  });

  const looks = [
    { width: 1280, height: 1000, scheme: 'light' },
    { width: 1280, height: 1000, scheme: 'dark' },
    { width: 360, height: 740, scheme: 'light' },
    { width: 360, height: 740, scheme: 'dark' },
  ] as const;
  it.each(looks)(
    'has no serious fault for those who cannot see or point: $width $scheme',
    async (look) => {
      const ids = chosen().map(([id]) => id);
      const faults = async (): Promise<readonly string[]> => {
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() =>
          (
            globalThis as unknown as {
              readonly axe: {
                run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
              };
            }
          ).axe.run(),
        );
        return violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      };
      const keep = async (name: string): Promise<void> => {
        const to = process.env['PAGE_SCREENSHOTS'];
        const image = await page.screenshot({ fullPage: true });
        if (to !== undefined) {
          mkdirSync(to, { recursive: true });
          writeFileSync(join(to, `${name}-${look.width}-${look.scheme}.png`), image);
        }
      };
      await open(look);
      expect(await faults()).toEqual([]);
      await keep('empty');
      await page.goto(`${url}?again${hashOf(ids)}`);
      await shownAfter('After 3 items.');
      await expect.poll(rows).toHaveLength(10);
      await page.locator('.picture svg').nth(1).waitFor();
      expect(await faults()).toEqual([]);
      await keep('answer');
      const letters = chosen()[0]![1].slice(0, 3);
      await page.getByRole('combobox').pressSequentially(letters);
      await page.getByRole('option').first().waitFor();
      expect(await faults()).toEqual([]);
      await keep('search');
      // Nothing is wider than the window, and a finger hits every button.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(look.width);
      const smallest = await page
        .locator('button:visible')
        .evaluateAll((all) =>
          Math.min(
            ...all.map((one) => Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width)),
          ),
        );
      expect(smallest).toBeGreaterThanOrEqual(24);
    },
    120_000,
  );
});
