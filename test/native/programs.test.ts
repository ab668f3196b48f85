/** Random kernels and every scalar function as C, many in one library: a build takes longer than all of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply } from '../../compiler/loops/build.js';
import type { Entry, Expr, LoopProgram } from '../../compiler/loops/ir.js';
import { worth } from '../../compiler/scalars.js';
import { interpret } from '../gpu/interpret.js';
import { choices, longer, randomProgram, sizes, valuesFor } from '../gpu/random.js';
import { data, differences } from '../gpu/sessions.js';
import { columnsOf, functionOf, resultOf, trials, unitsOff } from '../support/ranges.js';
import { available, opened } from './sessions.js';

const draw = { seed: 11, step: 5 };
/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 20);
const asEntry = (program: LoopProgram, name: string): Entry => ({ ...program.entries[0]!, name });

describe.skipIf(!available)('in C', () => {
  it.each([
    ['narrow', 4, 3, [4, 1, 2], undefined],
    ['wide', 13, 9, [13, 2, 7], undefined],
    ['even', 8, 16, [8, 0, 5], undefined],
    ['crowded', 5, 128, [5, 0, 3], undefined],
    ['tall', 23, 50, [23, 11, 5], undefined],
    ['wide', 13, 9, [13, 2, 7], 4],
    ['narrow', 4, 3, [4, 1, 2], 16],
    ['wide', 13, 9, [13, 2, 7], 16],
    ['tall', 23, 50, [23, 11, 5], 16],
  ] as const)(
    'random kernels mean on %s axes what they mean (%i, %i, %o, lanes %s)',
    async (_, seq, width, lengths, lanes) => {
      const values = valuesFor(seq, width, lengths);
      const programs = fc
        .sample(choices, { numRuns: lanes === undefined ? numRuns : Math.ceil(numRuns / 2), seed: 20261123 })
        .map((runs) => longer(randomProgram(runs), seq, width));
      const session = await opened(
        { model: 'random', entries: programs.map((p, i) => asEntry(p, `program${i}`)) },
        sizes,
        { threads: 2, ...(lanes === undefined ? {} : { lanes }) },
      );
      try {
        for (const [i, program] of programs.entries()) {
          const got = await session.run(`program${i}`, data(program, values), draw);
          expect(
            differences(got, interpret(program.entries[0]!, sizes, values, draw)),
            JSON.stringify(program.entries[0]!.kernels),
          ).toEqual([]);
        }
      } finally {
        await session.dispose();
      }
    },
    600_000,
  );

  it('names that C has taken, or the header, or that C would make one of, are names like others', async () => {
    const names = [
      'int',
      'unix',
      'WIDE',
      'SQRT',
      'bool',
      'NULL',
      'm',
      'memory',
      'F32S',
      'select_f32s',
      'lanes_exp',
      'a.b',
      'a_b',
      'a_b_2',
      '2nd',
      'sizes',
    ];
    const axis = { name: 'i', size: 20 };
    const at = [{ kind: 'index', axis: 'i' }] as const;
    const entry: Entry = {
      name: 'train',
      buffers: [
        ...names.map((id) => ({ id, dtype: 'f32' as const, role: 'input' as const, axes: [axis] })),
        { id: 'double', dtype: 'f32', role: 'output', axes: [axis] },
      ],
      kernels: [
        {
          name: 'double',
          output: 'double',
          comment: 'all of them',
          body: names
            .map((buffer): Expr => ({ kind: 'read', buffer, dtype: 'f32', at }))
            .reduce((x, y) => apply('add', x, apply('exp', y))),
        },
      ],
      outputs: { double: 'double' },
      updates: {},
    };
    const program = { model: 'names', entries: [entry] };
    const session = await opened(program, {}, { threads: 1 });
    const given = Object.fromEntries(
      names.map((id, k) => [id, Array.from({ length: 20 }, (_, i) => Math.sin(k * 20 + i))]),
    );
    const got = await session.run('train', data(program, given), draw);
    expect(differences(got, interpret(entry, {}, given, draw))).toEqual([]);
    await session.dispose();
  }, 600_000);

  it('every scalar function is as near to float64 as in WebAssembly, in lanes and alone', async () => {
    const all = trials.flatMap((trial) => [1, 3].map((along) => ({ trial, along })));
    const programs = all.map(({ trial, along }) => functionOf(trial, along));
    const session = await opened(
      { model: 'math', entries: programs.map((p, i) => asEntry(p, `function${i}`)) },
      {},
      { threads: 1 },
    );
    try {
      for (const [i, { trial, along }] of all.entries()) {
        const given = Object.fromEntries(columnsOf(trial).map((c, k) => [`a${k}`, c]));
        const got = (await session.run(`function${i}`, data(programs[i]!, given), { seed: 1, step: 1 }))['out']!;
        const meaning = worth(trial.fn, resultOf(trial));
        const off = trial.range.rows
          .map((row, r) => ({ row, got: got[r * along]!, want: meaning(...row) }))
          .filter(({ got: g, want }) => !(unitsOff(g, want, trial.range.floor) <= trial.range.units));
        expect(off.slice(0, 3), `${trial.fn} of ${trial.dtype}, ${along === 1 ? 'in lanes' : 'alone'}`).toEqual([]);
      }
    } finally {
      await session.dispose();
    }
  }, 600_000);
});
