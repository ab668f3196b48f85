/** Programs to which a rewriting row applies, made of two random expressions. */
import type { Axis } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { ScalarName } from '../../dsl/scalar.js';
import { batch, item, key, seq, wide, width } from './axes.js';

const { map, constant, broadcast, reduce, rename } = build;
const c = (value: number): Node => constant(value);

/** Null where the two expressions do not fit. */
export type Template = (x: Node, y: Node) => Node | null;
const across = (value: number): Node => broadcast(c(value), [batch, seq]);
const binary =
  (fn: ScalarName, value: number, left = false): Template =>
  (x, y) =>
    left
      ? map(fn, y.axes.length > 0 ? across(value) : c(value), x)
      : map(fn, x, y.axes.length > 0 ? across(value) : c(value));
const p = (axis = key): Node => map('le', build.index(axis), build.index(seq));
const without = (x: Node, name: string): Node => (build.hasAxis(x, name) ? reduce('sum', x, [name]) : x);
const over = (x: Node, ...axes: readonly Axis[]): Node => broadcast(x, axes);

/** The value at each row's last position, which a row without positions does not have. */
const lastOf = (x: Node): Node => build.gather(x, map('sub', build.extent(seq, [batch]), constant(1, 'i32')), 'seq');

/** By the name of the row. A row that no program here reaches fails its test. */
export const templates: Readonly<Record<string, readonly Template[]>> = {
  'add-zero': [binary('add', 0), binary('add', 0, true)],
  'sub-zero': [binary('sub', 0)],
  'zero-sub': [binary('sub', 0, true)],
  'mul-one': [binary('mul', 1), binary('mul', 1, true)],
  'mul-minus-one': [binary('mul', -1), binary('mul', -1, true)],
  'mul-zero': [binary('mul', 0), binary('mul', 0, true)],
  'div-one': [binary('div', 1)],
  'zero-div': [(x) => map('div', across(0), map('add', map('mul', x, x), c(1)))],
  'neg-neg': [(x) => map('neg', map('neg', x))],
  'add-neg': [(x, y) => map('add', x, map('neg', y)), (x, y) => map('add', map('neg', y), x)],
  'sub-neg': [(x, y) => map('sub', x, map('neg', y))],
  'mul-neg': [(x, y) => map('mul', map('neg', x), y), (x, y) => map('mul', x, map('neg', y))],
  'select-known': [
    (x, y) => map('select', constant(1, 'bool'), x, y),
    (x, y) => map('select', broadcast(constant(0, 'bool'), [seq]), x, y),
  ],
  'select-same': [(x) => map('select', p(), x, x)],
  'select-zeros': [() => map('select', p(), c(0), across(0))],
  'select-again': [
    (x, y) => {
      const test = p();
      return map('select', test, map('select', test, x, y), y);
    },
    (x, y) => {
      const test = p();
      return map('select', test, map('select', test, without(x, 'width'), y), c(0));
    },
  ],
  'same-test': (['le', 'lt', 'eq', 'ne', 'ge', 'gt'] as const).map((fn): Template => () => {
    const i = build.index(seq);
    return map(fn, i, i);
  }),
  'add-same': [(x) => map('add', x, x)],
  'add-again': [(x, y) => map('add', map('add', x, y), y)],
  'constant-first': [(x) => map('mul', x, c(3)), (x) => map('mul', x, over(c(0.25), seq))],
  'mul-constants': [
    (x) => map('mul', c(2), map('mul', c(3), x)),
    (x) => map('mul', over(c(2), seq), map('mul', c(0.25), x)),
  ],
  fold: [() => map('mul', c(2), across(3)), () => map('lt', constant(1, 'i32'), constant(2, 'i32'))],
  'broadcast-nothing': [(x) => broadcast(x, [])],
  'broadcast-twice': [(x) => broadcast(broadcast(x, [seq]), [width])],
  'map-broadcast': [
    (x, y) => map('add', broadcast(x, y.axes), broadcast(y, x.axes)),
    (x) => map('mul', broadcast(without(x, 'seq'), [seq]), build.input('y', [batch, seq], 'f32')),
  ],
  'map-of-broadcasts': [
    (x, y) => map('mul', over(without(without(x, 'key'), 'seq'), key), over(without(without(y, 'key'), 'seq'), key)),
    (x) => map('mul', over(without(x, 'key'), key), c(2)),
  ],
  'rename-nothing': [(x) => (build.hasAxis(x, 'seq') ? rename(x, 'seq', seq) : null)],
  'rename-back': [
    (x) => (build.hasAxis(x, 'seq') && !build.hasAxis(x, 'key') ? rename(rename(x, 'seq', key), 'key', seq) : null),
    (x) =>
      build.hasAxis(x, 'width') && !build.hasAxis(x, 'wide') ? rename(rename(x, 'width', wide), 'wide', width) : null,
  ],
  'rename-leaf': [
    () => rename(build.index(seq), 'seq', key),
    (x) => rename(broadcast(without(x, 'seq'), [seq]), 'seq', key),
  ],
  'shift-nothing': [(x) => (build.hasAxis(x, 'seq') ? build.shift(x, 'seq', 0) : null)],
  'lookup-map': [(x, y) => lastOf(map('mul', over(x, batch, seq), map('cos', y)))],
  'lookup-reduce': [
    (x) => lastOf(reduce('sum', over(x, batch, seq, wide), ['wide'])),
    (x) => lastOf(reduce('max', over(x, batch, seq, key), ['key'])),
  ],
  'lookup-broadcast': [
    (x) => lastOf(over(without(x, 'seq'), batch, seq)),
    (x) => lastOf(over(without(x, 'width'), batch, seq, width)),
  ],
  'lookup-gather': [
    () =>
      lastOf(
        build.gather(
          build.param('table', [item, width], { kind: 'normal', std: 1 }),
          build.input('ids', [batch, seq], 'i32'),
          'item',
        ),
      ),
  ],
  'sum-nothing': [(x) => reduce('sum', x, [])],
  'sum-zero': [() => reduce('sum', across(0), ['seq'])],
  'sum-neg': [
    (x) =>
      reduce(
        'sum',
        map('neg', x),
        x.axes.slice(0, 2).map((a) => a.name),
      ),
  ],
  'sum-factor': [
    (x, y) => reduce('sum', map('mul', without(x, 'width'), broadcast(y, [width])), ['width']),
    (x, y) => reduce('sum', map('mul', broadcast(y, [width]), without(x, 'width')), ['width']),
    (x, y) =>
      reduce(
        'sum',
        map('div', broadcast(y, [width]), map('add', c(1), map('mul', without(x, 'width'), without(x, 'width')))),
        ['width'],
      ),
    // Ragged sums: what stays behind must still know how long each row is.
    (x, y) => reduce('sum', map('mul', without(x, 'seq'), broadcast(y, [seq, batch])), ['seq']),
    (x, y) => reduce('sum', map('mul', without(x, 'seq'), broadcast(without(y, 'batch'), [seq])), ['seq']),
    (x, y) => reduce('sum', map('mul', without(x, 'batch'), broadcast(y, [batch])), ['batch']),
    (x, y) => reduce('sum', map('mul', broadcast(y, [batch]), without(x, 'batch')), ['batch']),
    (x, y) =>
      reduce('sum', map('mul', without(without(x, 'batch'), 'seq'), broadcast(y, [batch, seq])), ['batch', 'seq']),
  ],
};
