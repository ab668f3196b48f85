/** Comparing arrays of numbers by their norm. */
import { expect } from 'vitest';

export type Numbers = ArrayLike<number>;

export const norm = (x: Numbers): number => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));
export const minus = (a: Numbers, b: Numbers): readonly number[] => Array.from(a, (v, i) => v - b[i]!);
export const inner = (a: Numbers, b: Numbers): number => Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);

/** |a - b| / max(1, |a|, |b|); infinite where a number is missing or is not a number. */
export const distance = (a: Numbers, b: Numbers): number => {
  if (a.length !== b.length) return Infinity;
  const d = norm(minus(a, b)) / Math.max(1, norm(a), norm(b));
  return Number.isNaN(d) ? Infinity : d;
};

export const close = (a: Numbers, b: Numbers, tolerance = 1e-10): boolean => distance(a, b) <= tolerance;

export const expectClose = (a: Numbers, b: Numbers, tolerance = 1e-10, what = 'two arrays'): void => {
  const d = distance(a, b);
  if (!(d <= tolerance))
    expect.fail(
      `${what} are ${d} apart, more than ${tolerance}:\n  ${Array.from(a).slice(0, 40).join(' ')}\n  ${Array.from(b).slice(0, 40).join(' ')}`,
    );
};

/** Equal in every bit; 0 and -0 differ. */
export const expectSame = (a: Numbers, b: Numbers, what = 'two arrays'): void => {
  expect(a.length, what).toBe(b.length);
  for (let i = 0; i < a.length; i++)
    if (!Object.is(a[i], b[i])) expect.fail(`${what} differ at ${i}: ${a[i]} against ${b[i]}`);
};

/** The derivative of f at x in entry i by central differences, h = 1e-5 max(1, |x_i|). */
export const slopeAt = (f: (x: Float64Array) => number, x: Numbers, i: number): number => {
  const h = 1e-5 * Math.max(1, Math.abs(x[i]!));
  const at = (by: number): number => {
    const moved = Float64Array.from(x);
    moved[i] = moved[i]! + by;
    return f(moved);
  };
  const up = x[i]! + h;
  const down = x[i]! - h;
  return (at(h) - at(-h)) / (up - down);
};

/** As good as central differences are: 1e-6 of the larger, and 1e-8. */
export const expectSlope = (derived: number, measured: number, what: string, scale = 1): void => {
  const allowed = 1e-6 * Math.max(Math.abs(derived), Math.abs(measured)) + 1e-8 * Math.max(1, scale);
  if (!(Math.abs(derived - measured) <= allowed)) expect.fail(`${what}: derived ${derived}, measured ${measured}`);
};
