/** The emitted files: the plan as a module, the text, and what it assembles to, with and without fused multiply-add. */
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Sizes } from '../../../runtime/contract/session.js';
import type { Asset, Peak } from '../../compiled.js';
import { peakOf, planText } from '../../cpu/files.js';
import type { LoopProgram } from '../../loops/ir.js';
import { once } from '../../../runtime/contract/once.js';
import { assemble } from './assemble.js';
import { wasmText } from './module.js';

const names = ['model.wat', 'model.wasm', 'model.fma.wasm'] as const;

const textOf = once(wasmText);

const binary = (text: string, name: string): Uint8Array => {
  const result = assemble(text, name);
  if (isLeft(result)) throw new Error(`The WebAssembly of ${name} is not valid: ${result.left}`);
  return result.right;
};

export const wasmFiles = {
  names,
  plan: (program: LoopProgram): string => {
    const { plan } = textOf(program);
    return `/** How the kernels of ${program.model} in model.wat run: buffers, and phases between which threads meet. */
import { loadFrom } from 'pcrec/browser';

export const program = ${planText(plan, "  load: loadFrom(new URL('./model.wasm', import.meta.url), new URL('./model.fma.wasm', import.meta.url)),")};
`;
  },
  peak: (program: LoopProgram, sizes: Sizes): Peak => peakOf(textOf(program).plan, sizes),
  assets: (program: LoopProgram): readonly Asset[] => {
    const { text, relaxed } = textOf(program);
    return [
      { name: names[0], content: text, comment: ';;' },
      { name: names[1], content: binary(text, names[1]) },
      { name: names[2], content: binary(relaxed, names[2]) },
    ];
  },
} as const;
