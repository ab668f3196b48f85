/** Reductions in two kernels, a part for each row first: of a result that has positions which some rows lack. */
import { expect, test } from 'vitest';
import { like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { scanned } from '../support/scanned.js';
import { data, open, worst } from './sessions.js';

const rows = partial('batch', 'batch');
const seq = ragged('seq', rows, 3);
const key = like('key', seq);
const other = like('other', seq);
const x = build.map('neg', build.input('x', [rows, seq], 'f32'));
const pairs = build.map('mul', x, build.rename(x, 'seq', other));

/** A maximum of what a row has at a position, and sums that are the same at positions which some rows lack. */
const results: readonly (readonly [string, Node])[] = [
  ['a maximum', build.reduce('max', build.broadcast(x, [key]), ['batch', 'key'])],
  ['a sum', build.broadcast(build.reduce('sum', pairs, ['batch', 'other']), [key])],
];

test.each(results)('%s', async (_, root) => {
  const { program, sizes, inputs, draw, want } = scanned([root], {
    sizes: { batch: 2 },
    inputs: { x: [1, 2, 3, 4, 5, 6], 'seq.lengths': [2, 1], 'batch.missing': [0] },
    params: {},
    random: { seed: 1, step: 1 },
  });
  const session = await open(program, 'cpu', sizes);
  const got = await session.run('train', data(program, inputs), draw);
  await session.dispose();
  for (const [name, values] of Object.entries(want)) expect(worst(got[name], values, 1)).toBeLessThan(1e-6);
});
