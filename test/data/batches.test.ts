import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Batch,
  type Dataset,
  type EvaluationBatch,
  type Split,
  evaluationBatches,
  fromHistories,
  history,
  leaveOneOut,
  protocols,
  sample,
  seenMax,
  split,
  training,
  trainingBatches,
  wanted,
} from '../../runtime/data/index.js';
import { datasets } from './support.js';

const held = ['validation', 'test'] as const;
const userItems = ({ offsets, sequence }: Dataset, user: number) => [
  ...sequence.subarray(offsets[user], offsets[user + 1]),
];
const userTimes = ({ offsets, times }: Dataset, user: number) =>
  times === undefined ? undefined : [...times.subarray(offsets[user], offsets[user + 1])];

describe('split', () => {
  it('puts training, validation and test together to the whole sequence, in order, and short users into training', () => {
    fc.assert(
      fc.property(datasets, (data) => {
        const parts = leaveOneOut(data);
        const asked = [...parts.held.test.users];
        expect(asked).toEqual([...parts.held.validation.users]);
        data.users.forEach((_, user) => {
          const all = userItems(data, user);
          const question = asked.indexOf(user);
          expect(question >= 0).toBe(all.length >= 3);
          if (question < 0) return expect([...training(parts, user)]).toEqual(all);
          expect([
            ...training(parts, user),
            ...wanted(parts, 'validation', question),
            ...wanted(parts, 'test', question),
          ]).toEqual(all);
          expect([...history(parts, 'validation', question)]).toEqual(all.slice(0, -2));
          expect([...history(parts, 'test', question)]).toEqual(all.slice(0, -1));
        });
      }),
    );
  });

  it('copies nothing', () => {
    const data = sample();
    const parts = leaveOneOut(data);
    for (const view of [training(parts, 1), history(parts, 'validation', 1), history(parts, 'test', 1)])
      expect(view.buffer).toBe(data.sequence.buffer);
  });

  it('never trains on a target, under any protocol', () => {
    fc.assert(
      fc.property(
        datasets,
        fc.constantFrom(...(Object.keys(protocols) as (keyof typeof protocols)[])),
        (data, protocol) => {
          const parts = split(data, protocol);
          const fromEnd = { standard: { validation: 2, test: 1 }, hstu: { validation: 1, test: 1 } }[protocol];
          for (const which of held)
            parts.held[which].users.forEach((user, question) => {
              const all = userItems(data, user);
              const place = all.length - fromEnd[which];
              expect([...wanted(parts, which, question)]).toEqual([all[place]]);
              expect(training(parts, user).length).toBeLessThanOrEqual(place);
            });
        },
      ),
    );
  });
});

/** The real rows of batches as plain lists, and the checks that every batch must pass. */
const rowsOf = (batches: Iterable<Batch | EvaluationBatch>, batch: number, length: number) =>
  [...batches].flatMap((of) => {
    expect(of['seq.lengths'].length).toBe(batch);
    expect(of.target.length).toBe(batch);
    // No ranking is told what followed each position.
    const arrays = {
      items: of.items,
      ...('targets' in of ? { targets: of.targets } : {}),
      times: of.times,
      next: of['times.next'],
    };
    for (const array of Object.values(arrays)) expect(array.length).toBe(batch * length);
    return Array.from({ length: batch }, (_, row) => {
      const n = of['seq.lengths'][row]!;
      expect(n > 0).toBe(row < of.rows);
      const cut = (array: Int32Array) => {
        expect(array.subarray(row * length + n, (row + 1) * length).every((value) => value === 0)).toBe(true);
        return [...array.subarray(row * length, row * length + n)];
      };
      return {
        items: cut(of.items),
        ...('targets' in of ? { targets: cut(of.targets) } : {}),
        times: cut(of.times),
        next: cut(of['times.next']),
        target: of.target[row]!,
      };
    }).slice(0, of.rows);
  });

