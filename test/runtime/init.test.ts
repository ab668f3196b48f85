import * as fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { initial, initialStates, normalQuantile } from '../../runtime/init.js';
import type { InitInfo, StateInfo } from '../../runtime/contract/session.js';

const state = (init: InitInfo, name = 'w', shape: readonly (number | string)[] = ['items', 'width']): StateInfo => ({
  name,
  dtype: 'f32',
  axes: ['items', 'width'],
  shape,
  init,
  role: 'parameter',
});
const sizes = { items: 400, width: 50 };
const right = <A>(e: E.Either<string, A>): A => {
  if (E.isLeft(e)) throw new Error(e.left);
  return e.right;
};
const values = (init: InitInfo, seed = 1) => [...right(initial(seed, sizes)(state(init)))];
const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const deviation = (xs: readonly number[], m = mean(xs)) => Math.sqrt(mean(xs.map((x) => (x - m) ** 2)));

describe('initial values', () => {
  it('does not depend on the order of states, nor on the other states', () => {
    const states = ['a', 'b', 'c'].map((name) => state({ kind: 'normal', std: 1 }, name));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.shuffledSubarray(states, { minLength: 1 }),
        (seed, some) => {
          const all = right(initialStates(seed, { items: 3, width: 2 }, states));
          const few = right(initialStates(seed, { items: 3, width: 2 }, some));
          for (const { name } of some) expect(few[name]).toEqual(all[name]);
        },
      ),
    );
  });

  it('differs between states and between seeds', () => {
    const law: InitInfo = { kind: 'normal', std: 1 };
    expect(values(law, 1)).not.toEqual(values(law, 2));
    const both = right(initialStates(1, sizes, [state(law, 'a'), state(law, 'b')]));
    expect(both['a']).not.toEqual(both['b']);
  });

  it('draws a normal law of the given deviation', () => {
    const xs = values({ kind: 'normal', std: 0.02 });
    expect(mean(xs)).toBeCloseTo(0, 3);
    expect(deviation(xs) / 0.02).toBeCloseTo(1, 1);
    expect(xs.some((x) => Math.abs(x) > 0.04)).toBe(true);
  });

  it('cuts a truncated normal law at two deviations', () => {
    const xs = values({ kind: 'truncatedNormal', std: 0.02 });
    expect(Math.max(...xs.map(Math.abs))).toBeLessThanOrEqual(0.04 * (1 + 1e-6));
    // The deviation of a normal law cut at two deviations is 0.8796 of what it was.
    expect(deviation(xs) / 0.02).toBeCloseTo(0.8796, 1.5);
  });

  it('keeps a uniform law within its bounds and fills them', () => {
    const xs = values({ kind: 'uniform', low: 2, high: 3 });
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(2);
    expect(Math.min(...xs)).toBeLessThan(2.01);
    expect(Math.max(...xs)).toBeLessThanOrEqual(3);
    expect(Math.max(...xs)).toBeGreaterThan(2.99);
  });

  it('takes the fans of Xavier from axis names', () => {
    const bound = Math.sqrt(6 / (50 + 400));
    const xs = values({ kind: 'xavierUniform', fanIn: ['width'], fanOut: ['items'] });
    expect(Math.max(...xs.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...xs.map(Math.abs))).toBeGreaterThan(0.99 * bound);
  });

  it('names an unbound size', () => {
    expect(initial(1, { items: 3 })(state({ kind: 'constant', value: 1 }))).toEqual(
      E.left(expect.stringContaining('`width`')),
    );
  });

  it('inverts the normal distribution function', () => {
    // Quantiles from published tables.
    for (const [p, z] of [
      [0.5, 0],
      [0.975, 1.959963985],
      [0.999, 3.090232306],
      [0.841344746, 1],
      [1e-6, -4.753424309],
    ] as const)
      expect(normalQuantile(p)).toBeCloseTo(z, 6);
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (p) => {
        expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 5);
      }),
    );
  });
});
