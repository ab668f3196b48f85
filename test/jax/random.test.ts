/** Random programs over every primitive, sums of products, and scans, as JAX computes them from what we write, against the reference. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { memoryOrder } from '../../compiler/lower/layout.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { functionText } from '../../compiler/targets/jax/texts.js';
import { writer } from '../../compiler/targets/jax/writer.js';
import { environmentFor, existing, type Sizes, sizes } from '../generators/axes.js';
import { nodeText, pools, rootsFrom } from '../generators/expressions.js';
import { products } from '../generators/products.js';
import { kinds } from '../generators/scans.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { expanded, programOf, sizeOf } from '../support/programs.js';
import { close } from '../onnx/sessions.js';
import { scratch } from './modules.js';
import { python, ran } from './python.js';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 40);
/** Their sums are taken in another order. */
const TOLERANCE = 3e-4;
const types = { f32: 'float32', i32: 'int32', bool: 'bool' } as const;

interface Trial {
  readonly roots: readonly Node[];
  readonly env: Environment;
  readonly rows: Sizes;
}
const trial = (roots: readonly Node[], rows: Sizes, seed: number): Trial => {
  const all = expanded(roots);
  return { roots: all, env: environmentFor(all, rows, seed), rows };
};
const sampled = (roots: fc.Arbitrary<readonly Node[]>): readonly Trial[] =>
  fc
    .sample(fc.tuple(roots, sizes, fc.nat()), { numRuns, seed: 20261130 })
    .map(([nodes, rows, seed]) => trial(nodes, rows, seed));

const groups: Readonly<Record<string, readonly Trial[]>> = {
  'random programs': sampled(pools(14).map((pool) => rootsFrom(pool, 4))),
  'sums of products': sampled(products.map((n) => [n])),
  scans: kinds.flatMap(([, make]) =>
    [false, true].map((reverse) => trial([make({ reverse })], { batch: 3, lengths: [3, 0, 4] }, 5)),
  ),
};
const all = Object.values(groups).flat();

/** What a function reads, by name: element type, extents and numbers. */
const arraysOf = ({
  roots,
  env,
}: Trial): Readonly<Record<string, readonly [string, readonly number[], readonly number[]]>> => {
  const given = givenOf(roots, env);
  const leaves = new Map(
    topological(roots).flatMap((n) =>
      n.op === 'input' || n.op === 'param' ? [[n.op === 'input' ? n.name : n.path, n] as const] : [],
    ),
  );
  return Object.fromEntries(
    Object.entries({ 'items.missing': [0], ...given }).map(([name, data]) => {
      const leaf = leaves.get(name);
      const shape =
        leaf !== undefined
          ? memoryOrder(leaf.axes).map((a) => sizeOf(a, env))
          : name.endsWith('.lengths')
            ? [data.length]
            : [];
      return [name, [types[leaf?.dtype ?? 'i32'], shape, Array.from(data)]];
    }),
  );
};

const driver = `
import json, pathlib, sys
import numpy as np
import jax
here = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(here))
import programs
for name, (arrays, sizes, draw) in json.loads((here / "data.json").read_text()).items():
    batch = {k: np.array(values, dtype).reshape(shape) for k, (dtype, shape, values) in arrays.items()}
    batch |= {k: np.uint32(v) for k, v in draw.items()}
    run = getattr(programs, name)
    more = (sizes,) if run.__code__.co_argcount == 3 else ()
    found = jax.jit(lambda b: run(b, b, *more))(batch)
    told = [np.asarray(x, np.float64).ravel().tolist() for x in found]
    (here / f"{name}.json").write_text(json.dumps([[x if np.isfinite(x) else str(x) for x in xs] for xs in told]))
`;

describe.skipIf(python === undefined)('in JAX', () => {
  beforeAll(async () => {
    const programs = all.map(({ roots }) => programOf(Object.fromEntries(roots.map((r, i) => [`out${i}`, r]))));
    const w = writer({ states: [], entries: {} }, programs);
    const functions = programs.map((program, i) => {
      const { body } = w.entry(program, 'batch');
      const results = all[i]!.roots.map((_, k) => body.outputs[`out${k}`]!);
      return functionText({ name: `f${i}`, returns: 'tuple', doc: 'Outputs.' }, body, `(${results.join(', ')},)`);
    });
    const head =
      'from __future__ import annotations\nimport jax\nimport jax.numpy as jnp\nfrom jax import lax\nfrom collections.abc import Mapping, Sequence\nfrom typing import Any, NamedTuple';
    writeFileSync(join(folder, 'programs.py'), [head, ...w.helpers(), ...functions, ''].join('\n\n\n'));
    const data = all.map((t) => [
      arraysOf(t),
      t.env.sizes,
      { '@seed': t.env.random!.seed, '@step': t.env.random!.step },
    ]);
    writeFileSync(join(folder, 'data.json'), JSON.stringify(Object.fromEntries(data.map((d, i) => [`f${i}`, d]))));
    writeFileSync(join(folder, 'driver.py'), driver);
    const { code, err } = await ran([join(folder, 'driver.py'), folder]);
    if (code !== 0) throw new Error(err);
  }, 600_000);

  it.each(Object.entries(groups))('%s mean what they mean', (_, trials) => {
    for (const t of trials) {
      const { roots, env, rows } = t;
      const got = JSON.parse(readFileSync(join(folder, `f${all.indexOf(t)}.json`), 'utf8')) as readonly (readonly (
        | number
        | string
      )[])[];
      evaluate(roots, env).forEach((want, k) => {
        // Both in the order that the reference has.
        const found = reorder(got[k]!.map(Number), want.axes, env.sizes, true);
        const cells = existing(want.axes, (a) => sizeOf(a, env), rows);
        expect(found.length, nodeText(roots[k]!)).toBe(want.axes.reduce((n, a) => n * sizeOf(a, env), 1));
        expect(close(cells(found), cells(want.data), TOLERANCE), nodeText(roots[k]!)).toEqual([]);
      });
    }
  });
});
