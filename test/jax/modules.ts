/** Emitted modules and what they are to make of given numbers, in folders for `driver.py`; and the Python that runs it. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HyperValue, Model } from '../../dsl/model.js';
import { compile, programsOf } from '../../compiler/compile.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { jaxModule } from '../../compiler/targets/jax/index.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { environment, plain, type Scale, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { ran } from './python.js';

export interface Stepped {
  readonly states: Readonly<Record<string, readonly (number | null)[]>>;
  /** The largest number in rows of item tables that do not exist. */
  readonly beyond: number;
  readonly loss: number | null;
}
export interface Results {
  readonly step: Stepped;
  /** The same of rows as long as the longest of the batch. */
  readonly stepShort: Stepped;
  readonly stepByJax: Stepped;
  readonly read: Read;
  readonly readShort: Read;
  readonly remat: {
    readonly off: number;
    readonly temporary: readonly [number, number];
    readonly rough: number;
    readonly types: readonly string[];
  };
  /** What devices exchange, by entry. */
  readonly moved: Readonly<Record<string, readonly { readonly operation: string; readonly numbers: number }[]>>;
}
export interface Read {
  readonly scores: readonly (number | null)[];
  readonly rank: readonly (number | null)[];
  /** Of a model that predicts a label. */
  readonly logit?: readonly (number | null)[];
}
/** What the reference says, in float64: new states, and outputs of all entries. */
export interface Wanted {
  readonly updates: Readonly<Record<string, Float64Array>>;
  readonly outputs: Readonly<Record<string, Float64Array>>;
}

const own = fileURLToPath(new URL('.', import.meta.url));

/** A folder with a model's module and numbers for all that it reads; and what they should become. */
export const written = (
  folder: string,
  model: Model,
  over: Readonly<Record<string, HyperValue>>,
  scale?: Scale,
): Wanted => {
  const made = traced(model, over);
  const compiled = rightOf(compile(made));
  const programs = programsOf(made).map(plain);
  const env = environment(programs, scale);
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
  return {
    outputs: Object.assign({}, ...results.map((r) => r.outputs)) as Wanted['outputs'],
    updates: results[0]!.updates,
  };
};

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'pcrec-jax-'));

/** Runs the driver over these folders, on so many devices of the processor; `asked` as it takes them. XLA compiles without care: no time is measured. */
export const results = async (
  folders: readonly string[],
  asked: readonly (keyof Results)[],
  mesh = 'none',
): Promise<readonly Results[]> => {
  const devices = mesh === 'none' ? 1 : mesh.split(',').reduce((n, axis) => n * Number(axis.split('=')[1]), 1);
  const { code, err } = await ran([join(own, 'driver.py'), mesh, asked.join(','), ...folders], {
    XLA_FLAGS: `--xla_force_host_platform_device_count=${devices} --xla_backend_optimization_level=0`,
  });
  if (code !== 0) throw new Error(err.split('\n').slice(-30).join('\n'));
  return folders.map((folder) => JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results);
};

/** How far an array is from another, by their norms, or what of it is no number. */
const distance = (got: readonly (number | null)[], want: ArrayLike<number>): number => {
  const square = (of: (i: number) => number): number =>
    Math.sqrt(Array.from(want, (_, i) => of(i) ** 2).reduce((a, b) => a + b, 0));
  return got.length === want.length
    ? square((i) => (got[i] ?? Number.NaN) - want[i]!) /
        Math.max(
          1,
          square((i) => want[i]!),
        )
    : Number.NaN;
};
/** Arrays that are not as near as float32 allows, and by how much. */
export const off = (
  got: Readonly<Record<string, readonly (number | null)[]>>,
  want: Readonly<Record<string, ArrayLike<number>>>,
  tolerance = 1e-5,
): readonly string[] =>
  Object.entries(want).flatMap(([name, values]) => {
    const far = distance(got[name] ?? [], values);
    return far <= tolerance ? [] : [`${name} is off by ${far}`];
  });

/** The same of a step: its loss, the next states, and that rows which do not exist stay as they were. */
export const stepOff = ({ states, loss, beyond }: Stepped, { outputs, updates }: Wanted): readonly string[] => [
  ...off({ loss: [loss] }, { loss: outputs['loss']! }),
  ...off(states, updates),
  ...(beyond === 0 ? [] : [`rows that do not exist hold ${beyond}`]),
];
/** And of what is read. */
export const readOff = ({ scores, rank, logit = [] }: Read, { outputs }: Wanted): readonly string[] => [
  ...off({ scores }, { scores: outputs['scores']! }),
  ...off({ rank }, { rank: outputs['rank']! }, 0),
  ...(outputs['logit'] === undefined ? [] : off({ logit }, { logit: outputs['logit'] })),
];
