/** What is said of a column, as numbers: nothing of it is lost without a word. */
import { right } from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { said } from '../../runtime/saying.js';

const likes = { kind: 'categories', vocabulary: ['drama', 'noir', 'war'], most: 2 } as const;

it.each([
  ['war|drama', [1, 3], [], []],
  [['noir', 'noir'], [2, 0], [], []],
  ['war|opera', [3, 0], ['opera'], []],
  ['war|noir|drama', [1, 2], [], ['war']],
])('%j', (value, codes, strange, beyond) => {
  expect(said(likes, value)).toEqual(right({ values: Float32Array.from(codes), strange, beyond }));
});