type Rows = ReturnType<typeof rowsOf>;
/** What the row of a user must be, whose window is [start, end) of that user's own sequence. */
const window = (data: Dataset, user: number, start: number, end: number): Required<Rows[number]> => {
  const items = userItems(data, user);
  const times = userTimes(data, user) ?? items.map(() => 0);
  return {
    items: items.slice(start, end),
    targets: items.slice(start + 1, end + 1),
    times: times.slice(start, end).map((time) => time - times[start]!),
    next: times.slice(start + 1, end + 1).map((time) => time - times[start]!),
    target: items[end]!,
  };
};
const trainable = (parts: Split) =>
  parts.dataset.users.map((_, user) => user).filter((user) => training(parts, user).length >= 2);
const shapes = { batch: fc.integer({ min: 1, max: 6 }), length: fc.integer({ min: 1, max: 12 }) };
const run = fc.record({ ...shapes, seed: fc.nat(), epoch: fc.nat({ max: 50 }) });
const sorted = (rows: Rows) => rows.map((row) => JSON.stringify(row)).sort();

describe('training batches', () => {
  it('hold the latest window of each user with two training items once, and nothing else', () => {
    fc.assert(
      fc.property(datasets, run, (data, options) => {
        const parts = leaveOneOut(data);
        const expected = trainable(parts).map((user) => {
          const last = training(parts, user).length - 1;
          return window(data, user, Math.max(0, last - options.length), last);
        });
        const batches = trainingBatches(parts, options);
        expect(sorted(rowsOf(batches, options.batch, options.length))).toEqual(sorted(expected));
        expect(rowsOf(trainingBatches(parts, { ...options, order: 'stored' }), options.batch, options.length)).toEqual(
          expected,
        );
        expect(batches.count).toBe(Math.ceil(expected.length / options.batch));
        // Only the last batch may be short.
        [...batches].slice(0, -1).forEach(({ rows }) => expect(rows).toBe(options.batch));
      }),
    );
  });

  it('with the horizon `last`, hold some earlier end of each user, targets within training', () => {
    fc.assert(
      fc.property(datasets, run, (data, options) => {
        const parts = leaveOneOut(data);
        const rows = rowsOf(
          trainingBatches(parts, { ...options, order: 'stored', horizon: 'last' }),
          options.batch,
          options.length,
        );
        const users = trainable(parts);
        expect(rows.length).toBe(users.length);
        rows.forEach((row, i) => {
          const count = training(parts, users[i]!).length;
          const possible = Array.from({ length: count - 1 }, (_, e) =>
            window(data, users[i]!, Math.max(0, e + 1 - options.length), e + 1),
          );
          expect(possible).toContainEqual(row);
        });
      }),
    );
  });

  it('with the horizon `last`, give every target its turn', () => {
    const data = fromHistories('one', [{ user: '1', items: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] }]);
    const drawn = Array.from(
      { length: 200 },
      (_, epoch) =>
        trainingBatches(leaveOneOut(data), { batch: 1, length: 4, seed: 1, epoch, horizon: 'last' }).at(0).target[0],
    );
    expect(new Set(drawn)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  });

  it('depend on seed, epoch and index alone, so that a run resumes anywhere', () => {
    fc.assert(
      fc.property(
        datasets,
        run,
        fc.constantFrom('all', 'last'),
        fc.nat({ max: 15 }),
        (data, options, horizon, start) => {
          const parts = leaveOneOut(data);
          const all = [...trainingBatches(parts, { ...options, horizon })];
          const again = trainingBatches(parts, { ...options, horizon });
          expect([...again.batchesFrom(start)]).toEqual(all.slice(start));
          expect(all.map((_, index) => again.at(all.length - 1 - index))).toEqual(all.toReversed());
        },
      ),
    );
  });

  it('come in another order in another epoch and under another seed', () => {
    const parts = leaveOneOut(sample());
    const order = (seed: number, epoch: number) =>
      [...trainingBatches(parts, { batch: 600, length: 3, seed, epoch }).at(0).items].join();
    expect(new Set([order(1, 0), order(1, 1), order(2, 0), order(2, 1)]).size).toBe(4);
  });

  it('shuffle fairly: over epochs, a user is in every place about equally often', () => {
    const data = fromHistories(
      'eight',
      Array.from({ length: 8 }, (_, u) => ({ user: `${u}`, items: [`${u}`, 'x', 'y', 'z'] })),
    );
    const parts = leaveOneOut(data);
    const epochs = 4000;
    const places = Array.from({ length: 8 }, () => new Int32Array(8));
    for (let epoch = 0; epoch < epochs; epoch++) {
      const { items } = trainingBatches(parts, { batch: 8, length: 1, seed: 3, epoch }).at(0);
      items.forEach((user, place) => void places[user]![place]!++);
    }
    const expected = epochs / 8;
    const chiSquare = places
      .flatMap((row) => [...row])
      .reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(85.4); // 49 degrees of freedom, one chance in a thousand
  });

  it('share no memory with one another or with the data', () => {
    const data = sample();
    const kept = data.sequence.slice();
    const batches = trainingBatches(leaveOneOut(data), { batch: 4, length: 5, seed: 0, epoch: 0 });
    const first = batches.at(0);
    const copy = structuredClone(first);
    for (const array of [batches.at(0).items, batches.at(1).items, batches.at(0).target, batches.at(0).times])
      array.fill(-1);
    expect(first).toEqual(copy);
    expect(data.sequence).toEqual(kept);
  });
});

