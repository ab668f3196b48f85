/** Random sums of products, masked and renamed: what contractions are ordered from, and diagonals carried through. */
import fc from 'fast-check';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { key, seq, wide, width } from './axes.js';
import { leaves, nodeText } from './expressions.js';

const { map, reduce, rename } = build;
const named = (name: string): Node =>
  leaves.find((n) => (n.op === 'input' ? n.name : n.op === 'param' ? n.path : '') === name)!;
const [x, y, z, mix, position, square, gain] = ['x', 'y', 'z', 'mix', 'position', 'square', 'gain'].map(named) as [
  Node,
  Node,
  Node,
  Node,
  Node,
  Node,
  Node,
];

const causal = (a: typeof seq | typeof key, b: typeof seq | typeof key): Node =>
  map('le', build.index(a), build.index(b));
const masked = (p: Node, n: Node): Node => map('select', p, n, build.constant(0));
const factors: readonly Node[] = [
  x,
  rename(x, 'seq', key),
  rename(x, 'width', wide),
  y,
  rename(y, 'seq', key),
  z,
  mix,
  masked(causal(key, seq), mix),
  rename(rename(rename(mix, 'seq', { ...seq, name: 'other' }), 'key', seq), 'other', key),
  position,
  rename(position, 'seq', key),
  square,
  gain,
  rename(gain, 'width', wide),
];

const WIDEST = 5;
const fits = (n: Node): boolean => n.axes.length <= WIDEST;
/** The axes of `n` that the bits of `choice` pick, at least one where `some`. */
const pick = (n: Node, from: readonly string[], choice: number, some: boolean): readonly string[] => {
  const chosen = from.filter((_, i) => (choice >> i) & 1);
  return chosen.length > 0 || !some || from.length === 0 ? chosen : [from[choice % from.length]!];
};
const contraction = (a: Node, b: Node, choice: number): Node => {
  const both = map('mul', a, b);
  const shared = both.axes.map((k) => k.name).filter((k) => build.hasAxis(a, k) && build.hasAxis(b, k));
  return fits(both) ? reduce('sum', both, pick(both, shared, choice, true)) : a;
};
const either = (n: Node, choice: number): Node => {
  const moves = [
    ['seq', key],
    ['key', seq],
    ['width', wide],
    ['wide', width],
  ] as const;
  const [from, to] = moves[choice % 4]!;
  return build.hasAxis(n, from) ? rename(n, from, to) : n;
};

const { product } = fc.letrec<{ product: Node }>((tie) => {
  const inner = tie('product');
  const bits = fc.nat({ max: 63 });
  const two = (f: (a: Node, b: Node, choice: number) => Node) =>
    fc.tuple(inner, inner, bits).map(([a, b, choice]) => f(a, b, choice));
  return {
    product: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'product' },
      fc.constantFrom(...factors),
      two(contraction),
      two(contraction),
      two(contraction),
      fc
        .tuple(inner, fc.boolean())
        .map(([n, turned]) =>
          build.hasAxis(n, 'seq') && build.hasAxis(n, 'key')
            ? masked(turned ? causal(seq, key) : causal(key, seq), n)
            : n,
        ),
      two((a, b, choice) => {
        const s = map(choice % 2 === 0 ? 'add' : 'sub', a, b);
        return fits(s) ? s : a;
      }),
      fc
        .tuple(inner, bits)
        .map(([n, choice]) => (choice % 2 === 0 ? map('neg', n) : map('mul', build.constant(0.5), n))),
      fc.tuple(inner, bits).map(([n, choice]) => either(n, choice)),
      fc.tuple(inner, bits).map(([n, choice]) =>
        reduce(
          'sum',
          n,
          pick(
            n,
            n.axes.map((k) => k.name),
            choice,
            false,
          ),
        ),
      ),
    ),
  };
});

/** A product of which at most three axes are left. */
export const products: fc.Arbitrary<Node> = fc.tuple(product, fc.nat({ max: 63 })).map(([n, choice]) => {
  const root = reduce(
    'sum',
    n,
    pick(
      n,
      n.axes.map((k) => k.name),
      choice,
      n.axes.length > 3,
    ),
  );
  return Object.assign(root, { [fc.toStringMethod]: () => nodeText(root) });
});
