/** Every scalar function and every primitive, differentiated once and twice, against central differences. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { type ScalarName, scalars } from '../../dsl/scalar.js';
import { topological } from '../../compiler/graph.js';
import { table } from '../../compiler/scalars.js';
import { batch, environmentFor, item, key, real, seq, type Sizes, sizes, wide, width } from '../generators/axes.js';
import { pools, rootsFrom } from '../generators/expressions.js';
import { measured } from '../support/compare.js';
import { expectDerivatives, paramsOf } from '../support/derivatives.js';
import { expanded, meaning } from '../support/programs.js';
import { evaluate } from '../../compiler/targets/reference.js';

const { map, constant, reduce, gather, scatter, rename, shift, broadcast, param } = build;
const std = { kind: 'normal', std: 1 } as const;
const c = (value: number): Node => constant(value);

// --- scalar functions ---------------------------------------------------------------------------------------------------
const x = param('x', [], std);
const y = param('y', [], std);
const above = (n: Node): Node => map('gt', n, c(0));
const positive = (u: number): number => 0.3 + Math.abs(u);
const apart = (u: number): number => (Math.abs(u) < 0.05 ? 0.1 : u);
const between = (u: number): number => Math.floor(u) + 0.25 + (u - Math.floor(u)) / 2;

interface Trial {
  readonly root: Node;
  /** Brings two numbers of [-3, 3] to where the function is smooth. */
  readonly domain: (u: number, v: number) => readonly [number, number];
}
const anywhere: Trial['domain'] = (u, v) => [u, v];
const distinct: Trial['domain'] = (u, v) => [u, Math.abs(u - v) < 0.05 ? v + 0.2 : v];
const unary = (fn: ScalarName, domain: (u: number) => number = (u) => u): Trial => ({ root: map(fn, x), domain: (u, v) => [domain(u), v] });
const binary = (fn: ScalarName, domain: Trial['domain'] = anywhere): Trial => ({ root: map(fn, x, y), domain });
/** A function without a derivative of its own, inside one that has it. */
const beside = (root: Node, domain: Trial['domain'] = (u, v) => [between(u), between(v)]): Trial => ({ root, domain });
const chosen = (p: Node): Node => map('select', p, map('mul', x, y), map('sin', y));

const trials: { readonly [F in ScalarName]: Trial } = {
  add: binary('add'), sub: binary('sub'), mul: binary('mul'), div: binary('div', (u, v) => [u, Math.sign(v || 1) * (0.5 + Math.abs(v))]),
  max: binary('max', distinct), min: binary('min', distinct), pow: binary('pow', (u, v) => [positive(u), v / 1.5]),
  neg: unary('neg'), exp: unary('exp'), log: unary('log', positive), log1p: unary('log1p', (u) => u / 5), sqrt: unary('sqrt', positive), rsqrt: unary('rsqrt', positive),
  sin: unary('sin'), cos: unary('cos'), tanh: unary('tanh'), sigmoid: unary('sigmoid'), softplus: unary('softplus'), erf: unary('erf'), abs: unary('abs', apart),
  sign: beside(map('mul', map('sign', x), x), (u, v) => [apart(u), v]), floor: beside(map('mul', map('floor', x), x)),
  eq: beside(chosen(map('eq', x, y)), distinct), ne: beside(chosen(map('ne', x, y)), distinct), lt: beside(chosen(map('lt', x, y)), distinct),
  le: beside(chosen(map('le', x, y)), distinct), gt: beside(chosen(map('gt', x, y)), distinct), ge: beside(chosen(map('ge', x, y)), distinct),
  and: beside(chosen(map('and', above(x), above(y))), (u, v) => [apart(u), apart(v)]), or: beside(chosen(map('or', above(x), above(y))), (u, v) => [apart(u), apart(v)]),
  not: beside(chosen(map('not', above(x))), (u, v) => [apart(u), v]), select: beside(chosen(above(x)), (u, v) => [apart(u), v]),
  toI32: beside(map('mul', map('toF32', map('toI32', x)), y)), toF32: beside(map('mul', map('toF32', map('toI32', map('mul', x, y))), y), (u) => [between(u), 1]),
};

describe.each(Object.keys(trials) as readonly ScalarName[])('%s', (fn) => {
  const { root, domain } = trials[fn];
  test('first and second derivatives agree with central differences', () => {
    expect(scalars[fn]).toBeDefined();
    fc.assert(fc.property(real, real, (u, v) => {
      const [a, b] = domain(u, v);
      expectDerivatives(root, { sizes: {}, params: { x: [a], y: [b] } });
    }), { numRuns: 40 });
  });
});

