import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRight } from 'fp-ts/lib/Either.js';
import { afterAll, describe, expect, it } from 'vitest';
import { apply, guard, integer } from '../../compiler/loops/build.js';
import type { Buffer, Expr, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import { targets } from '../../compiler/emit/targets.js';
import { assemble, wasmText } from '../../compiler/targets/wasm/index.js';
import { small } from '../gpu/programs.js';
import { opened } from './sessions.js';

const batch: LoopAxis = { name: 'batch', size: 'batch' };
const seq: LoopAxis = { name: 'seq', size: 16, ragged: { rows: 'batch', lengths: 'lengths' } };
const width: LoopAxis = { name: 'width', size: 8 };
const at = (axis: LoopAxis): Expr => ({ kind: 'index', axis: axis.name });
const read = (buffer: string, ...over: readonly LoopAxis[]): Expr => ({
  kind: 'read',
  buffer,
  dtype: 'f32',
  at: over.map(at),
});
const buffer = (id: string, role: Buffer['role'], ...axes: readonly LoopAxis[]): Buffer => ({
  id,
  dtype: 'f32',
  role,
  axes,
});
const inner: LoopAxis = { name: 'inner', size: 8 };

/** A linear map of the positions of a batch, and the sum over each position's past. */
const program: LoopProgram = {
  model: 'linear',
  entries: [
    {
      name: 'train',
      buffers: [
        { id: 'lengths', dtype: 'i32', role: 'input', axes: [batch] },
        buffer('x', 'input', batch, seq, inner),
        buffer('weight', 'state', inner, width),
        buffer('mapped', 'temp', batch, seq, width),
        buffer('past', 'output', batch, seq, width),
      ],
      kernels: [
        {
          name: 'mapped',
          output: 'mapped',
          comment: 'linear(x)',
          source: { file: 'models/linear.ts', line: 3, column: 1 },
          body: {
            kind: 'reduce',
            monoid: 'sum',
            dtype: 'f32',
            over: [{ axis: inner }],
            body: apply('mul', read('x', batch, seq, inner), read('weight', inner, width)),
          },
        },
        {
          name: 'past',
          output: 'past',
          comment: 'sum of the past',
          body: {
            kind: 'reduce',
            monoid: 'sum',
            dtype: 'f32',
            over: [{ axis: { ...seq, name: 'key' }, to: apply('add', at(seq), integer(1)) }],
            body: read('mapped', batch, { ...seq, name: 'key' }, width),
          },
        },
      ],
      outputs: { past: 'past' },
      updates: {},
    },
  ],
};

describe('the emitted text', () => {
  const { text, relaxed, plan } = wasmText(program);

  it("is a register-tiled kernel in the model's names", () => {
    const kernel = text.slice(text.indexOf(';; mapped:'), text.indexOf(';; past:'));
    expect(kernel).toContain(';; mapped: models/linear.ts:3 linear(x)');
    expect(kernel.match(/f32x4\.add \(local\.get \$sum/g)?.length).toBeGreaterThanOrEqual(8);
    // Four rows read through one address, at constant distances.
    expect(kernel).toMatch(/v128\.load32_splat offset=32 \(local\.get \$add/);
    expect(kernel).toMatchSnapshot();
  });

  it('is the same for the same program', () => {
    expect(wasmText(JSON.parse(JSON.stringify(program))).text).toBe(text);
  });

  it('assembles and validates, with fused multiply-add too', () => {
    expect(isRight(assemble(text, 'linear'))).toBe(true);
    expect(relaxed).toContain('f32x4.relaxed_madd');
    expect(isRight(assemble(relaxed, 'linear'))).toBe(true);
    expect(assemble('(module (func (result i32)))', 'broken')).toMatchObject({
      _tag: 'Left',
      left: expect.stringContaining('type mismatch'),
    });
  });

  it('runs all that a row needs while the row is at hand, and stores only that row', () => {
    const [phase] = plan.entries[0]!.phases;
    expect(phase!.rows.map((j) => j.outputs)).toEqual([['mapped'], ['past']]);
    expect(plan.entries[0]!.buffers.find((b) => b.id === 'mapped')).toMatchObject({ local: true });
    expect(plan.entries[0]!.buffers.find((b) => b.id === 'past')).toMatchObject({
      local: false,
      rows: { lengths: ['lengths'] },
    });
  });
});

it('asks of a share only what its own axes tell, where the result has others', async () => {
  const other: LoopAxis = { name: 'other', size: 8 };
  const masked: LoopProgram = {
    model: 'masked',
    entries: [
      {
        name: 'train',
        outputs: { out: 'out' },
        updates: {},
        buffers: [
          buffer('x', 'input', batch, width),
          buffer('twice', 'temp', batch, width),
          buffer('out', 'output', other, width),
        ],
        kernels: [
          {
            name: 'twice',
            output: 'twice',
            comment: '',
            body: apply('add', read('x', batch, width), read('x', batch, width)),
          },
          {
            name: 'out',
            output: 'out',
            comment: '',
            body: guard(apply('le', at(other), at(width)), {
              kind: 'reduce',
              monoid: 'sum',
              dtype: 'f32',
              over: [{ axis: batch }],
              body: read('twice', batch, width),
            }),
          },
        ],
      },
    ],
  };
  const session = await opened(masked, { batch: 3 }, { threads: 1 });
  try {
    const got = await session.run('train', { x: Float32Array.from({ length: 24 }, (_, i) => i) }, { seed: 1, step: 1 });
    expect(Array.from(got['out']!)).toEqual(
      Array.from({ length: 64 }, (_, i) => (Math.floor(i / 8) <= i % 8 ? 2 * (3 * (i % 8) + 24) : 0)),
    );
  } finally {
    await session.dispose();
  }
});

describe('the emitted files', () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((f) => rmSync(f, { recursive: true, force: true })));

  it('are a module that finds its binaries beside it', async () => {
    mkdirSync('build', { recursive: true });
    const folder = mkdtempSync(join(process.cwd(), 'build', 'wasm-'));
    folders.push(folder);
    const { wasm } = targets;
    // The package itself is not installed here: the test runner resolves it for us.
    const loader = pathToFileURL(join(process.cwd(), 'runtime/cpu/load.ts')).pathname;
    writeFileSync(
      join(folder, 'kernels.wasm.mjs'),
      wasm.emit(small).replace("'pcrec/browser'", JSON.stringify(loader)),
    );
    for (const { name, content } of wasm.assets!.emit(small)) writeFileSync(join(folder, name), content);
    const { program: emitted } = (await import(/* @vite-ignore */ join(folder, 'kernels.wasm.mjs'))) as {
      program: { format: number; load: (fma: boolean) => Promise<Uint8Array<ArrayBuffer>> };
    };
    expect(emitted.format).toBe(1);
    expect(WebAssembly.validate(await emitted.load(false))).toBe(true);
    expect((await emitted.load(true)).length).toBeGreaterThan(1000);
  });
});
