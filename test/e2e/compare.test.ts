/**
 * A comparison as a user runs it, killed in the midst of a training and run again: what was finished is not done twice, and it
 * ends in the bytes of one that nothing interrupted. Runs what `npm run build` left in dist, which `npm test` does first.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const minute = 60_000;
/** Inside the repository, so that emitted trainers find the runtime as those in build/ do. */
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'e2e-compare-'));
const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const models = ['hstu', 'pcrec'];
const seeds = [1, 2];
const epochs = 6;
const among = (names: readonly string[], each: readonly number[], passes: number): readonly string[] => [
  '--data',
  'sample',
  '--models',
  names.join(),
  '--seeds',
  each.join(),
  '--epochs',
  String(passes),
  '--batch',
  '64',
  '--length',
  '12',
  '--width',
  '8',
  '--set',
  'negatives=16',
  '--set',
  'blocks=1',
  '--device',
  'wasm',
  '--threads',
  '1',
];

const command = join(packageRoot, 'dist', 'runtime', 'compare', 'cli.js');

/** Runs the comparison; `watch` is asked again and again, with what was said so far, whether to end it by the signal. */
const run = (
  args: readonly string[],
  watch?: (err: string) => boolean,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<Finished> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      text.out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text.err += chunk.toString();
    });
    const timer =
      watch &&
      setInterval(() => {
        if (!watch(text.err)) return;
        clearInterval(timer);
        child.kill(signal);
      }, 2);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ code, ...text });
    });
  });
const all = (out: string): readonly string[] => [
  ...among(models, seeds, epochs),
  '--set',
  'pcrec:steps=2',
  '--out',
  out,
];
const compare = (out: string, watch?: () => boolean): Promise<Finished> => run(all(out), watch);

const names = models.flatMap((model) => seeds.map((seed) => `${model}.${seed}.json`));
const read = (out: string, name: string): string => readFileSync(join(out, name), 'utf8');
const results = (out: string): readonly string[] =>
  existsSync(out) ? readdirSync(out).filter((name) => names.includes(name)) : [];
/** A result but for what depends on the machine. */
const timeless = (out: string, name: string): string =>
  read(out, name)
    .split('\n')
    .filter((line) => !line.startsWith('  "measured"'))
    .join('\n');

/** Epochs that the run of a model and a seed has logged. */
const epochsOf = (out: string, run1: string): number => {
  const runs = join(out, 'runs');
  const at = existsSync(runs) ? readdirSync(runs).find((name) => name.startsWith(`${run1}.`)) : undefined;
  const log = at === undefined ? '' : join(runs, at, 'metrics.jsonl');
  return log !== '' && existsSync(log) ? readFileSync(log, 'utf8').split('"kind":"epoch"').length - 1 : 0;
};

