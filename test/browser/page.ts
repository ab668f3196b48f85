/**
 * A page without a bundler: a server on loopback that hands out gpu.js's browser build, the runtime transpiled on the fly and
 * the modules under test, and Debian's chromium with software WebGPU and WebGL2 to read it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Browser, type Page, chromium } from 'playwright-core';
import { ts } from 'ts-morph';

export const executable = '/usr/bin/chromium';
export const available = existsSync(executable);

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const html = `<!doctype html><title>pcrec</title><link rel="icon" href="data:,"><script type="importmap">
{ "imports": { "gpu.js": "/gpu.js", "fp-ts/lib/": "/fp-ts/" } }</script>
<script type="module" src="/test/browser/job.js"></script>`;

/** gpu.js's browser build is a script for a page; wrapped like this it is a module. */
const library = (): string => `const module = { exports: {} };
(function (module, exports) {
${file('node_modules/gpu.js/dist/gpu-browser.js')}
}).call(globalThis, module, module.exports);
export default module.exports;`;

const transpiled = (path: string): string =>
  ts.transpileModule(file(path.replace(/\.js$/, '.ts')), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;

const withExtension = (path: string): string => (path.endsWith('.js') ? path : `${path}.js`);

/** First match answers. */
const routes: readonly (readonly [RegExp, (path: string) => string])[] = [
  [/^\/gpu\.js$/, library],
  [/^\/fp-ts\//, (path) => file(`node_modules/fp-ts/es6/${withExtension(path.slice('/fp-ts/'.length))}`)],
  [/^\/(runtime|test\/browser)\//, (path) => transpiled(path.slice(1))],
];

/** `modules`: further scripts by path. Pages are isolated, so that WebAssembly threads may share memory. */
const serve = (modules: Readonly<Record<string, string>>): Server =>
  createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    if (path === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html', ...isolation }).end(html);
      return;
    }
    const text = modules[path] ?? routes.find(([pattern]) => pattern.test(path))?.[1](path);
    response
      .writeHead(text === undefined ? 404 : 200, { 'Content-Type': 'text/javascript', ...isolation })
      .end(text ?? '');
  });

export const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

export interface Opened {
  readonly page: Page;
  /** What the page wrote to its console as warnings and errors. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

export const openPage = async (modules: Readonly<Record<string, string>>): Promise<Opened> => {
  const server = serve(modules);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const browser: Browser = await chromium.launch({ executablePath: executable, args: flags });
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // That reading results takes time is what WebGL's driver says of any program that reads some.
    if (message.type() !== 'log' && !/GPU stall due to ReadPixels/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`http://127.0.0.1:${port}/`);
  return {
    page,
    complaints,
    close: async () => {
      await browser.close();
      await new Promise((done) => server.close(done));
    },
  };
};
