/** Whole models, tiny: every buffer of every entry as the float64 interpreter of loops has it, and equal bytes on any number of threads. For each target for processors. */
import { afterAll, describe, expect, test } from 'vitest';
import {
  axis,
  gather,
  mul,
  model,
  nextItem,
  normal,
  param,
  recommenderHypers,
  recommenderOptimizer,
  sequenceInput,
  sum,
  uniformIndices,
} from 'pcrec';
import type { HyperValue, Model } from '../../dsl/model.js';
import bert4rec from '../../models/bert4rec.js';
import fmlp from '../../models/fmlp.js';
import gru4rec from '../../models/gru4rec.js';
import hstu from '../../models/hstu.js';
import hstuf from '../../models/hstuf.js';
import instructrec from '../../models/instructrec.js';
import llama from '../../models/llama.js';
import mamba4rec from '../../models/mamba4rec.js';
import nextitnet from '../../models/nextitnet.js';
import pcrec from '../../models/pcrec.js';
import pcrecSimple from '../../models/pcrec-simple.js';
import sasrec from '../../models/sasrec.js';
import sasrecf from '../../models/sasrecf.js';
import ttt4rec from '../../models/ttt4rec.js';
import unisrec from '../../models/unisrec.js';
import wukong from '../../models/wukong.js';
import { kernelsOf } from '../../compiler/cpu/kernels.js';
import { nameIn } from '../../compiler/cpu/names.js';
import { toOrder } from '../../compiler/cpu/passes.js';
import type { Entry, LoopProgram } from '../../compiler/loops/ir.js';
import { lowerEntry } from '../../compiler/lower/kernels.js';
import { pipeline } from '../../compiler/pipeline.js';
import { type ItemFeature, stateOfFeature } from '../../runtime/contract/features.js';
import type { Data, Sizes } from '../../runtime/contract/session.js';
import type { CpuSession } from '../../runtime/cpu/index.js';
import { stream } from '../generators/axes.js';
import { runLoops } from './loops.js';
import { columns, columnSizes, drawnOf, ofEvents, ofUsers, predicting, programs } from './models.js';
import { runPass } from './programs.js';

/** Every position looks into three numbers, eight times: a sum of many positions without a lane. */
export const few = model({
  name: 'few',
  hyper: recommenderHypers,
  optimizer: recommenderOptimizer,
  build: (context) => {
    const { batch, seq } = context.batch;
    const [bucket, slot] = [axis('bucket', 3), axis('slot', 8)];
    const found = gather(
      param('buckets', bucket, normal(1)),
      uniformIndices('slots', bucket, [batch, seq, slot]),
      bucket,
    );
    const { width, items, input } = sequenceInput(context);
    return nextItem(context, { width, items }, mul(input, sum(found, slot)));
  },
});

const LENGTH = 11;
const sizes: Sizes = { batch: 5, items: 13, seen: 4, ...columnSizes };
/** What data say of items, by the names of states. */
const given: ReadonlyMap<string, ItemFeature> = new Map(
  (
    [
      { kind: 'category', name: columns.categories },
      { kind: 'categories', name: columns.lists },
      { kind: 'met' },
    ] as const
  ).map((feature) => [stateOfFeature(feature), feature]),
);
const lengths = [LENGTH, 1, 7, 0, 4];
const tiny = { width: 10, length: LENGTH, blocks: 2, negatives: 9 };
const random = { seed: 7, step: 2 };

export const loopsOf = (model: Model, over: Readonly<Record<string, HyperValue>>): LoopProgram => ({
  model: model.name,
  entries: programs(model, { ...tiny, ...over }).map((p) =>
    lowerEntry(pipeline.reduce((q, pass) => runPass(pass, q), p)),
  ),
});

/** A value depends on the buffer's name alone; what lies beyond a row's length is never read, nor the last row, which is missing. */
const givenOf = (entry: Entry): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    entry.buffers
      .filter((b) => b.role === 'input' || b.role === 'state')
      .map((b) => {
        const cells = b.axes.reduce((n, a) => n * (typeof a.size === 'number' ? a.size : sizes[a.size]!), 1);
        if (b.id === 'seq.lengths') return [b.id, Float32Array.from(lengths)];
        if (b.id === 'seen.lengths') return [b.id, Float32Array.of(2, 0, 4, 1, 3)];
        if (b.id === 'step') return [b.id, Float32Array.of(2)];
        if (b.id === 'batch.missing') return [b.id, Float32Array.of(1)];
        const next = stream([...b.id].reduce((h, c) => h * 31 + c.charCodeAt(0), 7));
        const draw = (i: number): number =>
          b.id.startsWith('times')
            ? (i % LENGTH) * 900 + (b.id === 'times' ? 0 : 500)
            : b.role === 'input' && b.dtype !== 'f32'
              ? Math.floor(next() * sizes['items']!)
              : given.has(b.id)
                ? drawnOf(given.get(b.id)!, sizes, next())
                : b.role === 'input' || b.id.endsWith('.v')
                  ? next()
                  : next() * 2 - 1;
        return [b.id, Float32Array.from({ length: cells }, (_, i) => draw(i))];
      }),
  );

