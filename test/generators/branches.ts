/**
 * Random choices whose other branch holds anything: infinities and NaN made of ordinary numbers (log 0, 1 / 0, 0 / 0, an
 * exponential that overflows) or found in the data. Beside each program stands the same one with 1 in the place of whatever
 * is not chosen, which it must not be told from.
 */
import fc from 'fast-check';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { batch, key, type Sizes, seq, stream, width } from './axes.js';

const { map, constant, reduce } = build;
const c = (value: number): Node => constant(value);
const normal = { kind: 'normal', std: 1 } as const;

/** Wild where `open` is false; tame elsewhere. */
const open = build.input('open', [batch, seq, width], 'bool');
const row = build.input('row', [batch, seq], 'bool');
const p = build.param('p', [batch, seq, width], normal);
const q = build.param('q', [batch, seq, width], normal);
const v = build.param('v', [width], normal);
const s = build.param('s', [], normal);
const data = build.input('data', [batch, seq, width], 'f32');

type Made = (bad: Node, x: Node) => Node;
/** Functions of a value that is 0 where nothing is chosen: each is wild there, in value or in slope. */
const wild: readonly Made[] = [
  (b) => map('log', map('abs', b)),
  (b, x) => map('div', x, b),
  (b) => map('div', b, b),
  (b) => map('rsqrt', map('abs', b)),
  (b) => map('sqrt', map('abs', b)),
  (b) => map('exp', map('mul', c(5000), map('sub', c(0.29), map('abs', b)))),
  (b, x) => map('mul', x, map('log', map('mul', b, b))),
  (b) => map('log1p', map('sub', map('abs', b), c(1))),
  (b) => map('pow', map('abs', b), c(-1.5)),
  (b, x) => map('mul', x, map('div', c(1), b)),
  () => data,
  (_, x) => map('mul', data, x),
];
const onwards: readonly ((n: Node, x: Node) => Node)[] = [
  (n, x) => map('mul', n, x),
  (n) => map('mul', n, v),
  (n) => map('mul', s, n),
  (n, x) => map('add', n, map('tanh', x)),
  (n) => map('tanh', n),
  (n) => map('sub', c(1), n),
  (n) => map('mul', n, n),
  (n, x) => map('div', n, map('add', c(1), map('mul', x, x))),
  (n, x) => map('max', n, x),
  (n) => map('sigmoid', n),
];

export interface Trial {
  /** A number that depends on p, q, v and s. */
  readonly root: Node;
  readonly wrt: readonly Node[];
  /** The same program of which no branch is wild. */
  readonly tame: Node;
  /** Rows choose, not cells. */
  readonly isByRow: boolean;
}
type Choices = readonly [number, number, readonly number[], number, number];
const at = <T>(list: readonly T[], i: number): T => list[i % list.length]!;

/** How the cells that are chosen are told from others: at the cell, row by row, both branches, two uses of one value. */
const built = ([first, second, path, how, outside]: Choices, isTame: boolean): Node => {
  const isRow = how % 4 === 1;
  const chosen = isRow ? row : open;
  const not = map('not', chosen);
  // The tame one never sees a 0: what is not chosen is 1 there.
  const b = isTame ? map('select', chosen, p, c(1)) : p;
  const d = isTame ? map('select', chosen, data, c(1)) : data;
  const own = (n: Node): Node => (isTame && n === data ? d : n);
  const grow = (i: number): Node => {
    const made = at(wild, i);
    const n = own(made(b, q));
    const from = isTame && made === wild[11] ? map('mul', d, q) : n;
    return path.reduce((x, k) => at(onwards, k)(x, q), from);
  };
  const one = grow(first);
  const masked =
    how % 4 === 2
      ? map('select', not, map('sin', q), one)
      : how % 4 === 3
        ? map(
            'add',
            map('select', chosen, one, c(0)),
            map('select', map('and', chosen, row), map('mul', grow(second), one), c(0)),
          )
        : map('select', chosen, one, c(0));
  const soft = map('mul', map('tanh', masked), q);
  switch (outside % 5) {
    case 0:
      return masked;
    case 1:
      return map('mul', reduce('sum', soft, ['width']), s);
    case 2:
      return map(
        'mul',
        reduce('sum', map('mul', map('tanh', masked), v), ['width']),
        build.input('y', [batch, seq], 'f32'),
      );
    case 3: {
      const there = build.rename(map('tanh', masked), 'seq', key);
      return reduce('sum', map('select', map('le', build.index(key), build.index(seq)), map('mul', there, q), c(0)), [
        'key',
      ]);
    }
    default:
      return map('sin', soft);
  }
};
const total = (n: Node): Node =>
  reduce(
    'sum',
    map('sin', n),
    n.axes.map((a) => a.name),
  );

export const branches: fc.Arbitrary<Trial> = fc
  .tuple(fc.nat(99), fc.nat(99), fc.array(fc.nat(99), { maxLength: 3 }), fc.nat(99), fc.nat(99))
  .map((choices) => ({
    root: total(built(choices, false)),
    tame: total(built(choices, true)),
    wrt: [p, q, v, s],
    isByRow: choices[3] % 4 === 1,
  }));

const WILD = [Infinity, -Infinity, NaN];
/** Ordinary numbers where a cell is chosen; where it is not, 0 for what is computed with and wild data. */
export const branchEnvironment = ({ batch: rows, lengths }: Sizes, seed: number, isByRow: boolean) => {
  const next = stream(seed);
  const cells = rows * 4 * 3;
  const real = (): number => (next() < 0.5 ? -1 : 1) * (0.3 + next());
  const rowOf = Array.from({ length: rows * 4 }, () => Number(next() < 0.5));
  const openOf = Array.from({ length: cells }, (_, i) => (isByRow ? rowOf[Math.floor(i / 3)]! : Number(next() < 0.5)));
  const where = (wilds: readonly number[]): readonly number[] =>
    openOf.map((o, i) => (o === 1 ? real() : wilds[i % wilds.length]!));
  return {
    sizes: { batch: rows, items: 5 },
    inputs: {
      'seq.lengths': lengths,
      open: openOf,
      row: rowOf,
      data: where(WILD),
      y: Array.from({ length: rows * 4 }, real),
    },
    params: { p: where([0]), q: Array.from({ length: cells }, real), v: [real(), real(), real()], s: [real()] },
    random: { seed, step: 1 },
  };
};
