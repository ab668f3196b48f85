import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Dataset,
  evaluationBatches,
  fromHistories,
  history,
  leaveOneOut,
  parseSplit,
  ruled,
  seenMax,
  type Split,
  split,
  splitBy,
  splitHash,
  splitSays,
  splitText,
  training,
  trainingBatches,
  wanted,
} from '../../runtime/data/index.js';
import { held, splits } from '../measures/support.js';
import { datasets, errorOf, valueOf } from './support.js';

const by = (text: string, data: Dataset): Split => splitBy(data, valueOf(ruled(text, data)));
const timed = datasets.filter(({ times }) => times !== undefined);
/** Questions as plain lists. */
const asked = (of: Split, which: 'validation' | 'test') =>
  Array.from(of.held[which].users, (user, question) => ({
    user,
    history: [...history(of, which, question)],
    wanted: [...wanted(of, which, question)],
  }));
const arrays = ({ trainingEnds, held: of }: Split) => ({ trainingEnds, held: of });

describe('every split', () => {
  it('shows the beginning of a sequence, wants different items of what follows, and trains on nothing of it', () => {
    fc.assert(
      fc.property(splits, (of) => {
        const { offsets, sequence } = of.dataset;
        for (const which of held) {
          expect([...of.held[which].users]).toEqual([...new Set(of.held[which].users)].sort((a, b) => a - b));
          asked(of, which).forEach(({ user, history: past, wanted: items }) => {
            const all = [...sequence.subarray(offsets[user], offsets[user + 1])];
            expect(past.length).toBeGreaterThan(0);
            expect(all.slice(0, past.length)).toEqual(past);
            expect(items.length).toBeGreaterThan(0);
            expect(new Set(items).size).toBe(items.length);
            // What is wanted comes at once after the history, up to some place.
            const rest = all.slice(past.length);
            const upTo = rest.findIndex((_, i) => new Set(rest.slice(0, i + 1)).size === items.length) + 1;
            expect([...new Set(rest.slice(0, upTo))]).toEqual(items);
            expect(training(of, user).length).toBeLessThanOrEqual(past.length);
          });
        }
      }),
    );
  });

  it('gives each wanted item a row: the same window, what was seen without anything that is wanted', () => {
    fc.assert(
      fc.property(splits, fc.constantFrom(...held), fc.integer({ min: 1, max: 5 }), (of, which, batch) => {
        const room = seenMax(of);
        const rows = [...evaluationBatches(of, which, { batch, length: 4, seenMax: room })].flatMap((b) =>
          Array.from({ length: b.rows }, (_, row) => ({
            user: b.users[row]!,
            window: [...b.items.subarray(row * 4, row * 4 + b['seq.lengths'][row]!)],
            target: b.target[row]!,
            seen: [...b.seen.subarray(row * room, row * room + b['seen.lengths'][row]!)],
          })),
        );
        expect(rows).toEqual(
          asked(of, which).flatMap(({ user, history: past, wanted: items }) =>
            items.map((target) => ({
              user,
              window: past.slice(-4),
              target,
              seen: [...new Set(past)].filter((item) => !items.includes(item)),
            })),
          ),
        );
      }),
    );
  });

  it('comes back from the file that it is written to, and only with its own data', () => {
    fc.assert(
      fc.property(splits, datasets, (of, others) => {
        if (of.rule.kind === 'hstu') return;
        const { dataset } = of;
        const text = splitText(of, 'given', dataset.hash);
        const file = valueOf(parseSplit(text, dataset, dataset.hash));
        const again = splitBy(dataset, file.rule);
        expect(arrays(again)).toEqual(arrays(of));
        expect(splitHash(again)).toBe(file.hash);
        if (others.hash !== dataset.hash)
          expect(errorOf(parseSplit(text, others, others.hash))).toContain('other data');
      }),
    );
  });
});

describe('leave one out', () => {
  it('is `last:1`, and what the protocol `standard` is', () => {
    fc.assert(
      fc.property(datasets, (data) => {
        for (const text of ['leave-one-out', 'last:1'])
          expect(arrays(by(text, data))).toEqual(arrays(leaveOneOut(data)));
        expect(arrays(split(data))).toEqual(arrays(leaveOneOut(data)));
      }),
    );
  });
});

