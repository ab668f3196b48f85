/** Every pass of the pipeline keeps a program's meaning and leaves it well formed; what breaks either is named. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node, Op } from '../../dsl/node.js';
import { adamw } from '../../dsl/optimizers.js';
import { contract } from '../../compiler/passes/contract.js';
import { diagonalise } from '../../compiler/passes/diagonal.js';
import { check, goneAfter } from '../../compiler/check.js';
import { rewrite } from '../../compiler/graph.js';
import { expand } from '../../compiler/passes/expand.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type Program, rootsOf } from '../../compiler/program.js';
import { environmentFor, type Sizes, sizes } from '../generators/axes.js';
import { products } from '../generators/products.js';
import { leaves, pools, rootsFrom } from '../generators/expressions.js';
import { expectEqualValues, measured } from '../support/compare.js';
import { programOf, runPass } from '../support/programs.js';

const total = (n: Node): Node =>
  build.reduce(
    'sum',
    n,
    n.axes.map((a) => a.name),
  );
const step = build.input('step', [], 'f32');
const sgd = {
  name: 'sgd',
  slots: [],
  update: (p: Node, g: Node) => ({ value: build.map('sub', p, build.map('mul', build.constant(0.5), g)), slots: {} }),
};

/** Random outputs beside a loss that reads a parameter; the loss may be a gradient's. */
const programs = fc.record({ pool: pools(10), second: fc.boolean(), slots: fc.boolean() });
const programFrom = ({ pool, second, slots }: typeof programs extends fc.Arbitrary<infer P> ? P : never): Program => {
  const outputs = rootsFrom(pool, 2);
  const gain = leaves.find((n) => n.op === 'param' && n.path === 'gain')!;
  const floats = outputs.filter((n) => n.dtype === 'f32').map(total);
  const value = [...floats, total(build.map('tanh', gain))].reduce((a, b) => build.map('add', a, b));
  const slope = build.project({ op: 'gradient', of: value, wrt: [gain] }, '0');
  const loss = second ? total(build.map('sin', slope)) : value;
  return programOf(
    { loss, ...Object.fromEntries(outputs.map((n, i) => [`out${i}`, n])) },
    { optimizer: slots ? adamw({ rate: 0.1 }) : sgd },
  );
};

const environment = (roots: readonly Node[], at: Sizes, seed: number) => {
  const env = environmentFor([...roots, step], at, seed);
  // An average of squares is not negative, and steps count from 1.
  const params = Object.fromEntries(
    Object.entries(env.params ?? {}).map(([path, v]) => [path, path.endsWith('.v') ? Array.from(v, Math.abs) : v]),
  );
  return { ...env, params, inputs: { ...env.inputs, step: [3] } };
};

