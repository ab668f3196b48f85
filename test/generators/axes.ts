/** The axes that random programs run along, and environments for them: ragged lengths with zeros among them, rows that are missing. */
import fc from 'fast-check';
import { type Axis, axis, bound, like, missingOf, partial, ragged } from '../../dsl/axis.js';
import { unionAxes } from '../../dsl/build.js';
import type { Input, Node, Param } from '../../dsl/node.js';
import { topological } from '../../compiler/graph.js';
import type { Environment } from '../../compiler/targets/reference.js';

export const LENGTH = 4;
export const WIDTH = 3;
export const ITEMS = 5;

export const batch = partial('batch', 'batch');
export const seq = ragged('seq', batch, LENGTH);
export const key = like('key', seq);
export const width = axis('width', WIDTH);
export const wide = like('wide', width);
export const item = axis('item', 'items');
export const allAxes: readonly Axis[] = [batch, item, key, seq, wide, width];

/** Numbers of at most 3 with few digits: they shrink to 0, and finite differences do not drown. */
export const real: fc.Arbitrary<number> = fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1000);
export const reals = (n: number): fc.Arbitrary<readonly number[]> => fc.array(real, { minLength: n, maxLength: n });

export interface Sizes {
  readonly batch: number;
  readonly lengths: readonly number[];
  /** How many of the last rows do not exist; none unless said. */
  readonly missing?: number;
}
export const sizes: fc.Arbitrary<Sizes> = fc
  .integer({ min: 1, max: 3 })
  .chain((n) =>
    fc
      .array(fc.integer({ min: 0, max: LENGTH }), { minLength: n, maxLength: n })
      .chain((lengths) => fc.nat({ max: n }).map((missing) => ({ batch: n, lengths, missing }))),
  );

/** A cheap source of numbers from one seed (mulberry32), for arrays that need not shrink one by one. */
export const stream = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const numbers: Readonly<Record<'f32' | 'i32' | 'bool', (next: () => number) => number>> = {
  f32: (next) => Math.round((next() * 6 - 3) * 1000) / 1000,
  i32: (next) => Math.floor(next() * (ITEMS + 2)) - 1,
  bool: (next) => (next() < 0.5 ? 1 : 0),
};

/** Positions that do not exist hold this: nothing may ever see it. */
export const JUNK = 777;

/** Whether a cell exists; else it is beyond its row's end, or its row is missing. */
export type Presence = 'here' | 'beyond' | 'gone';
/** One number for each cell of these axes, row-major over the axes sorted by name. */
export const filled = (
  given: readonly Axis[],
  size: (a: Axis) => number,
  { lengths, missing = 0 }: Pick<Sizes, 'lengths' | 'missing'>,
  value: (is: Presence) => number,
): readonly number[] => {
  const axes = unionAxes(given);
  return Array.from({ length: axes.reduce((n, a) => n * size(a), 1) }, (_, flat) => {
    const at: Record<string, number> = {};
    [...axes].reverse().reduce((left, a) => {
      at[a.name] = left % size(a);
      return Math.floor(left / size(a));
    }, flat);
    const beyond = axes.some(
      ({ name, extent }) =>
        extent.kind === 'ragged' && at[extent.rows] !== undefined && at[name]! >= lengths[at[extent.rows]!]!,
    );
    const gone = axes.some((a) => missingOf(a) !== undefined && at[a.name]! >= size(a) - missing);
    return value(gone ? 'gone' : beyond ? 'beyond' : 'here');
  });
};

/** Of numbers over these axes, laid out in the same way, those of cells that exist; of all others 0. */
export const existing = (
  given: readonly Axis[],
  size: (a: Axis) => number,
  rows: Pick<Sizes, 'lengths' | 'missing'>,
): ((data: ArrayLike<number>) => readonly number[]) => {
  const here = filled(given, size, rows, (is) => Number(is === 'here'));
  return (data) => here.map((is, at) => (is === 1 ? data[at]! : 0));
};

/** Values for every input and parameter that the roots read. Row-major over the axes sorted by name. */
export const environmentFor = (
  roots: readonly Node[],
  { batch: rows, lengths, missing = 0 }: Sizes,
  seed: number,
): Environment => {
  const next = stream(seed);
  const symbols: Readonly<Record<string, number>> = { batch: rows, items: ITEMS };
  const size = (a: Axis): number => {
    const n = bound(a);
    return typeof n === 'number' ? n : symbols[n]!;
  };
  const fill = (leaf: Input | Param): readonly number[] =>
    filled(leaf.axes, size, { lengths, missing }, (is) => {
      const value = numbers[leaf.dtype](next);
      // The ids of a missing row are ids, which a list of positions would take.
      return is === 'here' || (is === 'gone' && leaf.dtype === 'i32') ? value : JUNK;
    });
  const inputs: Record<string, readonly number[]> = { 'seq.lengths': lengths, 'batch.missing': [missing] };
  const params: Record<string, readonly number[]> = {};
  for (const n of topological(roots)) {
    if (n.op === 'input') inputs[n.name] ??= fill(n);
    if (n.op === 'param') params[n.path] ??= fill(n);
  }
  return { sizes: symbols, inputs, params, random: { seed, step: 1 } };
};
