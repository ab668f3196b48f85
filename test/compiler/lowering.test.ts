/** Loops mean what the expressions mean that they were lowered from. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { decide } from '../../compiler/passes/fuse.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { evaluate } from '../../compiler/targets/reference.js';
import { batch, environmentFor, key, seq, sizes, width } from '../generators/axes.js';
import { pools, rootsFrom } from '../generators/expressions.js';
import { products } from '../generators/products.js';
import { expectEqualValues, measured } from '../support/compare.js';
import { runLowered } from '../support/lowered.js';
import { expanded, programOf, runPass } from '../support/programs.js';

const named = (roots: readonly Node[]): Readonly<Record<string, Node>> =>
  Object.fromEntries(roots.map((n, i) => [`out${i}`, n]));

/** Compares a finished program's loops with the reference on expressions that mean the same. */
const expectLowered = (
  program: Program,
  meant: Readonly<Record<string, Node>>,
  at: Parameters<typeof environmentFor>[1],
  seed: number,
): boolean => {
  const names = Object.keys(meant);
  const env = environmentFor([...Object.values(meant), ...rootsOf(program)], at, seed);
  const want = measured(Object.values(meant), env);
  if (!want.finite || want.scale > 1e6) return false;
  const got = runLowered(program, env);
  // A result that is an input keeps what the input holds beyond its rows.
  const exists = evaluate(
    Object.values(meant).map((n) => build.broadcast(build.constant(1), n.axes)),
    env,
  );
  names.forEach((name, i) => expectEqualValues(got[name]!, want.values[i]!, want.scale * 10, name, exists[i]!.data));
  return true;
};

