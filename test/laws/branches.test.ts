/** What a condition sends elsewhere contributes exactly 0, whatever stands there: values, slopes, and slopes of slopes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import type { Environment } from '../../compiler/targets/reference.js';
import { sizes } from '../generators/axes.js';
import { branchEnvironment, branches, type Trial } from '../generators/branches.js';
import { data, open } from '../gpu/sessions.js';
import { loops, loops32 } from '../support/lowered.js';
import { meaning, reference } from '../support/programs.js';
import { scanned } from '../support/scanned.js';
import { opened } from '../wasm/sessions.js';

const total = (n: Node): Node =>
  build.reduce(
    'sum',
    build.map('sin', n),
    n.axes.map((a) => a.name),
  );
const slopesOf = (of: Node, wrt: readonly Node[]): readonly Node[] =>
  wrt.map((_, i) => build.project({ op: 'gradient', of, wrt }, `${i}`));
/** The value, its slopes, and the slopes of a number made of the slopes. */
const derived = (root: Node, wrt: readonly Node[]): readonly Node[] => {
  const slopes = slopesOf(root, wrt);
  return [
    root,
    ...slopes,
    ...slopesOf(
      slopes.map(total).reduce((a, b) => build.map('add', a, b)),
      wrt,
    ),
  ];
};

const session =
  (
    run: (program: LoopProgram, of: ReturnType<typeof scanned>) => Promise<Readonly<Record<string, ArrayLike<number>>>>,
  ) =>
  async (roots: readonly Node[], env: Environment): Promise<readonly ArrayLike<number>[]> => {
    const of = scanned(roots, env);
    const got = await run(of.program, of);
    return roots.map((_, i) => got[`out${i}`]!);
  };
type Evaluator = (
  roots: readonly Node[],
  env: Environment,
) => Promise<readonly ArrayLike<number>[]> | readonly ArrayLike<number>[];
const targets: readonly (readonly [string, number, number, Evaluator])[] = [
  ['reference', 1e-9, 40, reference.values],
  ['loops', 1e-7, 30, loops.values],
  ['loops in float32', 2e-3, 30, loops32.values],
  [
    'wasm',
    5e-3,
    5,
    session(async (program, { sizes: at, inputs, draw }) => {
      const s = await opened(program, at, { threads: 1 });
      try {
        return await s.run('train', data(program, inputs), draw);
      } finally {
        await s.dispose();
      }
    }),
  ],
  [
    'cpu',
    5e-3,
    5,
    session(async (program, { sizes: at, inputs, draw }) => {
      const s = await open(program, 'cpu', at);
      try {
        return await s.run('train', data(program, inputs), draw);
      } finally {
        await s.dispose();
      }
    }),
  ],
];
/** BRANCH_RUNS=50 for fifty times as many. */
const more = Number(process.env['BRANCH_RUNS'] ?? 1);
const sorted = (x: ArrayLike<number>): readonly number[] => Array.from(x).sort((a, b) => a - b);

const expectSame = (
  got: readonly ArrayLike<number>[],
  want: readonly ArrayLike<number>[],
  tolerance: number,
  isOrdered: boolean,
): void => {
  const scale = Math.max(1, ...want.flatMap((w) => Array.from(w, Math.abs)));
  want.forEach((w, i) => {
    // A session's arrays lie in memory order.
    const [g, expected] = isOrdered ? [Array.from(got[i]!), Array.from(w)] : [sorted(got[i]!), sorted(w)];
    expect(g.length).toBe(expected.length);
    g.forEach((x, k) => {
      if (!(Math.abs(x - expected[k]!) <= tolerance * scale))
        expect.fail(`result ${i}, entry ${k}: ${x}, not ${expected[k]}`);
    });
  });
};

describe.each(targets)('%s', (name, tolerance, numRuns, values) => {
  test('cannot tell a program from the same without what is not chosen', async () => {
    let checked = 0;
    await fc.assert(
      fc.asyncProperty(branches, sizes, fc.nat(), async ({ root, tame, wrt, isByRow }: Trial, rows, seed) => {
        const env = branchEnvironment(rows, seed, isByRow);
        const want = meaning(derived(tame, wrt), env).map((x) => x.data);
        const largest = Math.max(...want.flatMap((w) => Array.from(w, Math.abs)));
        if (!(largest < 1e3)) return;
        checked += 1;
        expectSame(await values(derived(root, wrt), env), want, tolerance, name !== 'wasm' && name !== 'cpu');
      }),
      { numRuns: numRuns * more, seed: 20261125 },
    );
    expect(checked).toBeGreaterThan(numRuns / 4);
  }, 600_000);
});
