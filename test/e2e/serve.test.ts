/**
 * A server as a user runs it: an emitted trainer, scoring threads, signals, and two processes behind nginx where there is one. Runs
 * what `npm run build` left in dist, which `npm test` does first.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'serve-'));
const out = join(folder, 'model');
const trainer = join(out, 'trainer.js');
const environment = { ...process.env, NO_COLOR: '1', PCREC_TOKEN: '' };
const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment,
  });
const train = (seed: number, runs: string): string =>
  run(
    trainer,
    '--data',
    'sample',
    '--epochs',
    '1',
    '--seed',
    String(seed),
    '--device',
    'wasm',
    '--out',
    runs,
    '--json',
  );

const first = join(folder, 'first');
const second = join(folder, 'second');
beforeAll(() => {
  const small = ['width=8', 'length=12', 'negatives=16', 'blocks=1', 'dropout=0'].flatMap((s) => ['--set', s]);
  run('dist/compiler/cli.js', 'models/hstu.ts', '--target', 'wasm', '--out', out, ...small);
  train(1, first);
  train(2, second);
}, 5 * minute);

const running = new Set<ChildProcess>();
afterEach(() => running.forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Up {
  readonly url: string;
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}
const up = async (script: string, ...args: readonly string[]): Promise<Up> => {
  const child = spawn(
    process.execPath,
    [script, 'serve', '--json', '--device', 'wasm', ...(args.includes('--port') ? [] : ['--port', '0']), ...args],
    { cwd: packageRoot, env: environment },
  );
  running.add(child);
  let [said, told] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      const [line] = told.split('\n');
      if (told.includes('\n')) resolve((JSON.parse(line!) as { url: string }).url);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return { url, child, said: () => said, ended };
};
const down = async ({ child, ended }: Up): Promise<number | null> => {
  child.kill('SIGTERM');
  return ended;
};

interface Answer {
  readonly status: number;
  readonly body: any;
}
const ask = async (url: string, body: object, path = '/recommend'): Promise<Answer> => {
  const found = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: found.status, body: await found.json() };
};
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const until = async (held: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await held())) await pause(20);
};

/** Requests of many lengths, some for users. */
const requests: readonly object[] = Array.from({ length: 60 }, (_, n) =>
  n % 5 === 0
    ? { user: String(1 + n), top: 4 }
    : {
        history: Array.from({ length: 1 + (n % 17) }, (_, i) => String(1 + ((7 * n + 3 * i) % 200))),
        top: 1 + (n % 7),
      },
);
/** The same by `recommend`, each alone. */
const alone = (runs: string): readonly unknown[] => {
  const lines = join(folder, 'requests.jsonl');
  writeFileSync(lines, requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  return run(trainer, 'recommend', '--requests', lines, '--out', runs, '--device', 'wasm', '--json')
    .trim()
    .split('\n')
    .map((line) => {
      const { line: _, ms: __, ...rest } = JSON.parse(line) as Record<string, unknown>;
      return rest;
    });
};

describe('trainer.js serve', () => {
  it(
    'answers in the bytes of `recommend`, many at once on two threads, and drains on SIGTERM',
    async () => {
      const want = alone(first);
      const server = await up(trainer, '--out', first, '--workers', '2', '--batch', '8', '--delay', '2');
      const all = await Promise.all([...requests, ...requests, ...requests].map((request) => ask(server.url, request)));
      all.forEach(({ status, body }, i) =>
        expect({ status, body }).toEqual({ status: 200, body: want[i % want.length] }),
      );
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      const batches = Number(/^pcrec_batch_requests_count (\d+)$/m.exec(metrics)![1]);
      expect(batches).toBeLessThan(all.length);
      expect(metrics).toMatch(/^pcrec_scorers 2$/m);

      const last = requests.map((request) => ask(server.url, request).catch(() => 'refused' as const));
      await last[0];
      expect(await down(server)).toBe(0);
      // What was taken is answered; what came later found nobody.
      const ended = await Promise.all(last);
      ended.forEach((answer, i) => {
        if (answer !== 'refused') expect(answer).toEqual({ status: 200, body: want[i] });
      });
      expect(server.said()).toContain('Answering what was taken; once more to end at once.');
    },
    3 * minute,
  );

  it(
    'takes a newer checkpoint on SIGHUP',
    async () => {
      const served = join(folder, 'served.safetensors');
      copyFileSync(join(first, 'best.safetensors'), served);
      const [old, next] = [alone(first), alone(second)];
      expect(old[1]).not.toEqual(next[1]);
      const server = await up(trainer, '--checkpoint', served, '--workers', '1');
      let going = true;
      const seen = { old: 0, next: 0 };
      const client = async (i: number): Promise<void> => {
        while (going) {
          const { status, body } = await ask(server.url, requests[i]!);
          expect(status).toBe(200);
          const isNext = JSON.stringify(body) === JSON.stringify(next[i]);
          if (!isNext) expect(body).toEqual(old[i]);
          seen[isNext ? 'next' : 'old']++;
        }
      };
      const clients = [1, 2, 3, 4].map(client);
      await until(() => seen.old > 20);
      copyFileSync(join(second, 'best.safetensors'), `${served}.new`);
      renameSync(`${served}.new`, served);
      server.child.kill('SIGHUP');
      await until(() => seen.next > 20);
      going = false;
      await Promise.all(clients);
      expect(server.said()).toContain('served.safetensors was taken.');
      expect(await down(server)).toBe(0);
    },
    3 * minute,
  );

  it(
    'replaces a thread that dies, and one that says nothing',
    async () => {
      const spoilt = join(out, 'spoilt.js');
      writeFileSync(
        spoilt,
        `import { main } from 'pcrec/runtime';
import { compiled as sound } from './trainer.js';
import { map } from 'fp-ts/lib/Either.js';
const run = (session) => async (entry, inputs, random) => {
  if (inputs['seq.lengths'].includes(7)) process.exit(3);
  if (inputs['seq.lengths'].includes(8)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return session.run(entry, inputs, random);
};
export const compiled = {
  ...sound,
  url: import.meta.url,
  open: async (...given) => map((session) => ({ ...session, run: run(session) }))(await sound.open(...given)),
};
main(compiled, import.meta.url);
`,
      );
      const server = await up(spoilt, '--out', first, '--workers', '1', '--timeout', '2');
      const history = (length: number): object => ({ history: Array.from({ length }, (_, i) => String(1 + i)) });
      const want = await ask(server.url, history(3));
      expect(want.status).toBe(200);
      for (const [length, words] of [
        [7, /A scoring thread ended with code 3/],
        [8, /A scoring thread did not answer in 2 s, and was ended/],
      ] as const) {
        expect(await ask(server.url, history(length))).toMatchObject({
          status: 500,
          body: { type: 'urn:pcrec:problem:failed', detail: expect.stringMatching(words) as string },
        });
        await until(async () => (await ask(server.url, history(3))).status === 200);
        expect(await ask(server.url, history(3))).toEqual(want);
      }
      expect(await down(server)).toBe(0);
    },
    3 * minute,
  );

  it(
    'says what it cannot do, and ends',
    () => {
      const fails = (...args: readonly string[]) => {
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [trainer, 'serve', ...(args.includes('--device') ? [] : ['--device', 'wasm']), ...args],
          {
            cwd: packageRoot,
            encoding: 'utf8',
            env: environment,
          },
        );
        expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
        expect(stderr).not.toMatch(/\n\s+at /);
        return stderr;
      };
      expect(fails('--out', join(folder, 'none'))).toMatch(/checkpoint .* cannot be used: there is no such file/);
      expect(fails('--out', first, '--device', 'native')).toMatch(/carries kernels .* only/);
      writeFileSync(join(folder, 'no-token'), '\n');
      expect(fails('--out', first, '--token-file', join(folder, 'no-token'))).toMatch(/There is no token in /);
    },
    minute,
  );
});

