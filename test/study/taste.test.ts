/** How wide a taste is, against the mean over pairs written out, and what follows from it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grouped, spreadOfKinds, spreadOfVectors } from '../../examples/study/taste.js';

const width = 3;
const number = fc.double({ min: 0.1, max: 2, noNaN: true });
const table = fc.array(number, { minLength: 6 * width, maxLength: 6 * width }).map((all) => Float32Array.from(all));
const history = fc.array(fc.nat(5), { minLength: 2, maxLength: 12 });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const pairs = <A>(all: readonly A[]): readonly (readonly [A, A])[] =>
  all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const));

describe('the width of a taste', () => {
  it('by vectors is the mean of 1 - cosine over all pairs', () =>
    fc.assert(
      fc.property(history, table, (events, vectors) => {
        const row = (item: number) => [...vectors.subarray(item * width, (item + 1) * width)];
        const distance = ([a, b]: readonly [number, number]): number => {
          const dot = row(a).reduce((sum, x, k) => sum + x * row(b)[k]!, 0);
          return 1 - dot / Math.hypot(...row(a)) / Math.hypot(...row(b));
        };
        expect(spreadOfVectors(events, vectors, width)).toBeCloseTo(mean(pairs(events).map(distance)), 9);
      }),
    ));
  it('is 0 where all events are of one item, and 1 where items have nothing in common', () => {
    const vectors = Float32Array.from([1, 0, 0, 0, 2, 0, 0, 0, 3]);
    expect(spreadOfVectors([1, 1, 1], vectors, width)).toBeCloseTo(0, 12);
    expect(spreadOfVectors([0, 1, 2], vectors, width)).toBeCloseTo(1, 12);
    const kinds = [new Set([1]), new Set([2, 3]), new Set([2, 3]), new Set<number>()];
    expect(spreadOfKinds([1, 2], kinds)).toBe(0);
    expect(spreadOfKinds([0, 1], kinds)).toBe(1);
    // Two of three pairs have nothing in common.
    expect(spreadOfKinds([0, 1, 2, 3], kinds)).toBeCloseTo(2 / 3, 12);
    expect([spreadOfVectors([1], vectors, width), spreadOfKinds([0, 3], kinds)]).toEqual([null, null]);
  });
  it('puts users into groups of equal size, the narrow ones first', () =>
    fc.assert(
      fc.property(fc.array(fc.option(number), { maxLength: 60 }), (widths) => {
        const groups = grouped(widths, 5);
        const known = widths.flatMap((_, at) => (widths[at] === null ? [] : [at]));
        expect(groups.flat().sort((a, b) => a - b)).toEqual(known);
        const sizes = groups.map((group) => group.length);
        if (known.length >= 5) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        const order = groups.flat().map((at) => widths[at]!);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }),
    ));
});
