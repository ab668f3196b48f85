import { describe, expect, it } from 'vitest';
import { apply, guard, integer, literal } from '../../compiler/loops/build.js';
import type { Buffer, Expr, Kernel, LoopAxis, LoopProgram } from '../../compiler/loops/ir.js';
import { checkGpu, emitGpu, maxArrayArguments } from '../../compiler/targets/gpu/index.js';
import { invert } from '../../runtime/devices/inverse.js';
import { small } from './programs.js';

const seq: LoopAxis = { name: 'seq', size: 7, ragged: { rows: 'batch', lengths: 'lengths' } };
const batch: LoopAxis = { name: 'batch', size: 'batch' };
const width: LoopAxis = { name: 'width', size: 5 };
const at = (name: string): Expr => ({ kind: 'index', axis: name });
const buffer = (id: string, ...axes: readonly LoopAxis[]): Buffer => ({ id, dtype: 'f32', axes, role: 'input' });
const one = (
  body: Expr,
  buffers: readonly Buffer[],
  axes: readonly LoopAxis[],
  more: Partial<Kernel> = {},
): LoopProgram => ({
  model: 'one',
  entries: [
    {
      name: 'run',
      buffers: [
        ...buffers,
        { id: 'lengths', dtype: 'i32', axes: [batch], role: 'input' },
        { id: 'result', dtype: 'f32', axes, role: 'output' },
      ],
      kernels: [{ name: 'result', output: 'result', body, comment: 'what it is', ...more }],
      outputs: { result: 'result' },
      updates: {},
    },
  ],
});
const functions = (program: LoopProgram): string => {
  const text = emitGpu(program);
  return text.slice(text.indexOf('*/') + 2, text.indexOf('export const program')).trim();
};

describe('emitted kernels', () => {
  it("speak the model's names, narrow their loops and compute what a loop does not change before it", () => {
    const scale = apply('exp', { kind: 'read', buffer: 'rate', at: [at('batch')], dtype: 'f32' });
    const q: Expr = { kind: 'read', buffer: 'q', at: [at('batch'), at('seq'), at('width')], dtype: 'f32' };
    const k: Expr = { kind: 'read', buffer: 'k', at: [at('batch'), at('key'), at('width')], dtype: 'f32' };
    const score: Expr = {
      kind: 'reduce',
      monoid: 'sum',
      over: [{ axis: width }],
      body: apply('mul', apply('mul', q, scale), k),
      dtype: 'f32',
    };
    const body: Expr = {
      kind: 'reduce',
      monoid: 'sum',
      over: [{ axis: { ...seq, name: 'key' }, to: apply('add', at('seq'), integer(1)) }],
      body: apply('mul', apply('tanh', score), score),
      dtype: 'f32',
    };
    const program = one(
      body,
      [buffer('rate', batch), buffer('q', batch, seq, width), buffer('k', batch, seq, width)],
      [batch, seq],
      {
        source: { file: 'models/one.ts', line: 42, column: 3 },
        where: apply('gt', at('seq'), integer(0)),
      },
    );
    expect(functions(program).split('\n\n').slice(1).join('\n\n')).toMatchInlineSnapshot(`
      "/**
       * what it is
       * models/one.ts:42
       * x = seq, y = batch
       */
      function result(lengths, q, rate, k) {
        let cell = 0;
        if (this.thread.x < lengths[this.thread.y]) {
          if (this.thread.x > 0) {
            let sum = 0;
            const key_to = this.thread.x + 1;
            const value = Math.exp(rate[this.thread.y]);
            for (let key = 0; key < key_to; key++) {
              let sum2 = 0;
              for (let width = 0; width < 5; width++) {
                sum2 += (q[this.thread.y][this.thread.x][width] * value) * k[this.thread.y][key][width];
              }
              sum += hyperbolicTangent(sum2) * sum2;
            }
            cell = sum;
          }
        }
        return cell;
      }"
    `);
  });

  it('take a guard apart where its branches need statements', () => {
    const sum: Expr = {
      kind: 'reduce',
      monoid: 'max',
      over: [{ axis: width }],
      body: {
        kind: 'read',
        buffer: 'q',
        at: [at('batch'), apply('sub', at('seq'), integer(1)), at('width')],
        dtype: 'f32',
      },
      dtype: 'f32',
    };
    expect(
      functions(one(guard(apply('ge', at('seq'), integer(1)), sum), [buffer('q', batch, seq, width)], [batch, seq])),
    ).toMatchInlineSnapshot(`
      "/**
       * what it is
       * x = seq, y = batch
       */
      function result(lengths, q) {
        let cell = 0;
        if (this.thread.x < lengths[this.thread.y]) {
          let chosen = 0;
          if (this.thread.x >= 1) {
            let most = -3.4e+38;
            for (let width = 0; width < 5; width++) {
              most = Math.max(most, q[this.thread.y][this.thread.x - 1][width]);
            }
            chosen = most;
          }
          cell = chosen;
        }
        return cell;
      }"
    `);
  });

  it('split a long sum of few cells', () => {
    const body: Expr = {
      kind: 'reduce',
      monoid: 'sum',
      over: [{ axis: batch }, { axis: seq, row: at('batch') }],
      body: { kind: 'read', buffer: 'q', at: [at('batch'), at('seq'), at('width')], dtype: 'f32' },
      dtype: 'f32',
    };
    expect(functions(one(body, [buffer('q', batch, seq, width)], [width]))).toMatchInlineSnapshot(`
      "/**
       * what it is: the part of each batch
       * x = width, y = batch
       */
      function result_by_batch(lengths, q) {
        let sum = 0;
        const seq_to = lengths[this.thread.y];
        for (let seq = 0; seq < seq_to; seq++) {
          sum += q[this.thread.y][seq][this.thread.x];
        }
        return sum;
      }

      /**
       * what it is
       * x = width
       */
      function result(result_by_batch) {
        let sum = 0;
        for (let batch = 0; batch < this.constants.batch; batch++) {
          sum += result_by_batch[batch][this.thread.x];
        }
        return sum;
      }"
    `);
  });

  it('are the same text for the same program', () => expect(emitGpu(structuredClone(small))).toBe(emitGpu(small)));
});