test('the table of scalar functions is the language\'s', () => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(scalars).sort());
});

describe('at a kink one side is chosen, and stated', () => {
  const slopes = (root: Node, a: number, b: number): readonly number[] =>
    meaning([0, 1].map((i) => build.project({ op: 'gradient', of: root, wrt: [x, y] }, `${i}`)), { sizes: {}, params: { x: [a], y: [b] } }).map((v) => v.data[0]! + 0);
  test.each<readonly [string, Node, readonly [number, number], readonly [number, number]]>([
    ['the larger of two equals is the first', map('max', x, y), [1, 1], [1, 0]],
    ['the smaller of two equals is the first', map('min', x, y), [1, 1], [1, 0]],
    ['|x| has slope 0 at 0', map('abs', x), [0, 0], [0, 0]],
    ['relu has slope 0 at 0', map('select', above(x), x, c(0)), [0, 0], [0, 0]],
    ['only the chosen branch contributes, though the other is not a number', map('select', above(x), map('log', x), c(0)), [-1, 0], [0, 0]],
    ['x^0 is flat in x', map('pow', x, y), [2, 0], [0, Math.log(2)]],
    ['and so is 0^0', map('pow', x, y), [0, 0], [0, 0]],
    ['a power of a negative number has no slope in its exponent', map('pow', x, y), [-2, 3], [12, 0]],
    ['nor has a power of 0', map('pow', x, y), [0, 2], [0, 0]],
    ['0^1 has slope 1', map('pow', x, y), [0, 1], [1, 0]],
    ['a negative power of a negative number', map('pow', x, y), [-2, -1], [-0.25, 0]],
    ['a root at 0 is as steep as it is', map('pow', x, y), [0, 0.5], [Infinity, 0]],
  ])('%s', (_, root, [a, b], want) => expect(slopes(root, a, b)).toEqual(want));

  test.each([0, 1, 2, 3, 4, -1, -2])('x^%i has the derivatives of its polynomial, to the third, at negative x and at 0', (n) => {
    const slope = (of: Node): Node => build.project({ op: 'gradient', of, wrt: [x] }, '0');
    const expected = (a: number): readonly number[] => [n * a ** (n - 1), n * (n - 1) * a ** (n - 2), n * (n - 1) * (n - 2) * a ** (n - 3)].map((v) => (Number.isNaN(v) ? 0 : v + 0));
    for (const exponent of [c(n), y]) {
      const first = slope(map('pow', x, exponent));
      const roots = [first, slope(first), slope(slope(first))];
      for (const a of [-2.5, -1, 1.5, ...(n >= 0 ? [0] : [])]) {
        const got = meaning(roots, { sizes: {}, params: { x: [a], y: [n] } }).map((v) => v.data[0]! + 0);
        got.forEach((v, k) => expect(v, `derivative ${k + 1} at ${a}`).toBeCloseTo(expected(a)[k]!, 10));
      }
    }
  });

  test('equal maxima share the cotangent evenly', () => {
    const p = param('p', [width], std);
    const slope = build.project({ op: 'gradient', of: reduce('max', p, ['width']), wrt: [p] }, '0');
    expect([...meaning([slope], { sizes: {}, params: { p: [2, 1, 2] } })[0]!.data]).toEqual([0.5, 0, 0.5]);
    expect([...meaning([slope], { sizes: {}, params: { p: [3, 3, 3] } })[0]!.data]).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });
});

// --- primitives ---------------------------------------------------------------------------------------------------------
const a = param('a', [batch, seq], std);
const w = param('w', [seq, width], std);
const m = param('m', [key, seq], std);
const q = param('q', [width, wide], std);
const t = param('t', [item, width], std);
const u = param('u', [batch, item], std);
const s = param('s', [], std);
const ids = build.input('ids', [batch, seq], 'i32');
const kept = build.input('flag', [batch, seq], 'bool');
const f = (n: Node): Node => map('sin', n);
const square = (n: Node): Node => map('mul', n, n);
const draw = axis('draw', 2);

