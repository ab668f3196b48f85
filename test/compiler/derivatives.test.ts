/** Every scalar function and every primitive, differentiated once and twice, against central differences. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { type ScalarName, scalars } from '../../dsl/scalar.js';
import { topological } from '../../compiler/graph.js';
import { table } from '../../compiler/scalars.js';
import { environmentFor, real, type Sizes, sizes, width } from '../generators/axes.js';
import { pools, rootsFrom } from '../generators/expressions.js';
import { a, above, cases, f, trials, w, x, y } from '../generators/trials.js';
import { measured } from '../support/compare.js';
import { expectDerivatives, paramsOf } from '../support/derivatives.js';
import { expanded, meaning } from '../support/programs.js';
import { evaluate } from '../../compiler/targets/reference.js';

const { map, constant, reduce, param } = build;
const std = { kind: 'normal', std: 1 } as const;
const c = (value: number): Node => constant(value);

describe.each(Object.keys(trials) as readonly ScalarName[])('%s', (fn) => {
  const { root, domain } = trials[fn];
  test('first and second derivatives agree with central differences', () => {
    expect(scalars[fn]).toBeDefined();
    fc.assert(
      fc.property(real, real, (u, v) => {
        const [a, b] = domain(u, v);
        expectDerivatives(root, { sizes: {}, params: { x: [a], y: [b] } });
      }),
      { numRuns: 40 },
    );
  });
});

test("the table of scalar functions is the language's", () => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(scalars).sort());
});

describe('at a kink one side is chosen, and stated', () => {
  const slopes = (root: Node, a: number, b: number): readonly number[] =>
    meaning(
      [0, 1].map((i) => build.project({ op: 'gradient', of: root, wrt: [x, y] }, `${i}`)),
      { sizes: {}, params: { x: [a], y: [b] } },
    ).map((v) => v.data[0]! + 0);
  test.each<readonly [string, Node, readonly [number, number], readonly [number, number]]>([
    ['the larger of two equals is the first', map('max', x, y), [1, 1], [1, 0]],
    ['the smaller of two equals is the first', map('min', x, y), [1, 1], [1, 0]],
    ['|x| has slope 0 at 0', map('abs', x), [0, 0], [0, 0]],
    ['relu has slope 0 at 0', map('select', above(x), x, c(0)), [0, 0], [0, 0]],
    [
      'only the chosen branch contributes, though the other is not a number',
      map('select', above(x), map('log', x), c(0)),
      [-1, 0],
      [0, 0],
    ],
    ['x^0 is flat in x', map('pow', x, y), [2, 0], [0, Math.log(2)]],
    ['and so is 0^0', map('pow', x, y), [0, 0], [0, 0]],
    ['a power of a negative number has no slope in its exponent', map('pow', x, y), [-2, 3], [12, 0]],
    ['nor has a power of 0', map('pow', x, y), [0, 2], [0, 0]],
    ['0^1 has slope 1', map('pow', x, y), [0, 1], [1, 0]],
    ['a negative power of a negative number', map('pow', x, y), [-2, -1], [-0.25, 0]],
    ['a root at 0 is as steep as it is', map('pow', x, y), [0, 0.5], [Infinity, 0]],
  ])('%s', (_, root, [a, b], want) => expect(slopes(root, a, b)).toEqual(want));

  test.each([0, 1, 2, 3, 4, -1, -2])(
    'x^%i has the derivatives of its polynomial, to the third, at negative x and at 0',
    (n) => {
      const slope = (of: Node): Node => build.project({ op: 'gradient', of, wrt: [x] }, '0');
      const expected = (a: number): readonly number[] =>
        [n * a ** (n - 1), n * (n - 1) * a ** (n - 2), n * (n - 1) * (n - 2) * a ** (n - 3)].map((v) =>
          Number.isNaN(v) ? 0 : v + 0,
        );
      for (const exponent of [c(n), y]) {
        const first = slope(map('pow', x, exponent));
        const roots = [first, slope(first), slope(slope(first))];
        for (const a of [-2.5, -1, 1.5, ...(n >= 0 ? [0] : [])]) {
          const got = meaning(roots, { sizes: {}, params: { x: [a], y: [n] } }).map((v) => v.data[0]! + 0);
          got.forEach((v, k) => expect(v, `derivative ${k + 1} at ${a}`).toBeCloseTo(expected(a)[k]!, 10));
        }
      }
    },
  );

  test('equal maxima share the cotangent evenly', () => {
    const p = param('p', [width], std);
    const slope = build.project({ op: 'gradient', of: reduce('max', p, ['width']), wrt: [p] }, '0');
    expect([...meaning([slope], { sizes: {}, params: { p: [2, 1, 2] } })[0]!.data]).toEqual([0.5, 0, 0.5]);
    expect([...meaning([slope], { sizes: {}, params: { p: [3, 3, 3] } })[0]!.data]).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });
});

const at: Sizes = { batch: 3, lengths: [3, 0, 4] };
describe('primitives, first and second derivatives against central differences', () => {
  test.each(cases)('%s', (_, root) => {
    expect(paramsOf(root).length).toBeGreaterThan(0);
    for (const seed of [1, 2]) expectDerivatives(root, environmentFor([root], at, seed), seed);
  });

  test('random smooth programs too', () => {
    let checked = 0;
    fc.assert(
      fc.property(pools(5, { smooth: true }), sizes, fc.nat(), (pool, rows, seed) => {
        const root = rootsFrom(pool, 1)[0]!;
        if (root.dtype !== 'f32' || paramsOf(root).length === 0 || expanded([root])[0]!.op === 'param') return;
        if (topologicalHas(root, 'stop')) return;
        const env = environmentFor([root], rows, seed);
        const { scale, finite } = measured([root], env);
        fc.pre(finite && scale < 100);
        checked += 1;
        expectDerivatives(root, env, seed);
      }),
      { numRuns: 150 },
    );
    expect(checked).toBeGreaterThan(30);
  });
});

const topologicalHas = (root: Node, op: Node['op']): boolean => topological([root]).some((n) => n.op === op);

describe('where no derivative is', () => {
  const slope = (root: Node, wrt: Node): Node => build.project({ op: 'gradient', of: root, wrt: [wrt] }, '0');
  test('stop keeps the value and has none', () => {
    const root = map('mul', build.stop(f(a)), a);
    const env = environmentFor([root], at, 1);
    const [value, derived, want] = meaning([root, slope(root, a), f(a)], env);
    expect(derived!.data).toEqual(want!.data);
    expect(value!.data).toEqual(evaluate([map('mul', f(a), a)], env)[0]!.data);
  });
  test('what the root does not read has zeros along its own axes', () => {
    const [derived] = meaning([slope(f(a), w)], environmentFor([f(a), w], at, 1));
    expect(derived!.axes.map((n) => n.name)).toEqual(['seq', 'width']);
    expect([...derived!.data].every((v) => v === 0)).toBe(true);
  });
  test('positions that do not exist have the derivative 0', () => {
    const [derived] = meaning([slope(map('cos', a), a)], environmentFor([a], { batch: 1, lengths: [1] }, 1));
    expect([...derived!.data].slice(1)).toEqual([0, 0, 0]);
  });
});
