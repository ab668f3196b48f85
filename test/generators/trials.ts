/** What is differentiated: a program for each scalar function, where it is smooth, and programs over every primitive. */
import { axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { ScalarName } from '../../dsl/scalar.js';
import { batch, item, key, seq, wide, width } from './axes.js';

const { map, constant, reduce, gather, scatter, rename, shift, broadcast, param } = build;
const std = { kind: 'normal', std: 1 } as const;
const c = (value: number): Node => constant(value);

// --- scalar functions ---------------------------------------------------------------------------------------------------
export const x = param('x', [], std);
export const y = param('y', [], std);
export const above = (n: Node): Node => map('gt', n, c(0));
const positive = (u: number): number => 0.3 + Math.abs(u);
const apart = (u: number): number => (Math.abs(u) < 0.05 ? 0.1 : u);
const between = (u: number): number => Math.floor(u) + 0.25 + (u - Math.floor(u)) / 2;

export interface Trial {
  readonly root: Node;
  /** Brings two numbers of [-3, 3] to where the function is smooth. */
  readonly domain: (u: number, v: number) => readonly [number, number];
}
const anywhere: Trial['domain'] = (u, v) => [u, v];
const distinct: Trial['domain'] = (u, v) => [u, Math.abs(u - v) < 0.05 ? v + 0.2 : v];
const unary = (fn: ScalarName, domain: (u: number) => number = (u) => u): Trial => ({
  root: map(fn, x),
  domain: (u, v) => [domain(u), v],
});
const binary = (fn: ScalarName, domain: Trial['domain'] = anywhere): Trial => ({ root: map(fn, x, y), domain });
/** A function without a derivative of its own, inside one that has it. */
const beside = (root: Node, domain: Trial['domain'] = (u, v) => [between(u), between(v)]): Trial => ({ root, domain });
const chosen = (p: Node): Node => map('select', p, map('mul', x, y), map('sin', y));

export const trials: { readonly [F in ScalarName]: Trial } = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div', (u, v) => [u, Math.sign(v || 1) * (0.5 + Math.abs(v))]),
  max: binary('max', distinct),
  min: binary('min', distinct),
  pow: binary('pow', (u, v) => [positive(u), v / 1.5]),
  neg: unary('neg'),
  exp: unary('exp'),
  log: unary('log', positive),
  log1p: unary('log1p', (u) => u / 5),
  sqrt: unary('sqrt', positive),
  rsqrt: unary('rsqrt', positive),
  sin: unary('sin'),
  cos: unary('cos'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  softplus: unary('softplus'),
  erf: unary('erf'),
  abs: unary('abs', apart),
  sign: beside(map('mul', map('sign', x), x), (u, v) => [apart(u), v]),
  floor: beside(map('mul', map('floor', x), x)),
  eq: beside(chosen(map('eq', x, y)), distinct),
  ne: beside(chosen(map('ne', x, y)), distinct),
  lt: beside(chosen(map('lt', x, y)), distinct),
  le: beside(chosen(map('le', x, y)), distinct),
  gt: beside(chosen(map('gt', x, y)), distinct),
  ge: beside(chosen(map('ge', x, y)), distinct),
  and: beside(chosen(map('and', above(x), above(y))), (u, v) => [apart(u), apart(v)]),
  or: beside(chosen(map('or', above(x), above(y))), (u, v) => [apart(u), apart(v)]),
  not: beside(chosen(map('not', above(x))), (u, v) => [apart(u), v]),
  select: beside(chosen(above(x)), (u, v) => [apart(u), v]),
  toI32: beside(map('mul', map('toF32', map('toI32', x)), y)),
  toF32: beside(map('mul', map('toF32', map('toI32', map('mul', x, y))), y), (u) => [between(u), 1]),
};

// --- primitives ---------------------------------------------------------------------------------------------------------
export const a = param('a', [batch, seq], std);
export const w = param('w', [seq, width], std);
const m = param('m', [key, seq], std);
const q = param('q', [width, wide], std);
const t = param('t', [item, width], std);
const u = param('u', [batch, item], std);
const s = param('s', [], std);
const ids = build.input('ids', [batch, seq], 'i32');
const kept = build.input('flag', [batch, seq], 'bool');
export const f = (n: Node): Node => map('sin', n);
const square = (n: Node): Node => map('mul', n, n);
const draw = axis('draw', 2);

export const cases: readonly (readonly [string, Node])[] = [
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
  [
    'a mask of positions',
    reduce('sum', map('select', map('le', build.index(key), build.index(seq)), f(m), c(0)), ['key']),
  ],
  ['a mask that is data', map('select', kept, square(a), f(a))],
  [
    'dropout, whose draws are constants',
    map('select', map('ge', build.uniform('drop', [batch, seq]), c(0.5)), square(a), c(0)),
  ],
  [
    'lengths as numbers',
    map('div', reduce('sum', square(a), ['seq']), map('max', map('toF32', build.extent(seq, [batch])), c(1))),
  ],
  [
    'a softmax with its maximum',
    (() => {
      const e = map('exp', map('sub', w, broadcast(reduce('max', w, ['width']), [width])));
      return map('div', e, reduce('sum', e, ['width']));
    })(),
  ],
  ['draws beside parameters', reduce('sum', map('mul', build.uniform('noise', [draw, width]), square(w)), ['width'])],
];
