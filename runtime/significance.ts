/**
 * Whether a difference between two models is more than chance, over the users that both were tested on.
 *
 * The test is Student's for pairs, because it is about what the tables report, the mean, and because users are many: the mean
 * of thousands of bounded differences is normal whatever their own distribution. A rank test would ask another question of
 * figures that are mostly zeros and ties.
 */

/** Lanczos' approximation with g = 7: ln Γ(x) for x > 0, to about 1e-14. */
const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
const logGamma = (x: number): number => {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const sum = lanczos.reduce((total, c, i) => total + c / (x + i), 0.99999999999980993);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
};

/** The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8), by Lentz' method. */
const betaFraction = (x: number, a: number, b: number): number => {
  const guard = (v: number): number => (Math.abs(v) < 1e-300 ? 1e-300 : v);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
};

/** The regularised incomplete beta function I_x(a, b), 0 <= x <= 1; `y` is 1 - x, given apart so that none of it is lost. */
const incompleteBeta = (x: number, y: number, a: number, b: number): number => {
  if (x === 0 || y === 0) return x === 0 ? 0 : 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(y, b, a)) / b;
};

/** P(|T| >= |t|) for Student's T with `df` degrees of freedom. */
export const studentTail = (t: number, df: number): number =>
  Number.isFinite(t) ? incompleteBeta(df / (df + t * t), (t * t) / (df + t * t), df / 2, 0.5) : 0;

/** The t with P(|T| >= t) = `tail`, 0 < tail < 1: the tail falls as t grows, so halving an interval finds it. */
const studentQuantile = (tail: number, df: number): number => {
  let [low, high] = [0, 1];
  while (studentTail(high, df) > tail) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/** A mean, and how far values lie from it. */
export interface Spread {
  readonly mean: number;
  /** The sample's standard deviation (n - 1); null for a single value. */
  readonly sd: number | null;
}

/** Mean and standard deviation; NaN for the mean of nothing. */
export const spread = (values: ArrayLike<number>): Spread => {
  const list = Array.from(values);
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  return {
    mean,
    sd: list.length < 2 ? null : Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (list.length - 1)),
  };
};

/** What a paired t-test says. */
export interface PairedTest {
  /** The mean of the differences. */
  readonly difference: number;
  /** Where the true mean lies with the confidence asked for. */
  readonly interval: readonly [number, number];
  readonly t: number;
  /** Degrees of freedom. */
  readonly df: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Student's test of the hypothesis that the mean of `differences`, one a user, is 0. Where all are equal there is nothing to
 * estimate: p is 1 for zeros, else 0. Undefined for less than two differences.
 */
export const pairedTest = (differences: ArrayLike<number>, confidence = 0.95): PairedTest | undefined => {
  const { mean, sd } = spread(differences);
  if (sd === null) return undefined;
  const df = differences.length - 1;
  const error = sd / Math.sqrt(differences.length);
  const t = mean === 0 ? 0 : mean / error;
  const half = error === 0 ? 0 : studentQuantile(1 - confidence, df) * error;
  return { difference: mean, interval: [mean - half, mean + half], t, df, p: studentTail(t, df) };
};

/**
 * Holm's correction: p-values such that refusing those up to α refuses a true hypothesis with probability at most α, over all of
 * them together and whatever their dependence. In the order given.
 */
export const holm = (ps: readonly number[]): readonly number[] => {
  const order = ps.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const adjusted = order.reduce<readonly number[]>(
    (sofar, { p }, k) => [...sofar, Math.min(1, Math.max(sofar.at(-1) ?? 0, (ps.length - k) * p))],
    [],
  );
  return ps.map((_, i) => adjusted[order.findIndex((o) => o.i === i)]!);
};
