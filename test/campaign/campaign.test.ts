/** The campaign itself, for seconds here and for two minutes in CI: it finds nothing that is not known, goes on where it stopped, and what it keeps can be judged again. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/package.js';

const out = mkdtempSync(join(tmpdir(), 'pcrec-campaign-'));
afterAll(() => rmSync(out, { recursive: true }));
const node = (...argv: readonly string[]): { readonly code: number | null; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: packageRoot, encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
};
const campaign = (...argv: readonly string[]) =>
  node(join(packageRoot, 'build', 'campaign', 'test', 'campaign', 'main.js'), '--out', out, '--seed', '1', ...argv);
const minutes = process.env['CI'] === undefined ? 0.4 : 2;

beforeAll(() => {
  const built = node(
    join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(packageRoot, 'test', 'campaign', 'tsconfig.json'),
  );
  expect(built.said).toBe('');
}, 120_000);

interface State {
  readonly parts: Readonly<Record<string, { readonly next: number; readonly done: number }>>;
}
const state = (): State => JSON.parse(readFileSync(join(out, 'state.json'), 'utf8')) as State;

describe('the campaign', () => {
  it('tries all parts and finds nothing new', () => {
    const { code, said } = campaign('--minutes', `${minutes}`);
    expect(said).not.toMatch(/FOUND|the campaign itself/);
    expect(code).toBe(0);
    const { parts } = state();
    expect(Object.keys(parts)).toEqual(['programs', 'files', 'tables', 'kills', 'mutants']);
    for (const [name, { done }] of Object.entries(parts)) expect(done, name).toBeGreaterThan(0);
  }, 900_000);

  it('goes on where it stopped', () => {
    const before = state().parts['files']!;
    const { said } = campaign('--minutes', '0.02', '--only', 'files');
    expect(said).toContain(`files     goes on at case ${before.next}`);
    expect(state().parts['files']!.done).toBeGreaterThan(before.done);
  }, 300_000);

  it('judges what it kept once more, by its file', () => {
    for (const name of readdirSync(out)
      .filter((n) => n !== 'state.json')
      .slice(0, 3)) {
      const { code, said } = campaign('--replay', join(out, name));
      expect(code, said).toBe(1);
    }
  }, 300_000);

  it('says what there is where it is asked for what there is not', () => {
    const { code, said } = campaign('--only', 'everything');
    expect(code).not.toBe(0);
    expect(said).toContain('the parts are programs, files, tables, kills, mutants');
  });
});
