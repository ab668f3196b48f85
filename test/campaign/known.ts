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

export const known: readonly Known[] = [
  { part: 'programs', kind: 'wasm: ', why: 'positions beyond a row\'s end, and loops, along axes of one position' },
  { part: 'files', kind: 'an id holds what one does not see', why: 'cells are not trimmed' },
  { part: 'files', kind: 'two ids differ by invisible characters alone', why: 'cells are not trimmed' },
  { part: 'files', kind: 'a good file is refused', why: 'CR CR LF ends no line' },
  { part: 'files', kind: 'a good file is read as something else', why: 'cells are not trimmed' },
  { part: 'mutants', kind: 'does not hold: derivatives of equilibria', why: 'an implicit derivative takes the equilibrium for a constant when it is differentiated again' },
];

export const isKnown = (part: string, kind: string): boolean => known.some((k) => k.part === part && kind.startsWith(k.kind));
