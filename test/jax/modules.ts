/** Emitted modules and what they are to make of given numbers, in folders for `driver.py`; and the Python that runs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HyperValue, Model } from '../../dsl/model.js';
import { compile, programsOf } from '../../compiler/compile.js';
import type { Program } from '../../compiler/program.js';
import { rootsOf } from '../../compiler/program.js';
import { jaxModule } from '../../compiler/targets/jax/index.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { topological } from '../../compiler/graph.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { environment, plain, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';

export interface Stepped {
  readonly states: Readonly<Record<string, readonly number[]>>;
  readonly beyond: Readonly<Record<string, number>>;
  readonly loss: number;
}
export interface Results {
  readonly step: Stepped;
  readonly stepByJax: Stepped;
  readonly scores: readonly number[];
  readonly rank: readonly number[];
}
/** What the reference says, in float64: new states, and outputs of all entries. */
export interface Wanted {
  readonly updates: Readonly<Record<string, Float64Array>>;
  readonly outputs: Readonly<Record<string, Float64Array>>;
}

const own = fileURLToPath(new URL('.', import.meta.url));

/** A folder with a model's module and numbers for all that it reads; and what they should become. */
export const written = (folder: string, model: Model, over: Readonly<Record<string, HyperValue>>): Wanted => {
  const made = traced(model, over);
  const compiled = rightOf(compile(made));
  const programs = programsOf(made).map(plain);
  const env = environment(programs);
  const flat = (program: Program): Readonly<Record<string, readonly number[]>> =>
    Object.fromEntries(
      Object.entries(givenOf(rootsOf(program), env)).map(([name, data]) => [name, Array.from(data)] as const),
    );
  const states = Object.fromEntries(programs.flatMap((p) => Object.entries(flat(p))));
  const random = { '@seed': [env.random!.seed], '@step': [env.random!.step] };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.py'), jaxModule(compiled));
  writeFileSync(
    join(folder, 'data.json'),
    JSON.stringify({
      sizes: env.sizes,
      states,
      inputs: Object.fromEntries(programs.map((p) => [p.entry, { ...flat(p), ...random }])),
    }),
  );
  const results = programs.map((p) => {
    const values = evaluate(rootsOf(p), env).map((v) => reorder(v.data, v.axes, env.sizes));
    const outputs = Object.keys(p.outputs);
    return {
      outputs: Object.fromEntries(outputs.map((name, i) => [name, values[i]!])),
      updates: Object.fromEntries(Object.keys(p.updates).map((name, i) => [name, values[outputs.length + i]!])),
    };
  });
  expectAll(programs);
  return {
    outputs: Object.assign({}, ...results.map((r) => r.outputs)) as Wanted['outputs'],
    updates: results[0]!.updates,
  };
};
const expectAll = (programs: readonly Program[]): void => {
  const [train] = programs;
  if (train?.entry !== 'train' || topological(rootsOf(train)).length === 0) throw new Error('the first entry trains');
};

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'pcrec-jax-'));

/** Runs the driver over these folders, on so many devices of the processor. */
export const ran = (python: string, folders: readonly string[], mesh = 'none', devices = 1): readonly Results[] => {
  const { status, stderr } = spawnSync(python, [join(own, 'driver.py'), mesh, ...folders], {
    encoding: 'utf8',
    env: {
      ...process.env,
      JAX_PLATFORMS: 'cpu',
      XLA_FLAGS: `--xla_force_host_platform_device_count=${devices} --xla_backend_optimization_level=0`,
    },
  });
  if (status !== 0) throw new Error(stderr.split('\n').slice(-30).join('\n'));
  return folders.map((folder) => JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results);
};
export { existsSync };