describe('lowered loops agree with the reference', () => {
  test('on random programs, each root a kernel of its own', () => {
    fc.assert(
      fc.property(pools(10), sizes, fc.nat(), (pool, at, seed) => {
        const program = programOf(named(rootsFrom(pool)));
        expectLowered({ ...program, stored: decide(rootsOf(program), Infinity) }, program.outputs, at, seed);
      }),
      { numRuns: 500 },
    );
  });

  test('on random programs, with any choice of what is stored', () => {
    fc.assert(
      fc.property(
        pools(10),
        sizes,
        fc.nat(),
        fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
        (pool, at, seed, choice) => {
          const program = programOf(named(rootsFrom(pool)));
          const forced = new Set(rewrittenPool(program).filter((_, i) => choice[i % choice.length]!));
          expectLowered({ ...program, stored: decide(rootsOf(program), Infinity, forced) }, program.outputs, at, seed);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('after the whole pipeline', () => {
    let compared = 0;
    fc.assert(
      fc.property(pools(12), sizes, fc.nat(), (pool, at, seed) => {
        const program = programOf(named(rootsFrom(pool)));
        const finished = pipeline.reduce((p, pass) => runPass(pass, p), program);
        if (expectLowered(finished, program.outputs, at, seed)) compared += 1;
      }),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(200);
  });

  test('on gradients of random programs', () => {
    fc.assert(
      fc.property(pools(8), sizes, fc.nat(), (pool, at, seed) => {
        const floats = rootsFrom(pool).filter((n) => n.dtype === 'f32');
        const params = [...new Map(floats.flatMap(paramsOf).map((p) => [p.op === 'param' ? p.path : '', p])).values()];
        if (params.length === 0) return;
        const loss = floats
          .map((n): Node =>
            build.reduce(
              'sum',
              n,
              n.axes.map((a) => a.name),
            ),
          )
          .reduce((a, b) => build.map('add', a, b));
        const slopes = params.map((_, i) => build.project({ op: 'gradient', of: loss, wrt: params }, `${i}`));
        const finished = pipeline.reduce((p, pass) => runPass(pass, p), programOf(named(slopes)));
        expectLowered(finished, named(expanded(slopes)), at, seed);
      }),
      { numRuns: 200 },
    );
  });
});

const rewrittenPool = (program: Program): readonly Node[] =>
  topological(rootsOf(program)).filter((n) => !['input', 'param', 'constant'].includes(n.op));
const paramsOf = (root: Node): readonly Node[] => topological([root]).filter((n) => n.op === 'param');

test('sums of products agree after the whole pipeline: contractions reordered, loops narrowed', () => {
  fc.assert(
    fc.property(products, products, sizes, fc.nat(), (a, b, at, seed) => {
      const program = programOf({ a, b });
      expectLowered(
        pipeline.reduce((p, pass) => runPass(pass, p), program),
        program.outputs,
        at,
        seed,
      );
    }),
    { numRuns: 150 },
  );
});

describe('what rows have that are reduced, moved or absent', () => {
  const x = build.input('x', [batch, seq], 'f32');
  const p = build.param('p', [seq], { kind: 'normal', std: 1 });
  const f = (n: Node): Node => build.map('cos', n);
  const at: Parameters<typeof environmentFor>[1] = { batch: 3, lengths: [3, 0, 1] };
  const position = build.map('sub', build.index(batch), build.index(batch));
  test.each<readonly [string, Node]>([
    ['a sum over rows sees the positions that exist in each', build.reduce('sum', f(x), ['batch'])],
    ['a maximum over rows too', build.reduce('max', build.map('add', f(x), build.constant(2)), ['batch'])],
    [
      'a sum over rows of what only the row has',
      build.reduce('sum', build.broadcast(build.constant(1), [batch, seq]), ['batch']),
    ],
    [
      'a sequence without its rows is as long as its bound',
      build.map('add', build.reduce('sum', f(p), ['seq']), build.reduce('sum', x, ['seq'])),
    ],
    [
      'so it is when it is looked up',
      build.gather(f(p), build.map('sub', build.extent(seq, [batch]), build.extent(seq, [batch])), 'seq'),
    ],
    ['or shifted', build.map('add', x, build.shift(f(p), 'seq', -1))],
    [
      'a row looked up in another row ends where it ends',
      build.gather(f(x), build.reduce('max', build.broadcast(position, [batch]), ['batch']), 'batch'),
    ],
    ['a row shifted onto another ends where it ends', build.shift(f(x), 'batch', 1)],
    ['a sum over both', build.reduce('sum', f(x), ['batch', 'seq'])],
    ['a transpose', build.rename(build.broadcast(f(x), [key]), 'seq', key)],
    [
      'what is scattered along rows',
      build.scatter(f(x), build.map('toI32', build.map('abs', build.input('w', [batch], 'f32'))), width, ['batch']),
    ],
  ])('%s', (_, node) => {
    const program = programOf({ out: node });
    for (const seed of [1, 2, 3]) {
      expect(expectLowered({ ...program, stored: new Set(rootsOf(program)) }, program.outputs, at, seed)).toBe(true);
      expect(
        expectLowered(
          pipeline.reduce((q, pass) => runPass(pass, q), program),
          program.outputs,
          at,
          seed,
        ),
      ).toBe(true);
    }
  });
});

test('a causal mask narrows loops: no cell of the masked half is visited', () => {
  const a = build.input('a', [batch, seq, width], 'f32');
  const mask = build.map('le', build.index(key), build.index(seq));
  const scores = build.map(
    'select',
    mask,
    build.reduce('sum', build.map('mul', a, build.rename(a, 'seq', key)), ['width']),
    build.constant(0),
  );
  const program = programOf({
    out: build.reduce('sum', build.map('mul', scores, build.rename(a, 'seq', key)), ['key']),
  });
  const entry = lowerEntry({ ...program, stored: new Set(rootsOf(program)) });
  expect(JSON.stringify(entry.kernels[0]!.body)).toContain('"to"');
  expect(JSON.stringify(entry.kernels[0]!.body)).not.toContain('"guard"');
});
