/**
 * A request is answered in the same bytes alone and among others, whoever they are, wherever it stands among them, and however many
 * rows do not exist: so a server may gather what comes together. For every model, in WebAssembly and in C.
 */
import * as fc from 'fast-check';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { given as table } from '../../runtime/contract/batch.js';
import type { LoopProgram } from '../../compiler/loops/ir.js';
import type { Data, Manifest, Sizes } from '../../runtime/contract/session.js';
import { type CpuSession, openNative, openWasm } from '../../runtime/cpu/index.js';
import type { Inputs } from '../../runtime/job.js';
import { scorer } from '../../runtime/serve/scorer.js';
import { stacked } from '../../runtime/serve/stacked.js';
import { stream } from '../generators/axes.js';
import { cases, few, loopsOf } from '../support/cpu-models.js';
import { columnSizes, drawnOf } from '../support/models.js';
import { available, built as builtNative } from '../native/sessions.js';
import { built as builtWasm } from '../wasm/sessions.js';
import { type ItemFeature, stateOfFeature } from '../../runtime/contract/features.js';

const LENGTH = 11;
const ITEMS = 29;
const sizes: Sizes = { items: ITEMS, seen: 1, ...columnSizes };
const codes: ReadonlyMap<string, ItemFeature> = new Map(
  ([{ kind: 'category', name: 'genre' }, { kind: 'categories', name: 'tags' }, { kind: 'met' }] as const).map(
    (feature) => [stateOfFeature(feature), feature],
  ),
);

type Buffers = LoopProgram['entries'][number]['buffers'];
const scoreOf = (program: LoopProgram) => program.entries.find(({ name }) => name === 'score')!;
const sizeOf = (axes: Buffers[number]['axes'], bound: Sizes): number =>
  axes.reduce((n, a) => n * (typeof a.size === 'number' ? a.size : bound[a.size]!), 1);

const manifestOf = (program: LoopProgram): Manifest =>
  ({
    model: program.model,
    entries: {
      score: {
        inputs: scoreOf(program).buffers.flatMap((b) =>
          b.role === 'input'
            ? [{ name: b.id, dtype: b.dtype, axes: b.axes.map((a) => a.name), shape: b.axes.map((a) => a.size) }]
            : [],
        ),
        outputs: [],
      },
    },
  }) as unknown as Manifest;

const statesOf = (program: LoopProgram): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    scoreOf(program).buffers.flatMap((b) => {
      if (b.role !== 'state') return [];
      const next = stream([...b.id].reduce((h, c) => h * 31 + c.charCodeAt(0), 7));
      const feature = codes.get(b.id);
      return [
        [
          b.id,
          Float32Array.from({ length: sizeOf(b.axes, sizes) }, () =>
            feature === undefined ? next() * 2 - 1 : drawnOf(feature, sizes, next()),
          ),
        ] as const,
      ];
    }),
  );

/** Of a user with that many events, what each input says. */
const rowOf = (program: LoopProgram, seed: number, length: number): Inputs =>
  Object.fromEntries(
    scoreOf(program).buffers.flatMap((b): readonly (readonly [string, Data])[] => {
      if (b.role !== 'input') return [];
      const cells = sizeOf(b.axes, { ...sizes, batch: 1 });
      if (b.id === 'seq.lengths') return [[b.id, Int32Array.of(length)]];
      if (b.id === 'batch.missing') return [[b.id, Int32Array.of(0)]];
      const next = stream(seed * 131 + [...b.id].reduce((h, c) => h * 31 + c.charCodeAt(0), 7));
      const most = b.id === table.items.name ? ITEMS : b.id.startsWith('event.') ? columnSizes.event_action_values : 7;
      const value = (i: number): number =>
        b.dtype === 'f32'
          ? next() * 2 - 1
          : b.id === table.times.name || b.id === table.nextTimes.name
            ? i * 900 + (b.id === table.times.name ? 0 : 500)
            : Math.floor(next() * most);
      const values = Array.from({ length: cells }, (_, i) => (i < length ? value(i) : 0));
      return [[b.id, b.dtype === 'f32' ? Float32Array.from(values) : Int32Array.from(values)]];
    }),
  );

const user = fc.record({ seed: fc.nat(1000), length: fc.integer({ min: 1, max: LENGTH }) });
const bytes = (data: Data): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();