describe('pcrec-compare', () => {
  let first: Finished;
  beforeAll(async () => {
    first = await compare(whole);
  }, 5 * minute);

  it('compares models, and keeps every run', () => {
    expect(first.err).not.toContain('Error');
    expect(first.code).toBe(0);
    expect([...results(whole)].sort()).toEqual([...names].sort());
    const comparison = JSON.parse(read(whole, 'comparison.json')) as {
      readonly rows: readonly { readonly model: string; readonly seeds: readonly number[] }[];
      readonly baseline: string;
      readonly users: number;
      readonly verdicts: readonly { readonly model: string; readonly df: number }[];
    };
    expect(comparison.rows.map(({ model, seeds: of }) => ({ model, of }))).toEqual(
      models.map((model) => ({ model, of: seeds })),
    );
    expect(comparison).toMatchObject({ baseline: 'hstu', verdicts: [{ model: 'pcrec', df: comparison.users - 1 }] });
    expect(first.out).toMatch(/^hstu .* ± .* ± /m);
    expect(first.out).toMatch(/^popularity /m);
    const { outcome, measured } = JSON.parse(read(whole, 'pcrec.2.json')) as {
      readonly outcome: {
        readonly ranks: readonly number[];
        readonly test: Readonly<Record<string, number>>;
        readonly hyper: object;
      };
      readonly measured: { readonly backend: string; readonly seconds: readonly number[] };
    };
    expect(outcome.ranks.filter((rank) => rank <= 10).length / outcome.ranks.length).toBeCloseTo(
      outcome.test['HR@10']!,
      12,
    );
    expect(outcome.hyper).toMatchObject({ length: 12, width: 8, steps: 2 });
    expect(measured.backend).toContain('1 thread');
    expect(measured.seconds).toHaveLength(epochs);
  });

  it(
    'killed in a training and run again, repeats no finished run and ends in the same bytes',
    async () => {
      const killed = await compare(broken, () => results(broken).length === 1 && epochsOf(broken, 'pcrec.1') >= 2);
      expect(killed.code).toBeNull();
      expect(results(broken)).toEqual(['hstu.1.json']);
      const before = { bytes: read(broken, 'hstu.1.json'), at: statSync(join(broken, 'hstu.1.json')).mtimeMs };

      const again = await compare(broken);
      expect(again.code).toBe(0);
      expect(again.err).toContain('1 of 4 runs is finished already');
      expect(again.err).not.toContain('run 1/4');
      expect(again.err).toMatch(/^run 2\/4, pcrec seed 1 on .*, going on from step \d+$/m);
      expect({ bytes: read(broken, 'hstu.1.json'), at: statSync(join(broken, 'hstu.1.json')).mtimeMs }).toEqual(before);
      expect(read(broken, 'comparison.json')).toBe(read(whole, 'comparison.json'));
      for (const name of names) expect(timeless(broken, name), name).toBe(timeless(whole, name));
      // Its epochs before the kill are among those that are timed.
      expect(
        (JSON.parse(read(broken, 'pcrec.1.json')) as { readonly measured: { readonly seconds: readonly number[] } })
          .measured.seconds,
      ).toHaveLength(epochs);
    },
    5 * minute,
  );

  it(
    'stopped by Ctrl-C, while it compiles and while it trains, ends with 130 and goes on',
    async () => {
      const stopped = join(folder, 'stopped');
      const args = [...among(['hstu'], [1], epochs), '--out', stopped];
      const early = await run(args, (err) => err.includes('compiling hstu'), 'SIGINT');
      expect(early).toMatchObject({ code: 130, out: '' });
      expect(early.err).toMatch(
        /^compiling hstu\n\nSaving; once more to end at once\.\nInterrupted, with 0 of 1 run finished; the same command goes on from here\.\n$/,
      );
      const late = await run(args, () => epochsOf(stopped, 'hstu.1') >= 1, 'SIGINT');
      expect(late).toMatchObject({ code: 130, out: '' });
      expect(late.err).toContain('Interrupted, with 0 of 1 run finished');
      const again = await run(args);
      expect(again.code).toBe(0);
      expect(again.err).toMatch(/^run 1\/1, hstu seed 1 on .*, going on from step \d+$/m);
      expect(timeless(stopped, 'hstu.1.json')).toBe(timeless(whole, 'hstu.1.json'));
    },
    5 * minute,
  );

  it(
    'tells its story as JSON lines, and ends quietly where nobody reads',
    async () => {
      const { code, out, err } = await run([...all(whole), '--json']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const lines = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly kind: string });
      expect(lines.map(({ kind }) => kind)).toEqual([
        'compiling',
        'compiled',
        'compiling',
        'compiled',
        'runs',
        'comparison',
      ]);
      expect(lines.at(-1)).toEqual({ kind: 'comparison', ...(JSON.parse(read(whole, 'comparison.json')) as object) });
      const unread = await new Promise<Finished>((resolve) => {
        const child = spawn(process.execPath, [command, '--report', '--out', whole], {
          cwd: packageRoot,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let told = '';
        child.stdout.destroy();
        child.stderr.on('data', (chunk: Buffer) => {
          told += chunk.toString();
        });
        child.on('close', (ended) => resolve({ code: ended, out: '', err: told }));
      });
      expect(unread).toEqual({ code: 0, out: '', err: '' });
    },
    5 * minute,
  );

  it(
    'does nothing where all is done, and reports without training',
    async () => {
      const again = await compare(whole);
      expect(again.code).toBe(0);
      expect(again.err).not.toMatch(/^run /m);
      expect(again.out).toBe(first.out);
      expect((await run(['--report', '--out', whole])).out).toBe(first.out);
      const markdown = await run(['--report', '--markdown', '--out', whole, '--models', 'pcrec,hstu']);
      expect(markdown.out).toMatch(/^\| pcrec \|.*\n\| hstu \|.*\n\| popularity \|/m);
    },
    5 * minute,
  );

  it(
    'holds out what it is told to, by a rule and by the file of another run, and says what',
    async () => {
      const divided = join(folder, 'divided');
      const args = among(['hstu'], [1], 2);
      const rule = await run([...args, '--out', divided, '--split', 'last:2']);
      expect({ code: rule.code, out: rule.out }).toEqual({
        code: 0,
        out: expect.stringContaining('Split: the last 2 items of each user test') as string,
      });
      expect(rule.err).toMatch(/^Split: the last 2 items of each user test, the 2 before them validate\.$/m);
      const { outcome } = JSON.parse(read(divided, 'hstu.1.json')) as {
        readonly outcome: {
          readonly ranks: readonly number[];
          readonly starts: readonly number[];
          readonly test: Record<string, number>;
        };
      };
      expect(outcome.starts.at(-1)).toBe(outcome.ranks.length);
      expect(outcome.ranks.length).toBeGreaterThan(1.5 * (outcome.starts.length - 1));
      const found = outcome.starts
        .slice(1)
        .map((end, i) => outcome.ranks.slice(outcome.starts[i], end).some((rank) => rank <= 10));
      expect(found.filter(Boolean).length / found.length).toBeCloseTo(outcome.test['HR@10']!, 12);

      const [own = ''] = readdirSync(join(divided, 'runs'));
      const file = join(divided, 'runs', own, 'split.json');
      const other = join(folder, 'divided-again');
      expect((await run([...args, '--out', other, '--split', file])).code).toBe(0);
      expect(timeless(other, 'hstu.1.json')).toBe(timeless(divided, 'hstu.1.json'));
      const changed = await run([...args, '--out', divided]);
      expect(changed.err).toContain('belongs to another comparison (another split)');
    },
    5 * minute,
  );

  it(
    'does a run again whose result is of another comparison, says so, and loses nothing',
    async () => {
      const old = read(whole, 'hstu.1.json');
      const other = await run([...among(['hstu'], [1], 1), '--out', whole]);
      expect(other.code).toBe(0);
      expect(other.err).toContain(
        `belongs to another comparison (epochs ${epochs}, not 1); it is in ${join(whole, 'previous')} now, and that run is done again.`,
      );
      expect(read(join(whole, 'previous'), 'hstu.1.json')).toBe(old);
      expect(
        (JSON.parse(read(whole, 'hstu.1.json')) as { readonly outcome: { readonly epochs: number } }).outcome.epochs,
      ).toBe(1);
      const mixed = await run(['--report', '--out', whole]);
      expect(mixed.code).toBe(1);
      expect(mixed.err).toContain(`hstu.2.json and hstu.1.json are not of one comparison (epochs ${epochs}, not 1)`);
    },
    5 * minute,
  );

  it(
    'tells what is wrong without a stack',
    async () => {
      writeFileSync(join(broken, 'hstu.2.json'), read(broken, 'hstu.2.json').slice(0, 100));
      const trials: readonly (readonly [readonly string[], number, string])[] = [
        [['--report', '--out', broken], 1, `The result ${join(broken, 'hstu.2.json')} cannot be used: it is not JSON`],
        [['--report', '--out', join(folder, 'nothing')], 1, 'There is no result'],
        [['--models', 'hst', '--out', join(folder, 'nothing')], 2, 'There are bert4rec, '],
        [['--models', 'hstu@larg', '--out', join(folder, 'nothing')], 1, "did you mean 'large'?"],
        [['--models', 'hstu', '--out', join(folder, 'nothing'), '--data', 'no-such-file'], 1, 'no-such-file'],
        [['--modles', 'hstu'], 2, "unknown option '--modles'"],
      ];
      for (const [args, code, words] of trials) {
        const said = await run(args);
        expect(said.err).toContain(words);
        expect(said.err).not.toMatch(/^\s+at /m);
        expect(said.code, words).toBe(code);
      }
    },
    5 * minute,
  );

  it.each([
    [
      'hstu',
      'stpes=2',
      "--set stpes=2: hstu has no hyperparameter 'stpes', nor has any other of these models. hstu has width, ",
    ],
    [
      'hstu,pcrec',
      'steps=2',
      "--set steps=2: hstu has no hyperparameter 'steps', and of these models pcrec has: write --set pcrec:steps=2.",
    ],
  ])(
    'of %s tells which have the hyperparameter of --set %s',
    async (of, setting, words) => {
      const { code, err } = await run(['--models', of, '--out', join(folder, 'nothing'), '--set', setting]);
      expect(err).toContain(words);
      expect(code).toBe(1);
    },
    5 * minute,
  );
});
