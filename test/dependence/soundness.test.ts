/** What the analysis says is not read can be replaced by anything: the cell keeps its value, bit for bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Axis } from '../../dsl/axis.js';
import type { Node } from '../../dsl/node.js';
import { dependence, type Reads } from '../../compiler/dependence/analysis.js';
import { inInput } from '../../compiler/dependence/flow.js';
import { gradient } from '../../compiler/gradient.js';
import { topological } from '../../compiler/graph.js';
import { evaluate, type Environment } from '../../compiler/targets/reference.js';
import { missingOf } from '../../dsl/axis.js';
import { batch, environmentFor, LENGTH, type Sizes, sizes, stream } from '../generators/axes.js';
import { leaves, pools } from '../generators/expressions.js';
import { products } from '../generators/products.js';
import { attentions, maxima } from './masks.js';
import { sizeOf } from '../support/programs.js';
import { holds } from './zones.js';

type At = Readonly<Record<string, number>>;

/** Every position of the axes up to their bounds, in memory order. */
const positions = (axes: readonly Axis[], env: Environment): readonly At[] =>
  axes.reduce<readonly At[]>(
    (all, a) => all.flatMap((at) => Array.from({ length: sizeOf(a, env) }, (_, i) => ({ ...at, [a.name]: i }))),
    [{}],
  );

const exists = (axes: readonly Axis[], at: At, lengths: readonly number[]): boolean =>
  axes.every(
    (a) => a.extent.kind === 'fixed' || at[a.extent.rows] === undefined || at[a.name]! < lengths[at[a.extent.rows]!]!,
  );

const isRead = (reads: Reads, input: string, cell: At, at: At): boolean => {
  const all = { ...cell, ...Object.fromEntries(Object.entries(at).map(([name, i]) => [inInput(name), i])) };
  return (reads.get(input) ?? []).some((z) => holds(z, all));
};

/** Inputs with new values, and new lengths, wherever the cell is said not to read them. */
const disturbed = (env: Environment, roots: readonly Node[], reads: Reads, cell: At, seed: number): Environment => {
  const next = stream(seed);
  const leaves = new Map(topological(roots).flatMap((n) => (n.op === 'input' ? [[n.name, n] as const] : [])));
  const fresh: Record<string, readonly number[]> = {};
  for (const [name, values] of Object.entries(env.inputs ?? {})) {
    // How many rows there are is nobody's data, as a size is.
    if (name === missingOf(batch)) {
      fresh[name] = values as readonly number[];
      continue;
    }
    const leaf = leaves.get(name) ?? { axes: [batch], dtype: 'i32' as const };
    const lengths = name === 'seq.lengths';
    fresh[name] = positions(leaf.axes, env).map((at, i) => {
      if (isRead(reads, name, cell, at)) return values[i]!;
      // The cell itself goes on existing.
      const least =
        lengths && at['batch'] === cell['batch'] ? Math.max(-1, ...['seq', 'key'].map((a) => cell[a] ?? -1)) + 1 : 0;
      return lengths
        ? least + Math.floor(next() * (LENGTH + 1 - least))
        : leaf.dtype === 'bool'
          ? Math.floor(next() * 2)
          : Math.floor(next() * 9) - 2;
    });
  }
  return { ...env, inputs: fresh };
};

/** A few cells of a tensor, each with everything changed that it is said not to read. */
const hold = (root: Node, given: Sizes, seed: number): void => {
  // Positions beyond the ends hold junk that a longer row would see: every environment here is given whole.
  const whole = environmentFor([root], { ...given, lengths: given.lengths.map(() => LENGTH) }, seed);
  const env: Environment = { ...whole, inputs: { ...whole.inputs, 'seq.lengths': given.lengths } };
  const reads = dependence([root]).reads(root);
  const next = stream(seed + 1);
  const [before] = evaluate([root], env);
  if (!before!.data.every(Number.isFinite)) return;
  const cells = positions(root.axes, env)
    .map((at, i) => ({ at, i }))
    .filter(({ at }) => exists(root.axes, at, given.lengths));
  for (let trial = 0; trial < Math.min(3, cells.length); trial++) {
    const { at, i } = cells[Math.floor(next() * cells.length)]!;
    const other = disturbed(env, [root], reads, at, seed + 2 + trial);
    const [after] = evaluate([root], other);
    // -0 is 0: where nothing is read, 0 times what was there has its sign.
    if (after!.data[i]! !== before!.data[i]! && !topological([root]).some((n) => !finite(n, other))) {
      expect.fail(
        `${JSON.stringify(at)} was ${before!.data[i]!}, is ${after!.data[i]!}; said to read ${JSON.stringify([...reads])}`,
      );
    }
  }
};
const finite = (n: Node, env: Environment): boolean => evaluate([n], env)[0]!.data.every(Number.isFinite);

describe('what a tensor is said not to read has no say in it', () => {
  it('whatever the program', () => {
    fc.assert(
      fc.property(pools(14), sizes, fc.nat(), (pool, given, seed) => {
        for (const root of pool.slice(leaves.length)) hold(root, given, seed);
      }),
      { numRuns: 1500 },
    );
  });

  it('sums of masked products', () => {
    fc.assert(
      fc.property(products, sizes, fc.nat(), (root, given, seed) => hold(root, given, seed)),
      { numRuns: 300 },
    );
  });

  it('masked sums and maxima', () => {
    fc.assert(
      fc.property(fc.oneof(attentions, maxima), sizes, fc.nat(), (root, given, seed) => hold(root, given, seed)),
      { numRuns: 2000 },
    );
  });

  it('derivatives', () => {
    fc.assert(
      fc.property(attentions, fc.boolean(), sizes, fc.nat(), (root, twice, given, seed) => {
        const [x] = topological([root]).filter((n) => n.op === 'input' && n.dtype === 'f32');
        const slope = gradient(root, [x!])[0]!;
        hold(twice ? gradient(slope, [x!])[0]! : slope, given, seed);
      }),
      { numRuns: 500 },
    );
  });
});
