import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHistories, type History, inspect, inspectionText, leaveOneOut, sample } from '../../runtime/data/index.js';

const histories: fc.Arbitrary<readonly History[]> = fc
  .uniqueArray(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 })
  .chain((users) =>
    fc.tuple(
      ...users.map((user) =>
        fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 12 }).map((events) => ({
          user: `${user}`,
          items: events.map(([item]) => `${item}`),
          times: events.map(([, time]) => 978_300_000 + time).sort(),
        })),
      ),
    ),
  );

describe('inspect', () => {
  it('counts what the plain way counts', () =>
    fc.assert(
      fc.property(histories, (given) => {
        const data = fromHistories('mine', given);
        const found = inspect(leaveOneOut(data), 5);
        const events = given.flatMap(({ items }) => items.length).reduce((a, b) => a + b, 0);
        const count = (of: (history: History, i: number) => boolean): number =>
          given.reduce((sum, history) => sum + history.items.filter((_, i) => of(history, i)).length, 0) / events;
        expect(found.repeats).toBeCloseTo(count(({ items }, i) => items.slice(0, i).includes(items[i]!)));
        expect(found.immediate).toBeCloseTo(count(({ items }, i) => i > 0 && items[i] === items[i - 1]));
        expect(found.times?.ties).toBeCloseTo(count(({ times }, i) => i > 0 && times![i] === times![i - 1]));
        expect(found.lengths.ranges.reduce((sum, { count: n }) => sum + n, 0)).toBe(given.length);
        expect(found.lengths.most).toBe(Math.max(...given.map(({ items }) => items.length)));
        const tested = given.filter(({ items }) => items.length >= 3);
        expect(found.tested).toBe(tested.length);
        const trained = new Set(given.flatMap(({ items }) => (items.length >= 3 ? items.slice(0, -2) : items)));
        const cold = tested.filter(({ items }) => !trained.has(items.at(-1)!)).length;
        expect(found.cold).toBeCloseTo(tested.length === 0 ? 0 : cold / tested.length);
      }),
      { numRuns: 200 },
    ));

  const warned = (given: readonly History[], length = 50): string =>
    inspect(leaveOneOut(fromHistories('mine', given)), length).warnings.join('\n');
  const of = (user: string, items: readonly string[], times?: readonly number[]): History => ({
    user,
    items,
    ...(times === undefined ? {} : { times }),
  });
  /** Every item stands at every place of some history. */
  const plain = Array.from({ length: 18 }, (_, u) =>
    of(
      `${u}`,
      Array.from({ length: 4 + (u % 3) }, (_item, i) => 'abcdef'[(u + i) % 6]!),
    ),
  );

  it.each([
    ['nothing of plain data', plain, 50, ''],
    ['ties', [of('1', ['a', 'b', 'c', 'd'], [5, 5, 5, 5])], 50, 'at the time of the user'],
    ['repeats', [of('1', ['a', 'a', 'b', 'b'])], 50, '--drop-repeats'],
    ['cold items', [of('1', ['a', 'b', 'c', 'd']), of('2', ['a', 'b', 'a', 'e'])], 50, '--min-item'],
    ['users without a test', [...plain, ...[...'uvwxyz'].map((user) => of(user, ['a', 'b']))], 50, 'ask nothing'],
    ['long histories', plain, 4, '--set length=N'],
    [
      'machines',
      [
        ...plain,
        of(
          'bot',
          Array.from({ length: 2000 }, (_, i) => 'abcdef'[i % 6]!),
        ),
      ],
      5000,
      'a machine',
    ],
  ] as const)('warns of %s', (_, given, length, what) => {
    const said = warned(given, length);
    if (what === '') expect(said).toBe('');
    else expect(said).toContain(what);
  });

  it('says it in lines', () => {
    expect(inspectionText(inspect(leaveOneOut(sample()), 50))).toMatchInlineSnapshot(`
      "Interactions of a user: 5 at least, 16 in the middle, 90 at most
           4 to 7  ████████████████                  107
          8 to 15  ██████████████████████████        171
         16 to 31  ████████████████████████████████  215
         32 to 63  ██████████████                    93
        64 to 127  ███                               14
      Interactions of an item: 2 at least, 23 in the middle, 187 at most
            2 to 3  █                                 2
            4 to 7  ████                              14
           8 to 15  ██████████████████████            99
          16 to 31  ████████████████████████████████  149
          32 to 63  ██████████████████████            100
         64 to 127  ███████                           31
        128 to 255  ██                                5
      The most popular hundredth of the items has 5.2 % of the interactions (5.1 % of all pairs of a user and an item met).
      Repeats: 0.0 % of the interactions are with an item met before, 0.0 % with the one before.
      Times: from 2021-01-01T02:01:22Z to 2023-12-20T06:47:34Z; 0.0 % of the interactions at the same time as the one before.
      Test: 600 users; training never met 0.0 % of what they want."
    `);
  });
});
