/** The study as a user runs it, on the sample: from the grid to results, the page and the tables. Runs what `npm run build` left in dist. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';
import { studies } from '../../examples/study/grid.js';
import { foundOf } from '../../examples/study/found.js';
import { readmeText } from '../../examples/study/readme.js';
import { cellsOf, fileOf, resultsOf, unpacked } from '../../examples/study/result.js';
import { metrics } from '../../runtime/metrics.js';

mkdirSync(join(packageRoot, 'build'), { recursive: true });
const folder = mkdtempSync(join(packageRoot, 'build', 'study-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const results = join(folder, 'results');
const run = (...args: readonly string[]) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      'build/study/examples/study/main.js',
      '--only',
      'tiny',
      '--results',
      results,
      '--work',
      join(folder, 'work'),
      ...args,
    ],
    { cwd: packageRoot, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { status, said: stderr };
};
const tiny = studies['tiny']!;
const all = tiny.cells.flatMap((cell) =>
  (cell.seeds ?? tiny.seeds).map((seed) => ({ study: 'tiny', cell: cell.name, seed })),
);
const waiting = tiny.cells.filter(({ tuned }) => tuned !== undefined).length;

describe('npm run study', () => {
  it('does what is missing, keeps what is done, and makes the page and the tables of it', () => {
    const built = spawnSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '-p', 'examples/study/tsconfig.json'],
      {
        cwd: packageRoot,
        encoding: 'utf8',
      },
    );
    expect([built.status, built.stdout]).toEqual([0, '']);
    expect(run('--cells', 'hstu')).toMatchObject({
      status: 0,
      said: expect.stringContaining('2 runs, 0 of them done.'),
    });
    const first = fileOf(results, all[0]!);
    const written = statSync(first).mtimeMs;
    expect(run('--list').said).toMatch(/tiny: 5 runs left, \d of them in about .*\n/);
    expect(run('--list').said).toContain('waits for the search of hstu');
    expect(run('--search').status).toBe(0);
    const done = run();
    expect([done.status, done.said]).toEqual([0, expect.stringContaining(`${all.length} runs, 2 of them done.`)]);
    expect(statSync(first).mtimeMs).toBe(written);

    const found = resultsOf(results, 'tiny', tiny);
    expect(found).toHaveLength(all.length);
    expect(waiting).toBe(1);
    expect(cellsOf(results, 'tiny', tiny).find(({ tuned }) => tuned !== undefined)!.set).toHaveLength(2);
    for (const { test, steps, asked, again, epochs } of found) {
      // Figures of short lists can be had of the packed ranks again.
      const { 'NDCG@10': ndcg, 'HR@50': hits } = metrics(unpacked(test.ranks));
      expect([ndcg, hits]).toEqual([test.metrics['NDCG@10'], test.metrics['HR@50']]);
      if (asked.cell === 'pcrec') expect(steps['2']!.ranks).not.toBe(test.ranks);
      if (asked.cell === 'inference untrained') expect(again!['activation=linear']!.ranks).not.toBe(test.ranks);
      expect(epochs.trained > 0).toBe(asked.cell !== 'inference untrained');
    }
    const of = (name: string) => found.find(({ asked }) => asked.cell === name && asked.seed === 1)!;
    // HSTU's parameters with no step of inference are HSTU; all users are tested, whoever was trained on.
    expect(of('inference untrained').steps['0']!.ranks).toBe(of('hstu').test.ranks);
    expect(of('inference untrained').test.ranks).not.toBe(of('hstu').test.ranks);
    expect(unpacked(of('hstu 50 %').test.ranks)).toHaveLength(unpacked(of('hstu').test.ranks).length);
    expect(of('hstu 50 %').test.ranks).not.toBe(of('hstu').test.ranks);

    expect(run('--inside', '--cost', '--datasets', '--cells', 'pcrec', '--rounds', '1', '--users', '64').status).toBe(
      0,
    );
    const { costs, insides, searches } = foundOf(results, 'tiny', tiny, join(folder, 'work'));
    expect(searches[0]!.trials).toHaveLength(2);
    expect(costs!.cells.map(({ cell }) => cell)).toEqual(['pcrec']);
    const { epoch, user, resident, arena, operations, parameters } = costs!.cells[0]!;
    for (const value of [epoch, user, resident, arena, operations]) expect(value).toBeGreaterThan(0);
    expect(parameters).toBe(of('pcrec').parameters);
    const [inside] = insides;
    expect(inside!.layers.map(({ steps }) => steps.length)).toEqual([2, 2]);
    expect(inside!.examples.length).toBeGreaterThan(1);
    expect(inside!.tastes['item vectors']!.reduce((n, { users }) => n + users, 0)).toBe(inside!.users);
    const page = readFileSync(join(folder, 'work', 'study.html'), 'utf8');
    const figure = found[0]!.test.metrics['NDCG@10'];
    expect(page).toContain('tiny: Is it the inference?');
    expect(page).toContain('more steps than in training');
    expect(page).toContain('tiny: inside pcrec');
    expect(page).toContain('what it costs (Table 4)');
    const text = readmeText([foundOf(results, 'tiny', tiny)]);
    expect(text).toMatch(/\| hstu \| 1 2 \| \.\d{4} ± \.\d{4} \|/);
    expect(text).toContain('| mixing |');
    expect(Number.isFinite(figure)).toBe(true);

    expect(run('--list').said).toContain('tiny: 0 runs left.');
    // A result of other words is none.
    writeFileSync(first, readFileSync(first, 'utf8').replace('"width=8"', '"width=9"'));
    expect(run('--list').said).toContain('tiny: 1 run left');
    expect(run('--cells', 'nothing')).toMatchObject({
      status: 2,
      said: expect.stringContaining('The grid has no nothing'),
    });
  }, 600_000);
});