const inputsOf = (entry: Entry, given: Readonly<Record<string, Float32Array>>): Readonly<Record<string, Data>> =>
  Object.fromEntries(
    entry.buffers
      .filter((b) => b.role === 'input')
      .map((b) => [b.id, b.dtype === 'f32' ? given[b.id]! : Int32Array.from(given[b.id]!)]),
  );
const statesOf = (
  entry: Entry,
  given: Readonly<Record<string, Float32Array>>,
): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(entry.buffers.filter((b) => b.role === 'state').map((b) => [b.id, given[b.id]!]));

export const cases: readonly (readonly [string, Model, Readonly<Record<string, HyperValue>>])[] = [
  ['hstu', hstu, {}],
  [
    'hstu, negatives of each position, so many that rows add them up',
    hstu,
    { draws: 'position', negatives: 740, blocks: 1 },
  ],
  [
    'hstu, of a width that leaves room behind each row that data name',
    hstu,
    { width: 12, draws: 'position', negatives: 740, blocks: 1 },
  ],
  ['hstu, few negatives of each position', hstu, { draws: 'position', blocks: 1 }],
  ['a table of a few numbers that all positions look into', few, {}],
  ['hstu with heads and times', hstu, { heads: 2, times: true }],
  ['hstuf', hstuf, { ...columns, ...ofEvents, ...predicting }],
  ['pcrec', pcrec, {}],
  ['pcrec, two steps, tanh', pcrec, { steps: 2, activation: 'tanh' }],
  ['pcrec, last position, adapted', pcrec, { horizon: 'last', steps: 2, adaptation: 0.05 }],
  ['pcrec after the pass', pcrec, { inference: 'after' }],
  ['sasrec', sasrec, { heads: 2 }],
  ['sasrecf', sasrecf, { heads: 2, ...columns, ...ofEvents }],
  ['llama', llama, {}],
  ['bert4rec', bert4rec, { heads: 2, mask: 0.5, lastOnly: 0.3 }],
  ['gru4rec', gru4rec, { hidden: 5 }],
  ['mamba4rec', mamba4rec, { states: 3, taps: 3 }],
  ['mamba4rec in sweeps', mamba4rec, { states: 3, taps: 3, form: 'associative', blocks: 1 }],
  ['ttt4rec', ttt4rec, { width: 16, heads: 2, miniBatch: 4, blocks: 1 }],
  ['unisrec', unisrec, { experts: 3, stage: 'transductive' }],
  ['unisrec, in pretraining', unisrec, { experts: 2, stage: 'pretraining' }],
  ['instructrec', instructrec, {}],
  ['nextitnet', nextitnet, {}],
  ['fmlp', fmlp, {}],
  ['wukong', wukong, { hidden: 20, made: 2, kept: 3, rank: 3, ...columns, ...ofUsers }],
  ['fmlp in circles', fmlp, { filter: 'circular', blocks: 1 }],
  ['pcrec-simple, of a size that takes two tiles', pcrecSimple, { width: 20, negatives: 9 }],
];

/** What the kernels of an entry leave in memory: all but what kernels of one group hand one another in registers. */
export const storedOf = (entry: Entry): ReadonlySet<string> => {
  const own = new Set(entry.kernels.map((k) => k.output));
  const { phases } = toOrder.run(kernelsOf(entry, new Map(), nameIn(entry)), () => {});
  const passed = phases
    .flatMap((p) => [...p.rows, ...p.grids].flat())
    .flatMap((j) => (j.passing === true ? [j.output] : []));
  const asked = [...Object.values(entry.outputs), ...Object.values(entry.updates)];
  expect(passed.filter((id) => asked.includes(id))).toEqual([]);
  return new Set([...own].filter((id) => !passed.includes(id)));
};

