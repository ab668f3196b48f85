/**
 * Requests a second that a server answers with a 99th percentile under 10 ms, and its memory over 100,000 requests; every answer is
 * compared with that of `recommend`, alone. Clients and server share the machine.
 *
 *   node build/hstu/trainer.js --data ml-1m/ratings.dat --epochs 1 --out runs/bench
 *   node test/bench/serve.mjs build/hstu/trainer.js runs/bench --devices native,wasm [--seconds 5] [--users 500] [--connections 1,8,32] [--requests 100000]
 *
 * Beside it the same checkpoint in other systems, asked by the same client: HSTU in PyTorch behind FastAPI (`--devices torch --python PYTHON`, which has
 * torch, fastapi and uvicorn), and our ONNX graph in ONNX Runtime behind Fastify (`--devices onnx --peers FOLDER`, which has onnxruntime-node; the
 * trainer compiled with --target onnx besides). Their scores may differ from ours by 1e-4.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    devices: { type: 'string', default: 'native,wasm' },
    seconds: { type: 'string', default: '5' },
    users: { type: 'string', default: '500' },
    requests: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '1,2,4,8,12,16,24,32,48,64' },
    workers: { type: 'string', default: '1' },
    bound: { type: 'string', default: '10' },
    python: { type: 'string', default: 'python3' },
    peers: { type: 'string' },
  },
});
const [trainer = 'build/hstu/trainer.js', out = 'runs/bench'] = positionals;
const [seconds, users, total, bound] = ['seconds', 'users', 'requests', 'bound'].map((name) => Number(values[name]));

/** Histories of users of the data, and what is answered to each alone. */
const questionsOf = async (device) => {
  const { recommender } = await import(pathToFileURL(resolve(trainer)).href);
  const alone = await recommender({ out, device });
  const questions = [];
  for (let user = 1; questions.length < users && user < 100 * users; user++) {
    const found = await alone.recommend({ user: String(user), top: 10 }).catch(() => undefined);
    // Longer ones are refused by the server, which says so.
    if (found === undefined || found.history.length > 1000) continue;
    const request = { history: found.history.map(({ id }) => id), top: 10 };
    questions.push({ body: JSON.stringify(request), want: JSON.stringify(await alone.recommend(request)) });
  }
  await alone.close();
  return questions;
};

/** Whether an answer is what was wanted: to the bit of ours, of others each place's score to 1e-4, whichever of two alike comes first. */
const sameAs = (device) =>
  device in others
    ? (answer, want) => {
        const [got, right] = [JSON.parse(answer).items, JSON.parse(want).items];
        return got.length === right.length && right.every(({ score }, i) => Math.abs(score - got[i].score) < 1e-4);
      }
    : (answer, want) => answer === want;

const beside = (name) => join(import.meta.dirname, name);
const checkpoint = join(out, 'best.safetensors');
/** What runs another system's server; it says its address as ours does. */
const others = {
  torch: () => [values.python, [beside('serve_torch.py'), checkpoint]],
  onnx: () => {
    const graph = join(mkdtempSync(join(tmpdir(), 'pcrec-bench-')), 'model.onnx');
    execFileSync(process.execPath, [trainer, 'export', '--onnx', graph, '--checkpoint', checkpoint], {
      stdio: 'ignore',
    });
    const { length } = JSON.parse(readFileSync(join(dirname(trainer), 'manifest.json'), 'utf8'));
    return [
      process.execPath,
      [beside('serve-onnx.mjs'), graph, String(length), ...(values.peers ? [values.peers] : [])],
    ];
  },
};

const server = async (device) => {
  const ours = [
    trainer,
    'serve',
    '--json',
    '--port',
    '0',
    '--out',
    out,
    '--device',
    device,
    '--workers',
    values.workers,
  ];
  const [command, args] = others[device]?.() ?? [process.execPath, ours];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { url } = await new Promise((tell, fail) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('\n')) tell(JSON.parse(said));
    });
    child.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
  });
  const metric = async (name) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
  return {
    url,
    megabytes: async () => (await metric('process_resident_memory_bytes')) / 2 ** 20,
    cpu: () => metric('process_cpu_seconds_total'),
    end: () => new Promise((tell) => child.removeAllListeners('exit').once('exit', tell) && child.kill('SIGTERM')),
  };
};

/** One load: so many connections, each of which asks again when it has its answer. Each begins elsewhere in the list. */
const load = async (url, questions, same, connections, limits) => {
  const tally = { right: 0, wrong: 0 };
  const requests = questions.map(({ body, want }) => ({
    method: 'POST',
    path: '/recommend',
    headers: { 'content-type': 'application/json' },
    body,
    onResponse: (status, answer) => tally[status === 200 && same(answer, want) ? 'right' : 'wrong']++,
  }));
  let client = 0;
  const result = await autocannon({
    url,
    connections,
    ...limits,
    setupClient: (one) => {
      const from = Math.floor((client++ * requests.length) / connections);
      one.setRequests([...requests.slice(from), ...requests.slice(0, from)].map((request) => ({ ...request })));
    },
  });
  const { requests: rates, latency, errors } = result;
  return { ...tally, connections, rate: rates.average, median: latency.p50, p99: latency.p99, errors };
};
const said = ({ connections, rate, median, p99, right, wrong, errors }) =>
  `${String(connections).padStart(3)} connections: ${rate.toFixed(0).padStart(6)} a second, median ${median} ms, 99th percentile ${p99} ms, ${right} answers right, ${wrong} wrong, ${errors} errors`;

console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}, workers ${values.workers}`);
for (const device of values.devices.split(',')) {
  const same = sameAs(device);
  const questions = await questionsOf(device in others ? 'native' : device);
  const { url, megabytes, cpu, end } = await server(device);
  await load(url, questions, same, 16, { amount: Math.min(5000, total) });
  console.log(`${device}: ${questions.length} histories`);
  let best;
  for (const connections of values.connections.split(',').map(Number)) {
    const found = await load(url, questions, same, connections, { duration: seconds });
    console.log(`  ${said(found)}`);
    if (found.p99 < bound && found.rate > (best?.rate ?? 0)) best = found;
  }
  console.log(`  under ${bound} ms: ${best === undefined ? 'none' : said(best)}`);
  if (device in others) {
    await end();
    continue;
  }
  const [before, began] = [await megabytes(), await cpu()];
  const long = await load(url, questions, same, 16, { amount: total });
  console.log(
    `  memory: ${before.toFixed(0)} MB before and ${(await megabytes()).toFixed(0)} MB after ${total} requests, ${((1000 * ((await cpu()) - began)) / total).toFixed(2)} ms of processor each: ${said(long)}`,
  );
  await end();
}
