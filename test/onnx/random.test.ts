/** Random programs over every primitive, scans, and each scalar function over its range, in ONNX Runtime against the reference. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node } from '../../dsl/node.js';
import { graphOf } from '../../compiler/targets/onnx/graph.js';
import { padding } from '../../compiler/passes/padded.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import { environmentFor, existing, seq, type Sizes, sizes, wide, width } from '../generators/axes.js';
import { pools, rootsFrom } from '../generators/expressions.js';
import { products } from '../generators/products.js';
import { half, kinds, type State, x, zero } from '../generators/scans.js';
import { tanh } from '../../dsl/activation.js';
import { add, mul } from '../../dsl/elementwise.js';
import { rename } from '../../dsl/position.js';
import { sum } from '../../dsl/reduction.js';
import { scan } from '../../dsl/scan.js';
import { expanded, programOf, sizeOf } from '../support/programs.js';
import { besides, close, ran, wrapped } from './sessions.js';

const compared = async (given: readonly Node[], env: Environment, rows: Sizes): Promise<void> => {
  // Outputs of ONNX have no truth values here.
  const roots = expanded(given).filter((n) => n.dtype !== 'bool');
  const rectangles = padding(programOf(Object.fromEntries(roots.map((root, i) => [`out.${i}`, root]))));
  if (roots.length === 0) return;
  const graph = graphOf(rectangles, 'all', () => undefined);
  const got = await ran(wrapped(graph), {
    sizes: env.sizes,
    data: { ...env.inputs, ...env.params, ...besides(env) },
  });
  evaluate(roots, env).forEach((want, i) => {
    const cells = existing(want.axes, (a) => sizeOf(a, env), rows);
    expect(close(cells(got[`out.${i}`]!.data), cells(want.data), 3e-4)).toEqual([]);
  });
};

const numRuns = Number(process.env['RANDOM_RUNS'] ?? 60);

describe('an ONNX graph means what its program does', () => {
  it('for random programs', async () => {
    await fc.assert(
      fc.asyncProperty(pools(14), sizes, fc.nat(), async (pool, rows, seed) => {
        const roots = rootsFrom(pool, 4);
        await compared(roots, environmentFor(expanded(roots), rows, seed), rows);
      }),
      { numRuns, seed: 20261129 },
    );
  }, 600_000);
  it('for sums of products', async () => {
    await fc.assert(
      fc.asyncProperty(products, sizes, fc.nat(), async (root, rows, seed) => {
        await compared([root], environmentFor(expanded([root]), rows, seed), rows);
      }),
      { numRuns, seed: 20261129 },
    );
  }, 600_000);
  it.each(
    kinds
      .filter(([name]) => !name.includes('derivative'))
      .flatMap(([name, make]) => [false, true].map((reverse) => [name, reverse, make] as const)),
  )('for %s, reverse %s', async (_, reverse, make) => {
    const rows: Sizes = { batch: 3, lengths: [3, 0, 4] };
    const root = make({ reverse });
    await compared([root], environmentFor(expanded([root]), rows, 5), rows);
  });
  it('for a step that reads one array under two names', async () => {
    const mixed = scan(seq, zero, (previous): State => {
      const other = mul(rename(previous, width, wide), rename(x, width, wide));
      return tanh(add(mul(previous, x), sum(mul(other, half), wide)));
    });
    const rows: Sizes = { batch: 3, lengths: [3, 0, 4] };
    await compared([mixed], environmentFor(expanded([mixed]), rows, 5), rows);
  });
});
