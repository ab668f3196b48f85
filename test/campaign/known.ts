/**
 * Faults that are known and not mended yet: the campaign counts them, keeps them, and does not end with 1 for them alone. A mend
 * takes its line away.
 */
export interface Known {
  readonly part: string;
  /** How the fault's kind begins. */
  readonly kind: string;
  readonly why: string;
}

export const known: readonly Known[] = [];

export const isKnown = (part: string, kind: string): boolean =>
  known.some((k) => k.part === part && kind.startsWith(k.kind));
