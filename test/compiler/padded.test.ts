/** Ragged programs and what the pass `pad` makes of them: cells that exist are the same, whatever lies beside them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bound, like } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { LOWEST } from '../../dsl/lowest.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { padding } from '../../compiler/passes/padded.js';
import { rootsOf } from '../../compiler/program.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import {
  batch,
  environmentFor,
  existing,
  filled,
  JUNK,
  key,
  seq,
  type Sizes,
  sizes,
  width,
} from '../generators/axes.js';
import { pools, rootsFrom } from '../generators/expressions.js';
import { products } from '../generators/products.js';
import { kinds, withSlopes } from '../generators/scans.js';
import { expanded, programOf, sizeOf } from '../support/programs.js';
import { cases, environment, plain, programs } from '../support/models.js';

/** What does not exist is no number, where a number may be none: nothing that exists may have met it. */
const spoilt = (env: Environment, roots: readonly Node[]): Environment => {
  const reals = new Set(topological(roots).flatMap((n) => (n.op === 'input' && n.dtype === 'f32' ? [n.name] : [])));
  return {
    ...env,
    inputs: Object.fromEntries(
      Object.entries(env.inputs ?? {}).map(([name, values]) => [
        name,
        reals.has(name) ? Array.from(values, (v) => (v === JUNK ? NaN : v)) : values,
      ]),
    ),
  };
};

/** Over the keys that lie no later than each position. */
const causal = (n: Node, monoid: 'max' | 'sum'): Node => {
  const otherwise = build.constant(monoid === 'max' ? LOWEST : 0);
  const early = build.map('le', build.index(key), build.index(seq));
  return build.reduce(monoid, build.map('select', early, n, otherwise), ['key']);
};

/** A sum of what is chosen by positions that the summands do not have. */
const chosen = (n: Node, over: string): Node =>
  build.reduce(
    'sum',
    build.map('select', build.map('lt', build.index(seq), build.constant(2, 'i32')), n, build.constant(0)),
    [over],
  );

/** Both, on cells that exist; of all others 0. */
const compared = (roots: readonly Node[], env: Environment, rows: Sizes): void => {
  const program = programOf(Object.fromEntries(roots.map((root, i) => [`${i}`.padStart(4, '0'), root])));
  const rectangles = rootsOf(padding(program));
  for (const n of topological(rectangles))
    for (const { extent } of n.axes) expect(extent).toEqual({ kind: 'fixed', size: expect.anything() as unknown });
  const got = evaluate(rectangles, spoilt(env, roots));
  evaluate(rootsOf(program), env).forEach((want, i) => {
    const cells = existing(want.axes, (a) => sizeOf(a, env), rows);
    const [a, b] = [cells(want.data), cells(got[i]!.data)];
    a.forEach((x, at) => {
      if (Number.isNaN(x)) expect(b[at]).toBeNaN();
      else expect(Math.abs(x - b[at]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(x)));
    });
  });
};

describe('a padded program', () => {
  it('means on cells that exist what the ragged one does', () => {
    fc.assert(
      fc.property(pools(14), sizes, fc.nat(), (pool, rows, seed) => {
        const roots = expanded(rootsFrom(pool, 4));
        compared(roots, environmentFor(roots, rows, seed), rows);
      }),
      { numRuns: Number(process.env['RANDOM_RUNS'] ?? 300), seed: 20261129 },
    );
  });
  /** What random programs seldom reach: rows that look at other rows, whose ends are others. */
  const x = build.input('x', [batch, seq, width], 'f32');
  const other = like('other', batch);
  it.each([
    ['rows by another name', build.rename(x, 'batch', other)],
    ['rows by another name beside their own', build.map('mul', build.rename(x, 'batch', other), x)],
    ['the row before', build.shift(x, 'batch', 1)],
    ['the row after', build.shift(x, 'batch', -1)],
    ['rows that are looked up', build.gather(x, build.input('id', [other], 'i32'), 'batch')],
    ['sums over rows', build.reduce('sum', x, ['batch'])],
    ['sums over rows that reach a position', chosen(build.input('z', [batch], 'f32'), 'batch')],
    ['maxima over rows', build.reduce('max', x, ['batch', 'width'])],
    ['a maximum over what a causal mask leaves', causal(build.rename(x, 'seq', key), 'max')],
    ['a sum over it', causal(build.rename(x, 'seq', key), 'sum')],
  ])('keeps %s', (_, root) => {
    const rows: Sizes = { batch: 4, lengths: [1, 4, 2, 3], missing: 1 };
    for (const seed of [1, 2, 3]) compared([root], environmentFor([root], rows, seed), rows);
  });
  it('keeps sums of products sums of products, and their values', () => {
    fc.assert(
      fc.property(products, sizes, fc.nat(), (root, rows, seed) => {
        const roots = expanded([root]);
        compared(roots, environmentFor(roots, rows, seed), rows);
      }),
      { numRuns: 100, seed: 20261129 },
    );
  });
  it.each(kinds.flatMap(([name, make]) => [false, true].map((reverse) => [name, reverse, make] as const)))(
    'keeps %s, reverse %s, and its derivatives',
    (_, reverse, make) => {
      const rows: Sizes = { batch: 3, lengths: [3, 0, 4] };
      const roots = expanded(withSlopes(make({ reverse })));
      compared(roots, environmentFor(roots, rows, 5), rows);
    },
  );
  it.each(cases)('keeps %s, the training step included', (_, model, over) => {
    const rows: Sizes = { batch: 3, lengths: [6, 1, 3], missing: 0 };
    for (const program of programs(model, over).map(plain)) {
      const env = environment([program]);
      const all = { ...env, inputs: { ...env.inputs, 'batch.missing': [0] } };
      const roots = rootsOf(program);
      const want = evaluate(roots, all);
      const got = evaluate(rootsOf(padding(program)), all);
      want.forEach((w, i) => {
        const known = w.axes.every((a) => typeof bound(a) === 'number' || env.sizes[bound(a)] !== undefined);
        expect(known).toBe(true);
        const seen = w.axes.some((a) => a.extent.kind === 'ragged' && a.extent.lengths !== 'seq.lengths');
        const here = seen
          ? w.data.map(() => 0)
          : filled(
              w.axes,
              (a) => sizeOf(a, env),
              rows,
              (is) => Number(is === 'here'),
            );
        for (let at = 0; at < w.data.length; at++)
          if (here[at] === 1)
            expect(Math.abs(w.data[at]! - got[i]!.data[at]!)).toBeLessThanOrEqual(
              1e-9 * Math.max(1, Math.abs(w.data[at]!)),
            );
      });
    }
  });
});
