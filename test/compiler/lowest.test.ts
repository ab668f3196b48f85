/** What a maximum of nothing is: one value for each element type, whoever computes it. */
import { expect, test } from 'vitest';
import { accumulation } from '../../compiler/code/scalars.js';
import { axis, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import { lowest } from '../../dsl/lowest.js';
import { meaning } from '../support/programs.js';

const batch = axis('batch', 'batch');
const seq = ragged('seq', batch, 3);

test.each(['f32', 'i32'] as const)('of %s', (dtype) => {
  const most = build.reduce('max', build.input('x', [batch, seq], dtype), ['seq']);
  const env = { sizes: { batch: 2 }, inputs: { 'seq.lengths': [0, 2], x: [0, 0, 0, -5, -7, 0] } };
  expect([...meaning([most], env)[0]!.data]).toEqual([lowest[dtype], -5]);
  expect(accumulation.max[dtype].start).toBe(lowest[dtype]);
});
