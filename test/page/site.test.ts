/** The files of a page: halves of floats, states in and out, the service worker's text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceWorker } from '../../runtime/page/offline.js';
import { fromHalf, packed, precisions, toHalf, unpacked } from '../../runtime/page/site.js';

describe('halves', () => {
  it('are all what their bits say, and come back', () => {
    const lost = Array.from({ length: 65_536 }, (_, half) => half).filter((half) => {
      const value = fromHalf(half);
      return Number.isNaN(value) ? !Number.isNaN(fromHalf(toHalf(value))) : toHalf(value) !== half;
    });
    expect(lost).toEqual([]);
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00].map(fromHalf)).toEqual([1, -2, 2 ** -24, 65_504, Infinity]);
  });

  it('are the nearest of all, the even one of two', () => {
    const finite = Array.from({ length: 0x7c00 }, (_, half) => fromHalf(half));
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-70_000), max: 70_000, noNaN: true }), (value) => {
        const half = toHalf(value);
        if (Math.abs(value) >= 65_520) {
          expect(fromHalf(half)).toBe(Math.sign(value) * Infinity);
          return;
        }
        const distance = Math.abs(value - fromHalf(half));
        const neighbours = [half - 1, half + 1].filter(
          (at) => (at & 0x7fff) < 0x7c00 && (at & 0x8000) === (half & 0x8000),
        );
        const near = neighbours.map((at) => Math.abs(value - fromHalf(at)));
        expect(near.every((d) => distance < d || (distance === d && half % 2 === 0))).toBe(true);
        expect(fromHalf(half) * value).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
    // Every middle between two neighbours, to the last bit.
    const wrong = finite.slice(1).filter((high, i) => {
      const middle = (finite[i]! + high) / 2;
      return toHalf(middle) !== (i % 2 === 0 ? i : i + 1);
    });
    expect(wrong).toEqual([]);
  });
});

describe('states', () => {
  it.each(precisions)('in %s come back by their names', (precision) => {
    const data = [Float32Array.of(0.5, -2, 1e-3), new Float32Array(0), Float32Array.of(3)];
    const states = data.map((state, i) => ({ name: `s${i}`, length: state.length }));
    const bytes = packed[precision](data);
    const found = unpacked({ states, precision }, bytes.buffer as ArrayBuffer);
    const rounded = (x: number): number => (precision === 'float16' ? fromHalf(toHalf(x)) : Math.fround(x));
    expect(found).toEqual(Object.fromEntries(data.map((state, i) => [`s${i}`, state.map(rounded)])));
  });
});

it('the service worker is JavaScript, and another one where a file is', () => {
  const [one, other] = ['a', 'b'].map((version) => serviceWorker(['./', './x.js'], version)) as [string, string];
  expect(() => new Function(one)).not.toThrow();
  expect(one).not.toBe(other);
});