const nginx = spawnSync('nginx', ['-v']).error === undefined;
if (!nginx) console.warn('Two servers behind nginx: left out, since nginx is not installed here.');

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = createServer().listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as { readonly port: number };
      socket.close(() => resolve(port));
    });
  });

describe.skipIf(!nginx)('two servers behind nginx, as in examples/deploy', () => {
  it(
    'answer as one, and go on without a dropped request when one of them ends',
    async () => {
      const want = alone(first);
      const servers = [
        await up(trainer, '--out', first, '--workers', '1'),
        await up(trainer, '--out', first, '--workers', '1'),
      ];
      const port = await freePort();
      const own = join(folder, 'nginx');
      mkdirSync(own);
      const shipped = readFileSync(join(packageRoot, 'examples', 'deploy', 'nginx.conf'), 'utf8');
      const changed = shipped
        .replace(/server recommender:8080 ([^;]*);/, (_, limits: string) =>
          servers.map(({ url }) => `server ${new URL(url).host} ${limits};`).join('\n  '),
        )
        .replace('listen 80;', `listen 127.0.0.1:${port};`);
      expect(changed).not.toContain('recommender:8080');
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${own}/${name};`)
        .join('\n');
      writeFileSync(
        join(own, 'nginx.conf'),
        `daemon off;\npid ${own}/pid;\nerror_log ${own}/error.log;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${changed}\n}\n`,
      );
      const balancer = spawn('nginx', ['-p', own, '-c', join(own, 'nginx.conf'), '-e', join(own, 'error.log')]);
      running.add(balancer);
      const url = `http://127.0.0.1:${port}`;
      await until(() =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      expect((await fetch(`${url}/metrics`)).status).toBe(404);

      let [going, count] = [true, 0];
      const client = async (i: number): Promise<void> => {
        while (going) {
          const { status, body } = await ask(url, requests[i]!);
          expect({ status, body }).toEqual({ status: 200, body: want[i] });
          count++;
        }
      };
      const clients = [1, 2, 3, 4, 5, 6].map(client);
      await until(() => count > 100);
      for (const server of servers) {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        expect(metrics).toMatch(/^pcrec_request_seconds_count\{route="\/recommend",status="200"\} [1-9]/m);
      }
      expect(await down(servers[0]!)).toBe(0);
      const then = count;
      await until(() => count > then + 100);
      going = false;
      await Promise.all(clients);
      expect(await down(servers[1]!)).toBe(0);
      balancer.kill('SIGQUIT');
    },
    3 * minute,
  );
});

