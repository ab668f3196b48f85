import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHistories } from '../../runtime/data/index.js';
import { codes, compareIds, decode, ranked } from '../../runtime/data/ids.js';
import { assemble, interactions } from '../../runtime/data/interactions.js';
import { type Row, byUser, contents, datasets, rows } from './support.js';

const assembled = (of: readonly Row[]) => {
  const into = interactions(true);
  for (const { user, item, time } of of) into.add(into.users.of(user), into.items.of(item), time);
  return assemble('rows', into);
};

const anyId = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 24n }).map(String),
  fc.constantFrom('0', '00', '-1', '1e3', '4194303', '4194304'),
);

describe('codes', () => {
  it('are a bijection between ids and 0 … n-1, in order of first appearance', () => {
    fc.assert(
      fc.property(fc.array(anyId, { maxLength: 200, size: 'max' }), (ids) => {
        const of = codes();
        const given = ids.map((id) => of.of(id));
        expect(of.ids).toEqual([...new Set(ids.map((id) => decode(Buffer.from(id))))]);
        expect(given.map((code) => of.ids[code])).toEqual(ids.map((id) => decode(Buffer.from(id))));
      }),
    );
  });

  it('compareIds is a total order, and ranked sorts by it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyId, { maxLength: 60, size: 'max' }), (ids) => {
        const { ids: sorted, rank } = ranked(ids);
        expect(new Set(sorted)).toEqual(new Set(ids));
        for (let i = 1; i < sorted.length; i++) expect(compareIds(sorted[i - 1]!, sorted[i]!)).toBe(-1);
        ids.forEach((id, code) => expect(sorted[rank[code]!]).toBe(id));
      }),
    );
    expect(['b', '10', 'B', '9', '010', '0'].toSorted(compareIds)).toEqual(['0', '9', '10', '010', 'B', 'b']);
  });
});

describe('a data set', () => {
  it('holds every row once, users by time, ties in file order', () => {
    fc.assert(
      fc.property(rows, (of) => {
        const data = assembled(of);
        expect(contents(data)).toEqual(
          new Map([...byUser(of)].map(([user, events]) => [user, events.map(({ item, time }) => [item, time])])),
        );
        expect(data.users).toEqual(data.users.toSorted(compareIds));
        expect(data.items).toEqual([...new Set(of.map(({ item }) => item))].sort(compareIds));
      }),
    );
  });

  it('sorts long histories stably, whatever the run lengths of the sort', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 700, size: 'max' }), (times) => {
        const of = times.map((time, i): Row => ({ user: 'u', item: `${i}`, rating: 1, time }));
        expect([...assembled(of).sequence]).toEqual(
          byUser(of)
            .get('u')!
            .map(({ item }) => Number(item)),
        );
      }),
    );
  });

  it('does not depend on the order of rows whose user and time differ', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (of, keys) => {
        // One row for each user and time: then every order of the rows means the same.
        const distinct = [...new Map(of.map((row) => [`${row.user} ${row.time}`, row])).values()];
        const shuffled = distinct
          .map((row) => ({ row, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ row }) => row);
        expect(assembled(shuffled).hash).toBe(assembled(distinct).hash);
      }),
      { numRuns: 50 },
    );
  });

  it('has a hash that any change of content changes, and a name does not', () => {
    const base = [
      { user: '1', items: ['a', 'b', 'c'], times: [1, 2, 3] },
      { user: '2', items: ['b'], times: [2] },
    ];
    const hash = fromHistories('base', base).hash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(fromHistories('other name', base).hash).toBe(hash);
    const changed = [
      [{ ...base[0]!, user: '3' }, base[1]!],
      [{ ...base[0]!, items: ['a', 'c', 'b'] }, base[1]!],
      [{ ...base[0]!, items: ['a', 'b', 'd'] }, base[1]!],
      [{ ...base[0]!, times: [1, 2, 4] }, base[1]!],
      base.map(({ user, items }) => ({ user, items })),
      [
        { user: '1', items: ['a', 'b'], times: [1, 2] },
        { user: '2', items: ['c', 'b'], times: [1, 2] },
      ],
    ];
    expect(new Set([hash, ...changed.map((histories) => fromHistories('base', histories).hash)]).size).toBe(
      changed.length + 1,
    );
  });

  it('survives being taken apart into histories and put together again', () => {
    fc.assert(
      fc.property(datasets, (data) => {
        const histories = [...contents(data)].map(([user, events]) => ({
          user,
          items: events.map(([item]) => item),
          ...(data.times === undefined ? {} : { times: events.map(([, time]) => time) }),
        }));
        expect(fromHistories('again', histories.toReversed()).hash).toBe(data.hash);
      }),
    );
  });
});