type Opening = (sizes: Sizes) => ReturnType<typeof openWasm>;
/** Kernels are made once, and opened for batches of several sizes. */
const targets: Readonly<Record<string, (program: LoopProgram) => Promise<Opening>>> = {
  wasm: async (program) => {
    const module = await builtWasm(program);
    return (bound) => openWasm(module, manifestOf(program), 'wasm', bound, { threads: 1 });
  },
  ...(available
    ? {
        native: async (program: LoopProgram) => {
          const module = builtNative(program);
          return (bound: Sizes) =>
            openNative(module, manifestOf(program), 'native', bound, { threads: 1, say: () => undefined });
        },
      }
    : {}),
};

describe.each(Object.entries(targets))('on %s', (target, opening) => {
  // One draws random numbers of each row where it scores. What the C compiler takes long for is tried for a few.
  const alike = cases.filter(([, model]) => model !== few);
  const chosen =
    target === 'wasm' ? alike : alike.filter(([name]) => /^(hstu with|pcrec, two|pcrec-simple)/.test(name));
  test.each(chosen)(
    '%s scores a request in the same bytes whoever is asked for beside it',
    async (_, model, over) => {
      const program = loopsOf(model, { length: LENGTH, ...over });
      const manifest = manifestOf(program);
      const open = await opening(program);
      const sessions = new Map<number, CpuSession>();
      onTestFinished(async () => {
        for (const session of sessions.values()) await session.dispose();
      });
      for (const batch of [1, 2, 5, 8]) {
        const session = await open({ ...sizes, batch });
        if (isLeft(session)) throw new Error(session.left);
        sessions.set(batch, session.right);
        await session.right.write(statesOf(program));
      }
      const scoresOf = async (rows: readonly Inputs[], batch: number): Promise<readonly Uint8Array[]> => {
        const inputs = stacked(manifest, 'score', rows, batch);
        const { scores } = await sessions.get(batch)!.run('score', inputs, { seed: 3, step: 0 });
        return rows.map((_, at) => bytes(scores!.subarray(at * ITEMS, (at + 1) * ITEMS)));
      };
      const told = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.array(user, { minLength: 1, maxLength: 8 }), async (users) => {
          const rows = users.map(({ seed, length }) => rowOf(program, seed, length));
          const alone = [];
          for (const row of rows) alone.push((await scoresOf([row], 1))[0]!);
          alone.forEach((scores) => told.add(scores.join()));
          for (const batch of [2, 5, 8].filter((size) => size >= rows.length))
            expect(await scoresOf(rows, batch)).toEqual(alone);
        }),
        { numRuns: 20 },
      );
      // Equal bytes say something where users differ.
      expect(told.size).toBeGreaterThan(10);
    },
    120_000,
  );
});

/** A model, and how it is compiled. */
const caseOf = (wanted: string) => {
  const [, model, over] = cases.find(([name]) => name === wanted)!;
  return [model, over] as const;
};

test.each([
  ['as many as are asked for', ...caseOf('hstu'), 4],
  ['as many of a model that reads what is asked', ...caseOf('instructrec'), 4],
  ['as many of a model that reads lists of who asks', ...caseOf('wukong'), 4],
  ['one alone, where the place of a row decides what is drawn of it', few, {}, 1],
] as const)('a scorer takes %s', async (_, model, over, rows) => {
  const program = loopsOf(model, { length: LENGTH, ...over });
  const open = await targets['wasm']!(program);
  const manifest = { ...manifestOf(program), length: LENGTH, rows: [] };
  const found = await scorer(
    { manifest, open: (_device, bound) => open(bound) },
    { batch: 4, device: 'wasm', sizes: { ...sizes, items: ITEMS }, states: statesOf(program), seed: 3 },
  )();
  if (isLeft(found)) throw new Error(found.left);
  expect(found.right.rows).toBe(rows);
  await found.right.close();
});

test('an input that no row gives is left out, so that whoever calls the entry says so', () => {
  const manifest = {
    entries: {
      score: { inputs: [{ name: 'items', dtype: 'i32', axes: ['batch', 'seq'], shape: ['batch', 2] }], outputs: [] },
    },
  };
  expect(stacked(manifest as unknown as Manifest, 'score', [{}], 2)).toEqual({});
});
