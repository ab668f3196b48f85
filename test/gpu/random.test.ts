/** Random kernels, computed by gpu.js and by the interpreter: the writer of expressions must not change their meaning. */
import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { checkGpu } from '../../compiler/targets/gpu/index.js';
import { findWebGpu } from '../../runtime/devices/webgpu.js';
import { interpret } from './interpret.js';
import { choices, given, randomProgram, sizes } from './random.js';
import { data, open, worst } from './sessions.js';

const devices = ['cpu', 'webasm', ...(isRight(await findWebGpu(true)) ? (['webgpu'] as const) : [])] as const;
/** RANDOM_RUNS=1000 to look further. */
const numRuns = Number(process.env['RANDOM_RUNS'] ?? 20);

describe('random kernels', () => {
  it.each(devices)(
    'mean on %s what they mean',
    async (device) => {
      await fc.assert(
        fc.asyncProperty(choices, async (runs) => {
          const p = randomProgram(runs);
          expect(checkGpu(p)).toEqual([]);
          const draw = { seed: 5, step: 1 };
          const want = interpret(p.entries[0]!, sizes, given, draw);
          const session = await open(p, device, sizes);
          try {
            const got = await session.run('all', data(p, given), draw);
            const errors = Object.keys(got)
              .map((name) => ({ name, error: worst(got[name], want[name]!.map(Math.fround), 1) }))
              .filter(({ error }) => !(error < 1e-4));
            expect(errors).toEqual([]);
          } finally {
            await session.dispose();
          }
        }),
        { numRuns, seed: 20261123 },
      );
    },
    600_000,
  );
});
