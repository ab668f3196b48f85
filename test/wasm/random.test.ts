/** Random kernels against the interpreter, on axes long enough for tiles, lanes and what is left over of both. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interpret } from '../gpu/interpret.js';
import { choices, longer, randomProgram, sizes, valuesFor } from '../gpu/random.js';
import { data, differences } from '../gpu/sessions.js';
import { opened } from './sessions.js';

const draw = { seed: 11, step: 5 };
/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 20);

it.each([
  ['narrow', 4, 3, [4, 1, 2]],
  ['wide', 13, 9, [13, 2, 7]],
  ['even', 8, 16, [8, 0, 5]],
  ['crowded', 5, 128, [5, 0, 3]],
] as const)(
  'random kernels mean on %s axes what they mean',
  async (_, seq, width, lengths) => {
    const values = valuesFor(seq, width, lengths);
    await fc.assert(
      fc.asyncProperty(choices, async (runs) => {
        const program = longer(randomProgram(runs), seq, width);
        const want = interpret(program.entries[0]!, sizes, values, draw);
        const session = await opened(program, sizes, { threads: 1 });
        try {
          const got = await session.run('all', data(program, values), draw);
          expect(differences(got, want)).toEqual([]);
        } finally {
          await session.dispose();
        }
      }),
      { numRuns, seed: 20261123 },
    );
  },
  600_000,
);
