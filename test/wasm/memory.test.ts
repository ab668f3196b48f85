/** Where buffers lie, and how a caller's arrays get there and back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Item, arrange, firstFit } from '../../runtime/contract/arena.js';
import { pack, unpack } from '../../runtime/cpu/pack.js';
import { type PlanBuffer, cellsOf, denseCells } from '../../runtime/contract/cpu-plan.js';
import { compile } from '../../compiler/compile.js';
import { targets } from '../../compiler/emit/targets.js';
import { small, smallSizes } from '../gpu/programs.js';
import { cases, traced } from '../support/models.js';
import { rightOf } from '../support/programs.js';
import { built, opened } from './sessions.js';

const items = fc
  .array(fc.record({ bytes: fc.integer({ min: 0, max: 5000 }), from: fc.nat(20), length: fc.nat(8) }), {
    maxLength: 40,
  })
  .map((list) => list.map(({ bytes, from, length }, i): Item => ({ id: `b${i}`, bytes, life: [from, from + length] })));

describe('the arena', () => {
  it('never lets two buffers that live together overlap, and holds them all', () => {
    fc.assert(
      fc.property(items, (list) => {
        const { at, bytes } = firstFit(list);
        for (const a of list) {
          expect(at.get(a.id)! % 64).toBe(0);
          expect(at.get(a.id)! + a.bytes).toBeLessThanOrEqual(bytes);
          for (const b of list) {
            if (a.id >= b.id || a.life[0] > b.life[1] || b.life[0] > a.life[1]) continue;
            expect(at.get(a.id)! + a.bytes <= at.get(b.id)! || at.get(b.id)! + b.bytes <= at.get(a.id)!).toBe(true);
          }
        }
      }),
    );
  });

  it('is a function of plan, sizes and threads, and grows by one row of work a thread', async () => {
    const plan = await built(small);
    const [one, again, three] = [
      arrange(plan, smallSizes, 1),
      arrange(plan, smallSizes, 1),
      arrange(plan, smallSizes, 3),
    ];
    expect(again).toEqual(one);
    expect(three.bytes - one.bytes).toBe(2 * one.slab);
  });
});

describe('the peak that the compiler prints', () => {
  const program = rightOf(compile(traced(cases[0]![1], { length: 12, width: 8 }))).loops;

  it.each([
    { batch: 4, items: 30, seen: 5 },
    { batch: 33, items: 500, seen: 12 },
  ])('is the one that a session has: %o', async (at) => {
    const { bytes, thread } = targets.wasm.peak!(program, at);
    for (const threads of [1, 3]) {
      const session = await opened(program, at, { threads });
      expect(session.peakBytes).toBe(bytes + threads * thread);
      await session.dispose();
    }
  });
});

const sizes = { batch: 4 };
const buffer = (axes: PlanBuffer['axes'], inner: readonly number[], rows?: PlanBuffer['rows']): PlanBuffer => ({
  id: 'x',
  global: '@x',
  dtype: 'f32',
  role: 'input',
  axes,
  inner,
  local: false,
  life: [0, 0],
  ...(rows === undefined ? {} : { rows }),
});
const batch = { name: 'batch', size: 'batch' };
const seq = { name: 'seq', size: 5, ragged: { rows: 'batch', lengths: 'n' } };
const key = { ...seq, name: 'key' };
const width = { name: 'width', size: 3 };
const buffers: readonly (readonly [string, PlanBuffer])[] = [
  ['one row after the other', buffer([batch, seq, width], [1, 2], { at: 0, lengths: ['n'] })],
  ['features before positions', buffer([batch, seq, width], [2, 1], { at: 0, lengths: ['n'] })],
  ['a matrix for each row', buffer([batch, seq, key], [1, 2], { at: 0, lengths: ['n', 'n'] })],
  ['rows of one length', buffer([batch, width], [1], { at: 0, lengths: [] })],
  ['no rows', buffer([seq, width], [1, 0])],
];

it('leaves room between runs that would crowd the cache', () => {
  const b = { ...buffer([batch, seq, width], [1, 2], { at: 0, lengths: ['n'] }), pitch: 5 };
  const dense = Float32Array.from({ length: denseCells(b, sizes) }, (_, i) => i + 1);
  const memory = new Float32Array(cellsOf(b, sizes));
  pack(b, sizes, { rows: 4, length: () => 5 }, dense, memory, 0);
  expect(Array.from(memory.subarray(0, 10))).toEqual([1, 2, 3, 0, 0, 4, 5, 6, 0, 0]);
  const back = new Float32Array(dense.length);
  unpack(b, sizes, { rows: 4, length: () => 5 }, memory, 0, back);
  expect(back).toEqual(dense);
});

describe.each(buffers)('packing %s', (_, b) => {
  it('comes back as it was, and takes no room for padding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 4, maxLength: 4 }), (lengths) => {
        const dense = Float32Array.from({ length: denseCells(b, sizes) }, (__, i) => i + 1);
        const of = {
          rows: 4,
          length: (id: string, row: number): number => {
            expect(id).toBe('n');
            return lengths[row]!;
          },
        };
        const memory = new Float32Array(cellsOf(b, sizes));
        pack(b, sizes, of, dense, memory, 0);
        const back = new Float32Array(dense.length);
        unpack(b, sizes, of, memory, 0, back);
        const exists = (i: number): boolean => {
          let rest = i;
          const at = [...b.axes]
            .reverse()
            .map((a) => {
              const n = typeof a.size === 'number' ? a.size : 4;
              const p = rest % n;
              rest = Math.floor(rest / n);
              return p;
            })
            .reverse();
          return (
            b.rows === undefined ||
            b.rows.lengths.length === 0 ||
            b.axes.every((a, k) => a.ragged === undefined || at[k]! < lengths[at[0]!]!)
          );
        };
        expect(Array.from(back)).toEqual(Array.from(dense, (x, i) => (exists(i) ? x : 0)));
        const cells = Array.from(dense).filter((__, i) => exists(i)).length;
        expect(memory.filter((x) => x !== 0).length).toBe(cells);
        expect(memory.subarray(0, cells).every((x) => x !== 0)).toBe(true);
      }),
    );
  });
});
