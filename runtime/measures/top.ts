/** The best of many scores. */

/** Better scores first; equal ones in the order of the catalogue, and what is not a number after everything that is. */
const ahead =
  (scores: ArrayLike<number>) =>
  (a: number, b: number): number => {
    const [x, y] = [scores[a] as number, scores[b] as number];
    if (x > y) return -1;
    if (x < y) return 1;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  };

/**
 * The `top` best items that are not in the past and `may` be shown, in the order of `ahead`. One pass: whatever does not exceed the last of the best
 * `top` so far is passed over, and the rest is sorted each time that it has become twice as many as are wanted.
 */
export const topOf = (
  scores: ArrayLike<number>,
  past: Iterable<number>,
  top: number,
  may: (item: number) => boolean = () => true,
): readonly number[] => {
  const seen = new Set(past);
  const order = ahead(scores);
  const found: number[] = [];
  // No number is at most NaN, so nothing is passed over at first, nor where the last of the best is itself not a number.
  let bar = Number.NaN;
  for (let at = 0; at < scores.length; at++) {
    if ((scores[at] as number) <= bar || seen.has(at) || !may(at)) continue;
    found.push(at);
    if (found.length < 2 * top) continue;
    found.sort(order).length = top;
    bar = scores[found[top - 1] as number] as number;
  }
  return found.sort(order).slice(0, top);
};
