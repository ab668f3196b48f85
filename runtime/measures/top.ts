/** The best of many scores. */

/** Better scores first; equal ones in the order of the catalogue, and what is not a number after everything that is. */
const ahead =
  (scores: ArrayLike<number>) =>
  (a: number, b: number): number => {
    const x = scores[a] as number;
    const y = scores[b] as number;
    if (x > y) return -1;
    if (x < y) return 1;
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  };

/**
 * The `top` best items that are not in the past and `may` be shown, in the order of `ahead`. One pass: whatever does not exceed the last of the best
 * `top` so far is passed over, and the rest is put in its place among them.
 */
export const topOf = (
  scores: ArrayLike<number>,
  past: Iterable<number>,
  top: number,
  may: (item: number) => boolean = () => true,
): readonly number[] => {
  // By item, for it is asked of each that might be shown: a set takes as long to fill as all scores to look through.
  const seen = new Uint8Array(scores.length);
  for (const at of past) seen[at] = 1;
  const order = ahead(scores);
  const size = Math.min(top, scores.length);
  const found = new Int32Array(size);
  let count = 0;
  /** Before which of the best an item comes. */
  const placeOf = (at: number): number => {
    let from = 0;
    let to = count;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (order(at, found[middle]!) < 0) to = middle;
      else from = middle + 1;
    }
    return from;
  };
  // No number is at most NaN, so nothing is passed over at first, nor where the last of the best is itself not a number.
  let bar = Number.NaN;
  for (let at = 0; at < scores.length; at++) {
    if ((scores[at] as number) <= bar || seen[at] === 1 || !may(at)) continue;
    const place = placeOf(at);
    if (place === size) continue;
    count = Math.min(count + 1, size);
    found.copyWithin(place + 1, place, count - 1);
    found[place] = at;
    if (count === size) bar = scores[found[size - 1]!] as number;
  }
  return Array.from(found.subarray(0, count));
};
