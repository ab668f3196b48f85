/**
 * Successive halving (Jamieson and Talwalkar 2016): all trials train a little, the best third of them go on three times as long, and so
 * on to the end. Pure functions of what trials came to.
 */

/** Of how many trials one goes on, and by how much longer. */
const KEEP = 3;

export interface Rung {
  readonly trials: number;
  /** Passes over the data, counted from the beginning. */
  readonly epochs: number;
}

/** As many rungs as trials and epochs have for; the last trains for all epochs. */
export const rungsOf = (trials: number, epochs: number): readonly Rung[] => {
  let last = 0;
  while (KEEP ** (last + 1) <= Math.min(trials, epochs)) last++;
  return Array.from({ length: last + 1 }, (_, rung) => ({
    trials: Math.floor(trials / KEEP ** rung),
    epochs: rung === last ? epochs : Math.max(1, Math.floor(epochs / KEEP ** (last - rung))),
  }));
};

/** What a trial came to on a rung; null where it failed. */
export interface Score {
  readonly trial: number;
  readonly value: number | null;
}

/** The best first; of equals the earlier trial, and those that failed last. */
export const ordered = <S extends Score>(scores: readonly S[]): readonly S[] =>
  scores.toSorted((a, b) => {
    const [x, y] = [a.value ?? Number.NEGATIVE_INFINITY, b.value ?? Number.NEGATIVE_INFINITY];
    return x === y ? a.trial - b.trial : y > x ? 1 : -1;
  });

/** Which trials stand on a rung, by what they came to on the one before. A trial that failed goes no further. */
export const standing = (rung: Rung, before: readonly Score[]): readonly number[] =>
  ordered(before)
    .filter(({ value }) => value !== null)
    .slice(0, rung.trials)
    .map(({ trial }) => trial);