describe('`last:k`', () => {
  it('holds out 2 k items of whoever has more, half of them to validate', () => {
    fc.assert(
      fc.property(datasets, fc.integer({ min: 1, max: 5 }), (data, k) => {
        const of = by(`last:${k}`, data);
        const long = data.users.flatMap((_, user) => {
          const all = [...data.sequence.subarray(data.offsets[user], data.offsets[user + 1])];
          return all.length > 2 * k ? [{ user, all }] : [];
        });
        expect(asked(of, 'test')).toEqual(
          long.map(({ user, all }) => ({ user, history: all.slice(0, -k), wanted: [...new Set(all.slice(-k))] })),
        );
        expect(asked(of, 'validation')).toEqual(
          long.map(({ user, all }) => ({
            user,
            history: all.slice(0, -2 * k),
            wanted: [...new Set(all.slice(-2 * k, -k))],
          })),
        );
        data.users.forEach((_, user) => {
          const count = data.offsets[user + 1]! - data.offsets[user]!;
          expect(training(of, user).length).toBe(count > 2 * k ? count - 2 * k : count);
        });
      }),
    );
  });
});

describe('`time:`', () => {
  it('leaks nothing: all that trains is before all that validates, and that before all that is tested', () => {
    fc.assert(
      fc.property(timed, fc.integer({ min: 1, max: 9 }), (data, tenths) => {
        const of = by(`time:0.${tenths}`, data);
        const { rule } = of;
        if (rule.kind !== 'time') throw new Error('no rule by time');
        expect(rule.validation).toBeLessThanOrEqual(rule.test);
        const times = data.times!;
        data.users.forEach((_, user) => {
          for (let at = data.offsets[user]!; at < data.offsets[user + 1]!; at++)
            expect(at < of.trainingEnds[user]!).toBe(times[at]! < rule.validation);
        });
        for (const [which, from, to] of [
          ['validation', rule.validation, rule.test],
          ['test', rule.test, Infinity],
        ] as const) {
          const { users, ends } = of.held[which];
          users.forEach((user, question) => {
            expect(times[ends[question]! - 1]).toBeLessThan(from);
            expect(times[ends[question]!]).toBeGreaterThanOrEqual(from);
          });
          // Whoever is there before and after is asked, for all that came between.
          const expected = data.users.flatMap((_, user) => {
            const events = Array.from({ length: data.offsets[user + 1]! - data.offsets[user]! }, (_x, i) => ({
              item: data.sequence[data.offsets[user]! + i]!,
              time: times[data.offsets[user]! + i]!,
            }));
            const past = events.filter(({ time }) => time < from).map(({ item }) => item);
            const items = events.filter(({ time }) => time >= from && time < to).map(({ item }) => item);
            return past.length === 0 || items.length === 0
              ? []
              : [{ user, history: past, wanted: [...new Set(items)] }];
          });
          expect(asked(of, which)).toEqual(expected);
        }
      }),
    );
  });

  const data = fromHistories('days', [
    { user: 'a', items: ['1', '2', '3', '4'], times: [10, 20, 30, 40].map((day) => day * 86400 + 1e9) },
    { user: 'b', items: ['1', '3', '5', '5'], times: [15, 25, 35, 45].map((day) => day * 86400 + 1e9) },
    { user: 'c', items: ['6', '1'], times: [41, 42].map((day) => day * 86400 + 1e9) },
  ]);
  it('takes a share, or a moment, and says what it left out', () => {
    // Ten events: 10 15 20 25 30 35 40 41 42 45. The last three test, the two before them validate.
    const of = by('time:0.7', data);
    expect(of.rule).toEqual({ kind: 'time', validation: 1e9 + 30 * 86400, test: 1e9 + 41 * 86400 });
    expect(asked(of, 'test')).toEqual([{ user: 1, history: [0, 2, 4], wanted: [4] }]);
    expect(asked(of, 'validation')).toEqual([
      { user: 0, history: [0, 1], wanted: [2, 3] },
      { user: 1, history: [0, 2], wanted: [4] },
    ]);
    expect(by(`time:${1e9 + 41 * 86400}`, data)).toEqual(of);
    expect(splitSays(of)).toEqual([
      'Split: events before 2001-10-09T01:46:40Z train, those from 2001-10-20T01:46:40Z on test, those between validate.',
      'Training has 4 events; validation asks 2 users for 3 items, 2 of which training never met; test asks 1 user for 1 item, 1 of which training never met.',
      '1 user came after the cut: without a history there is nothing to ask of them.',
    ]);
  });

  it.each([
    ['time:2000-01-01', 'reach from'],
    ['time:soon', 'takes a share between 0 and 1, or'],
    ['time:1', 'reach from'],
    ['last:0', 'a whole number from 1 on'],
    ['last', 'a whole number from 1 on'],
    ['user:0.6', 'between 0 and 0.5'],
    ['leave-one-out:2', 'nothing after it'],
    ['half', 'it takes leave-one-out'],
    ['constructor', 'it takes leave-one-out'],
  ])('refuses %s', (text, why) => {
    expect(errorOf(ruled(text, data))).toMatch(new RegExp(`^--split ${text}: .*${why}`));
  });

  it('needs times', () => {
    const of = fromHistories('order', [{ user: 'a', items: ['1', '2', '3'] }]);
    expect(errorOf(ruled('time:0.5', of))).toContain('have no times');
    expect(errorOf(parseSplit(splitText(by('time:0.7', data), '', of.hash), of, of.hash))).toContain(
      'the data have none',
    );
  });
});

