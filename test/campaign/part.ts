/**
 * What the campaign asks of a part: cases without end from a seed, a judgement of each, and smaller cases near one that fails.
 * Everything else (workers, counts, shrinking, files, resuming) is the same for all parts and knows nothing of them.
 */
import { type Either, isLeft } from 'fp-ts/lib/Either.js';

/** What is wrong with a case. Faults of one `kind` are taken for one fault: a few are shrunk and kept, the rest counted. */
export interface Fault {
  readonly kind: string;
  readonly expected: string;
  readonly found: string;
}

/** What is wrong, or how much was tried: 1 for most cases, the kills that met their process for another. */
export type Verdict = Either<Fault, number>;
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Settings {
  readonly seed: number;
  /** Also what is known to be outside the space that is promised today: scalar functions beyond their domains, and NaN in branches not taken. */
  readonly edges: boolean;
}

export interface Part<Case = unknown> {
  readonly name: string;
  /** How many cases are judged together, from a multiple of it on. */
  readonly chunk: number;
  /** Where the cases end, for a part that has a last one. */
  readonly count?: number;
  /** Only where it is named: what it needs, few machines have. */
  readonly isAsked?: boolean;
  /** What must be there before any worker begins. */
  readonly prepare?: () => Promise<void>;
  readonly generate: (settings: Settings, index: number) => Case;
  /** One verdict for each case. What it throws is a fault of the campaign's own. */
  readonly check: (cases: readonly Case[]) => Promise<readonly Verdict[]>;
  /** Cases that are simpler than this one, the simplest first; each is well-formed, whether or not it fails too. */
  readonly smaller: (of: Case) => Iterable<Case>;
  readonly save: (of: Case) => Json;
  readonly load: (saved: Json) => Case;
  /** For people: what the case is. */
  readonly text: (of: Case) => readonly string[];
}

/** Judges cases one after the other; each learns its place among them. */
export const inTurn =
  <Case>(judge: (of: Case, place: number) => Promise<Verdict>): Part<Case>['check'] =>
  async (cases) => {
    const verdicts: Verdict[] = [];
    for (const [place, of] of cases.entries()) verdicts.push(await judge(of, place));
    return verdicts;
  };

export interface Found {
  readonly part: string;
  readonly seed: number;
  readonly index: number;
  readonly fault: Fault;
  readonly text: readonly string[];
  /** The smallest case that has the fault, as `load` reads it. */
  readonly saved: Json;
}

/** Time and trials that one counterexample may cost. */
const PATIENCE = { trials: 400, milliseconds: 20_000 } as const;

/** The smallest case that one finds by going on from each smaller case that has a fault of the same kind. */
export const shrunk = async <Case>(part: Part<Case>, start: Case, fault: Fault): Promise<readonly [Case, Fault]> => {
  const until = Date.now() + PATIENCE.milliseconds;
  let best: readonly [Case, Fault] = [start, fault];
  let trials = 0;
  const better = async (): Promise<readonly [Case, Fault] | null> => {
    for (const candidate of part.smaller(best[0])) {
      if (trials++ >= PATIENCE.trials || Date.now() > until) return null;
      const [verdict] = await part.check([candidate]);
      if (verdict !== undefined && isLeft(verdict) && verdict.left.kind === fault.kind)
        return [candidate, verdict.left];
    }
    return null;
  };
  for (let next = await better(); next !== null; next = await better()) best = next;
  return best;
};
