/** Sums at places that are data, by lists of the positions that name each: an axis of one position is a place like any other. */
import { expect, test } from 'vitest';
import { axis, like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { data } from '../gpu/sessions.js';
import { scanned } from '../support/scanned.js';
import { opened } from './sessions.js';

test.each([[1, 1], [4, 1], [1, 3], [4, 3]])('%i positions, each at one of %i places', async (length, places) => {
  const key = like('key', ragged('seq', partial('batch', 'batch'), length));
  const width = axis('width', places);
  const zero = build.constant(0, 'i32');
  const at: readonly Node[] = [build.broadcast(zero, [key]), build.map('min', build.index(key), build.constant(places - 1, 'i32'))];
  const roots = at.map((i) => build.scatter(build.constant(0.5), i, width, ['key']));
  const { program, sizes, inputs, draw, want } = scanned(roots, {
    sizes: { batch: 2 }, inputs: { 'seq.lengths': [0, length], 'batch.missing': [0] }, params: {}, random: { seed: 1, step: 1 },
  });
  const session = await opened(program, sizes, { threads: 1 });
  const got = await session.run('train', data(program, inputs), draw);
  await session.dispose();
  expect(Object.fromEntries(Object.entries(got).map(([name, values]) => [name, [...values]]))).toEqual(want);
});
