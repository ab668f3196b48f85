/** A server for the files of a folder, on this machine: what `trainer.js page --serve` shows a page with. */
import { readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { reason } from '../files.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The page is alone in its process, so that threads may share memory. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-cache',
  'X-Content-Type-Options': 'nosniff',
};

export interface Files {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The file that an address means; undefined where it leads out of the folder. */
const fileOf = (folder: string, address: string): string | undefined => {
  let path: string;
  try {
    path = normalize(decodeURIComponent(new URL(address, 'http://localhost').pathname));
  } catch {
    return undefined;
  }
  return path.split(sep).includes('..') || path.includes('\0')
    ? undefined
    : join(folder, path.endsWith(sep) ? join(path, 'index.html') : path);
};

/** Left: a port that is taken. */
export const serveFiles = (folder: string, host: string, port: number): TaskEither<string, Files> =>
  TE.tryCatch(
    async () => {
      const root = await realpath(folder);
      const server = createServer((request, response) => {
        const answer = (status: number, body: string | Buffer, type: string): void => {
          response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
          response.end(request.method === 'HEAD' ? undefined : body);
        };
        const missing = (): void => answer(404, 'There is no such file.\n', 'text/plain');
        const path = fileOf(root, request.url ?? '/');
        if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, 'Only GET and HEAD.\n', 'text/plain');
        else if (path === undefined) missing();
        else
          realpath(path)
            .then((real) => (real.startsWith(root + sep) ? readFile(real) : Promise.reject(new Error('outside'))))
            .then((body) => answer(200, body, types[extname(path)] ?? 'application/octet-stream'), missing);
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      const address = server.address();
      return {
        url: `http://${host}:${typeof address === 'object' && address !== null ? address.port : port}/`,
        close: () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      };
    },
    (error) => `The page could not be served at ${host}:${port}: ${reason(error)}. Choose another --port.`,
  );
