/** A server on its socket: what comes at once, what is too much, newer checkpoints, and the end. */
import { copyFile, rename } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import type { ServeOptions } from '../../runtime/options.js';
import type { Recommendation } from '../../runtime/recommend.js';
import { serve, type Server } from '../../runtime/serve/serve.js';
import { trainer } from '../../runtime/trainer.js';
import { toy } from '../runtime/toy.js';
import { changed, place, silent } from './support.js';

const at = place();
const up = async (options: ServeOptions, compiled: CompiledModel = toy()): Promise<Server> => {
  const found = await serve(compiled)({ ...silent, workers: 0, port: 0, out: at.out, ...options })();
  if (isLeft(found)) throw new Error(found.left);
  return found.right;
};
const down = async (server: Server): Promise<void> => {
  const found = await server.close()();
  if (isLeft(found)) throw new Error(found.left);
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: any;
}
/** With an agent, since `fetch` would keep connections as it likes. */
const ask = (server: Server, path: string, body?: object, agent?: Agent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(
      `${server.url}${path}`,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        ...(agent === undefined ? {} : { agent }),
      },
      (found) => {
        const chunks: Buffer[] = [];
        found.on('data', (chunk: Buffer) => void chunks.push(chunk));
        found.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: found.statusCode ?? 0,
            headers: found.headers,
            body: text === '' ? undefined : JSON.parse(text),
          });
        });
        found.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
const history = (n: number): object => ({ history: [`i${n % 25}`], top: 5 });
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** The toy, whose scores come when they are let, once the server is there. */
const gated = () => {
  const lets: (() => void)[] = [];
  let open = true;
  const compiled = changed((session) => async (...given) => {
    if (!open) await new Promise<void>((resolve) => void lets.push(resolve));
    return session.run(...given);
  });
  return {
    compiled,
    shut: (): void => {
      open = false;
    },
    waiting: () => lets.length,
    let: () => {
      open = true;
      lets.splice(0).forEach((go) => go());
    },
  };
};
const until = async (held: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await held())) await pause(5);
};

