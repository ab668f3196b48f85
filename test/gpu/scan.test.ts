/** Scans on gpu.js: a kernel run once for each position, on what it computed before. */
import { describe, expect, test } from 'vitest';
import { environmentFor } from '../generators/axes.js';
import { kinds, withSlopes } from '../generators/scans.js';
import { scanned } from '../support/scanned.js';
import { data, open, worst } from './sessions.js';

describe.each(['cpu', 'webasm'] as const)('%s', (device) => {
  test.each(kinds)('%s agrees with the reference, derivatives included', async (_, of) => {
    for (const reverse of [false, true]) {
      const roots = withSlopes(of({ reverse }));
      const { program, inputs, sizes, want, draw } = scanned(
        roots,
        environmentFor(roots, { batch: 3, lengths: [3, 1, 4] }, 5),
      );
      const session = await open(program, device, sizes);
      try {
        const got = await session.run('train', data(program, inputs), draw);
        for (const [name, values] of Object.entries(want))
          expect(worst(got[name], values, 1), `${name}, reverse ${reverse}`).toBeLessThan(1e-4);
      } finally {
        await session.dispose();
      }
    }
  });
});