const cases: readonly (readonly [string, Node])[] = [
  ['a sum over a ragged axis', f(reduce('sum', square(a), ['seq']))],
  ['a sum over rows, of what may not exist in each', f(reduce('sum', map('cos', a), ['batch']))],
  ['a sum over both', f(reduce('sum', square(a), ['batch', 'seq']))],
  ['a sum over a sequence without rows, as long as its bound', f(reduce('sum', square(w), ['seq']))],
  ['a contraction', f(reduce('sum', map('mul', w, q), ['width']))],
  ['a contraction of positions', reduce('sum', map('mul', f(m), rename(f(a), 'seq', key)), ['key'])],
  ['a maximum over a ragged axis', map('max', reduce('max', f(a), ['seq']), c(-9))],
  ['a maximum over rows', map('max', reduce('max', square(a), ['batch']), c(-9))],
  ['a maximum over both', square(reduce('max', a, ['batch', 'seq']))],
  ['a broadcast along rows, whose lengths then count', f(map('mul', broadcast(w, [batch]), s))],
  ['a broadcast of a scalar along a ragged axis', map('mul', broadcast(f(s), [batch, seq]), a)],
  ['a barrier', map('mul', build.barrier(f(a), 'k'), a)],
  ['a table looked up, positions out of range included', square(gather(t, ids, 'item'))],
  ['a table looked up along a shared axis', f(gather(u, ids, 'item'))],
  ['rows looked up in other rows', square(gather(a, build.input('rows', [width], 'i32'), 'batch'))],
  ['rows looked up by positions of a sequence', square(gather(map('mul', a, s), build.index(key), 'batch'))],
  ['one position of a ragged axis', f(gather(a, map('sub', build.extent(seq, [batch]), constant(1, 'i32')), 'seq'))],
  ['what is scattered to items', f(scatter(square(a), ids, item, ['batch', 'seq']))],
  ['what is scattered within a row', f(scatter(square(a), ids, item, ['seq']))],
  ['what is scattered, though it lacks the axes that vanish', f(scatter(square(s), ids, item, ['batch', 'seq']))],
  ['what is scattered to every position', scatter(f(a), ids, item, [])],
  ['a second copy of an axis', map('mul', rename(a, 'seq', key), a)],
  ['the diagonal of two positions', square(rename(map('mul', f(m), a), 'key', seq))],
  ['the diagonal of a square', f(rename(square(q), 'wide', width))],
  ['a transpose', map('mul', rename(rename(rename(q, 'wide', axis('other', 3)), 'width', wide), 'other', width), q)],
  ['a shift along a ragged axis', map('mul', shift(f(a), 'seq', 1), a)],
  ['a shift against it', map('mul', shift(f(a), 'seq', -2), a)],
  ['a shift along rows, whose lengths differ', map('mul', shift(f(a), 'batch', 1), c(2))],
  ['a mask of positions', reduce('sum', map('select', map('le', build.index(key), build.index(seq)), f(m), c(0)), ['key'])],
  ['a mask that is data', map('select', kept, square(a), f(a))],
  ['dropout, whose draws are constants', map('select', map('ge', build.uniform('drop', [batch, seq]), c(0.5)), square(a), c(0))],
  ['lengths as numbers', map('div', reduce('sum', square(a), ['seq']), map('max', map('toF32', build.extent(seq, [batch])), c(1)))],
  ['a softmax with its maximum', (() => { const e = map('exp', map('sub', w, broadcast(reduce('max', w, ['width']), [width]))); return map('div', e, reduce('sum', e, ['width'])); })()],
  ['draws beside parameters', reduce('sum', map('mul', build.uniform('noise', [draw, width]), square(w)), ['width'])],
];

const at: Sizes = { batch: 3, lengths: [3, 0, 4] };
describe('primitives, first and second derivatives against central differences', () => {
  test.each(cases)('%s', (_, root) => {
    expect(paramsOf(root).length).toBeGreaterThan(0);
    for (const seed of [1, 2]) expectDerivatives(root, environmentFor([root], at, seed), seed);
  });

  test('random smooth programs too', () => {
    let checked = 0;
    fc.assert(fc.property(pools(5, { smooth: true }), sizes, fc.nat(), (pool, rows, seed) => {
      const root = rootsFrom(pool, 1)[0]!;
      if (root.dtype !== 'f32' || paramsOf(root).length === 0 || expanded([root])[0]!.op === 'param') return;
      if (topologicalHas(root, 'stop')) return;
      const env = environmentFor([root], rows, seed);
      const { scale, finite } = measured([root], env);
      fc.pre(finite && scale < 100);
      checked += 1;
      expectDerivatives(root, env, seed);
    }), { numRuns: 150 });
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
