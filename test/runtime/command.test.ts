import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../runtime/command.js';
import type { World } from '../../runtime/world.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { toy, type Toy } from './toy.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Inside node_modules, so that the compiled child finds the same packages.
const build = join(root, 'node_modules', '.cache', 'pcrec-test', String(process.pid));
const child = join(build, 'test', 'runtime', 'child.js');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcrec-'));
  // Type errors are the type checker's affair; files come out all the same.
  spawnSync(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(root, 'test', 'runtime', 'tsconfig.child.json'),
    '--outDir',
    build,
  ]);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(build, { recursive: true, force: true });
});

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, as a terminal-less world sees it; `during` may send signals, and write to the standard input. */
const here = async (
  argv: readonly string[],
  of: Toy = {},
  during: (signal: (code: number) => void, exits: number[]) => void = () => undefined,
  stdin = new PassThrough(),
): Promise<Finished & { readonly exits: readonly number[] }> => {
  const text = { out: '', err: '' };
  const sink = (name: keyof typeof text) =>
    new PassThrough().on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  const exits: number[] = [];
  const world: World = {
    in: stdin,
    out: sink('out'),
    err: sink('err'),
    now: () => performance.now(),
    exit: (code) => void exits.push(code),
    onSignal: (react) => {
      during(react, exits);
      return () => undefined;
    },
  };
  const code = await command(toy(of), argv, world);
  return { code, ...text, exits };
};

/** Runs the emitted-like trainer as a process. A number of milliseconds kills it; a text on its stdout triggers a signal. The standard input stays open. */
const there = (
  argv: readonly string[],
  of: Toy = {},
  end?: { readonly signal: NodeJS.Signals; readonly after?: number; readonly on?: string; readonly stdin?: string },
): Promise<Finished> =>
  new Promise((resolve) => {
    const running = spawn(process.execPath, [child, ...argv], { env: { ...process.env, TOY: JSON.stringify(of) } });
    const text = { out: '', err: '' };
    if (end?.stdin !== undefined) running.stdin.write(end.stdin);
    let sent = false;
    running.stdout.on('data', (chunk: Buffer) => {
      text.out += chunk.toString();
      if (end?.on !== undefined && !sent && text.out.includes(end.on)) sent = running.kill(end.signal);
    });
    running.stderr.on('data', (chunk: Buffer) => {
      text.err += chunk.toString();
    });
    const timer = end?.after === undefined ? undefined : setTimeout(() => running.kill(end.signal), end.after);
    running.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...text });
    });
  });

