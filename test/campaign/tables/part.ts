import type { Json, Part } from '../part.js';
import { type Case, filesOf, generate } from './case.js';
import { judge } from './judge.js';

function* smaller(of: Case): Generator<Case> {
  for (let i = 0; i < of.mistakes.length; i++) yield { ...of, mistakes: of.mistakes.toSpliced(i, 1) };
  if (of.seed !== 0) yield { ...of, seed: 0 };
}

export const tables: Part<Case> = {
  name: 'tables',
  chunk: 200,
  generate: ({ seed }, index) => generate(seed, index),
  check: judge,
  smaller,
  save: (of) => of as unknown as Json,
  load: (saved) => saved as unknown as Case,
  text: (of) => [
    `${of.kind}; ${of.mistakes.map((m) => m.name).join(', then ') || 'no mistake'}`,
    ...Object.entries(filesOf(of)).map(
      ([name, bytes]) => `${name}: ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`,
    ),
  ],
};
