/** Every row of the simplifier is a law, and it applies; the whole of them preserves meaning and comes to rest. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node } from '../../dsl/node.js';
import { interner, rewrite, topological } from '../../compiler/graph.js';
import { simplifyAll, rows } from '../../compiler/passes/simplify.js';
import { environmentFor, sizes } from '../generators/axes.js';
import { grown, leaves, pools, rootsFrom } from '../generators/expressions.js';
import { templates } from '../generators/templates.js';
import { expectEqualValues, measured } from '../support/compare.js';

/** Two float expressions, sizes, and a seed for the numbers. */
const problem = fc.record({ pool: pools(4), i: fc.nat(20), j: fc.nat(20), sizes, seed: fc.nat() });
const chosen = (pool: readonly Node[], n: number): Node => {
  const floats = pool.filter((x) => x.dtype === 'f32' && x.axes.length <= 3);
  return floats[floats.length - 1 - (n % floats.length)]!;
};

/** One interned copy: identity is equality, as in a program. */
const interned = (root: Node): Node => rewrite([root], interner(), (n) => n)[0]!;

const expectEqual = (
  before: readonly Node[],
  after: readonly Node[],
  at: typeof sizes extends fc.Arbitrary<infer S> ? S : never,
  seed: number,
  what: string,
): void => {
  const env = environmentFor(before, at, seed);
  const want = measured(before, env);
  fc.pre(want.finite && want.scale < 1e6);
  const got = measured(after, env);
  before.forEach((b, i) => {
    const a = after[i]!;
    expect([a.dtype, a.axes.map((x) => x.name)], `${what}: type`).toEqual([b.dtype, b.axes.map((x) => x.name)]);
    expectEqualValues(got.values[i]!, want.values[i]!, want.scale, what);
  });
};

describe.each(rows)('$name: $law', (row) => {
  test('holds wherever it applies, and it applies', () => {
    let applied = 0;
    const programs = templates[row.name];
    expect(programs, `a row needs programs of its own in this test: there are none for ${row.name}`).toBeDefined();
    programs!.forEach((template) =>
      fc.assert(
        fc.property(problem, ({ pool, i, j, sizes: at, seed }) => {
          const written = template(chosen(pool, i), chosen(pool, j));
          if (written === null) return;
          const node = interned(written);
          const result = row.apply(node);
          if (result === null) return;
          applied += 1;
          expectEqual([node], [result], at, seed, row.name);
        }),
        { numRuns: 40 },
      ),
    );
    expect(applied).toBeGreaterThan(0);
  });
});

test('no program is written for a row that does not exist', () => {
  expect(Object.keys(templates).filter((name) => rows.every((r) => r.name !== name))).toEqual([]);
});

test('every row holds at every node of random programs', () => {
  const applied = new Map<string, number>();
  fc.assert(
    fc.property(pools(10), sizes, fc.nat(), (pool, at, seed) => {
      const roots = rewrite(rootsFrom(pool), interner(), (n) => n);
      for (const node of topological(roots)) {
        for (const row of rows) {
          const result = row.apply(node);
          if (result === null) continue;
          applied.set(row.name, (applied.get(row.name) ?? 0) + 1);
          expectEqual([node], [result], at, seed, row.name);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(applied.size).toBeGreaterThan(8);
});

describe('simplify', () => {
  test('preserves the meaning of random programs', () => {
    fc.assert(
      fc.property(pools(14), sizes, fc.nat(), (pool, at, seed) => {
        const roots = rootsFrom(pool);
        const origins = new WeakMap();
        expectEqual(roots, simplifyAll(roots, { interned: interner(), origins }), at, seed, 'simplify');
      }),
      { numRuns: 400 },
    );
  });

  test('is idempotent', () => {
    fc.assert(
      fc.property(pools(14), (pool) => {
        const program = { interned: interner(), origins: new WeakMap() };
        const once = simplifyAll(rootsFrom(pool), program);
        const twice = simplifyAll(once, program);
        twice.forEach((n, i) => expect(n === once[i], 'a second run found more to do').toBe(true));
      }),
      { numRuns: 400 },
    );
  });

  test('does not grow what it simplifies', () => {
    fc.assert(
      fc.property(pools(14), (pool) => {
        const program = { interned: interner(), origins: new WeakMap() };
        const before = topological(rewrite(rootsFrom(pool), program.interned, (n) => n));
        const work = (order: readonly Node[]): number =>
          order.filter((n) => ['map', 'reduce', 'gather', 'scatter'].includes(n.op)).length;
        const after = topological(simplifyAll(rootsFrom(pool), program));
        // A factor that leaves a sum is multiplied once more where the sum has other uses, so the count may not fall.
        const factored = before.filter((n) => n.op === 'reduce').length;
        expect(work(after)).toBeLessThanOrEqual(work(before) + factored);
      }),
      { numRuns: 200 },
    );
  });
});

test('the generator reaches every primitive that a program of its own may have', () => {
  const ops = new Set<string>();
  fc.assert(
    fc.property(pools(20), (pool) => {
      pool.forEach((n) => ops.add(n.op));
      return true;
    }),
    { numRuns: 100 },
  );
  for (const op of [
    'input',
    'param',
    'constant',
    'index',
    'extent',
    'uniform',
    'map',
    'reduce',
    'broadcast',
    'gather',
    'scatter',
    'rename',
    'shift',
    'stop',
    'barrier',
  ]) {
    expect(ops, op).toContain(op);
  }
  expect(grown([])).toBe(leaves);
});
