/** Random programs of every size down to 1, with the numbers that they are given. */
import fc from 'fast-check';
import * as build from '../../../dsl/build.js';
import { type Axis, bound, missingOf } from '../../../dsl/axis.js';
import type { Input, Node, Param } from '../../../dsl/node.js';
import { topological } from '../../../compiler/graph.js';
import type { Environment } from '../../../compiler/targets/reference.js';
import { batch, filled, JUNK, stream } from '../../generators/axes.js';
import { branches } from '../../generators/branches.js';
import { pools, rootsFrom } from '../../generators/expressions.js';
import { products } from '../../generators/products.js';
import { kinds } from '../../generators/scans.js';
import { expanded } from '../../support/programs.js';
import type { Settings } from '../part.js';
import { mixed } from '../numbers.js';
import { edged } from './edges.js';
import { resized } from './graph.js';

export interface Sizes {
  readonly batch: number;
  readonly items: number;
  readonly length: number;
  readonly width: number;
}

export interface Case {
  readonly kind: string;
  readonly roots: readonly Node[];
  readonly sizes: Sizes;
  readonly lengths: readonly number[];
  /** How many of the last rows do not exist. */
  readonly missing: number;
  /** Of the values of inputs and parameters, and of random numbers. */
  readonly seed: number;
  /** 0: the roots. 1: and the derivatives of a random projection of them. 2: and those of a random projection of these. */
  readonly order: 0 | 1 | 2;
}

type Draw = (options: readonly number[]) => number;
const drawer = (seed: number): Draw => {
  const next = stream(seed);
  return (options) => options[Math.floor(next() * options.length)]!;
};

const one = <T>(arbitrary: fc.Arbitrary<T>, seed: number): T =>
  fc.sample(arbitrary, { seed: seed | 0, numRuns: 1 })[0]!;
const smooth = (seed: number): readonly Node[] => rootsFrom(one(pools(12, { smooth: true }), seed));
const anything = (seed: number): readonly Node[] => rootsFrom(one(pools(14), seed));
const scans = (seed: number): readonly Node[] => {
  const [, make] = kinds[seed % kinds.length]!;
  return expanded([make({ backward: (seed >>> 8) % 2 === 0 ? 'store' : 'recompute' })]);
};
/** One after the other, so that each has its share of any number of cases. */
const sources: readonly (readonly [string, (seed: number) => readonly Node[]])[] = [
  ['anything', anything],
  ['smooth', smooth],
  ['anything', anything],
  ['products', (seed) => [one(products, seed)]],
  ['anything', anything],
  ['smooth', smooth],
  [
    'branches',
    (seed) => [
      one(
        branches.filter((t) => !t.isByRow),
        seed,
      ).root,
    ],
  ],
  [
    'branches by row',
    (seed) => [
      one(
        branches.filter((t) => t.isByRow),
        seed,
      ).root,
    ],
  ],
  ['scans', scans],
];

/** The last scan that was made: cases of one program have one graph, so that what is known of it is known of each of them. */
let scan: { readonly key: string; readonly roots: readonly Node[] } | undefined;

export const generate = ({ seed, edges }: Settings, index: number, chunk: number): Case => {
  // Programs of a chunk share a session, hence its sizes.
  const common = Math.floor(index / chunk);
  const shared = drawer(mixed(seed, common, 1));
  const [batch, items] = [shared([1, 1, 2, 3, 3, 4]), shared([1, 2, 5, 5, 7])];
  const [kind, make] = edges && index % 3 === 0 ? (['edges', edged] as const) : sources[index % sources.length]!;
  const isScan = kind === 'scans';
  const own = mixed(seed, index, 2);
  const draw = drawer(own);
  // There are few scans, and their derivatives are fifty times as large as other programs: those of a chunk are one, with other numbers each.
  const form = isScan ? shared : draw;
  const sizes = { batch, items, length: form([1, 1, 2, 3, 4, 4, 6, 9]), width: form([1, 1, 2, 3, 4, 5, 8, 16]) };
  const order = Math.min(form([0, 1, 2, 2]), kind.startsWith('branches') && !edges ? 1 : 2) as Case['order'];
  const full = draw([0, 0, 0, 1]) === 1;
  const lengths = Array.from({ length: batch }, () =>
    full ? sizes.length : draw(Array.from({ length: sizes.length + 1 }, (_, i) => i)),
  );
  const missing = draw([0, 0, 0, ...lengths.keys()]);
  const made = (): readonly Node[] => resized(make(isScan ? mixed(seed, common, 3) : mixed(seed, index, 3)), sizes);
  const key = `${seed} ${common}`;
  if (isScan && scan?.key !== key) scan = { key, roots: made() };
  return { kind, roots: isScan ? scan!.roots : made(), sizes, lengths, missing, seed: own, order };
};

type Leaf = Input | Param;
const isLeaf = (n: Node): n is Leaf => n.op === 'input' || n.op === 'param';
const nameOf = (n: Leaf): string => (n.op === 'input' ? n.name : n.path);
const hashOf = (name: string): number => [...name].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 7);

