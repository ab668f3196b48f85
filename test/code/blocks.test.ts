/** What there is for all items in blocks, sums or lanes: what comes out is the same, whatever the number of items and of rows. */
import { describe, expect, it } from 'vitest';
import { native } from '../../compiler/code/machine.js';
import { statements } from '../../compiler/code/walk.js';
import { tilingOf } from '../../compiler/cpu/job.js';
import { cpuProgram } from '../../compiler/cpu/program.js';
import { laneBlocksOf, sumBlocksOf } from '../../compiler/cpu/write/blocks.js';
import { axis, ragged } from '../../dsl/axis.js';
import * as build from '../../dsl/build.js';
import type { Node } from '../../dsl/node.js';
import { data, differences } from '../gpu/sessions.js';
import * as c from '../native/sessions.js';
import { scanned, type Scanned } from '../support/scanned.js';
import * as wasm from '../wasm/sessions.js';

const openers = { wasm: wasm.opened, ...(c.available ? { native: c.opened } : {}) };

/** Of the widest that is parted: as few items as one may have. */
const block = 256;
const batch = axis('batch', 'batch');
const seq = ragged('seq', batch, 9);
const item = axis('item', 'items');
const times = (a: Node, b: Node, over: string): Node => build.reduce('sum', build.map('mul', a, b), [over]);

/** The softmax's way, forward and back: logits of all items, the state's own derivative with something beside the sum, the sum alone, and the table's. */
const rootsOf = (wide: number): readonly Node[] => {
  const width = axis('width', wide);
  const x = build.input('x', [batch, seq, width], 'f32');
  const table = build.input('table', [item, width], 'f32');
  const shares = build.map('sigmoid', times(x, table, 'width'));
  const slopes = build.map('mul', shares, build.map('sub', build.constant(1), shares));
  return [
    build.map('add', build.map('tanh', x), times(slopes, table, 'item')),
    times(shares, table, 'item'),
    build.reduce('max', slopes, ['item']),
    build.reduce('sum', build.map('mul', slopes, x), ['batch', 'seq']),
  ];
};

const made = (wide: number, items: number): Scanned => {
  const wave = (n: number, speed: number): readonly number[] =>
    Array.from({ length: n }, (_, i) => Math.sin(i * speed) / 9);
  const rows = 5;
  return scanned(rootsOf(wide), {
    sizes: { batch: rows, items },
    inputs: {
      x: wave(rows * 9 * wide, 3.7),
      table: wave(items * wide, 1.3),
      'seq.lengths': [9, 1, 4, 7, 2],
    },
    params: {},
    random: { seed: 1, step: 1 },
  });
};

const blocks = (of: typeof laneBlocksOf, wide: number) => {
  const { world, phases } = cpuProgram(made(wide, 3).program, native).entries[0]!.scheduled;
  return phases
    .flatMap((p) => [...p.rows, ...p.grids])
    .flatMap((g) => of(g, tilingOf(g), world) ?? [])
    .map(({ axis: { name }, size }) => [name, size]);
};

describe('what there is for all items', () => {
  it('is taken in blocks, of so many items as a near cache holds', () => {
    expect(blocks(sumBlocksOf, 50)).toEqual([
      ['item', 1024],
      ['item', 1024],
    ]);
    expect(blocks(sumBlocksOf, 200)).toEqual([
      ['item', block],
      ['item', block],
    ]);
    // Half a cache line of each item is not worth a block.
    expect(blocks(sumBlocksOf, 600)).toEqual([]);
  });

  it('lies as blocks of lanes read it, and whoever copies it takes the same blocks', () => {
    const { world } = cpuProgram(made(50, 3).program, native).entries[0]!.scheduled;
    const panels = [...world.layouts.values()].flatMap(({ buffer, panel }) => (panel === undefined ? [] : buffer.id));
    expect(panels).toEqual(['table.by.item']);
    expect(blocks(laneBlocksOf, 50)).toEqual([
      ['item', 64],
      ['item', 64],
    ]);
  });

  it('is fetched ahead where the next position of a sum is as far away as there are items', () => {
    const { functions } = cpuProgram(made(50, 3).program, native).entries[0]!;
    const fetching = functions.filter((f) => statements(f.body).some((s) => s.kind === 'prefetch'));
    expect(fetching.map(({ name }) => name)).toEqual(['train.reduce.share']);
  });

  it.each([
    [1, 200],
    [block, 200],
    [block + 1, 200],
    [1030, 50],
  ] as const)(
    'of %i is what the reference gives for width %i, and the same bytes on any number of threads',
    async (items, wide) => {
      const { program, inputs, draw, want, sizes } = made(wide, items);
      for (const open of Object.values(openers)) {
        const found = [];
        for (const threads of [1, 2, 4]) {
          const session = await open(program, sizes, { threads });
          found.push(await session.run('train', data(program, inputs), draw));
          // Once more, over what the first run left.
          expect(await session.run('train', data(program, inputs), draw)).toEqual(found.at(-1));
          await session.dispose();
        }
        for (const other of found.slice(1)) expect(other).toEqual(found[0]);
        expect(differences(found[0]! as never, want)).toEqual([]);
      }
    },
    60_000,
  );
});