describe('evaluation batches', () => {
  it('hold each evaluated user once, the whole history as seen items, the target among neither', () => {
    fc.assert(
      fc.property(datasets, fc.record(shapes), fc.constantFrom(...held), (data, { batch, length }, which) => {
        const parts = leaveOneOut(data);
        const room = seenMax(parts);
        const batches = [...evaluationBatches(parts, which, { batch, length, seenMax: room })];
        expect(batches.flatMap(({ users }) => [...users])).toEqual([...parts.held[which].users]);
        expect(rowsOf(batches, batch, length)).toEqual(
          [...parts.held[which].users].map((user, question) => {
            const end = history(parts, which, question).length;
            const { targets: _, ...told } = window(data, user, Math.max(0, end - length), end);
            return told;
          }),
        );
        for (const {
          users,
          questions,
          rows,
          seen,
          'seen.lengths': lengths,
          'batch.missing': missing,
          target: targets,
        } of batches) {
          expect(seen.length).toBe(batch * room);
          expect(lengths.subarray(rows)).toEqual(new Int32Array(batch - rows));
          expect([...missing]).toEqual([batch - rows]);
          users.forEach((user, row) => {
            expect(parts.held[which].users[questions[row]!]).toBe(user);
            const expected = new Set(history(parts, which, questions[row]!));
            expected.delete(targets[row]!);
            expect([...seen.subarray(row * room, row * room + lengths[row]!)]).toEqual([...expected]);
          });
        }
      }),
    );
  });

  it('fit into seenMax, and into nothing smaller', () => {
    fc.assert(
      fc.property(datasets, (data) => {
        const parts = leaveOneOut(data);
        const room = seenMax(parts);
        const longest = held.map((which) =>
          Math.max(
            0,
            ...[...evaluationBatches(parts, which, { batch: 2, length: 3, seenMax: room })].flatMap((of) => [
              ...of['seen.lengths'],
            ]),
          ),
        );
        expect(longest[1]).toBe(room);
        if (room > 0)
          expect(() => [...evaluationBatches(parts, 'test', { batch: 2, length: 3, seenMax: room - 1 })]).toThrow(
            RangeError,
          );
      }),
    );
  });
});

it('says how popular items are in the training part alone, the same in every batch', () => {
  const split = leaveOneOut(
    fromHistories('five', [
      { user: 'a', items: ['x', 'y', 'x', 'z', 'y'] },
      { user: 'b', items: ['y', 'y', 'z', 'z'] },
    ]),
  );
  const code = (item: string): number => split.dataset.items.indexOf(item);
  const wanted = { x: 2 / 5, y: 3 / 5, z: 0 };
  for (const batch of trainingBatches(split, { batch: 1, length: 3, seed: 1, epoch: 0 }))
    for (const [item, share] of Object.entries(wanted))
      expect(batch['items.popularity'][code(item)]).toBeCloseTo(share, 6);
});
