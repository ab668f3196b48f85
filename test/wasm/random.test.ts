/** Random kernels against the interpreter, on axes long enough for tiles, lanes and what is left over of both. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import { interpret } from '../gpu/interpret.js';
import { choices, given, randomProgram, sizes } from '../gpu/random.js';
import { data, worst } from '../gpu/sessions.js';
import { opened } from './sessions.js';

const draw = { seed: 11, step: 5 };
/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 20);

/** The same program on other sizes: the sequence's, its lengths and the width. */
const longer = (program: LoopProgram, seq: number, width: number): LoopProgram => {
  const bounds: Readonly<Record<string, number>> = { seq, key: seq, past: seq, width, other: width };
  return JSON.parse(JSON.stringify(program), (_, x: unknown) =>
    (typeof x === 'object' && x !== null && 'name' in x && 'size' in x && typeof x.name === 'string' && x.name in bounds ? { ...x, size: bounds[x.name] } : x));
};
const wave = (n: number, speed: number): readonly number[] => Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i * speed)));
const inputs = (seq: number, width: number, lengths: readonly number[]): typeof given => ({
  lengths: [...lengths], ids: lengths.flatMap((n) => Array.from({ length: seq }, (_, i) => (i < n ? (i * 7 + n) % 5 : 0))),
  x: [...wave(3 * seq * width, 3.7)], table: [...wave(5 * width, 1.3)],
});

it.each([
  ['narrow', 4, 3, [4, 1, 2]], ['wide', 13, 9, [13, 2, 7]], ['even', 8, 16, [8, 0, 5]], ['crowded', 5, 128, [5, 0, 3]],
] as const)('random kernels mean on %s axes what they mean', async (_, seq, width, lengths) => {
  const values = inputs(seq, width, lengths);
  await fc.assert(fc.asyncProperty(choices, async (runs) => {
    const program = longer(randomProgram(runs), seq, width);
    const want = interpret(program.entries[0]!, sizes, values, draw);
    const session = await opened(program, sizes, { threads: 1 });
    try {
      const got = await session.run('all', data(program, values), draw);
      // Sums of differences lose digits that the whole array has.
      const errors = Object.keys(got).flatMap((name) => {
        const rounded = want[name]!.map(Math.fround);
        const scale = Math.max(1, ...rounded.map(Math.abs));
        return worst(got[name], rounded, scale) < 1e-4 ? [] : [{ name, got: Array.from(got[name]!), want: rounded }];
      });
      expect(errors).toEqual([]);
    } finally {
      await session.dispose();
    }
  }), { numRuns, seed: 20261123 });
}, 600_000);