describe('`user:`', () => {
  it('trains on nothing of those who are tested, and on all of the others', () => {
    fc.assert(
      fc.property(datasets, fc.integer({ min: 1, max: 4 }), (data, tenths) => {
        const rule = ruled(`user:0.${tenths}`, data);
        if (rule._tag === 'Left') return;
        const of = splitBy(data, rule.right);
        const users = held.flatMap((which) => asked(of, which).map(({ user }) => user));
        expect(new Set(users).size).toBe(users.length);
        if (of.rule.kind !== 'users') throw new Error('no rule by users');
        const out = new Set([...of.rule.validation, ...of.rule.test]);
        expect(of.rule.test.length).toBe(Math.max(1, Math.round((tenths / 10) * data.users.length)));
        data.users.forEach((id, user) => {
          const all = [...data.sequence.subarray(data.offsets[user], data.offsets[user + 1])];
          expect([...training(of, user)]).toEqual(out.has(id) ? [] : all);
          for (const question of held.flatMap((which) => asked(of, which)).filter((q) => q.user === user))
            expect([...question.history, ...question.wanted]).toEqual(all);
        });
      }),
    );
  });

  it('needs somebody who trains', () => {
    const two = fromHistories(
      'two',
      ['a', 'b'].map((user) => ({ user, items: ['1', '2', '3'] })),
    );
    expect(errorOf(ruled('user:0.1', two))).toBe('--split user:0.1: 2 users are too few for that.');
  });

  it('chooses users by their ids, whatever else is in the data', () => {
    const users = Array.from({ length: 40 }, (_, u) => ({ user: `u${u}`, items: ['a', 'b', 'c'] }));
    const of = (histories: typeof users) => {
      const { rule } = by('user:0.2', fromHistories('users', histories));
      return rule.kind === 'users' ? [...rule.test].sort() : [];
    };
    expect(of(users)).toHaveLength(8);
    expect(of(users.toReversed().map((user) => ({ ...user, items: ['d', 'e'] })))).toEqual(of(users));
  });
});

describe('a file of a split', () => {
  const data = fromHistories('small', [
    { user: 'a', items: ['1', '2', '3'] },
    { user: 'b', items: ['1', '2', '3', '4'] },
  ]);
  const read = (file: object) => parseSplit(JSON.stringify(file), data, data.hash);
  const format = 'pcrec-split-1';

  it('may be written by hand: a format and a rule', () => {
    const rule = { kind: 'users', validation: ['a'], test: ['b'] };
    expect(valueOf(read({ format, rule }))).toEqual({ rule, hash: undefined });
  });

  it.each([
    [{ rule: {} }, 'its format is "unknown"'],
    [{ format }, 'its `rule`'],
    [{ format, rule: { kind: 'all' } }, 'its `rule`'],
    [{ format, rule: { kind: 'toString' } }, 'its `rule`'],
    [{ format, rule: { kind: 'last', count: 1.5 } }, 'its `rule`'],
    [{ format, rule: { kind: 'time', validation: 5, test: 4 } }, 'its `rule`'],
    [{ format, rule: { kind: 'users', validation: ['a'], test: ['a'] } }, 'its `rule`'],
    [{ format, rule: { kind: 'users', validation: ['a'], test: ['c'] } }, 'names the user "c"'],
    [{ format, data: { name: 'x', hash: 'y' }, rule: { kind: 'last', count: 1 } }, 'other data'],
  ])('is refused as %j', (file, why) => expect(errorOf(read(file))).toContain(why));

  it('is refused where it is no JSON', () => expect(errorOf(parseSplit('{', data, data.hash))).toBe('it is not JSON'));
});

it('everything trains where nothing is held out', () => {
  fc.assert(
    fc.property(datasets, (data) => {
      const of = splitBy(data, { kind: 'all' });
      expect([...of.trainingEnds]).toEqual([...data.offsets.subarray(1)]);
      for (const which of held) expect(asked(of, which)).toEqual([]);
      const windows = [...trainingBatches(of, { batch: 3, length: 50, seed: 1, epoch: 0 })];
      const events = windows.reduce((n, batch) => n + batch['seq.lengths'].reduce((a, b) => a + b, 0), 0);
      const long = data.users.map((_, user) => data.offsets[user + 1]! - data.offsets[user]!).filter((n) => n > 1);
      expect(events).toBe(long.reduce((n, count) => n + count - 1, 0));
    }),
  );
});
