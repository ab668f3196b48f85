/** What a profile says of kernels: counts on rows as long as they are, and what the machine could do. */
import { describe, expect, it } from 'vitest';
import { apply } from '../../compiler/loops/build.js';
import type { Buffer, Expr, LoopAxis, LoopProgram, ReduceAxis } from '../../compiler/loops/ir.js';
import type { KernelTime } from '../../runtime/contract/session.js';
import { rateOf } from '../../runtime/profile.js';
import { ceilingModule } from '../../runtime/cpu/ceiling.js';
import { opened } from './sessions.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 16, ragged: { rows: 'batch', lengths: 'lengths' } };
const key: LoopAxis = { ...seq, name: 'key' };
const width: LoopAxis = { name: 'width', size: 8 };
const inner: LoopAxis = { name: 'inner', size: 12 };
const item: LoopAxis = { name: 'item', size: 'items' };
const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
const read = (buffer: string, ...places: readonly Expr[]): Expr => ({
  kind: 'read',
  buffer,
  dtype: buffer === 'items' || buffer === 'lengths' ? 'i32' : 'f32',
  at: places,
});
const here = (buffer: string, ...axes: readonly LoopAxis[]): Expr => read(buffer, ...axes.map(at));
const buffer = (id: string, role: Buffer['role'], ...axes: readonly LoopAxis[]): Buffer => ({
  id,
  dtype: id === 'items' || id === 'lengths' ? 'i32' : 'f32',
  role,
  axes,
});
const sum = (body: Expr, ...over: readonly ReduceAxis[]): Expr => ({
  kind: 'reduce',
  monoid: 'sum',
  dtype: 'f32',
  over,
  body,
});
const row = at(batch);

/** A lookup, a linear map, scores of a past, the gradient of the map and that of the lookup. */
const program: LoopProgram = {
  model: 'counted',
  entries: [
    {
      name: 'train',
      buffers: [
        buffer('lengths', 'input', batch),
        buffer('items', 'input', batch, seq),
        buffer('table', 'state', item, inner),
        buffer('weight', 'state', inner, width),
        buffer('x', 'output', batch, seq, inner),
        buffer('mapped', 'output', batch, seq, width),
        buffer('scores', 'output', batch, seq, key),
        buffer('gradient', 'output', inner, width),
        buffer('embedded', 'output', item, inner),
      ],
      kernels: [
        { name: 'x', output: 'x', comment: '', body: read('table', here('items', batch, seq), at(inner)) },
        {
          name: 'mapped',
          output: 'mapped',
          comment: '',
          body: sum(apply('mul', here('x', batch, seq, inner), here('weight', inner, width)), { axis: inner }),
        },
        {
          name: 'scores',
          output: 'scores',
          comment: '',
          where: apply('le', at(key), at(seq)),
          body: sum(apply('mul', here('mapped', batch, seq, width), here('mapped', batch, key, width)), {
            axis: width,
          }),
        },
        {
          name: 'gradient',
          output: 'gradient',
          comment: '',
          body: sum(
            apply('mul', here('x', batch, seq, inner), here('mapped', batch, seq, width)),
            { axis: batch },
            { axis: seq, row },
          ),
        },
        {
          name: 'embedded',
          output: 'embedded',
          comment: '',
          body: {
            kind: 'collect',
            index: 'items',
            dtype: 'f32',
            over: [{ axis: batch }, { axis: seq }],
            target: at(item),
            body: here('x', batch, seq, inner),
          },
        },
      ],
      outputs: Object.fromEntries(['x', 'mapped', 'scores', 'gradient', 'embedded'].map((id) => [id, id])),
      updates: {},
    },
  ],
};

const sizes = { batch: 3, items: 5000 };
const lengths = Int32Array.of(16, 7, 2);
const positions = 25;
const pairs = 16 * 16 + 7 * 7 + 2 * 2;

describe('a profile', () => {
  it('counts the operations of sums of products, and bytes, without padding', async () => {
    const session = await opened(program, sizes, { threads: 1 });
    const found = new Map(
      (await session.profile('train', { lengths, items: new Int32Array(48) }, { seed: 1, step: 1 })).map((k) => [
        k.name,
        k,
      ]),
    );
    const figures = (name: string) => ({ operations: found.get(name)?.operations, bytes: found.get(name)?.bytes });
    // Of the table, no more than what is looked up.
    expect(figures('x')).toEqual({ operations: 0, bytes: 4 * (positions + 2 * positions * 12) });
    expect(figures('mapped')).toMatchObject({ operations: 2 * positions * 12 * 8 });
    // Half of the pairs.
    expect(figures('scores')).toMatchObject({ operations: pairs * 8 });
    expect(figures('gradient.share')).toMatchObject({ operations: 2 * positions * 12 * 8 });
    // A walk of lists adds, and multiplies nothing.
    expect(figures('embedded')).toMatchObject({ operations: 0 });
    expect(found.get('x')!.calls).toBe(3);
    // What is no kernel takes time too.
    expect([...found.keys()]).toEqual(expect.arrayContaining(['inputs', 'positions by items']));
    await session.dispose();
  });

  it('holds a kernel against what binds it', () => {
    const ceilings = { operations: 40e9, near: 80e9, far: 10e9, nearBytes: 1 << 19 };
    const kernel: KernelTime = { name: 'k', source: undefined, comment: '', ms: 1, calls: 10, operations: 0, bytes: 0 };
    expect(rateOf({ ...kernel, operations: 20e6, bytes: 1e6 }, ceilings)).toEqual({
      unit: 'GFLOP/s',
      rate: 20,
      share: 0.5,
    });
    expect(rateOf({ ...kernel, operations: 1e6, bytes: 4e6 }, ceilings)).toEqual({
      unit: 'GB/s',
      rate: 4,
      share: 0.05,
    });
    expect(rateOf({ ...kernel, calls: 1, bytes: 4e6 }, ceilings)).toEqual({ unit: 'GB/s', rate: 4, share: 0.4 });
    expect(rateOf({ ...kernel, ms: 0 }, ceilings).rate).toBe(0);
  });
});

describe('the loops that measure the machine', () => {
  it('are valid modules, and do what their rates count', async () => {
    expect(WebAssembly.validate(ceilingModule(false))).toBe(true);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const floats = new Float32Array(memory.buffer);
    floats.fill(1, 0, 12 * 256);
    const { instance } = await WebAssembly.instantiate(ceilingModule(false), { env: { memory } });
    const { tile, copy } = instance.exports as Readonly<Record<string, (...args: readonly number[]) => void>>;
    tile!(2);
    expect([...floats.subarray(12 * 256, 12 * 256 + 33)]).toEqual([...Array.from({ length: 32 }, () => 256), 0]);
    copy!(32768, 0, 4);
    expect([...floats.subarray(8192, 8192 + 65)]).toEqual([...Array.from({ length: 64 }, () => 1), 0]);
  });

  it('tell rates a second', async () => {
    const session = await opened(program, sizes, { threads: 1 });
    const { operations, near, far } = await session.ceilings();
    for (const rate of [operations, near, far]) expect(rate).toBeGreaterThan(0);
    await session.dispose();
  });
});
