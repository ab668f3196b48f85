/** Shares of the users: nested, of the size that is asked for, and read again as they were. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { drawn, writeShare } from '../../examples/study/share.js';
import { type Dataset, load, sample } from '../../runtime/data/index.js';

const folder = mkdtempSync(join(tmpdir(), 'pcrec-share-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each user's history by raw ids. */
const histories = ({ users, items, offsets, sequence }: Dataset): ReadonlyMap<string, readonly string[]> =>
  new Map(
    users.map((id, u) => [id, Array.from(sequence.subarray(offsets[u], offsets[u + 1]), (item) => items[item]!)]),
  );

describe('a share of the users', () => {
  it('has as many as asked for, the smaller within the larger', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (users, a, b, seed) => {
          const [few, many] = [drawn(users, Math.min(a, b), seed), drawn(users, Math.max(a, b), seed)];
          expect(few).toHaveLength(Math.max(2, Math.round(Math.min(a, b) * users)));
          expect(many).toEqual(expect.arrayContaining([...few]));
          expect(drawn(users, 1, seed)).toEqual(Array.from({ length: users }, (_, u) => u));
        },
      ),
    ));

  it('keeps whole histories, in their order', async () => {
    const data = sample();
    const path = join(folder, 'part.inter');
    writeShare(path, data, 0.3, 7);
    const read = await load(path, { cache: false });
    if (E.isLeft(read)) throw new Error(read.left);
    const all = histories(data);
    expect(read.right.users).toHaveLength(Math.round(0.3 * data.users.length));
    for (const [user, history] of histories(read.right)) expect(history).toEqual(all.get(user));
    expect(read.right.times === undefined).toBe(data.times === undefined);
  });
});
