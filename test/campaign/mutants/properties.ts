/**
 * The properties that kill mutants, by name. Each is a function of a seed that throws where it does not hold: the very checks
 * of the tests, on draws of the seed's own.
 */
import fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as build from '../../../dsl/build.js';
import { add, mul } from '../../../dsl/elementwise.js';
import { tanh } from '../../../dsl/activation.js';
import { implicit, picard } from '../../../dsl/backward.js';
import { fixedPoint } from '../../../dsl/fixed-point.js';
import type { Node } from '../../../dsl/node.js';
import { type ScalarName, scalars } from '../../../dsl/scalar.js';
import { interner, rewrite } from '../../../compiler/graph.js';
import { rows } from '../../../compiler/passes/simplify.js';
import { batch, environmentFor, real, seq, sizes, width } from '../../generators/axes.js';
import { pools, rootsFrom } from '../../generators/expressions.js';
import { kinds, x as states } from '../../generators/scans.js';
import { templates } from '../../generators/templates.js';
import { cases, trials } from '../../generators/trials.js';
import { expectEqualValues, measured } from '../../support/compare.js';
import { expectDerivatives } from '../../support/derivatives.js';
import type { Case } from '../programs/case.js';
import { judge } from '../programs/judge.js';

export type Property = (seed: number) => void | Promise<void>;

const { map, constant } = build;
const sampled = <T>(of: fc.Arbitrary<T>, seed: number, numRuns: number): readonly T[] =>
  fc.sample(of, { seed: seed | 0, numRuns });

/** The derivatives of a scalar function, to the second, against central differences. */
export const scalarDerivatives =
  (fn: ScalarName): Property =>
  (seed) => {
    const { root, domain } = trials[fn];
    for (const [u, v] of sampled(fc.tuple(real, real), seed, 6)) {
      const [a, b] = domain(u, v);
      expectDerivatives(root, { sizes: {}, params: { x: [a], y: [b] } }, seed);
    }
  };

/** The derivatives of programs over every primitive. */
export const primitiveDerivatives: Property = (seed) => {
  for (const [, root] of cases)
    expectDerivatives(root, environmentFor([root], { batch: 3, lengths: [3, 0, 4] }, seed), seed);
};

export const scanDerivatives: Property = (seed) => {
  for (const [, make] of kinds.slice(0, 5)) {
    const root = make();
    expectDerivatives(root, environmentFor([root], { batch: 2, lengths: [3, 2] }, seed), seed);
  }
};

/** An equilibrium solved to the last digits, and its derivative by the implicit function theorem. */
export const implicitDerivatives: Property = (seed) => {
  const { value } = fixedPoint(mul(states, 0), (s) => add(states, mul(tanh(s), 0.3)), {
    solver: picard(),
    stop: { per: 'row', atol: 1e-14, rtol: 0, maxSteps: 60 },
    backward: implicit({ solve: 'picard', rtol: 1e-14, maxSteps: 60 }),
  });
  expectDerivatives(value, environmentFor([value], { batch: 2, lengths: [2, 3] }, seed), seed);
};

/** What a rewriting row gives is equal to what it was given. */
export const rowHolds =
  (name: string): Property =>
  (seed) => {
    const row = rows.find((r) => r.name === name)!;
    let applied = 0;
    for (const [pool, at, i, j] of sampled(fc.tuple(pools(4), sizes, fc.nat(20), fc.nat(20)), seed, 25)) {
      const floats = pool.filter((n) => n.dtype === 'f32' && n.axes.length <= 3);
      const pick = (n: number): Node => floats[floats.length - 1 - (n % floats.length)]!;
      for (const template of templates[name] ?? []) {
        const written = template(pick(i), pick(j));
        if (written === null) continue;
        const node = rewrite([written], interner(), (n) => n)[0]!;
        const result = row.apply(node);
        if (result === null) continue;
        const env = environmentFor([node], at, seed);
        const want = measured([node], env);
        if (!want.finite || want.scale > 1e6) continue;
        applied += 1;
        expectEqualValues(measured([result], env).values[0]!, want.values[0]!, want.scale, name);
      }
    }
    if (applied === 0) throw new Error(`no program reaches the row ${name}`);
  };

const refused = async (of: readonly Case[]): Promise<void> => {
  for (const verdict of await judge(of))
    if (isLeft(verdict)) throw new Error(`${verdict.left.kind}: ${verdict.left.expected}, found ${verdict.left.found}`);
};

/** The sizes at which every target is trusted: the campaign's own programs go down to 1. */
const plainSizes = { batch: 3, items: 5, length: 4, width: 3 } as const;
const plain = (root: Node, seed: number): Case => ({
  kind: "a mutant's",
  roots: [root],
  sizes: plainSizes,
  lengths: [4, 0, 3],
  missing: 0,
  seed,
  order: 0,
});

const away = (name: string): Node =>
  map('add', map('abs', build.input(name, [batch, seq, width], 'f32')), constant(0.3));
const given = {
  f32: [away('x'), away('y'), away('z')],
  i32: [build.input('ids', [batch, seq], 'i32'), build.index(seq), build.index(seq)],
  bool: [
    build.input('flag', [batch, seq], 'bool'),
    map('lt', build.index(seq), constant(2, 'i32')),
    build.input('flag', [batch, seq], 'bool'),
  ],
} as const;
/** A scalar function means on WebAssembly what it means. */
export const scalarMeaning =
  (fn: ScalarName): Property =>
  async (seed) => {
    const args = (scalars[fn].args as readonly (keyof typeof given | 'same')[]).map(
      (kind, i) => given[kind === 'same' ? 'f32' : kind][i]!,
    );
    await refused([plain(map(fn, ...args), seed)]);
  };

/** Sums of what a condition on positions leaves: what bounds a loop. Random programs meet too few of them. */
const bounded = (['le', 'lt', 'ge', 'gt', 'eq'] as const).flatMap((fn) =>
  [width, seq].map((axis) =>
    build.reduce('sum', map('select', map(fn, build.index(axis), constant(1, 'i32')), away('x'), constant(0)), [
      axis.name,
    ]),
  ),
);

/** Lowered programs mean what they mean. */
export const lowering: Property = async (seed) => {
  await refused(bounded.map((root) => plain(root, seed)));
  await refused(
    cases
      .map(([, root]) => root)
      .filter((root) => root.dtype === 'f32')
      .map((root) => plain(root, seed)),
  );
  await refused(sampled(pools(8), seed, 30).map((pool) => plain(rootsFrom(pool, 1)[0]!, seed)));
};
