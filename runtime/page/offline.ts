/**
 * The service worker of a page. It keeps the files, so that the page opens without a network, and gives them the headers under which
 * a browser lets threads share memory, so that any static server will do.
 */

/** `files` by their addresses, relative to the page; `version` names their contents. */
export const serviceWorker = (
  files: readonly string[],
  version: string,
): string => `// Keeps the page for when there is no network. Written by trainer.js page.
const kept = ${JSON.stringify(`pcrec-page-${version}`)};
const files = ${JSON.stringify(files)};
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

const withHeaders = (answer) => {
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(isolated)) headers.set(name, value);
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
};

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(kept)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith('pcrec-page-') && name !== kept).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(
    caches
      .open(kept)
      .then((cache) => cache.match(request, { ignoreSearch: true }))
      .then((found) => found ?? fetch(request))
      .then(withHeaders),
  );
});
`;