describe('limits', () => {
  it('accept what fits', () => expect(checkGpu(small)).toEqual([]));
  it('refuse a kernel of too many arrays, by name', () => {
    const names = Array.from({ length: maxArrayArguments + 1 }, (_, i) => `part${i}`);
    // Of the terms of a sum over positions none can be computed before.
    const program = one(
      {
        kind: 'reduce',
        monoid: 'sum',
        over: [{ axis: width }],
        body: names
          .map((id): Expr => ({ kind: 'read', buffer: id, at: [at('width')], dtype: 'f32' }))
          .reduce((a, b) => apply('add', a, b)),
        dtype: 'f32',
      },
      names.map((id) => buffer(id, width)),
      [batch],
    );
    expect(() => checkGpu(program)).toThrow(
      "'result' reads 8 arrays (part0, part1, part2, part3, part4, part5, part6, part7); a WebGPU kernel can read 7",
    );
  });
  it('refuse a collect whose target is no loop variable', () => {
    const ids: Buffer = { id: 'ids', dtype: 'i32', axes: [batch], role: 'input' };
    const body: Expr = {
      kind: 'collect',
      index: 'ids',
      over: [{ axis: batch }],
      target: apply('add', at('width'), integer(1)),
      body: literal(1),
      dtype: 'f32',
    };
    expect(() => checkGpu(one(body, [ids], [width]))).toThrow('no loop variable');
  });
});

describe('an inverse index', () => {
  it('lists the positions of each target, and leaves out what does not exist', () => {
    const inverse = invert(
      Int32Array.of(2, 0, 2, 9, 1, -1),
      [
        { name: 'batch', size: 2 },
        { name: 'seq', size: 3, ragged: { rows: 'batch', lengths: 'lengths' } },
      ],
      3,
      {},
      () => Int32Array.of(3, 2),
    );
    const lists = [0, 1, 2].map((t) =>
      Array.from({ length: inverse[t + 1]! - inverse[t]! }, (_, i) => [
        inverse[inverse[t]! + i],
        inverse[inverse[t]! + i + 6],
      ]),
    );
    expect(lists).toEqual([
      [[0, 1]],
      [[1, 1]],
      [
        [0, 0],
        [0, 2],
      ],
    ]);
  });
});
