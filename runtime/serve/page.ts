/** A page on which the routes can be tried: it reads the OpenAPI document, and loads nothing from elsewhere. */
import { createHash } from 'node:crypto';

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input, select, textarea, button { font: inherit; box-sizing: border-box; width: 100%; padding: 0.5rem; }
textarea, pre { font: 14px/1.4 ui-monospace, monospace; }
textarea { min-height: 9rem; }
button { width: auto; margin-top: 1rem; padding: 0.5rem 1.5rem; }
pre { overflow: auto; padding: 1rem; border: 1px solid; border-radius: 4px; min-height: 4rem; }
`;

const script = `
const at = (id) => document.getElementById(id);
const [title, token, route, summary, query, queryRow, body, bodyRow, state, answer] =
  ['title', 'token', 'route', 'summary', 'query', 'query-row', 'body', 'body-row', 'state', 'answer'].map(at);
let operations = [];
const chosen = () => operations[Number(route.value)];
const show = () => {
  const { url, method, operation } = chosen();
  const content = operation.requestBody?.content['application/json'];
  summary.textContent = operation.summary;
  bodyRow.hidden = content === undefined;
  body.value = content === undefined ? '' : JSON.stringify(content.example ?? {}, null, 2);
  queryRow.hidden = operation.parameters === undefined;
  query.value = '';
  query.placeholder = (operation.parameters ?? []).map(({ name }) => name + '=').join('&');
};
const send = async (event) => {
  event.preventDefault();
  const { url, method } = chosen();
  const began = performance.now();
  state.textContent = 'Asking ...';
  try {
    const found = await fetch('.' + url + (query.value === '' ? '' : '?' + query.value), {
      method,
      headers: {
        ...(token.value === '' ? {} : { authorization: 'Bearer ' + token.value }),
        ...(bodyRow.hidden ? {} : { 'content-type': 'application/json' }),
      },
      ...(bodyRow.hidden ? {} : { body: body.value }),
    });
    const text = await found.text();
    state.textContent = found.status + ' in ' + (performance.now() - began).toFixed(1) + ' ms';
    answer.textContent = (found.headers.get('content-type') ?? '').includes('json') ? JSON.stringify(JSON.parse(text), null, 2) : text;
  } catch (error) {
    state.textContent = 'No answer: ' + error.message;
  }
};
const open = async () => {
  const document = await (await fetch('./openapi.json')).json();
  title.textContent = document.info.title;
  operations = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ url, method: method.toUpperCase(), operation })));
  operations.forEach(({ url, method }, i) => url === '/' || route.add(new Option(method + ' ' + url, String(i))));
  // An example that this model can answer.
  const items = await fetch('./items?limit=4').then((found) => (found.ok ? found.json() : { items: [] }));
  const ids = items.items.map(({ id }) => id);
  operations.forEach(({ operation }) => {
    const example = operation.requestBody?.content['application/json'].example;
    if (example === undefined || ids.length < 4) return;
    example.history = ids.slice(0, 2);
    if (example.items !== undefined) example.items = ids.slice(2);
  });
  show();
};
route.addEventListener('change', show);
at('form').addEventListener('submit', send);
void open();
`;

const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pcrec</title>
<style>${style}</style>
</head>
<body>
<main>
<h1 id="title">pcrec</h1>
<p>Everything that this server answers, told by <a href="./openapi.json">its OpenAPI document</a>.</p>
<form id="form">
<label for="route">Route</label>
<select id="route" aria-describedby="summary"></select>
<p id="summary"></p>
<label for="token">Bearer token, if the server asks for one</label>
<input id="token" type="password" autocomplete="off">
<div id="query-row"><label for="query">Query</label><input id="query"></div>
<div id="body-row"><label for="body">Body</label><textarea id="body" spellcheck="false"></textarea></div>
<button>Send</button>
</form>
<h2>Answer</h2>
<p id="state" role="status">Nothing was asked yet.</p>
<pre id="answer" tabindex="0" aria-label="Answer"></pre>
</main>
<script>${script}</script>
</body>
</html>
`;

const hashed = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

/** The page, and the headers that let it do what it does and nothing else. */
export const page: { readonly text: string; readonly headers: Readonly<Record<string, string>> } = {
  text,
  headers: {
    'content-security-policy': `default-src 'none'; script-src ${hashed(script)}; style-src ${hashed(style)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
  },
};
