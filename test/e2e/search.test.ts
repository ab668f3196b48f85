/** A search as a user makes it: compiled models, one that is killed and goes on, and what it leaves. Runs what `npm run build` left in dist. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import type { Searched } from '../../runtime/search/events.js';

const minute = 60_000;
mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'search-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = `import { integer, model, nextItem, recommenderHypers, recommenderOptimizer, sequenceInput } from 'pcrec';
export default model({
  name: 'last', doc: 'The last item decides.',
  hyper: { ...recommenderHypers, length: integer(8, 'positions') },
  presets: { small: { width: 8, negatives: 8, dropout: 0 } },
  optimizer: recommenderOptimizer,
  build: (context) => {
    const { width, items, input } = sequenceInput(context);
    return nextItem(context, { width, items }, input);
  },
});
`;
const trainer = join(folder, 'model', 'trainer.js');
const words = (out: string, ...more: readonly string[]): readonly string[] => [
  trainer, 'search', '--data', 'sample', '--space', 'rate=log:1e-4..1e-1,width=4|8', '--trials', '3', '--epochs', '3', '--batch', '64',
  '--seed', '5', '--device', 'wasm', '--threads', '1', '--out', join(folder, out), ...more,
]; // prettier-ignore
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
const stateOf = (out: string) =>
  JSON.parse(readFileSync(join(folder, out, 'search.json'), 'utf8')) as {
    readonly steps: readonly {
      readonly rung: number;
      readonly trial: number;
      readonly value: number;
      readonly epochs: number;
    }[];
    readonly test: { readonly trial: number; readonly metrics: Readonly<Record<string, number>> };
  };

beforeAll(() => {
  writeFileSync(join(folder, 'last.ts'), model);
  const compiled = run(join(packageRoot, 'dist/compiler/cli.js'), 'last.ts', '--preset', 'small', '--out', 'model');
  expect(compiled.stderr).toBe('');
}, minute);

describe('a search', () => {
  it(
    'tries points, goes on with the best, tests it once, and keeps a table and a page',
    () => {
      const { status, stdout, stderr } = run(...words('whole'));
      expect([status, stderr]).toEqual([
        0,
        expect.stringContaining('3 trials: 3 for 1 epoch, then the best 1 for 3 epochs'),
      ]);
      const { steps, test } = stateOf('whole');
      expect(steps.map(({ rung, epochs }) => [rung, epochs])).toEqual([
        [0, 1],
        [0, 1],
        [0, 1],
        [1, 3],
      ]);
      const first = steps.slice(0, 3);
      const best = first.reduce((a, b) => (b.value > a.value ? b : a));
      expect(steps[3]!.trial).toBe(best.trial);
      expect(test.trial).toBe(best.trial);
      expect(stdout).toContain(`NDCG@10 ${test.metrics['NDCG@10']!.toFixed(4)}`);
      expect(stdout).toMatch(/pcrec-compile \S*last\.ts .*--set rate=/);
      const rows = parse(readFileSync(join(folder, 'whole', 'trials.csv'), 'utf8'), { columns: true }) as Record<
        string,
        string
      >[];
      expect(rows.map((row) => Number(row['NDCG@10']))).toEqual(steps.map(({ value }) => value));
      expect(rows.every(({ rate }) => Number(rate) >= 1e-4 && Number(rate) <= 1e-1)).toBe(true);
      expect(readFileSync(join(folder, 'whole', 'report.html'), 'utf8')).toContain('A search of last');
      // Nothing but the best has seen the test.
      const tests = [0, 1, 2].filter((trial) =>
        readFileSync(join(folder, 'whole', 'trials', `00${trial + 1}`, 'run', 'metrics.jsonl'), 'utf8').includes(
          '"kind":"result"',
        ),
      );
      expect(tests).toEqual([best.trial]);
    },
    3 * minute,
  );

  it(
    'that is killed goes on where it was, to the same end, and is not done twice',
    async () => {
      const child = spawn(process.execPath, words('killed'), { cwd: folder, stdio: 'ignore' });
      const state = join(folder, 'killed', 'search.json');
      await new Promise<void>((done) => {
        child.on('exit', () => done());
        const look = setInterval(() => {
          if (!existsSync(state)) return;
          clearInterval(look);
          child.kill('SIGKILL');
        }, 20);
      });
      const before = JSON.parse(readFileSync(state, 'utf8')) as { readonly steps: readonly unknown[] };
      expect(before.steps.length).toBeLessThan(4);
      const { status, stderr } = run(...words('killed'));
      expect(status).toBe(0);
      expect(stderr).toContain(`${before.steps.length} training`);
      const whole = stateOf('whole');
      const after = stateOf('killed');
      expect({ steps: after.steps, test: after.test }).toEqual({ steps: whole.steps, test: whole.test });
      const again = run(...words('killed', '--json'));
      expect(again.status).toBe(0);
      const events = again.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly kind: string });
      expect(events.map(({ kind }) => kind)).toEqual(['searching', 'search']);
    },
    3 * minute,
  );

  it(
    'in a program gives what it came to as an object, ends where it is told to, and goes on with the same call',
    () => {
      writeFileSync(
        join(folder, 'search.mjs'),
        `import { search } from './model/trainer.js';
const options = {
  data: 'sample', space: 'rate=log:1e-4..1e-1,width=4|8', trials: 3, epochs: 3, batch: 64, seed: 5, device: 'wasm', threads: 1,
};
const told = [];
const whole = await search({ ...options, out: 'whole', listen: ({ kind }) => told.push(kind) });
const ending = new AbortController();
const listen = ({ kind }) => kind === 'trial' && ending.abort();
const ended = await search({ ...options, out: 'ended', signal: ending.signal, listen });
const after = await search({ ...options, out: 'ended' });
console.log(JSON.stringify({ told, whole, ended, after }));
`,
      );
      const { status, stdout, stderr } = run('search.mjs');
      expect([status, stderr]).toEqual([0, '']);
      const { told, whole, ended, after } = JSON.parse(stdout) as Record<string, unknown> & {
        readonly whole: Searched;
        readonly after: Searched;
      };
      expect(told).toEqual(['searching', 'search']);
      expect(ended).toEqual({ interrupted: true, found: null });
      const { steps, test } = stateOf('whole');
      expect(whole).toMatchObject({
        interrupted: false,
        found: { model: 'last', measure: 'NDCG@10', out: 'whole', steps, test: test.metrics },
      });
      expect(whole.found!.trials[0]).toMatchObject({ ...steps[3], point: { width: expect.stringMatching(/^[48]$/) } });
      expect(after).toEqual({ ...whole, found: { ...whole.found, out: 'ended' } });
      const csv = (out: string) => readFileSync(join(folder, out, 'trials.csv'), 'utf8');
      expect(csv('ended')).toBe(csv('whole'));
    },
    3 * minute,
  );

  it('of another space is not mixed with what is there, and nonsense is refused before anything is compiled', () => {
    const other = run(...words('whole').map((word) => (word === '--trials' ? word : word.replace(/^3$/, '2'))));
    expect([other.status, other.stderr]).toEqual([1, expect.stringMatching(/is of another search \(another .*trials/)]);
    const bad = run(trainer, 'search', '--space', 'rats=1..2', '--out', 'none');
    expect([bad.status, bad.stderr]).toEqual([1, expect.stringContaining("did you mean 'rate'")]);
    const split = run(trainer, 'search', '--space', 'rate=1|2', '--split', 'last:0', '--out', 'none');
    expect([split.status, split.stderr]).toEqual([1, expect.stringContaining('last:0')]);
    expect(existsSync(join(folder, 'none'))).toBe(false);
    rmSync(join(folder, 'last.ts'));
    const lost = run(trainer, 'search', '--space', 'rate=1|2', '--out', 'none');
    expect([lost.status, lost.stderr]).toEqual([1, expect.stringMatching(/its file \S*last\.ts is not here: name it with --model FILE/)]);
  }, 2 * minute); // prettier-ignore
});