describe('a server', () => {
  it('answers many at once as each alone, over few connections', async () => {
    const server = await up({ batch: 8 });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const all = await Promise.all(Array.from({ length: 300 }, (_, n) => ask(server, '/recommend', history(n), agent)));
    for (let n = 0; n < 25; n++) {
      const { body } = await ask(server, '/recommend', history(n), agent);
      for (let again = n; again < 300; again += 25) expect(all[again]).toMatchObject({ status: 200, body });
    }
    agent.destroy();
    await down(server);
  });

  it('listens on loopback unless told otherwise, and says so where strangers may ask', async () => {
    const said: string[] = [];
    const own = await up({});
    expect(own.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const taken = await serve(toy())({ ...silent, workers: 0, out: at.out, port: Number(new URL(own.url).port) })();
    expect(taken).toMatchObject({
      left: expect.stringMatching(/cannot listen on 127\.0\.0\.1, port \d+: .*in use/) as string,
    });
    await down(own);
    const open = await up({ host: '0.0.0.0', say: (line) => void said.push(line) });
    expect(said.join()).toMatch(/Everybody who reaches 0\.0\.0\.0 may ask/);
    await down(open);
  });

  it('answers 503 with Retry-After beyond its queue, and the rest in full', async () => {
    const { compiled, shut, waiting, let: go } = gated();
    const server = await up({ batch: 1, queue: 3 }, compiled);
    shut();
    const first = ask(server, '/recommend', history(0));
    await until(() => waiting() === 1);
    const rest = Array.from({ length: 10 }, (_, n) => ask(server, '/recommend', history(n)));
    const refused = await Promise.race(rest);
    expect(refused).toMatchObject({
      status: 503,
      headers: {
        'retry-after': expect.stringMatching(/^[1-9]\d*$/) as string,
        'content-type': 'application/problem+json; charset=utf-8',
      },
      body: { type: 'urn:pcrec:problem:overloaded' },
    });
    expect((await ask(server, '/readyz')).status).toBe(200);
    let turned = 0;
    rest.forEach((answer) => void answer.then(({ status }) => (turned += Number(status === 503))));
    await until(() => turned === 7);
    go();
    const statuses = (await Promise.all([first, ...rest])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(statuses.filter((status) => status === 503)).toHaveLength(7);
    await down(server);
  });

  it('answers 503 to what waits too long', async () => {
    const { compiled, shut, waiting, let: go } = gated();
    const server = await up({ batch: 1, timeout: 0.2 }, compiled);
    shut();
    const first = ask(server, '/recommend', history(0));
    await until(() => waiting() === 1);
    expect(await ask(server, '/recommend', history(1))).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { type: 'urn:pcrec:problem:late' },
    });
    go();
    expect((await first).status).toBe(200);
    await down(server);
  });

  it('scores nothing for those who went away', async () => {
    const { compiled, shut, waiting, let: go } = gated();
    let runs = 0;
    const counting: CompiledModel = {
      ...compiled,
      open: async (...given) => {
        const found = await compiled.open(...given);
        return isLeft(found)
          ? found
          : { ...found, right: { ...found.right, run: (...asked) => (runs++, found.right.run(...asked)) } };
      },
    };
    const server = await up({ batch: 1 }, counting);
    runs = 0;
    shut();
    const first = ask(server, '/recommend', history(0));
    await until(() => waiting() === 1);
    const { port } = new URL(server.url);
    const leaving = connect(Number(port), '127.0.0.1');
    const body = JSON.stringify(history(1));
    leaving.write(
      `POST /recommend HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(async () => (await metric(server, 'pcrec_waiting_requests')) === 1);
    leaving.destroy();
    await pause(50);
    go();
    expect((await first).status).toBe(200);
    await until(async () => (await metric(server, 'pcrec_waiting_requests')) === 0);
    expect(runs).toBe(1);
    await down(server);
  });
});

const metric = async (server: Server, name: string): Promise<number> => {
  const text = await new Promise<string>((resolve, reject) => {
    request(`${server.url}/metrics`, (found) => {
      const chunks: Buffer[] = [];
      found.on('data', (chunk: Buffer) => void chunks.push(chunk));
      found.on('end', () => resolve(Buffer.concat(chunks).toString()));
    })
      .on('error', reject)
      .end();
  });
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
};

/** Only one of the two runs has titles. */
const untitled = ({ id, rank, score }: Recommendation) => ({ id, rank, score });

describe('a newer checkpoint', () => {
  it('is taken while requests come, none of which is dropped, and each is answered by one of the two', async () => {
    const other = join(at.folder, 'other');
    const served = join(at.folder, 'served.safetensors');
    await trainer(toy()).train({ data: at.data, out: other, epochs: 2, batch: 16, seed: 7 });
    await copyFile(join(at.out, 'best.safetensors'), served);
    const server = await up({ checkpoint: served });
    const [old, next] = [
      await trainer(toy()).recommender({ out: at.out }),
      await trainer(toy()).recommender({ out: other }),
    ];
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let going = true;
    const kinds = { old: 0, next: 0 };
    const client = async (n: number): Promise<void> => {
      const answers = [await old.recommend(history(n)), await next.recommend(history(n))].map(({ items }) =>
        JSON.parse(JSON.stringify(items.map(untitled))),
      );
      expect(answers[0]).not.toEqual(answers[1]);
      let switched = false;
      while (going) {
        const { status, body } = await ask(server, '/recommend', history(n), agent);
        expect(status).toBe(200);
        const items = body.items.map(untitled);
        const isNext = JSON.stringify(items) === JSON.stringify(answers[1]);
        if (!isNext) expect(items).toEqual(answers[0]);
        // Whoever has seen the new one never sees the old one again.
        expect(switched && !isNext).toBe(false);
        switched ||= isNext;
        kinds[isNext ? 'next' : 'old']++;
      }
    };
    const clients = Array.from({ length: 8 }, (_, n) => client(n));
    await until(() => kinds.old > 20);
    await copyFile(join(other, 'best.safetensors'), `${served}.new`);
    await rename(`${served}.new`, served);
    expect(await server.reload()()).toMatchObject({ _tag: 'Right' });
    await until(() => kinds.next > 20);
    going = false;
    await Promise.all(clients);
    expect(await metric(server, 'pcrec_reloads_total')).toBe(1);
    agent.destroy();
    await down(server);
    await old.close();
    await next.close();
  });

  it('that cannot be used is refused, in words, and the one before answers on', async () => {
    const served = join(at.folder, 'spoilt.safetensors');
    await copyFile(join(at.out, 'best.safetensors'), served);
    const said: string[] = [];
    const server = await up({ checkpoint: served, say: (line) => void said.push(line) });
    const { body } = await ask(server, '/recommend', history(1));
    await copyFile(at.data, served);
    expect(await server.reload()()).toMatchObject({
      left: expect.stringMatching(/checkpoint .* cannot be used/) as string,
    });
    expect(said.join()).toMatch(/stays with the checkpoint that it has\. The checkpoint .* cannot be used/);
    expect((await ask(server, '/recommend', history(1))).body).toEqual(body);
    await down(server);
  });

  it('is taken by itself where the file is watched', async () => {
    const served = join(at.folder, 'watched.safetensors');
    await copyFile(join(at.out, 'best.safetensors'), served);
    const said: string[] = [];
    const server = await up({ checkpoint: served, watch: true, say: (line) => void said.push(line) });
    const changed = async (): Promise<boolean> => {
      await copyFile(join(at.out, 'last.safetensors'), `${served}.new`);
      await rename(`${served}.new`, served);
      await pause(300);
      return said.some((line) => line.includes('was taken'));
    };
    await until(changed);
    await down(server);
  });
});

describe('the end', () => {
  it('answers what was taken, tells balancers before, and takes no more', async () => {
    const { compiled, shut, waiting, let: go } = gated();
    const server = await up({ batch: 1 }, compiled);
    shut();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await ask(server, '/healthz', undefined, agent);
    const taken = [0, 1, 2].map((n) => ask(server, '/recommend', history(n)));
    await until(() => waiting() > 0);
    await until(async () => (await metric(server, 'pcrec_waiting_requests')) === 2);
    const ended = server.close()();
    await pause(30);
    await expect(ask(server, '/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/);
    go();
    for (const answer of await Promise.all(taken)) {
      expect(answer.status).toBe(200);
      expect(answer.headers['connection']).toBe('close');
    }
    expect(await ended).toMatchObject({ _tag: 'Right' });
    expect(await server.close()()).toMatchObject({ _tag: 'Right' });
    agent.destroy();
  });

  it('does not wait for those who connected and ask nothing', async () => {
    const server = await up({});
    const mute = connect(Number(new URL(server.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => void mute.once('connect', resolve));
    await ask(server, '/healthz');
    const gone = new Promise<void>((resolve) => void mute.once('close', () => resolve()));
    mute.on('error', () => undefined).resume();
    await down(server);
    await gone;
  });

  it('does not wait for ever, and says what it gave up', async () => {
    const { compiled, shut, waiting, let: go } = gated();
    const server = await up({ drain: 0.1 }, compiled);
    shut();
    const lost = ask(server, '/recommend', history(1));
    lost.catch(() => undefined);
    await until(() => waiting() === 1);
    expect(await server.close()()).toMatchObject({
      left: expect.stringMatching(/not answered within 0\.1 s/) as string,
    });
    await expect(lost).rejects.toThrow();
    go();
  });
});

describe('`serve` of a trainer', () => {
  it('takes the options of the command, and says of others what they may have meant', async () => {
    const { serve: open } = trainer(toy());
    const server = await open({ ...silent, out: at.out, port: 0 });
    expect(server.backend).toBe('toy (plain arithmetic)');
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.reload();
    await server.close();
    await expect(open({ out: at.out, prot: 0 } as object)).rejects.toThrow(
      "serve has no option 'prot': did you mean 'port'?",
    );
    await expect(open({ out: at.out, port: 65_536 })).rejects.toThrow(/--port takes a whole number from 0 to 65535/);
    await expect(open({ out: at.out, port: 0, workers: 2 })).rejects.toThrow(
      /has no address \(`url`\): give workers 0/,
    );
    await expect(open({ out: join(at.folder, 'none') })).rejects.toThrow(/checkpoint .* cannot be used/);
  });
});
