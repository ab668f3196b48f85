/** Places that data name and bounds that variables are, along axes of one position too. */
import { expect, test } from 'vitest';
import { axis, like, partial, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { apply, integer } from '../../compiler/loops/build.js';
import type { Entry, Expr, LoopAxis, ReduceAxis } from '../../compiler/loops/ir.js';
import { data } from '../gpu/sessions.js';
import { scanned } from '../support/scanned.js';
import { opened } from './sessions.js';

/** Two rows of these inputs give on WebAssembly, to the last bit, what the reference gives. */
const expectReference = async (
  roots: readonly Node[],
  given: Readonly<Record<string, readonly number[]>>,
): Promise<void> => {
  const { program, sizes, inputs, draw, want } = scanned(roots, {
    sizes: { batch: 2 },
    inputs: given,
    params: {},
    random: { seed: 1, step: 1 },
  });
  const session = await opened(program, sizes, { threads: 1 });
  const got = await session.run('train', data(program, inputs), draw);
  await session.dispose();
  expect(Object.fromEntries(Object.entries(got).map(([name, values]) => [name, [...values]]))).toEqual(want);
};

test.each([
  [1, 1],
  [4, 1],
  [1, 3],
  [4, 3],
])('%i positions, each at one of %i places', async (length, places) => {
  const key = like('key', ragged('seq', partial('batch', 'batch'), length));
  const width = axis('width', places);
  const zero = build.constant(0, 'i32');
  const at: readonly Node[] = [
    build.broadcast(zero, [key]),
    build.map('min', build.index(key), build.constant(places - 1, 'i32')),
  ];
  const roots = at.map((i) => build.scatter(build.constant(0.5), i, width, ['key']));
  await expectReference(roots, { 'seq.lengths': [0, length], 'batch.missing': [0] });
});

test('a place that data name along an axis of one position, for all lanes', async () => {
  const seq = ragged('seq', partial('batch', 'batch'), 9);
  const wide = axis('wide', 1);
  const roots = [
    build.gather(build.input('x', [partial('batch', 'batch'), wide], 'f32'), build.input('at', [seq], 'i32'), 'wide'),
  ];
  await expectReference(roots, {
    x: [2, 3],
    at: [0, 0, 1, 0, 0, 0, -1, 0, 0],
    'seq.lengths': [9, 6],
    'batch.missing': [0],
  });
});

test('a bound that is the variable of an axis of one position', async () => {
  const axes = [partial('batch', 'batch'), axis('wide', 1), axis('width', 1)] as const;
  const within = build.map('eq', build.index(axes[2]), build.index(axes[1]));
  const roots = [
    build.reduce('sum', build.map('select', within, build.input('x', [axes[0]], 'f32'), build.constant(0)), [
      'wide',
      'width',
    ]),
  ];
  await expectReference(roots, { x: [2, 3], 'batch.missing': [0] });
});

test('sums of many positions for each target, where the targets lie side by side in the result', async () => {
  const [rows, item] = [partial('batch', 'batch'), axis('item', 100)];
  const [wide, width] = [axis('wide', 4), axis('width', 4)];
  const roots = [
    build.scatter(build.input('x', [rows, item, wide], 'f32'), build.input('at', [rows, item], 'i32'), width, [
      'batch',
      'item',
    ]),
  ];
  const x = Array.from({ length: 800 }, (_, i) => i % 7);
  await expectReference(roots, { x, at: Array.from({ length: 200 }, (_, i) => (i % 6) - 1), 'batch.missing': [0] });
});

test('and where what lies side by side is no row of targets', async () => {
  const rows = partial('batch', 'batch');
  const seq = ragged('seq', rows, 8);
  const [key, width] = [like('key', seq), axis('width', 2)];
  const y = build.broadcast(build.input('y', [rows, seq], 'f32'), [key]);
  const roots = [build.scatter(y, build.broadcast(build.constant(1, 'i32'), [rows, seq]), width, ['batch', 'seq'])];
  const inputs = { y: Array.from({ length: 16 }, (_, i) => i), 'seq.lengths': [8, 3], 'batch.missing': [0] };
  await expectReference(roots, inputs);
});

test('sums of many positions at the one place of an axis', async () => {
  const rows = partial('batch', 'batch');
  const seq = ragged('seq', rows, 2);
  const at = build.broadcast(build.constant(0, 'i32'), [rows, seq]);
  const roots = [build.scatter(build.constant(1), at, axis('width', 1), ['batch', 'seq'])];
  await expectReference(roots, { 'seq.lengths': [2, 1], 'batch.missing': [0] });
});

test('a scatter that one kernel alone reads, without lanes', async () => {
  const [wide, width] = [axis('wide', 1), axis('width', 1)];
  const item = axis('item', 3);
  const at = build.input('at', [item], 'i32');
  const found = build.rename(build.scatter(build.constant(1), at, wide, ['item']), 'wide', width);
  await expectReference([build.map('add', found, build.constant(1))], { at: [0, 1, 0] });
});

test('a sum inside a sum along an axis of one position, which gets a kernel of its own', async () => {
  const index = (of: string): Expr => ({ kind: 'index', axis: of });
  const one: LoopAxis = { name: 'width', size: 1 };
  const row: LoopAxis = { name: 'batch', size: 'batch' };
  const [seq, key] = [
    { name: 'seq', size: 2 },
    { name: 'key', size: 3 },
  ] as const;
  const read = (buffer: string, ...at: readonly Expr[]): Expr => ({ kind: 'read', buffer, at, dtype: 'f32' });
  const sum = (over: ReduceAxis, body: Expr): Expr => ({
    kind: 'reduce',
    monoid: 'sum',
    over: [over],
    body,
    dtype: 'f32',
  });
  const inner = sum({ axis: key }, read('x', index('batch'), index('key'), index('wide')));
  const entry: Entry = {
    name: 'train',
    buffers: [
      { id: 'x', dtype: 'f32', role: 'input', axes: [row, key, one] },
      { id: 'w', dtype: 'f32', role: 'input', axes: [row, seq, one] },
      { id: 'y', dtype: 'f32', role: 'output', axes: [row, seq, one] },
    ],
    kernels: [
      {
        name: 'y',
        output: 'y',
        comment: 'y',
        body: sum(
          { axis: { ...one, name: 'wide' }, from: index('width'), to: apply('add', index('width'), integer(1)) },
          apply('mul', read('w', index('batch'), index('seq'), index('wide')), inner),
        ),
      },
    ],
    outputs: { y: 'y' },
    updates: {},
  };
  const session = await opened({ model: 'one', entries: [entry] }, { batch: 2 }, { threads: 1 });
  const got = await session.run(
    'train',
    { x: Float32Array.of(1, 2, 3, 4, 5, 6), w: Float32Array.of(2, 3, -1, 1) },
    { seed: 1, step: 1 },
  );
  await session.dispose();
  expect([...got['y']!]).toEqual([12, 18, -15, 15]);
});
