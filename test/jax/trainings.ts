/** A model that is trained by the trainer and as a JAX program, in a folder that lasts as long as its tests; and what runs tell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { Compiled } from '../../compiler/compiled.js';
import { jaxModule } from '../../compiler/targets/jax/index.js';
import { programFiles } from '../../compiler/targets/jax/program.js';
import type { CompiledModel } from '../../runtime/contract/compiled.js';
import { openWasm } from '../../runtime/cpu/index.js';
import type { Epoch } from '../../runtime/progress.js';
import { built } from '../wasm/sessions.js';
import { python, ran, type Ran } from './python.js';

export type Told = Readonly<Record<string, unknown>>;

/** The folder of a model's program and runs, and how it is run. */
export const workplace = (compiled: Compiled) => {
  const folder = mkdtempSync(join(tmpdir(), 'pcrec-jax-train-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (...names: readonly string[]): string => join(folder, ...names);
  /** Compiled once for each mesh. */
  const cache = { JAX_COMPILATION_CACHE_DIR: at('cache'), JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0' };
  return {
    at,
    cache,
    /** As the trainer has it. */
    model: async (): Promise<CompiledModel> => {
      const module = await built(compiled.loops);
      const { manifest } = compiled;
      return { manifest, open: (_, sizes) => openWasm(module, manifest, 'wasm', sizes, { threads: 1 }) };
    },
    /** Writes what the compiler emits for JAX. */
    emit: (): void => {
      mkdirSync(at('jax', 'trainer'), { recursive: true });
      writeFileSync(at('jax', 'model.py'), jaxModule(compiled));
      for (const { name, content } of programFiles('jax/')) {
        mkdirSync(dirname(at(name)), { recursive: true });
        writeFileSync(at(name), content);
      }
    },
    py: (args: readonly string[], devices = 1): Promise<Ran> => ran([at('jax', 'train.py'), ...args], cache, devices),
    /** A training that one may kill. */
    started: (args: readonly string[], devices = 1): ChildProcess =>
      spawn(python!, [at('jax', 'train.py'), ...args], {
        env: {
          ...process.env,
          ...cache,
          JAX_PLATFORMS: 'cpu',
          XLA_FLAGS: `--xla_force_host_platform_device_count=${devices}`,
        },
        stdio: 'ignore',
      }),
  };
};

/** What a run says on the standard error without how far it is, which it tells now and then where it is slow. */
export const complaints = ({ err }: Ran): readonly string[] =>
  err.split('\n').filter((line) => line !== '' && !/^(epoch \d+|validation|test) \d+\/\d+ /.test(line));

export const records = (out: string): readonly Told[] =>
  readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
export const epochs = (out: string): readonly Epoch[] =>
  records(out).filter(({ kind }) => kind === 'epoch') as unknown as readonly Epoch[];
export const losses = (out: string): readonly number[] => epochs(out).map(({ loss }) => loss);

/** Holds numbers to others, in proportion to them. */
export const near = (got: readonly number[], want: readonly number[], within: number): void => {
  expect(got).toHaveLength(want.length);
  got.forEach((value, i) => expect(Math.abs(value / want[i]! - 1)).toBeLessThan(within));
};

type Figures = Readonly<Record<string, number | null>>;
/** Holds figures to others by name, to 1e-4; null is null. */
export const same = (got: Figures, want: Figures): void => {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  Object.entries(want).forEach(([name, value]) =>
    value === null ? expect(got[name], name).toBeNull() : expect(Math.abs(got[name]! - value), name).toBeLessThan(1e-4),
  );
};

/** That two runs told records of the same kinds, with the same names in each, and began alike. */
export const likewise = (got: string, want: string): void => {
  const shape = (out: string) => records(out).map(({ kind, ...rest }) => [kind, Object.keys(rest).sort()]);
  expect(shape(got)).toEqual(shape(want));
  const [ours, its] = [want, got].map((out) => records(out)[0]!);
  for (const name of ['model', 'manifest', 'parameters', 'settings', 'data', 'statistics', 'label', 'batches', 'step'])
    expect(its![name], name).toEqual(ours![name]);
};