describe('the command line', () => {
  it.each([
    [['--epochs', 'x'], /--epochs takes a whole number from 1 to 1000000, not "x"/],
    [['--batch', '-3'], /--batch takes/],
    [['--seed', '4294967296'], /--seed takes a whole number from 0 to 4294967295/],
    [['--patience', '0'], /--patience takes/],
    [['--checkpoint-seconds', '0'], /--checkpoint-seconds takes a number from/],
    [['--device', 'tpu'], /Allowed choices are auto, webgpu/],
    [['--protocol', 'loo'], /Allowed choices are standard, hstu/],
    [['--protocol', 'hstu', '--patience', '2'], /leave one of them out/],
    [['--nope'], /unknown option '--nope'/],
    [['--epochs', '2', '--epochs', '3'], /'--epochs <n>' is given twice, as '2' and as '3': leave one of them out/],
    [['--epoch', '3'], /unknown option '--epoch'\n\(Did you mean --epochs\?\)/],
    [
      ['--width', '8'],
      /width is a hyperparameter, compiled in as width=\d+: compile again with `pcrec-compile test\/runtime\/toy\.ts --set width=8`/,
    ],
    [['evaluate', '--width=8'], /--set width=8/],
    [['evaluate', '--epochs', '8'], /unknown option '--epochs'/],
    [
      ['--set', 'rate=0.01'],
      /--set chooses hyperparameters, and these are compiled in: compile again with `pcrec-compile test\/runtime\/toy\.ts --set rate=0\.01`/,
    ],
    [
      ['-p', 'large'],
      /-p chooses hyperparameters, and these are compiled in: compile again with `pcrec-compile .* --preset large`/,
    ],
    [['evalute'], /nothing takes 'evalute': did you mean 'evaluate'\?/],
    [['recomend', '--user', '1'], /did you mean 'recommend'\?/],
    [['ratings.csv'], /nothing takes 'ratings\.csv': data are named by --data; commands: train, evaluate/],
    [['train', 'evaluate'], /nothing takes 'evaluate': one command at a time/],
    [['evaluate', 'test'], /nothing takes 'test'/],
    [['recommend', '--top', '1.5', '--user', '1'], /--top takes a whole number/],
    [['recommend'], /one of --user and --history/],
    [['recommend'], /or --requests, a file of such/],
    [['recommend', '--user', '1', '--history', '2'], /cannot be used with/],
    [['recommend', '--requests', '-', '--user', '1'], /'--requests <file>' cannot be used with option '--user <id>'/],
    [
      ['recommend', '--history', '1', '--requests', '-'],
      /'--requests <file>' cannot be used with option '--history <list>'/,
    ],
    [['--train-on', 'most'], /Allowed choices are all/],
    [['--train-on', 'all', '--patience', '3'], /'--train-on <what>' cannot be used with option '--patience <n>'/],
    [['--from', 'a', '--resume'], /'--from <checkpoint>' cannot be used with option '--resume'/],
    [['--split', 'time:0.9', '--protocol', 'hstu'], /--protocol hstu says itself what is held out/],
    [['evaluate', '--cutoffs', '5,ten'], /--cutoffs takes a whole number from 1 to 1000000, not "ten"/],
    [['evaluate', '--cutoffs', ''], /--cutoffs takes a whole number/],
    [['evaluate', '--part', 'training'], /Allowed choices are validation, test/],
  ])('answers %j with code 2 and what to do', async (argv, message) => {
    const { code, out, err } = await here(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it.each([
    [['--data', '/no/such']],
    [['--device', 'webgpu']],
    [['evaluate', '--checkpoint', '/no/such']],
    [['recommend', '--user', '1', '--checkpoint', '/no/such']],
  ])('answers %j with code 1 and one paragraph', async (argv) => {
    const { code, out, err } = await here([...argv, '--out', join(folder, 'none')]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: [^\n]+\n$/);
  });

  it('explains itself', async () => {
    for (const argv of [['--help'], ['train', '--help']])
      expect(await here(argv)).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringMatching(/--epochs <n> .*\(default: 12\)/) as string,
      });
    expect((await here(['--help'])).out).toMatch(/evaluate.*\n.*\n?.*recommend/);
    expect((await here(['evaluate', '--help'])).out).toMatch(/--checkpoint <file>/);
    expect((await here(['recommend', '--help'])).out).toMatch(/--history <list>[^]*--requests <file>[^]*@ID/);
  });

  it('reports the backend, the seed, the data, every epoch, and the model beside popularity', async () => {
    const { code, out, err } = await here(['--epochs', '2', '--out', join(folder, 'report')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(/\d+\.\d+|in \d+ s|\/.*report/g, '…')).toMatchInlineSnapshot(`
      "toy on toy (plain arithmetic), chosen automatically: 13,200 parameters, seed 42
      sample: 600 users, 400 items, 12,236 interactions, mean length …
      Protocol standard: leave one out, epochs chosen on validation, tested once.
      At most 2 epochs of 10 batches of 64 users, until 3 epochs bring no better NDCG@10; everything is kept in ….
      epoch       loss    HR@10  NDCG@10    HR@50  NDCG@50      MRR  seconds  on validation
          1    …   …   …   …   …   …      …  best
          2    …   …   …   …   …   …      …  best
      On test, 600 users, full ranking, parameters of epoch 2:
                    HR@10  NDCG@10    HR@50  NDCG@50      MRR
      toy          …   …   …   …   …
      popularity   …   …   …   …   …
      markov       …   …   …   …   …
      Done ….
      "
    `);
  });

  it('says of a run that holds nothing out its losses, and that there are no figures', async () => {
    const { code, out } = await here(['--train-on', 'all', '--epochs', '1', '--out', join(folder, 'everything')]);
    expect(code).toBe(0);
    expect(
      out
        .replaceAll(/\d+\.\d+|in \d+ s|\/.*everything/g, '…')
        .split('\n')
        .slice(2),
    ).toMatchInlineSnapshot(`
      [
        "Split: everything trains, and nothing is held out.",
        "At most 1 epoch of 10 batches of 64 users; everything is kept in ….",
        "epoch       loss  seconds",
        "    1    …      …",
        "Trained for 1 epoch on everything: nothing was held out, so there are no figures. The model is in …/best.safetensors.",
        "Done ….",
        "",
      ]
    `);
  });

  it('prints the figures that are asked for, and all of them under --json', async () => {
    const out = join(folder, 'figures');
    await here(['--split', 'last:2', '--epochs', '1', '--out', out]);
    const asked = ['evaluate', '--out', out, '--cutoffs', '5,20', '--lists', '--buckets'];
    const { out: text } = await here(asked);
    for (const row of ['HR@5', 'MAP@20', 'coverage@20', 'repeats@5', 'length of history', 'times in training'])
      expect(text).toMatch(new RegExp(`^${row} +`, 'm'));
    const [result] = (await here([...asked, '--json'])).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly kind?: string; readonly figures?: readonly { of: string }[] })
      .filter(({ kind }) => kind === 'result');
    expect(new Set(result?.figures?.map(({ of }) => of))).toEqual(new Set(['model', 'popularity', 'markov', 'wanted']));
  });

  it('prints JSON lines only under --json, for every command', async () => {
    const out = join(folder, 'json');
    const lines = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly kind?: string });
    const trained = await here(['--json', '--epochs', '2', '--out', out]);
    // On a slow machine a line of the evaluations comes through as well.
    expect(
      new Set(
        lines(trained.out)
          .map(({ kind }) => kind)
          .filter((kind) => kind !== 'evaluating'),
      ),
    ).toEqual(new Set(['start', 'step', 'epoch', 'result']));
    const kept = (await readFile(join(out, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly kind?: string });
    expect(kept).toEqual(lines(trained.out).filter(({ kind }) => kind !== 'step' && kind !== 'evaluating'));
    const result = kept.at(-1) as unknown as { readonly model: unknown };
    expect(lines((await here(['evaluate', '--json', '--out', out])).out).at(-1)).toMatchObject({
      kind: 'result',
      model: result.model,
    });
    expect(lines((await here(['recommend', '--json', '--user', '1', '--top', '3', '--out', out])).out)).toMatchObject([
      { user: '1', items: [{ rank: 1 }, { rank: 2 }, { rank: 3 }] },
    ]);
  });

  it('tells a failure both as JSON and to a person', async () => {
    const { code, out, err } = await here(['--json', '--out', join(folder, 'lost')], { lost: 2 });
    expect(code).toBe(1);
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toEqual({
      kind: 'failed',
      message: expect.stringContaining('the device was lost') as string,
    });
    expect(err).toMatch(/^Error: .*the device was lost[^\n]*\n$/);
  });

  it('recommends after titles, and says what an unclear one may mean', async () => {
    const out = join(folder, 'titled');
    await here(['--epochs', '1', '--out', out]);
    expect(await here(['recommend', '--history', 'the silent witness, 41', '--top', '2', '--out', out])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^After 2 items, lately The Silent Witness \(1\), .* \(41\):\n +1 .*\n +2 .*\n$/,
      ) as string,
    });
    expect(await here(['recommend', '--history', 'the silent', '--out', out])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/may mean \d+ items: 1 "The Silent Witness"/) as string,
    });
  });

  describe('with --requests', () => {
    const out = () => join(folder, 'requests');
    const stdin = (text: string) => new PassThrough().end(text) as PassThrough;
    const asked = (text: string, ...argv: readonly string[]) =>
      here(['recommend', '--requests', '-', '--out', out(), ...argv], {}, undefined, stdin(text));
    const summary = /^(\d+) requests?: median \d+\.\d+ ms, 99th percentile \d+\.\d+ ms, once loaded/m;
    beforeAll(() => here(['--epochs', '1', '--out', out()]));

    it('answers each line as one request is answered', async () => {
      const one = async (...argv: readonly string[]) =>
        (await here(['recommend', '--out', out(), '--top', '3', ...argv])).out;
      const whole = `${await one('--user', '7')}${await one('--history', 'the silent witness, 41')}${await one('--user', '8')}`;
      const many = await asked('@7\n\nthe silent witness, 41\r\n  \n@ 8', '--top', '3');
      expect(many).toMatchObject({ code: 0, out: whole, err: expect.stringMatching(summary) as string });
      const file = join(folder, 'asked.txt');
      await writeFile(file, '@7\nthe silent witness, 41\n@8\n');
      expect(await here(['recommend', '--requests', file, '--out', out(), '--top', '3'])).toMatchObject({
        code: 0,
        out: whole,
      });
    });

    it('reports the lines that it cannot answer, goes on, and ends with code 1', async () => {
      const lines = '@7\n\n@7000\nno such film\n,\n1,2\n';
      const { code, out: said, err } = await asked(lines, '--top', '2');
      expect(code).toBe(1);
      expect(said.match(/^After/gm)).toHaveLength(2);
      expect(err.trim().split('\n')).toEqual([
        expect.stringMatching(/^Error: line 3: There is no user "7000" in the data sample; the nearest are /),
        expect.stringMatching(/^Error: line 4: The model knows no item "no such film"/),
        expect.stringMatching(/^Error: line 5: The history is empty/),
        expect.stringMatching(/^2 requests: .*; 3 requests could not be answered\.$/),
      ]);
      const json = await asked(lines, '--top', '2', '--json');
      expect(json.code).toBe(1);
      expect(json.err.replace(/median.*99.*? ms/, '')).toBe(err.replace(/median.*99.*? ms/, ''));
      const number = expect.any(Number) as number;
      const message = expect.any(String) as string;
      const records = json.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly items?: unknown });
      expect(records).toMatchObject([
        { line: 1, user: '7', items: [{ rank: 1 }, { rank: 2 }], backend: 'toy (plain arithmetic)', ms: number },
        { kind: 'failed', line: 3, message },
        { kind: 'failed', line: 4, message },
        { kind: 'failed', line: 5, message },
        { line: 6, user: null, history: [{ id: '1' }, { id: '2' }], ms: number },
      ]);
    });

    /** Does something when the first answer is printed. */
    const atFirst = (input: PassThrough, then: (signal: (code: number) => void) => void) => {
      const text = { err: '' };
      let react: (code: number) => void = () => undefined;
      const world: World = {
        in: input,
        now: () => performance.now(),
        exit: () => undefined,
        onSignal: (given) => {
          react = given;
          return () => undefined;
        },
        out: new PassThrough().once('data', () => then(react)).resume(),
        err: new PassThrough().on('data', (chunk: Buffer) => {
          text.err += chunk.toString();
        }),
      };
      return command(toy(), ['recommend', '--requests', '-', '--out', out()], world).then((code) => ({
        code,
        ...text,
      }));
    };

    it('prints an answer before the next line has come', async () => {
      const input = new PassThrough();
      const done = atFirst(input, () => void input.end('@8\n'));
      input.write('@7\n');
      expect(await done).toMatchObject({ code: 0, err: expect.stringMatching(/^2 requests: /) as string });
    });

    it.each([[''], ['\n \n']])('has nothing to say to %j', async (text) => {
      expect(await asked(text)).toMatchObject({ code: 0, out: '', err: 'No request was answered.\n' });
    });

    it.each([
      ['/no/such', 'there is no such file'],
      [tmpdir(), 'it is a folder'],
    ])('says what is wrong with %s', async (path, why) => {
      expect(await here(['recommend', '--requests', path, '--out', out()])).toMatchObject({
        code: 1,
        out: '',
        err: `Error: The requests ${path} could not be read: ${why}.\n`,
      });
    });

    it('ends at a signal, whether lines are waiting or awaited', async () => {
      const waiting = await atFirst(stdin('1,2\n'.repeat(200_000)), (signal) => signal(130));
      expect(waiting).toMatchObject({
        code: 130,
        err: expect.stringMatching(/^\nEnding; once more to end at once\.\n\d{1,3} requests?: median.*\n$/) as string,
      });
      const awaited = await here(['recommend', '--requests', '-', '--out', out()], {}, (signal) =>
        setTimeout(() => signal(143), 300),
      );
      expect(awaited).toMatchObject({
        code: 143,
        out: '',
        err: '\nEnding; once more to end at once.\nNo request was answered.\n',
      });
      const early = await here(
        ['recommend', '--requests', '-', '--out', out()],
        {},
        (signal) => signal(130),
        stdin('1,2\n'),
      );
      expect(early).toMatchObject({ code: 130, out: '' });
    });
  });

  it('inspects data without opening a device', async () => {
    const told = await here(['inspect', '--data', 'sample', '--split', 'last:2']);
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(told.out).toContain('Interactions of a user: ');
    const { tested } = JSON.parse((await here(['inspect', '--json'])).out) as { readonly tested: number };
    expect(tested).toBeGreaterThan(0);
    expect(await here(['inspect', '--data', 'nowhere.csv'])).toMatchObject({ code: 1, out: '' });
  });

  it('takes --profile for profile, which needs a device that times its kernels', async () => {
    const told = await here(['profile', '--data', 'sample']);
    expect(told).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not time its kernels; choose --device native or wasm') as string,
    });
    for (const argv of [
      ['--profile', '--data', 'sample'],
      ['train', '--data', 'sample', '--profile'],
    ])
      expect(await here(argv)).toMatchObject({ code: told.code, err: told.err });
  });

  it('saves and ends at the first signal, ends at once at the second', async () => {
    const out = join(folder, 'signals');
    const once = await here(['--out', out], {}, (signal) => setTimeout(() => signal(130), 200));
    expect(once).toMatchObject({
      code: 130,
      exits: [],
      out: expect.stringMatching(/Interrupted after step \d+, saved in .*last\.safetensors/) as string,
    });
    const twice = await here(['--out', out, '--resume'], {}, (signal) =>
      setTimeout(() => {
        signal(143);
        signal(143);
      }, 100),
    );
    expect(twice.exits).toEqual([143]);
    expect(twice.code).toBe(143);
  });
});

