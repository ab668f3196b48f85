/** Every scalar function over its range, and random numbers, as JAX computes them from what we write. */
import { rmSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { worth } from '../../compiler/scalars.js';
import { functionText } from '../../compiler/targets/jax/texts.js';
import { writer } from '../../compiler/targets/jax/writer.js';
import { stream, uniformAt } from '../../runtime/contract/random.js';
import { argumentsOf, columnsOf, resultOf, trials } from '../support/ranges.js';
import { programOf } from '../support/programs.js';
import { scratch } from './modules.js';
import { python, ran } from './python.js';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

/** Theirs are float32's to a few units. */
const TOLERANCE = 2e-6;
/** What is smaller than the least normal number is 0 to XLA. */
const isNormal = (x: number): boolean => x === 0 || !(Math.abs(x) < 2 ** -126);
const isNear = (got: number, want: number): boolean =>
  Object.is(got, want) ||
  got === want ||
  Math.abs(got - want) <= TOLERANCE * Math.max(1, Math.abs(want)) ||
  // The last binade before infinity belongs to either side.
  (Math.abs(want) > 3.3e38 && Math.abs(got) > 3.3e38 && Math.sign(got) === Math.sign(want));

const drawn = build.uniform('noise ü', [axis('a', 3), axis('b', 50)]);
const made = new Map<string, Node>([
  ...trials.map((trial): readonly [string, Node] => {
    const along = axis('i', trial.range.rows.length);
    const args = argumentsOf(trial).map((dtype, k) => build.input(`a${k}`, [along], dtype));
    return [`${trial.fn} of ${trial.dtype}`, build.map(trial.fn, ...args)];
  }),
  ['uniform', drawn],
]);

const named = (name: string): string => `f_${[...made.keys()].indexOf(name)}`;
const numbers = (text: string): readonly number[] =>
  (JSON.parse(text) as readonly (number | string)[]).map((x) => (typeof x === 'string' ? Number(x) : x));

const driver = `
import json, pathlib, sys
import numpy as np
import jax
here = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(here))
import functions
data = json.loads((here / "data.json").read_text())
told = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
for name, (types, columns) in data.items():
    batch = {f"a{k}": np.array([told.get(x, x) for x in c], t) for k, (t, c) in enumerate(zip(types, columns))}
    batch |= {"@seed": np.uint32(7), "@step": np.uint32(3)}
    x = np.asarray(jax.jit(getattr(functions, name))({}, batch), np.float64).ravel().tolist()
    (here / f"{name}.json").write_text(json.dumps([n if np.isfinite(n) else str(n).replace("inf", "Infinity").replace("nan", "NaN") for n in x]))
`;

const types = { f32: 'float32', i32: 'int32', bool: 'bool' } as const;
const told = (x: number): number | string => (Number.isFinite(x) ? (Object.is(x, -0) ? '-0.0' : x) : `${x}`);

describe.skipIf(python === undefined)('in JAX', () => {
  beforeAll(async () => {
    const programs = [...made.values()].map((out) => programOf({ out }));
    const w = writer({ states: [], entries: {} }, programs);
    const functions = [...made.keys()].map((name, i) => {
      const { body } = w.entry(programs[i]!, 'batch');
      return functionText({ name: named(name), returns: 'jax.Array', doc: `${name}.` }, body, body.outputs['out']!);
    });
    const head = 'from __future__ import annotations\nimport jax\nimport jax.numpy as jnp\nfrom jax import lax';
    writeFileSync(join(folder, 'functions.py'), [head, ...w.helpers(), ...functions, ''].join('\n\n\n'));
    const data = Object.fromEntries([
      ...trials.map((trial) => [
        named(`${trial.fn} of ${trial.dtype}`),
        [argumentsOf(trial).map((t) => types[t]), columnsOf(trial).map((c) => Array.from(c, told))],
      ]),
      [named('uniform'), [[], []]],
    ]) as unknown;
    writeFileSync(join(folder, 'data.json'), JSON.stringify(data));
    writeFileSync(join(folder, 'driver.py'), driver);
    const { code, err } = await ran([join(folder, 'driver.py'), folder]);
    if (code !== 0) throw new Error(err);
  }, 300_000);
  const result = (name: string): readonly number[] =>
    numbers(readFileSync(join(folder, `${named(name)}.json`), 'utf8'));

  it.each(trials.map((t) => [`${t.fn} of ${t.dtype}`, t] as const))('%s', (name, trial) => {
    const meaning = worth(trial.fn, resultOf(trial));
    const got = result(name);
    const wrong = trial.range.rows.flatMap((row, i) => {
      const want = meaning(...row);
      const single = resultOf(trial) === 'f32' ? Math.fround(want) : want;
      return !row.every(isNormal) || isNear(got[i]!, single)
        ? []
        : [`${trial.fn}(${row.join(', ')}) is ${got[i]}, not ${single}`];
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  it('random numbers', () => {
    const of = stream(7, 3, 'noise ü');
    expect(result('uniform')).toEqual(Array.from({ length: 150 }, (_, i) => uniformAt(of, i)));
  });
});
