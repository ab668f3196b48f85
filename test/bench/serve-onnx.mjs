/**
 * The exported graph in ONNX Runtime behind Fastify, for `serve.mjs --devices onnx`: requests are gathered as our own server gathers them, and
 * the best items found by the same function. `node serve-onnx.mjs GRAPH.onnx LENGTH [FOLDER]`: FOLDER holds a node_modules with onnxruntime-node
 * (`npm install --ignore-scripts onnxruntime-node` there: its scripts would download what a GPU needs); without it onnxruntime-web is taken.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Fastify from 'fastify';
import { topOf } from '../../dist/runtime/measures/top.js';
import { gatherer } from '../../dist/runtime/serve/gather.js';

const [graph, length, folder] = process.argv.slice(2);
const n = Number(length);
const found = folder === undefined ? undefined : createRequire(join(resolve(folder), '/')).resolve('onnxruntime-node');
const runtime = await import(found === undefined ? 'onnxruntime-web' : pathToFileURL(found).href);
const ort = runtime.default ?? runtime;
const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const ids = JSON.parse(readFileSync(graph.replace(/\.onnx$/, '.items.json'), 'utf8'));
const places = new Map(ids.map((id, at) => [id, at]));

const ask = async (questions) => {
  const items = new Int32Array(questions.length * n);
  questions.forEach(({ past }, row) => items.set(past.slice(-n), row * n));
  const lengths = Int32Array.from(questions, ({ past }) => Math.min(n, past.length));
  const { scores } = await session.run({
    items: new ort.Tensor('int32', items, [questions.length, n]),
    'seq.lengths': new ort.Tensor('int32', lengths, [questions.length]),
  });
  const data = await scores.getData();
  return {
    _tag: 'Right',
    right: questions.map(({ past, top }, row) => {
      const own = data.subarray(row * ids.length, (row + 1) * ids.length);
      return topOf(own, past, top).map((at, i) => ({ rank: i + 1, id: ids[at], score: own[at] }));
    }),
  };
};
const asks = gatherer([{ ask, ready: async () => true }], { batch: 16, delay: 1, queue: 1024, timeout: 10_000 }, () =>
  performance.now(),
);

const server = Fastify();
server.route({
  method: 'POST',
  url: '/recommend',
  schema: {
    body: {
      type: 'object',
      required: ['history'],
      properties: { history: { type: 'array', items: { type: 'string' } }, top: { type: 'integer' } },
    },
  },
  handler: async ({ body: { history, top = 10 } }) => {
    const answer = await asks.ask({ past: history.map((id) => places.get(id)), top });
    return { items: answer.right };
  },
});
const url = await server.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ url }));
process.on('SIGTERM', () => process.exit(0));
