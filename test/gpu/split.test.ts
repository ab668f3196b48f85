/** Sums in two kernels: a part for each row first, of a result that has positions which some rows lack; and what is collected summed before. */
import { expect, test } from 'vitest';
import { like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { apply, integer, literal } from '../../compiler/loops/build.js';
import type { Expr, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import { checkGpu } from '../../compiler/targets/gpu/index.js';
import { place } from '../../compiler/targets/gpu/placement.js';
import { scanned } from '../support/scanned.js';
import { interpret } from './interpret.js';
import { data, open, worst } from './sessions.js';

const rows = partial('batch', 'batch');
const seq = ragged('seq', rows, 3);
const key = like('key', seq);
const other = like('other', seq);
const x = build.map('neg', build.input('x', [rows, seq], 'f32'));
const pairs = build.map('mul', x, build.rename(x, 'seq', other));

/** A maximum of what a row has at a position, and sums that are the same at positions which some rows lack. */
const results: readonly (readonly [string, Node])[] = [
  ['a maximum', build.reduce('max', build.broadcast(x, [key]), ['batch', 'key'])],
  ['a sum', build.broadcast(build.reduce('sum', pairs, ['batch', 'other']), [key])],
];

test.each(results)('%s', async (_, root) => {
  const { program, sizes, inputs, draw, want } = scanned([root], {
    sizes: { batch: 2 },
    inputs: { x: [1, 2, 3, 4, 5, 6], 'seq.lengths': [2, 1], 'batch.missing': [0] },
    params: {},
    random: { seed: 1, step: 1 },
  });
  const session = await open(program, 'cpu', sizes);
  const got = await session.run('train', data(program, inputs), draw);
  await session.dispose();
  for (const [name, values] of Object.entries(want)) expect(worst(got[name], values, 1)).toBeLessThan(1e-6);
});

const [user, from, to, far] = [
  { name: 'batch', size: 'batch' },
  { name: 'from', size: 3 },
  { name: 'to', size: 3 },
  { name: 'far', size: 5 },
] as const satisfies readonly LoopAxis[];
const at = ({ name }: LoopAxis): Expr => ({ kind: 'index', axis: name });
const read = (buffer: string, dtype: 'f32' | 'i32', ...axes: readonly LoopAxis[]): Expr => ({
  kind: 'read',
  buffer,
  dtype,
  at: axes.map(at),
});

test('what is summed for a pair of positions is summed once, before it is collected by their distance', async () => {
  const sum: Expr = {
    kind: 'reduce',
    monoid: 'sum',
    over: [{ axis: user }],
    body: read('x', 'f32', user, from, to),
    dtype: 'f32',
  };
  const collected: Expr = {
    kind: 'collect',
    index: 'distance',
    over: [{ axis: from }, { axis: to }],
    target: at(far),
    body: apply('mul', sum, read('weight', 'f32', from)),
    dtype: 'f32',
  };
  const program: LoopProgram = {
    model: 'distances',
    entries: [
      {
        name: 'all',
        buffers: [
          { id: 'x', dtype: 'f32', axes: [user, from, to], role: 'input' },
          { id: 'weight', dtype: 'f32', axes: [from], role: 'input' },
          { id: 'distance', dtype: 'i32', axes: [from, to], role: 'temp' },
          { id: 'out', dtype: 'f32', axes: [far], role: 'output' },
        ],
        kernels: [
          {
            name: 'distance',
            output: 'distance',
            body: apply('add', apply('sub', at(to), at(from)), integer(2)),
            comment: 'to - from + 2',
          },
          { name: 'out', output: 'out', body: apply('add', collected, collected), comment: 'by distance' },
        ],
        outputs: { out: 'out' },
        updates: {},
      },
    ],
  };
  expect(place(program.entries[0]!).device.map((k) => k.name)).toEqual(['out_summed', 'out']);
  const [sizes, draw] = [{ batch: 2 }, { seed: 1, step: 1 }];
  const given = { x: Array.from({ length: 18 }, (_, i) => Math.sin(i)), weight: [1, -2, 0.5] };
  const want = interpret(program.entries[0]!, sizes, given, draw);
  const session = await open(program, 'cpu', sizes);
  const got = await session.run('all', data(program, given), draw);
  await session.dispose();
  expect(worst(got['out'], want['out']!, 1)).toBeLessThan(1e-6);
});

test('a sum of which parts would be one array too many stays whole', async () => {
  const names = Array.from({ length: 7 }, (_, i) => `x${i}`);
  const first = (id: string): Expr => ({ kind: 'read', buffer: id, dtype: 'f32', at: [integer(0), integer(0)] });
  // Each is read beside its sum as well, so that a part of the sum takes the place of none.
  const body = names
    .map((id): Expr => ({
      kind: 'reduce',
      monoid: 'sum',
      over: [{ axis: from }, { axis: to }],
      body: read(id, 'f32', from, to),
      dtype: 'f32',
    }))
    .concat(names.map(first))
    .reduce((a, b) => apply('add', a, b));
  const program: LoopProgram = {
    model: 'sums',
    entries: [
      {
        name: 'all',
        buffers: [
          ...names.map((id) => ({ id, dtype: 'f32', axes: [from, to], role: 'input' }) as const),
          { id: 'out', dtype: 'f32', axes: [], role: 'output' },
        ],
        kernels: [{ name: 'out', output: 'out', body, comment: 'sums' }],
        outputs: { out: 'out' },
        updates: {},
      },
    ],
  };
  expect(checkGpu(program)).toEqual([]);
  const given = Object.fromEntries(names.map((id, k) => [id, Array.from({ length: 9 }, (_, i) => Math.sin(i + k))]));
  const want = interpret(program.entries[0]!, {}, given, { seed: 1, step: 1 });
  const session = await open(program, 'cpu', {});
  const got = await session.run('all', data(program, given), { seed: 1, step: 1 });
  await session.dispose();
  expect(worst(got['out'], want['out']!, 1)).toBeLessThan(1e-6);
});

test('a kernel whose condition is one array too many computes a part of it before', async () => {
  const names = Array.from({ length: 7 }, (_, i) => `x${i}`);
  const body = names.map((id) => read(id, 'f32', from)).reduce((a, b) => apply('add', apply('abs', a), b));
  const program: LoopProgram = {
    model: 'narrow',
    entries: [
      {
        name: 'all',
        buffers: [
          ...['open', ...names].map((id) => ({ id, dtype: 'f32', axes: [from], role: 'input' }) as const),
          { id: 'out', dtype: 'f32', axes: [from], role: 'output' },
        ],
        kernels: [
          {
            name: 'out',
            output: 'out',
            body,
            where: apply('gt', read('open', 'f32', from), literal(0)),
            comment: 'a sum',
          },
        ],
        outputs: { out: 'out' },
        updates: {},
      },
    ],
  };
  expect(checkGpu(program)).toEqual([]);
  expect(place(program.entries[0]!).device.map((k) => k.name)).toEqual(['out_part_1', 'out']);
  const given = Object.fromEntries([
    ['open', [1, 0, 1]],
    ...names.map((id, k) => [id, [Math.sin(k), 1, Math.cos(k)]] as const),
  ]);
  const want = interpret(program.entries[0]!, {}, given, { seed: 1, step: 1 });
  const session = await open(program, 'cpu', {});
  const got = await session.run('all', data(program, given), { seed: 1, step: 1 });
  await session.dispose();
  expect(worst(got['out'], want['out']!, 1)).toBeLessThan(1e-6);
});