it(
  'a shop of twenty lines recommends by what its visitor has looked at, as in examples/session',
  async () => {
    const shop = join(folder, 'shop');
    mkdirSync(join(shop, 'build'), { recursive: true });
    mkdirSync(join(shop, 'runs'));
    copyFileSync(join(packageRoot, 'examples', 'session', 'server.mjs'), join(shop, 'server.mjs'));
    symlinkSync(out, join(shop, 'build', 'hstu'));
    symlinkSync(first, join(shop, 'runs', 'hstu'));
    const child = spawn(process.execPath, ['server.mjs'], {
      cwd: shop,
      env: { ...environment, PORT: '0', SECRET: 'a secret of the test' },
    });
    running.add(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void (said += String(chunk)));
    await until(() => /^http:/m.test(said));
    const url = said.match(/^http:\S+/m)![0];
    const get = async (path: string, session = '') => {
      const found = await fetch(`${url}${path}`, { headers: { cookie: session } });
      return { status: found.status, body: (await found.json()) as any, cookie: found.headers.get('set-cookie') };
    };
    expect((await get('/for-you')).body).toEqual({ items: [] });
    const visit = await get('/items/12');
    const session = visit.cookie!.split(';')[0]!;
    const again = await get('/items/7', session);
    const both = again.cookie!.split(';')[0]!;
    const ask = (history: string): string =>
      run(trainer, 'recommend', '--out', first, '--history', history, '--top', '8', '--json');
    expect(visit.body).toEqual({ id: '12', also: JSON.parse(ask('12')).items });
    expect(again.body).toEqual({ id: '7', also: JSON.parse(ask('12,7')).items });
    expect((await get('/for-you', both)).body).toEqual({ items: again.body.also });
    // Nobody makes a session but the server, and what is no item does not get into one.
    expect((await get('/for-you', both.replace('12', '13'))).body).toEqual({ items: [] });
    const none = await get('/items/nothing', both);
    expect([none.status, none.cookie]).toEqual([404, null]);
  },
  2 * minute,
);

describe('the files of examples/deploy', () => {
  const text = (name: string): string => readFileSync(join(packageRoot, 'examples', 'deploy', name), 'utf8');
  it('ask for paths and give options that there are', () => {
    const help = run(trainer, 'serve', '--help');
    const all = ['Dockerfile', 'compose.yaml', 'kubernetes.yaml'].map(text).join('\n');
    const flags = [...all.matchAll(/['"](--[a-z][a-z-]*)['"]/g)].map(([, flag]) => flag!);
    expect(flags.length).toBeGreaterThan(5);
    expect(flags.filter((flag) => !help.includes(flag))).toEqual([]);
    const routes = readFileSync(join(packageRoot, 'runtime', 'serve', 'routes.ts'), 'utf8');
    const paths = [...all.matchAll(/(?:path: |:8080)(\/[a-z]+)/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !routes.includes(`url: '${path}'`))).toEqual([]);
    expect(text('Dockerfile')).toMatch(/^USER node$/m);
  });
});
