/** The statistics of comparisons, against figures published or printed by R. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holm, pairedTest, spread, studentTail } from '../../runtime/significance.js';

/** Hours of sleep gained under two drugs by ten patients: Student, "The probable error of a mean", Biometrika 6 (1908). */
const sleep = [
  [0.7, 1.9],
  [-1.6, 0.8],
  [-0.2, 1.1],
  [-1.2, 0.1],
  [-0.1, -0.1],
  [3.4, 4.4],
  [3.7, 5.5],
  [0.8, 1.6],
  [0, 4.6],
  [2, 3.4],
] as const;

describe('the paired test', () => {
  it('gives for the data of Student 1908 what R prints', () => {
    // t.test(extra ~ group, data = sleep, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 -0.7001142.
    const test = pairedTest(sleep.map(([a, b]) => a - b))!;
    expect(test.difference).toBeCloseTo(-1.58, 12);
    expect(test.t).toBeCloseTo(-4.0621, 4);
    expect(test.df).toBe(9);
    expect(test.p).toBeCloseTo(0.002833, 6);
    expect(test.interval[0]).toBeCloseTo(-2.4598858, 7);
    expect(test.interval[1]).toBeCloseTo(-0.7001142, 7);
  });

  it('says nothing of one user, and does not divide by zero', () => {
    expect(pairedTest([0.5])).toBeUndefined();
    expect(pairedTest([0, 0, 0])).toMatchObject({ difference: 0, interval: [0, 0], t: 0, p: 1 });
    expect(pairedTest([0.5, 0.5, 0.5])).toMatchObject({ difference: 0.5, interval: [0.5, 0.5], p: 0 });
  });

  it('does not see which model comes first, but for the sign', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 }),
        (differences) => {
          const [one, other] = [pairedTest(differences)!, pairedTest(differences.map((d) => -d))!];
          expect(other.p).toBe(one.p);
          expect(other.difference).toBe(-one.difference);
          expect(one.p).toBeGreaterThanOrEqual(0);
          expect(one.p).toBeLessThanOrEqual(1);
          // The interval leaves 0 out exactly where p is below 5 %.
          if (Math.abs(one.p - 0.05) > 1e-9) expect(one.interval[0] > 0 || one.interval[1] < 0).toBe(one.p < 0.05);
        },
      ),
    );
  });
});

describe("the tail of Student's distribution", () => {
  // Critical values as tables print them: df, t, two-sided tail.
  it.each([
    [1, 12.706, 0.05],
    [2, 4.303, 0.05],
    [5, 2.571, 0.05],
    [10, 2.228, 0.05],
    [30, 2.042, 0.05],
    [120, 1.98, 0.05],
    [1, 63.657, 0.01],
    [10, 3.169, 0.01],
    [30, 2.75, 0.01],
    [10, 4.587, 0.001],
    [120, 3.373, 0.001],
  ])('%i degrees of freedom, t = %d: %d', (df, t, tail) => {
    expect(Math.abs(studentTail(t, df) / tail - 1)).toBeLessThan(0.004);
  });

  it('has its closed forms for one and two degrees of freedom', () => {
    for (const t of [0, 1e-6, 0.3, 1, 5, 200, 1e6]) {
      expect(studentTail(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
      expect(studentTail(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
    }
  });

  it('is the normal one for many', () => {
    // P(|Z| >= 1.959964) = 0.05, P(|Z| >= 3.290527) = 0.001.
    expect(studentTail(1.959964, 1e7)).toBeCloseTo(0.05, 6);
    expect(studentTail(3.290527, 1e7)).toBeCloseTo(0.001, 7);
    expect(studentTail(100, 6039)).toBe(0);
  });
});

describe("Holm's correction", () => {
  it("gives what R's p.adjust gives", () => {
    const close = (got: readonly number[], want: readonly number[]): void =>
      want.forEach((p, i) => expect(got[i]).toBeCloseTo(p, 12));
    close(holm([0.01, 0.02, 0.03, 0.04, 0.05]), [0.05, 0.08, 0.09, 0.09, 0.09]);
    close(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
    close(holm([0.6, 0.7]), [1, 1]);
    expect(holm([0.2])).toEqual([0.2]);
    expect(holm([])).toEqual([]);
  });

  it("keeps the order, never lowers a value, and lies within Bonferroni's", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, ps.length * p));
          ps.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });
});

describe('the spread over seeds', () => {
  it("is the sample's", () => {
    expect(spread([2, 4, 4, 4, 5, 5, 7, 9]).mean).toBe(5);
    expect(spread([2, 4, 4, 4, 5, 5, 7, 9]).sd).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(spread([3])).toEqual({ mean: 3, sd: null });
  });
});
