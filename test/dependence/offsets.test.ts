/** How precise dependence is: offsets along sequences of small expressions, by hand. */
import { describe, expect, it } from 'vitest';
import { like } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { dependence, offsetsOf } from '../../compiler/dependence/analysis.js';
import { positions } from '../../compiler/dependence/wording.js';
import { batch, key, seq } from '../generators/axes.js';

const { map, reduce, rename, index, constant } = build;
const whole = (value: number): Node => constant(value, 'i32');
const y = build.input('y', [batch, seq], 'f32');
const mix = build.param('mix', [seq, key], { kind: 'constant', value: 0 });
const where = (condition: Node, x: Node, otherwise = 0): Node => map('select', condition, x, constant(otherwise));
const atKey = rename(y, 'seq', key);
/** Sum over keys of mix times y where the condition holds. */
const band = (condition: Node, x: Node = y): Node =>
  reduce('sum', map('mul', where(condition, mix), rename(x, 'seq', key)), ['key']);
const causal = map('le', index(key), index(seq));
const window = (n: number): Node => map('and', causal, map('ge', index(key), map('sub', index(seq), whole(n))));
const turned = (x: Node): Node => rename(rename(rename(x, 'seq', like('other', seq)), 'key', seq), 'other', key);
const lower = where(causal, mix);
/** first times lower, over a third copy of the sequence. */
const via = like('via', seq);
const product = (first: Node): Node =>
  reduce('sum', map('mul', rename(first, 'key', via), rename(lower, 'seq', via)), ['via']);

const of = (node: Node, input = 'y'): string => {
  const zones = dependence([node]).reads(node).get(input);
  return zones === undefined ? 'nothing' : positions(offsetsOf(zones, 'seq', 'seq'));
};

describe('along a sequence', () => {
  const rows: readonly (readonly [string, Node, string])[] = [
    ['an input', y, 'position t'],
    ['a shift is a point', build.shift(y, 'seq', 2), 'position t - 2'],
    ['shifts add up', build.shift(build.shift(y, 'seq', -3), 'seq', 1), 'position t + 2'],
    ['elementwise joins', map('add', y, build.shift(y, 'seq', 1)), 'positions t - 1 to t'],
    ['a sum over everything', build.broadcast(reduce('sum', y, ['seq']), [seq]), 'all positions'],
    ['a mask of positions', band(causal), 'positions <= t'],
    ['a strict mask', band(map('lt', index(key), index(seq))), 'positions <= t - 1'],
    ['a mask the other way round', band(map('ge', index(seq), index(key))), 'positions <= t'],
    [
      'a mask that is refused',
      reduce('sum', map('mul', map('select', map('gt', index(key), index(seq)), constant(0), mix), atKey), ['key']),
      'positions <= t',
    ],
    ['a mask by negation', band(map('not', map('gt', index(key), index(seq)))), 'positions <= t'],
    [
      'a difference compared with a number',
      band(map('ge', map('sub', index(seq), index(key)), whole(2))),
      'positions <= t - 2',
    ],
    ['a window', band(window(3)), 'positions t - 3 to t'],
    ['windows add up', band(window(3), band(window(3))), 'positions t - 6 to t'],
    [
      'a transpose negates',
      reduce('sum', map('mul', turned(where(window(3), mix)), atKey), ['key']),
      'positions t to t + 3',
    ],
    ['a masked maximum', reduce('max', where(causal, atKey, -9), ['key']), 'positions <= t'],
    ['a diagonal', rename(where(causal, map('mul', mix, atKey)), 'key', seq), 'position t'],
    ['a mask on the values', reduce('sum', map('mul', mix, where(causal, atKey)), ['key']), 'positions <= t'],
    [
      'a mask that is multiplied',
      reduce('sum', map('mul', map('mul', mix, atKey), where(causal, constant(1))), ['key']),
      'positions <= t',
    ],
    ['a product of triangles', reduce('sum', map('mul', product(lower), atKey), ['key']), 'positions <= t'],
    [
      'a triangle transposed times itself',
      reduce('sum', map('mul', product(turned(lower)), atKey), ['key']),
      'all positions',
    ],
    ['looking up data', build.gather(y, build.input('at', [batch], 'i32'), 'seq'), 'all positions'],
    [
      'looking up a position nearby',
      build.gather(rename(y, 'seq', key), map('sub', index(seq), whole(1)), 'key'),
      'position t - 1',
    ],
    ['looking up the first position', build.broadcast(build.gather(y, whole(0), 'seq'), [seq]), 'positions <= t'],
    [
      'looking up a parameter',
      build.gather(build.param('p', [key], { kind: 'constant', value: 0 }), index(seq), 'key'),
      'nothing',
    ],
    [
      'adding up where positions say',
      build.scatter(rename(y, 'seq', key), map('add', index(key), whole(2)), seq, ['key']),
      'position t - 2',
    ],
    ['what is hidden everywhere', where(map('lt', index(seq), index(seq)), y), 'nothing'],
    ['what is multiplied by 0', map('mul', y, constant(0)), 'nothing'],
  ];
  it.each(rows)('%s', (_, node, text) => expect(of(node)).toBe(text));

  it('scores of queries and keys read one position of each', () => {
    const scores = map('mul', y, atKey);
    const zones = dependence([scores]).reads(scores).get('y')!;
    expect(zones.map((z) => ['seq', 'key'].map((a) => positions(offsetsOf([z], 'seq', a))))).toEqual([
      ['position t', 'all positions'],
      ['all positions', 'position t'],
    ]);
  });

  it('a masked sum does not ask how long its row is; an unmasked sum, or looking ahead, does', () => {
    const reads = (node: Node) => [...dependence([node]).reads(node).keys()].includes('seq.lengths');
    expect(
      [band(causal), build.shift(y, 'seq', 1), reduce('sum', atKey, ['key']), build.shift(y, 'seq', -1)].map(reads),
    ).toEqual([false, false, true, true]);
    // An empty maximum is no 0: it tells where a row ends even where every value is 0.
    const nothing = reduce('max', map('mul', y, constant(0)), ['seq']);
    expect(reads(nothing)).toBe(true);
    // A maximum that has its own position among others does not.
    const greatest = (mask: Node, otherwise: number) => reduce('max', where(mask, atKey, otherwise), ['key']);
    expect(
      [greatest(causal, -3.4e38), greatest(causal, -9), greatest(map('lt', index(key), index(seq)), -3.4e38)].map((n) =>
        reads(map('mul', y, n)),
      ),
    ).toEqual([false, true, true]);
  });
});

describe('along rows', () => {
  const apart = (node: Node): string =>
    positions(offsetsOf(dependence([node]).reads(node).get('y')!, 'batch', 'batch'));
  it('what stays in its row is apart, what is summed or looked up across rows is not', () => {
    const mean = build.broadcast(reduce('sum', y, ['batch']), [batch]);
    const other = build.gather(
      rename(y, 'batch', like('others', batch)),
      build.input('friend', [batch], 'i32'),
      'others',
    );
    expect([band(causal), mean, other].map(apart)).toEqual(['position t', 'all positions', 'all positions']);
  });
});