/** Rows that exist: one of the batch is missing. */
const ROWS = Number(sizes['batch']) - 1;
/** Whether a cell is of rows that exist: where rows stand against one another, those of a missing one are nobody's. */
const exists = (axes: Entry['buffers'][number]['axes']): ((cell: number) => boolean) => {
  const extents = axes.map(({ size }) => (typeof size === 'number' ? size : sizes[size]!));
  return (cell) => {
    let rest = cell;
    for (let i = axes.length - 1; i >= 0; i--) {
      if (axes[i]!.size === 'batch' && rest % extents[i]! >= ROWS) return false;
      rest = Math.floor(rest / extents[i]!);
    }
    return true;
  };
};

type Open = (
  program: LoopProgram,
  sizes: Sizes,
  options: { readonly threads: number; readonly settled?: boolean },
) => Promise<CpuSession>;

export const behaves = (chosen: typeof cases, opened: Open): void =>
  describe.each(chosen)('%s', (_, model, over) => {
    const program = loopsOf(model, over);
    const sessions: CpuSession[] = [];
    afterAll(async () => {
      for (const s of sessions.splice(0)) await s.dispose();
    });

    test.each([...program.entries.keys()])('entry %i computes every buffer as the loops mean it', async (i) => {
      const session = sessions[0] ?? (await opened(program, sizes, { threads: 2 }));
      sessions[0] = session;
      const entry = program.entries[i]!;
      const given = givenOf(entry);
      await session.write(statesOf(entry, given));
      const want = runLoops(entry, { sizes, given, random });
      const inspected = await session.inspect(entry.name, inputsOf(entry, given), random);
      const off = (name: string, got: ArrayLike<number>): readonly unknown[] => {
        const expected = want.get(name)!;
        const norm = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0));
        const counts = exists(entry.buffers.find((b) => b.id === name)!.axes);
        const error =
          Math.sqrt(Array.from(got).reduce((sum, x, k) => sum + (counts(k) ? (x - expected[k]!) ** 2 : 0), 0)) /
          Math.max(1e-2, norm);
        return error < 1e-3 ? [] : [{ name, error }];
      };
      const made = storedOf(entry);
      const seen = inspected.filter((b) => made.has(b.name));
      expect(seen.length).toBe(made.size);
      expect(seen.flatMap(({ name, data }) => off(name, data))).toEqual([]);
      const result = await session.run(entry.name, inputsOf(entry, given), random);
      expect(Object.entries(entry.outputs).flatMap(([name, id]) => off(id, result[name]!))).toEqual([]);
      const after = await session.read();
      expect(Object.entries(entry.updates).flatMap(([state, id]) => off(id, after[state]!))).toEqual([]);
    });

    test('what states alone decide is computed once, and again when they are others', async () => {
      const [train, ...readers] = program.entries;
      const [plain, settled] = [
        await opened(program, sizes, { threads: 2 }),
        await opened(program, sizes, { threads: 2, settled: true }),
      ];
      sessions.push(plain, settled);
      const given = Object.assign({}, ...program.entries.map(givenOf)) as ReturnType<typeof givenOf>;
      const states = Object.assign({}, ...program.entries.map((e) => statesOf(e, given))) as typeof given;
      const others = Object.fromEntries(Object.entries(states).map(([name, x]) => [name, x.map((v) => v * 0.75)]));
      const answers = async (session: CpuSession): Promise<readonly unknown[]> => {
        const found: unknown[] = [];
        const ask = async (): Promise<void> => {
          for (const entry of [...readers, ...readers]) {
            const outputs = await session.run(entry.name, inputsOf(entry, given), random);
            for (const [name, id] of Object.entries(entry.outputs)) {
              const counts = exists(entry.buffers.find((b) => b.id === id)!.axes);
              found.push([entry.name, name, [...outputs[name]!].filter((_, i) => counts(i))]);
            }
          }
        };
        await session.write(states);
        await ask();
        await session.write(others);
        await ask();
        await session.run(train!.name, inputsOf(train!, given), random);
        await ask();
        return found;
      };
      expect(await answers(settled)).toEqual(await answers(plain));
    });

    test('threads do not change a bit', async () => {
      const entry = program.entries[0]!;
      const given = givenOf(entry);
      const results: unknown[] = [];
      for (const threads of [1, 2, 4]) {
        const session = await opened(program, sizes, { threads });
        sessions.push(session);
        await session.write(statesOf(entry, given));
        for (let step = 1; step < 4; step++) await session.run('train', inputsOf(entry, given), { seed: 3, step });
        results.push(await session.read());
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    });
  });
