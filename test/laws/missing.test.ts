/**
 * A row that is missing from a batch does not exist: k rows of a larger batch are the batch of those k rows, in every value
 * that has lost its rows and in every derivative, on every device that Node has.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as build from '../../dsl/build.js';
import type { Node, Param } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { pipeline } from '../../compiler/pipeline.js';
import { rootsOf } from '../../compiler/program.js';
import { checkGpu } from '../../compiler/targets/gpu/index.js';
import { type Environment, evaluate } from '../../compiler/targets/reference.js';
import type { DeviceName } from '../../runtime/contract/compiled.js';
import { environmentFor, LENGTH } from '../generators/axes.js';
import { leaves, pools, rootsFrom } from '../generators/expressions.js';
import { data, open } from '../gpu/sessions.js';
import { expectEqualValues, measured } from '../support/compare.js';
import { givenOf } from '../support/lowered.js';
import { reorder } from '../support/loops.js';
import { expanded, programOf, runPass, sizeOf } from '../support/programs.js';
import { opened } from '../wasm/sessions.js';

const MOST = 3;
const given = fc.record({
  lengths: fc.array(fc.integer({ min: 0, max: LENGTH }), { minLength: MOST, maxLength: MOST }),
  rows: fc.integer({ min: 0, max: MOST }),
  seed: fc.nat(),
});

const leaf = (name: string): Node =>
  leaves.find((n) => (n.op === 'input' && n.name === name) || (n.op === 'param' && n.path === name))!;
/** Looked up by an index of rows, and by one of positions of rows: the derivative sums over lists of them. */
const lookups: readonly Node[] = [
  build.map('mul', build.gather(leaf('table'), leaf('ids'), 'item'), leaf('x')),
  build.map('mul', build.gather(leaf('table'), leaf('id'), 'item'), leaf('z')),
];

/** Sums, means and the largest of what a pool has come to, over rows and all else, and the sums' derivatives. */
const reduced = (pool: readonly Node[]): readonly Node[] => {
  const fresh = [...lookups, ...rootsFrom(pool)].filter(
    (n) => n.dtype === 'f32' && n.axes.some((a) => a.name === 'batch'),
  );
  const over = (n: Node): readonly string[] => n.axes.map((a) => a.name);
  const sums = fresh.map((n) => build.reduce('sum', n, ['batch']));
  const largest = fresh.map((n) => build.map('max', build.reduce('max', n, ['batch']), build.constant(-9)));
  const loss = fresh
    .map((n) => build.reduce('sum', n, over(n)))
    .reduce<Node | null>((a, b) => (a === null ? b : build.map('add', a, b)), null);
  const params =
    loss === null
      ? []
      : [
          ...new Map(
            topological([loss]).flatMap((n): readonly (readonly [string, Param])[] =>
              n.op === 'param' ? [[n.path, n]] : [],
            ),
          ).values(),
        ];
  const slopes = params.map((_, i) => build.project({ op: 'gradient', of: loss!, wrt: params }, `${i}`));
  return expanded([...sums, ...largest, ...slopes]);
};

/** The first rows of an environment alone. Arrays are row-major over sorted axes, of which `batch` is the first. */
const first = (roots: readonly Node[], env: Environment, rows: number): Environment => {
  const cut = (name: string, list: ArrayLike<number>): readonly number[] => {
    const leaf = topological(roots).find((n) => n.op === 'input' && n.name === name);
    const whole = Array.from(list);
    if (name === 'seq.lengths') return whole.slice(0, rows);
    return leaf === undefined || !build.hasAxis(leaf, 'batch')
      ? whole
      : whole.slice(0, rows * (whole.length / sizeOf(build.axisOf(leaf, 'batch'), env)));
  };
  return {
    ...env,
    sizes: { ...env.sizes, batch: rows },
    inputs: {
      ...Object.fromEntries(Object.entries(env.inputs!).map(([name, list]) => [name, cut(name, list)])),
      'batch.missing': [0],
    },
  };
};

test('k rows of a larger batch are the batch of k rows', () => {
  let compared = 0;
  fc.assert(
    fc.property(pools(8), given, (pool, { lengths, rows, seed }) => {
      const roots = reduced(pool);
      if (roots.length === 0) return;
      const env = environmentFor(roots, { batch: MOST, lengths, missing: MOST - rows }, seed);
      const { values, scale, finite } = measured(roots, env);
      if (!finite) return;
      compared++;
      evaluate(roots, first(roots, env, rows)).forEach(({ data: alone, axes }, i) => {
        if (!axes.some((a) => a.name === 'batch')) expectEqualValues(values[i]!, alone, scale, `root ${i}`);
      });
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(100);
});

const devices: readonly (readonly [DeviceName, number])[] = [
  ['wasm', 25],
  ['cpu', 8],
  ['webasm', 8],
];
describe.each(devices)('on %s', (device, numRuns) => {
  test('random programs see the rows that exist', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(pools(8), given, async (pool, { lengths, rows, seed }) => {
        const roots = reduced(pool);
        if (roots.length === 0) return;
        const program = programOf(Object.fromEntries(roots.map((n, i) => [`out${i}`, n])));
        const entry = lowerEntry(pipeline.reduce((p, pass) => runPass(pass, p), program));
        const loops = { model: 'random', entries: [entry] };
        if (device !== 'wasm' && checkGpu(loops).length > 0) return;
        const session =
          device === 'wasm'
            ? await opened(loops, { batch: MOST, items: 5 }, { threads: 1 })
            : await open(loops, device, { batch: MOST, items: 5 });
        try {
          // A full batch first: nothing of it may be left behind.
          for (const missing of [0, MOST - rows]) {
            const env = environmentFor(rootsOf(program), { batch: MOST, lengths, missing }, seed);
            const want = measured(roots, env);
            if (!want.finite || want.scale > 1e4) return;
            const all = givenOf(rootsOf(program), env);
            const role = (id: string) => entry.buffers.find((b) => b.id === id)?.role;
            const of = (kind: string) =>
              Object.fromEntries(
                Object.entries(all)
                  .filter(([id]) => role(id) === kind)
                  .map(([id, list]) => [id, Array.from(list)]),
              );
            await session.write(
              Object.fromEntries(Object.entries(of('state')).map(([id, list]) => [id, Float32Array.from(list)])),
            );
            const got = await session.run(entry.name, data(loops, of('input')), env.random!);
            compared++;
            roots.forEach((n, i) => {
              const total = Array.from(got[`out${i}`]!, Number);
              if (!build.hasAxis(n, 'batch'))
                reorder(want.values[i]!, n.axes, env.sizes).forEach((w, k) =>
                  expect(
                    Math.abs(total[k]! - w),
                    `root ${i}, cell ${k}: ${total[k]}, not ${w}, ${missing} missing`,
                  ).toBeLessThan(1e-4 * want.scale),
                );
            });
          }
        } finally {
          await session.dispose();
        }
      }),
      { numRuns },
    );
    expect(compared).toBeGreaterThan(numRuns / 2);
  });
});