const extremes = [0, 0, -0, 1, -1, 0.5, -2, 3, 1e-30, -1e-6, 1e6, -1e9, 1e30, 100, -100];
/** A leaf's numbers hang on its name and the seed alone, so that they stay where the program around it shrinks. */
const drawFor = (leaf: Leaf, { sizes, kind }: Case, next: () => number): number => {
  if (leaf.dtype === 'bool') return next() < 0.5 ? 1 : 0;
  if (leaf.dtype === 'i32') return Math.floor(next() * (sizes.items + 2)) - 1;
  if (kind === 'edges' && leaf.op === 'param') return Math.fround(extremes[Math.floor(next() * extremes.length)]!);
  return Math.fround(Math.round((next() * 6 - 3) * 1000) / 1000);
};

export const environmentOf = (of: Case, roots: readonly Node[]): Environment => {
  const { sizes, lengths, missing } = of;
  const size = (a: Axis): number => {
    const n = bound(a);
    return typeof n === 'number'
      ? n
      : ({ batch: sizes.batch, items: sizes.items } as Readonly<Record<string, number>>)[n]!;
  };
  const fill = (leaf: Leaf): readonly number[] => {
    const next = stream(mixed(of.seed, hashOf(nameOf(leaf))));
    return filled(leaf.axes, size, { lengths, missing }, (is) => {
      const value = drawFor(leaf, of, next);
      return is === 'here' ? value : JUNK;
    });
  };
  const inputs: Record<string, readonly number[]> = { 'seq.lengths': lengths, [missingOf(batch)!]: [missing] };
  const params: Record<string, readonly number[]> = {};
  for (const n of topological(roots)) {
    if (isLeaf(n)) (n.op === 'input' ? inputs : params)[nameOf(n)] ??= fill(n);
  }
  // What is not chosen is computed with 0, of which the branches make anything, or is wild as it is given.
  const chosen =
    of.kind === 'branches'
      ? inputs['open']
      : of.kind === 'branches by row'
        ? inputs['row']?.flatMap((c) => new Array<number>(sizes.width).fill(c))
        : undefined;
  const wild = (values: readonly number[], wilds: readonly number[]): readonly number[] =>
    values.map((v, i) => (chosen![i] === 0 ? wilds[i % wilds.length]! : v));
  if (chosen !== undefined && params['p'] !== undefined) params['p'] = wild(params['p'], [0]);
  if (chosen !== undefined && inputs['data'] !== undefined)
    inputs['data'] = wild(inputs['data'], [Infinity, -Infinity, NaN]);
  return { sizes: { batch: sizes.batch, items: sizes.items }, inputs, params, random: { seed: of.seed, step: 1 } };
};

const total = (n: Node): Node =>
  build.reduce(
    'sum',
    n,
    n.axes.map((a) => a.name),
  );
const sum = (parts: readonly Node[]): Node => parts.reduce((a, b) => build.map('add', a, b));

const expandedAll = (outputs: Readonly<Record<string, Node>>): Readonly<Record<string, Node>> => {
  const plain = expanded(Object.values(outputs));
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, plain[i]!]));
};

/** What is computed, by name: the roots, then first derivatives, then second ones, without operators. */
export const outputsOf = ({ roots, order }: Case): Readonly<Record<string, Node>> => {
  const wrt = topological(roots).filter((n): n is Leaf => isLeaf(n) && n.dtype === 'f32');
  const real = roots.filter((r) => r.dtype === 'f32');
  const values = Object.fromEntries(roots.map((r, i) => [`value${i}`, r]));
  const named = (prefix: string, of: Node): Readonly<Record<string, Node>> =>
    Object.fromEntries(
      wrt.map((leaf, i) => [`${prefix} by ${nameOf(leaf)}`, build.project({ op: 'gradient', of, wrt }, `${i}`)]),
    );
  const weighed = (nodes: readonly Node[], prefix: string): Node =>
    sum(nodes.map((n, i) => total(build.map('mul', n, build.input(`${prefix}${i}`, n.axes, 'f32')))));
  if (order === 0 || wrt.length === 0 || real.length === 0) return expandedAll(values);
  const first = named('first', weighed(real, 'weights'));
  if (order === 1) return expandedAll({ ...values, ...first });
  return expandedAll({ ...values, ...first, ...named('second', weighed(Object.values(first), 'direction')) });
};
export const smallerSizes = (of: Case): readonly Case[] => {
  const { sizes, lengths } = of;
  const cut = (next: Sizes): Case => ({
    ...of,
    sizes: next,
    roots: resized(of.roots, next),
    missing: Math.min(of.missing, next.batch),
    lengths: Array.from({ length: next.batch }, (_, i) => Math.min(next.length, lengths[i] ?? 0)),
  });
  const fewer = (Object.keys(sizes) as (keyof Sizes)[]).flatMap((name) =>
    [...new Set([1, 2, sizes[name] - 1])]
      .filter((n) => n > 0 && n < sizes[name])
      .map((n) => cut({ ...sizes, [name]: n })),
  );
  const plainer = lengths.flatMap((n, i) =>
    n === sizes.length ? [] : [{ ...of, lengths: lengths.with(i, sizes.length) }],
  );
  return [
    ...(of.missing > 0
      ? [
          { ...of, missing: 0 },
          { ...of, missing: of.missing - 1 },
        ]
      : []),
    ...fewer,
    ...plainer,
  ];
};