describe('the process', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('saves on %s and exits with %d', async (signal, code) => {
    const out = join(folder, signal);
    const ended = await there(['--out', out], { delay: 20 }, { signal, on: '  best' });
    expect(ended).toMatchObject({ code, out: expect.stringContaining('--resume goes on from there') as string });
    const goesOn = await there(['--out', out, '--resume', '--epochs', '2']);
    expect(goesOn).toMatchObject({ code: 0, out: expect.stringMatching(/Going on from step \d+/) as string });
  });

  it('answers requests until it is interrupted', async () => {
    const out = join(folder, 'asked');
    await there(['--out', out, '--epochs', '1']);
    const ended = await there(
      ['recommend', '--requests', '-', '--out', out],
      {},
      { signal: 'SIGINT', on: ' 10 ', stdin: '@7\n' },
    );
    expect(ended).toMatchObject({
      code: 130,
      out: expect.stringMatching(/^After/) as string,
      err: expect.stringMatching(/\nEnding;.*\n1 request: median/) as string,
    });
  });

  it('is imported without running', async () => {
    const script = `import { train, evaluate, recommend, recommender } from ${JSON.stringify(child)}; console.log(typeof train, typeof evaluate, typeof recommend, typeof recommender)`;
    const path = join(folder, 'import.mjs');
    await writeFile(path, script);
    expect(spawnSync(process.execPath, [path], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: 'function function function function\n',
      stderr: '',
    });
  });

  it('ends in the same bytes however often and wherever it is killed', async () => {
    const args = (out: string) => ['--out', out, '--epochs', '4', '--checkpoint-steps', '2', '--resume'];
    const whole = join(folder, 'whole');
    expect((await there(args(whole))).code).toBe(0);

    const out = join(folder, 'killed');
    const random = stream(Date.now() >>> 0, 0, 'kills');
    let kills = 0;
    let resumed = 0;
    for (;;) {
      // Later and later, so that the loop ends; the first ones fall before the first step.
      const after = 150 + 120 * kills + 250 * uniformAt(random, kills);
      const { code, out: said, err } = await there(args(out), { delay: 10 }, { signal: 'SIGKILL', after });
      resumed += said.includes('Going on from step') ? 1 : 0;
      if (code === 0) break;
      expect({ code, err: err.replace(/Warning: (There is no checkpoint|An earlier run was in) .*\n/g, '') }).toEqual({
        code: null,
        err: '',
      });
      kills++;
    }
    expect(kills).toBeGreaterThan(2);
    expect(resumed).toBeGreaterThan(1);
    for (const name of ['last.safetensors', 'best.safetensors'])
      expect((await readFile(join(out, name))).equals(await readFile(join(whole, name)))).toBe(true);
    const epochs = async (of: string) =>
      (await readFile(join(of, 'metrics.jsonl'), 'utf8'))
        .split('\n')
        .filter((line) => line.startsWith('{"kind":"epoch"'))
        .map((line) => line.replace(/"seconds":[\d.]+/, ''));
    expect(await epochs(out)).toEqual(await epochs(whole));
  });
});
