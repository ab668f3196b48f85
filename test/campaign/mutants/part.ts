/** Mutants of the compiler's rules: each must be killed by the property that is named for it, and the rule itself must keep it. */
import { left, right } from 'fp-ts/lib/Either.js';
import { mixed } from '../numbers.js';
import { inTurn, type Part, type Verdict } from '../part.js';
import { mutants } from './mutants.js';
import type { Property } from './properties.js';

interface Case {
  readonly mutant: string;
  readonly seed: number;
}

/** Draws that a mutant is given before it is said to live. */
const TRIES = 3;

const complaint = async (property: Property, seed: number): Promise<string | null> => {
  try {
    await property(seed);
    return null;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
};

const judge = async ({ mutant: name, seed }: Case): Promise<Verdict> => {
  const mutant = mutants.find((m) => m.name === name);
  if (mutant === undefined) return left({ kind: 'there is no such mutant', expected: "one of today's", found: name });
  const wrong = await complaint(mutant.check, seed);
  if (wrong !== null)
    return left({ kind: `does not hold: ${mutant.property}`, expected: mutant.property, found: wrong });
  for (let k = 0; k < TRIES; k++) {
    const restore = mutant.inject();
    try {
      if ((await complaint(mutant.check, mixed(seed, k))) !== null) return right(1);
    } finally {
      restore();
    }
  }
  return left({
    kind: `lives: ${mutant.name}`,
    expected: `that this fails: ${mutant.property}`,
    found: `it holds on ${TRIES} draws`,
  });
};

export const mutantsPart: Part<Case> = {
  name: 'mutants',
  chunk: 4,
  generate: ({ seed }, index) => ({
    mutant: mutants[index % mutants.length]!.name,
    seed: mixed(seed, Math.floor(index / mutants.length), 31),
  }),
  check: inTurn(judge),
  smaller: () => [],
  save: (of) => ({ ...of }),
  load: (saved) => saved as unknown as Case,
  text: (of) => [`${of.mutant}, on seed ${of.seed}`],
};
