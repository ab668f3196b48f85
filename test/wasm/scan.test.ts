/** Scans in our own WebAssembly: rows of many lengths, lanes that fit and lanes that do not, one thread and two. */
import { describe, expect, test } from 'vitest';
import type { Entry, LoopProgram } from '../../compiler/loops/ir.js';
import { environmentFor, stream } from '../generators/axes.js';
import { kinds, withSlopes } from '../generators/scans.js';
import { data, worst } from '../gpu/sessions.js';
import { runLoops } from '../support/loops.js';
import { scanned } from '../support/scanned.js';
import { opened } from './sessions.js';

describe.each(kinds)('%s', (_, of) => {
  test.each([
    [false, 1],
    [true, 1],
    [false, 2],
  ] as const)('agrees with the reference, derivatives included: reverse %s, %i threads', async (reverse, threads) => {
    const roots = withSlopes(of({ reverse }));
    const { program, inputs, sizes, want, draw } = scanned(
      roots,
      environmentFor(roots, { batch: 5, lengths: [3, 0, 4, 1, 2] }, 5),
    );
    const session = await opened(program, sizes, { threads });
    try {
      const got = await session.run('train', data(program, inputs), draw);
      for (const [name, values] of Object.entries(want)) expect(worst(got[name], values, 1), name).toBeLessThan(1e-4);
    } finally {
      await session.dispose();
    }
  });
});

/** The same program on other sizes: longer sequences, and states wider than all lanes of a tile. */
const larger = (program: LoopProgram, seq: number, width: number): LoopProgram => {
  const bounds: Readonly<Record<string, number>> = { seq, width, wide: width, out: width };
  return JSON.parse(JSON.stringify(program), (_, x: unknown) =>
    typeof x === 'object' && x !== null && 'name' in x && 'size' in x && typeof x.name === 'string' && x.name in bounds
      ? { ...x, size: bounds[x.name] }
      : x,
  );
};

describe.each([
  [9, 37],
  [6, 64],
  [5, 34],
] as const)('%i positions, width %i', (length, breadth) => {
  test.each(kinds.slice(0, 6))('%s agrees with the loops as they are read', async (_, of) => {
    const roots = withSlopes(of());
    const { program, sizes, draw } = scanned(roots, environmentFor(roots, { batch: 4, lengths: [1, 0, 4, 2] }, 5));
    const wide = larger(program, length, breadth);
    const [entry] = wide.entries as [Entry];
    const next = stream(3);
    const given = Object.fromEntries(
      entry.buffers
        .filter((b) => b.role === 'input')
        .map((b) => [
          b.id,
          b.id === 'seq.lengths'
            ? [1, 0, length, length - 2]
            : Array.from(
                { length: b.axes.reduce((n, a) => n * (typeof a.size === 'number' ? a.size : sizes[a.size]!), 1) },
                () => Math.fround((next() - 0.5) / Math.sqrt(breadth)),
              ),
        ]),
    );
    const want = runLoops(entry, { sizes, given, random: draw });
    const session = await opened(wide, sizes, { threads: 1 });
    try {
      const got = await session.run('train', data(wide, given), draw);
      for (const [name, id] of Object.entries(entry.outputs))
        expect(worst(got[name], Array.from(want.get(id)!), 1), name).toBeLessThan(1e-4);
    } finally {
      await session.dispose();
    }
  });
});
