/** The server of `trainer.js page --serve`: files of its folder and no others. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Files, serveFiles } from '../../runtime/page/static.js';

const folder = mkdtempSync(join(tmpdir(), 'pcrec-static-'));
let server: Files;
beforeAll(async () => {
  mkdirSync(join(folder, 'site', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'site', 'index.html'), '<p>here</p>');
  writeFileSync(join(folder, 'site', 'sub', 'a b.wasm'), 'code');
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'site', 'link.txt'));
  const opened = await serveFiles(join(folder, 'site'), '127.0.0.1', 0)();
  if (isLeft(opened)) throw new Error(opened.left);
  server = opened.right;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The path as it is, which `fetch` would tidy up. */
const ask = (
  path: string,
  method = 'GET',
): Promise<{ status: number; type: string; body: string; isolated: boolean }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    request({ hostname, port, path, method }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode!,
          type: answer.headers['content-type']!,
          body,
          isolated: answer.headers['cross-origin-embedder-policy'] === 'require-corp',
        }),
      );
    })
      .on('error', reject)
      .end();
  });

it('gives files with their types, under headers that isolate the page', async () => {
  expect(await ask('/')).toEqual({
    status: 200,
    type: 'text/html; charset=utf-8',
    body: '<p>here</p>',
    isolated: true,
  });
  expect(await ask('/sub/a%20b.wasm?x=1')).toMatchObject({ status: 200, type: 'application/wasm', body: 'code' });
  expect(await ask('/', 'HEAD')).toMatchObject({ status: 200, body: '' });
});

it.each(['/none', '/sub', '/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/link.txt', '/%', '/%00'])(
  'has nothing at %s',
  async (path) => expect(await ask(path)).toMatchObject({ status: 404, isolated: true }),
);

it('takes no other methods, and says which port is taken', async () => {
  expect((await ask('/', 'POST')).status).toBe(405);
  const port = Number(new URL(server.url).port);
  expect(await serveFiles(join(folder, 'site'), '127.0.0.1', port)()).toMatchObject({
    left: expect.stringMatching(/could not be served at 127\.0\.0\.1:\d+: .* Choose another --port\./) as string,
  });
});
