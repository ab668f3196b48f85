/** What is looked up without a guard, and what is not. */
import { expect, test } from 'vitest';
import { axis, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { uniformIndices } from '../../dsl/random.js';
import { isPosition } from '../../compiler/lower/within.js';

const batch = axis('batch', 'batch');
const item = axis('item', 'items');
const bucket = axis('bucket', 7);
const seq = ragged('seq', batch, 9);
const { map, constant } = build;
const last = (of: typeof item | typeof bucket) => map('sub', build.extent(of, []), constant(1, 'i32'));

test.each([
  ['drawn of an axis of any size', uniformIndices('key', item, [batch]), item, true],
  ['drawn of an axis of a known size', uniformIndices('key', bucket, [batch]), bucket, true],
  ['drawn of another axis', uniformIndices('key', item, [batch]), bucket, false],
  ['what may be below 0', map('min', map('sub', build.index(seq), constant(3, 'i32')), last(item)), item, false],
  ['what is an input', map('min', build.input('ids', [batch], 'i32'), last(item)), item, false],
  ['the size itself', map('min', build.index(seq), build.extent(item, [])), item, false],
  [
    'along rows of lengths of their own',
    map('min', build.index(seq), map('sub', build.extent(item, []), constant(1, 'i32'))),
    seq,
    false,
  ],
] as const)('%s', (_, node, along, is) => expect(isPosition(node, along)).toBe(is));