describe('each pass of the pipeline', () => {
  test('preserves the meaning of random programs and leaves them well formed', () => {
    let compared = 0;
    fc.assert(
      fc.property(programs, sizes, fc.nat(), (choice, at, seed) => {
        const written = programFrom(choice);
        expect(check(written), 'as written').toEqual([]);
        let before = written;
        const gone: Op[] = [];
        for (const pass of pipeline) {
          const after = runPass(pass, before);
          gone.push(...(goneAfter[pass.name] ?? []));
          expect(check(after, gone), `after ${pass.name}`).toEqual([]);
          if (pass.name !== 'expand') {
            // A pass may add results (the updates of training); what there was keeps its value.
            const kept = { ...before, updates: before.updates };
            const roots = rootsOf(kept);
            const env = environment([...roots, ...rootsOf(after)], at, seed);
            const want = measured(roots, env);
            if (!want.finite || want.scale > 1e6) return;
            const results = { ...after.outputs, ...after.updates };
            const names = [...Object.keys(before.outputs), ...Object.keys(before.updates)];
            const got = measured(
              names.map((name) => results[name]!),
              env,
            );
            names.forEach((name, i) =>
              expectEqualValues(got.values[i]!, want.values[i]!, want.scale * 10, `${name} after ${pass.name}`),
            );
            compared += 1;
          }
          before = after;
        }
      }),
      { numRuns: 150 },
    );
    expect(compared).toBeGreaterThan(150);
  });

  test('sums over rows, of products that only some rows reach, are left as they are', () => {
    const [z, position] = ['z', 'position'].map((name) =>
      leaves.find((n) => (n.op === 'input' && n.name === name) || (n.op === 'param' && n.path === name))!,
    ) as [Node, Node];
    const table = leaves.find((n) => n.op === 'param' && n.path === 'table')!;
    const reached = build.reduce('sum', build.map('mul', position, z), ['batch']);
    const dense = build.map(
      'mul',
      position,
      build.reduce(
        'sum',
        build.map('mul', build.broadcast(build.map('sin', position), []), build.reduce('sum', z, ['batch'])),
        ['seq'],
      ),
    );
    for (const node of [
      total(build.map('add', reached, table)),
      build.reduce('sum', build.map('mul', reached, table), ['width']),
      total(build.map('mul', reached, reached)),
      dense,
    ]) {
      const program = programOf({ out: node });
      const finished = pipeline.reduce((p, pass) => runPass(pass, p), program);
      for (const seed of [1, 2, 3]) {
        const env = environmentFor([node], { batch: 3, lengths: [0, 2, 4] }, seed);
        const want = measured([node], env);
        expectEqualValues(
          measured([finished.outputs['out']!], env).values[0]!,
          want.values[0]!,
          want.scale * 10,
          'out',
        );
      }
    }
  });

  test.each([contract, diagonalise])('$name preserves sums of products, masked and renamed', (pass) => {
    let changed = 0;
    fc.assert(
      fc.property(products, products, sizes, fc.nat(), (a, b, at, seed) => {
        const program = programOf({ a, b });
        const after = runPass(pass, program);
        if (rootsOf(after).some((n, i) => n !== rootsOf(program)[i])) changed += 1;
        expect(check(after)).toEqual([]);
        const env = environmentFor([a, b], at, seed);
        const want = measured([a, b], env);
        fc.pre(want.finite && want.scale < 1e8);
        const got = measured(rootsOf(after), env);
        ['a', 'b'].forEach((name, i) => expectEqualValues(got.values[i]!, want.values[i]!, want.scale * 100, name));
      }),
      { numRuns: 300 },
    );
    expect(changed).toBeGreaterThan(20);
  });

  test('gives the same nodes for the same program: compiling twice is compiling once', () => {
    fc.assert(
      fc.property(programs, (choice) => {
        const written = programFrom(choice);
        const run = (): readonly Node[] =>
          rootsOf(
            pipeline.reduce(
              (program, pass) => runPass(pass, program),
              programOf(written.outputs, { optimizer: written.optimizer! }),
            ),
          );
        const interned = written.interned;
        const [a, b] = [rewrite(run(), interned, (n) => n), rewrite(run(), interned, (n) => n)];
        a.forEach((n, i) => expect(n === b[i]).toBe(true));
      }),
      { numRuns: 30 },
    );
  });
});

describe('the checker', () => {
  const x = leaves[0]!;
  test('accepts what the constructors make', () => {
    fc.assert(
      fc.property(pools(10), (pool) => {
        expect(check(programOf({ out: rootsFrom(pool)[0]! }))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
  test.each<readonly [string, Node, RegExp]>([
    ['an axis too few', { op: 'map', fn: 'sin', args: [x], axes: x.axes.slice(1), dtype: 'f32' }, /its rule gives/],
    ['another element type', { op: 'map', fn: 'lt', args: [x, x], axes: x.axes, dtype: 'f32' }, /its rule gives/],
    ['axes out of order', { op: 'broadcast', arg: x, axes: [...x.axes].reverse(), dtype: 'f32' }, /not sorted/],
    [
      'arguments that the rule refuses',
      { op: 'shift', arg: x, axis: 'item', by: 1, axes: x.axes, dtype: 'f32' },
      /refuses/,
    ],
    ['a bool that is 2', build.constant(2, 'bool'), /a bool is 0 or 1/],
    ['an index of floats', { op: 'index', axis: x.axes[0]!, axes: [x.axes[0]!], dtype: 'f32' }, /element type/],
  ])('refuses %s', (_, node, complaint) => {
    const program = programOf({ out: x });
    program.interned.one(node);
    expect(check({ ...program, outputs: { out: node } }).join('\n')).toMatch(complaint);
  });
  test('refuses a second copy of a node, and primitives whose time is over', () => {
    const program = programOf({ out: build.stop(x) });
    expect(check({ ...program, outputs: { out: build.stop(x) } }).join()).toMatch(/not the interned node/);
    expect(check(program, ['stop']).join()).toMatch(/belongs here/);
    expect(check(runPass(expand, program))).toEqual([]);
  });
});
