/** Small dense matrices as arrays of rows. */
export type Matrix = readonly (readonly number[])[];

export const eye = (n: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
export const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((sum, v, k) => sum + v * b[k]![j]!, 0)));
export const transpose = (a: Matrix): number[][] => (a[0] ?? []).map((_, j) => a.map((row) => row[j]!));
export const plus = (a: Matrix, b: Matrix, scale = 1): number[][] =>
  a.map((row, i) => row.map((v, j) => v + scale * b[i]![j]!));
export const apply = (a: Matrix, x: readonly number[]): number[] =>
  a.map((row) => row.reduce((sum, v, k) => sum + v * x[k]!, 0));

/** Gauss with pivots: the solution of a x = b, and the determinant of a. */
export const solve = (a: Matrix, b: readonly number[]): { readonly x: readonly number[]; readonly det: number } => {
  const n = a.length;
  const rows = a.map((row, i) => [...row, b[i]!]);
  let det = 1;
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[best]![i]!)) best = r;
    if (best !== i) {
      [rows[i], rows[best]] = [rows[best]!, rows[i]!];
      det = -det;
    }
    det *= rows[i]![i]!;
    for (let r = i + 1; r < n; r++) {
      const factor = rows[r]![i]! / rows[i]![i]!;
      for (let k = i; k <= n; k++) rows[r]![k]! -= factor * rows[i]![k]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--)
    x[i] = (rows[i]![n]! - rows[i]!.slice(i + 1, n).reduce((sum, v, k) => sum + v * x[i + 1 + k]!, 0)) / rows[i]![i]!;
  return { x, det };
};
export const determinant = (a: Matrix): number =>
  solve(
    a,
    a.map(() => 0),
  ).det;
