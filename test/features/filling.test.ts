/** How features of events, and parts of their times, come into a batch: what each row says, for windows that end anywhere. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clockRows, eventRows } from '../../runtime/contract/features.js';
import { inputsFor } from '../../runtime/contract/batch.js';
import { columnsOf, filled, nothingSeen } from '../../runtime/data/fill.js';
import { datasets } from '../data/support.js';

const rating = eventRows({ name: 'rating', kind: 'number' });
const action = eventRows({ name: 'action', kind: 'category' });
const own = [
  ...Object.values(rating),
  ...Object.values(action),
  ...['hour', 'weekday'].flatMap((part) => Object.values(clockRows(part as 'hour'))),
];

it('says of each event what its row says, and nothing where there is none', () => {
  fc.assert(
    fc.property(
      datasets,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: -2e10, max: 2e10, noNaN: true }),
      (data, batch, length, since) => {
        const users = [...data.users.keys()]
          .filter((u) => data.offsets[u + 1]! - data.offsets[u]! >= 2)
          .slice(0, batch);
        const ends = Int32Array.from(users, (u) => data.offsets[u + 1]! - 1);
        const starts = ends.map((end, i) => Math.max(data.offsets[users[i]!]!, end - length));
        const numbers = Float32Array.from(data.sequence, (_, i) => i + 0.5);
        const codes = Float32Array.from(data.sequence, (_, i) => i % 3);
        const times = Float64Array.from(data.sequence, (_, i) => Math.floor(since) + 5000 * i);
        const columns = {
          ...columnsOf(data),
          times,
          features: new Map([
            ['rating', numbers],
            ['action', codes],
          ]),
        };
        const got = filled('train', { columns, starts, ends, batch, length, seen: nothingSeen }, own);
        const at = (of: (event: number) => number, shift: number): readonly number[] =>
          Array.from({ length: batch * length }, (_, cell) => {
            const [row, place] = [Math.floor(cell / length), cell % length];
            const event = (starts[row] ?? 0) + place;
            return row < users.length && event < ends[row]! ? of(event + shift) : 0;
          });
        const hour = (event: number): number => new Date(1000 * times[event]!).getUTCHours();
        const weekday = (event: number): number => (new Date(1000 * times[event]!).getUTCDay() + 6) % 7;
        expect([...got['event.rating']!]).toEqual(at((e) => numbers[e]!, 0));
        expect([...got['next.rating']!]).toEqual(at((e) => numbers[e]!, 1));
        expect([...got['next.action']!]).toEqual(at((e) => codes[e]!, 1));
        expect([...got['asked.rating']!]).toEqual(
          Array.from({ length: batch }, (_, row) => (row < users.length ? numbers[ends[row]!]! : 0)),
        );
        expect([...got['times.hour']!]).toEqual(at(hour, 0));
        expect([...got['times.next.hour']!]).toEqual(at(hour, 1));
        expect([...got['times.weekday']!]).toEqual(at(weekday, 0));
        expect([...got['times.next.weekday']!]).toEqual(at(weekday, 1));
        expect(got['event.action']).toBeInstanceOf(Int32Array);
        // Who asks for scores is told no answer.
        const asked = Object.keys(filled('score', { columns, starts, ends, batch, length, seen: nothingSeen }, own));
        expect(asked).toEqual([
          ...inputsFor('score')
            .filter(({ fill }) => fill.from !== 'run')
            .map(({ name }) => name),
          'event.rating',
          'event.action',
          'times.hour',
          'times.next.hour',
          'times.weekday',
          'times.next.weekday',
        ]);
      },
    ),
    { numRuns: 60 },
  );
});
