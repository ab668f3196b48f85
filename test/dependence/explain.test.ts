/** What `--explain` tells of a tensor, in its words. */
import { describe, expect, it } from 'vitest';
import { compiled, modelText } from './support.js';

const text = modelText(`
  const scores = dot(input, rename(input, seq, key), width);
  const weights = softmax(scores, key, causal(seq, key));
  const state = add(input, dot(weights, rename(input, seq, key), key));`);
const told = (name: string, ...argv: readonly string[]): string => {
  const { code, out, err } = compiled(text, { argv: ['--explain', name, ...argv] });
  expect(code).toBe(err === '' ? 0 : 2);
  return `${out}${err}`;
};
/** Kernels and costs are the passes' affair: here only that they are told. */
const settled = (said: string): string => said.replace(/^( {2}(?:operations|bytes|kernel) +).*$/gm, '$1...');

describe('--explain', () => {
  it('tells axes, source, dependence, cost and kernel, by program', () => {
    expect(settled(told('scores'))).toMatchInlineSnapshot(`
      "scores, in train
        axes        batch (batch) x seq (up to 6) x key (up to 6)
        type        f32
        source      tried.ts:10:18
        reads       position seq, or position key of items
        operations  ...
        bytes       ...
        kernel      ...

      scores, in rank and score
        axes        batch (batch) x item (items)
        type        f32
        source      tried.ts:13:10
        reads       all positions of items; seq.lengths
        operations  ...
        bytes       ...
        kernel      ...

      target all: all of them: a GPU where one answers, else C where there is a compiler, else WebAssembly"
    `);
  });
  it('tells what a state reads, and the target that was chosen', () => {
    expect(settled(told('state', '--target', 'wasm'))).toMatchInlineSnapshot(`
      "state, in train
        axes        batch (batch) x seq (up to 6) x width (4)
        type        f32
        source      tried.ts:12:17
        reads       positions <= seq of items
        operations  ...
        bytes       ...
        kernel      ...

      state, in rank and score
        axes    batch (batch) x seq (up to 6) x width (4)
        type    f32
        source  tried.ts:12:17
        reads   positions <= seq of items
        kernel  ...

      target wasm: our own WebAssembly, with SIMD and threads: for processors"
    `);
  });
  it('names kernels that there are', () => {
    const [, kernel] = /^ {2}kernel +(?:fused into )?(\w+)/m.exec(told('state'))!;
    expect(compiled(text, { argv: ['--dump-after', 'schedule'] }).out).toContain(`  ${kernel}[`);
  });
  it('knows other names than the one that was mistyped', () => {
    expect(told('stat')).toMatchInlineSnapshot(`
      "error PC0005: the model has no tensor 'stat'
      hint: did you mean 'state'?"
    `);
  });
});
