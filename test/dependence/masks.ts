/** Random attention-like expressions: masks of positions, joined in every way, on what sums and maxima take. */
import fc from 'fast-check';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { batch, key, seq } from '../generators/axes.js';

const { map, index, constant, reduce, rename, shift } = build;
const whole = (value: number): Node => constant(value, 'i32');
const offset = fc.integer({ min: -2, max: 2 });
const y = build.input('y', [batch, seq], 'f32');
const flag = build.input('flag', [batch, seq], 'bool');
const mix = build.param('mix', [seq, key], { kind: 'normal', std: 1 });

const comparison = fc
  .tuple(fc.constantFrom('le', 'lt', 'ge', 'gt', 'eq', 'ne'), offset, fc.boolean())
  .map(([fn, by, turned]) => {
    const [a, b] = turned ? ([index(seq), index(key)] as const) : ([index(key), index(seq)] as const);
    return map(fn, map('add', a, whole(by)), b);
  });

const { mask } = fc.letrec<{ mask: Node }>((tie) => ({
  mask: fc.oneof(
    { maxDepth: 3 },
    comparison,
    fc.constantFrom<Node>(flag, rename(flag, 'seq', key)),
    fc.tuple(fc.constantFrom('and', 'or'), tie('mask'), tie('mask')).map(([fn, a, b]) => map(fn, a, b)),
    tie('mask').map((p) => map('not', p)),
  ),
}));

/** What is masked out: nothing, something, or what stands for minus infinity. */
const otherwise = fc.constantFrom(0, 1, -3.4e38, -3.4028234663852886e38);

/** Along batch and seq, from such: sums and maxima over keys, weighted, masked and moved. */
export const attentions: fc.Arbitrary<Node> = fc.letrec<{ state: Node }>((tie) => ({
  state: fc.oneof(
    { maxDepth: 2 },
    fc.constant<Node>(y),
    fc
      .tuple(tie('state'), mask, otherwise, fc.constantFrom('sum', 'max'), fc.boolean())
      .map(([x, p, c, monoid, weighed]) => {
        const keys = rename(x, 'seq', key);
        const masked = map('select', p, weighed ? map('mul', keys, mix) : keys, constant(c));
        return map('max', reduce(monoid, build.broadcast(masked, [batch, seq, key]), ['key']), constant(-9));
      }),
    fc.tuple(tie('state'), mask).map(([x, p]) => {
      const weights = map('select', p, mix, constant(0));
      return build.broadcast(reduce('sum', map('mul', weights, rename(x, 'seq', key)), ['key']), [batch, seq]);
    }),
    fc
      .tuple(tie('state'), mask)
      .map(([x, p]) => rename(map('select', p, map('mul', mix, rename(x, 'seq', key)), constant(0)), 'key', seq)),
    fc.tuple(tie('state'), offset).map(([x, by]) => shift(x, 'seq', by)),
    fc
      .tuple(tie('state'), offset)
      .map(([x, by]) => build.gather(rename(x, 'seq', key), map('add', index(seq), whole(by)), 'key')),
    fc.tuple(tie('state'), tie('state')).map(([a, b]) => map('mul', a, b)),
  ),
})).state;

/** A masked maximum as it is, empty or not. */
export const maxima: fc.Arbitrary<Node> = fc
  .tuple(attentions, mask, otherwise)
  .map(([x, p, c]) =>
    reduce('max', build.broadcast(map('select', p, rename(x, 'seq', key), constant(c)), [batch, seq, key]), ['key']),
  );
