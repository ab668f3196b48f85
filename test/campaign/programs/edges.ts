/**
 * Programs at the edges of what functions are defined on: every scalar function anywhere, and NaN and infinities in branches
 * that are not taken. Asked for with --edges.
 */
import * as build from '../../../dsl/build.js';
import type { Node } from '../../../dsl/node.js';
import { scalars, type ScalarName } from '../../../dsl/scalar.js';
import { batch, seq, stream, width } from '../../generators/axes.js';

const { map, constant, reduce, param } = build;
const std = { kind: 'normal', std: 1 } as const;
const x = param('x', [batch, seq, width], std);
const y = param('y', [seq, width], std);
const s = param('s', [], std);
const flag = build.input('flag', [batch, seq], 'bool');

const real = (Object.keys(scalars) as ScalarName[]).filter((fn) => {
  const { args, result }: { readonly args: readonly string[]; readonly result: string } = scalars[fn];
  return (result === 'f32' || result === 'same') && args.every((a) => a === 'f32' || a === 'same');
});

/** One function of numbers from anywhere, then where a condition sends it, alone or inside what mends nothing. */
export const edged = (seed: number): readonly Node[] => {
  const next = stream(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const fn = pick(real);
  const args = (scalars[fn].args as readonly unknown[]).map(() => pick([x, y, s, x]));
  const wild = map(fn, ...args);
  const condition = pick<() => Node>([
    () => map('gt', args[0]!, constant(0)),
    () => map('lt', map('abs', args[0]!), constant(10)),
    () => flag,
    () => map('le', build.index(seq), constant(1, 'i32')),
  ])();
  const shape = pick<() => Node>([
    () => wild,
    () => wild,
    () => map('select', condition, wild, constant(0)),
    () => map('mul', map('select', condition, wild, constant(1)), y),
    () => map('select', condition, map('mul', wild, y), pick<Node>([x, constant(0)])),
    () => map('mul', s, map('select', condition, map('div', x, wild), y)),
    () =>
      reduce(
        'sum',
        map('select', condition, wild, constant(0)),
        ['width'].filter((a) => build.hasAxis(wild, a)),
      ),
  ]);
  return [shape()];
};
