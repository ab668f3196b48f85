/** The emitted files: the plan as a module, the text, and what it assembles to, with and without fused multiply-add. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { explainModule } from '../../../runtime/contract/cpu-plan.js';
import type { EntryInfo, Sizes } from '../../../runtime/contract/session.js';
import type { Asset, Peak } from '../../compiled.js';
import { peakOf, planText } from '../../cpu/files.js';
import { planFor } from '../../cpu/program.js';
import type { LoopProgram } from '../../loops/ir.js';
import { once } from '../../../runtime/contract/once.js';
import { assemble } from './assemble.js';
import { wasmText } from './module.js';

const names = ['model.wat', 'model.wasm', 'model.fma.wasm'] as const;
const explanationNames = [explainModule, 'explain.wasm'] as const;

const textOf = once(wasmText);

const binary = (text: string, name: string): Uint8Array => {
  const result = assemble(text, name);
  if (isLeft(result)) throw new Error(`The WebAssembly of ${name} is not valid: ${result.left}`);
  return result.right;
};

const planModule = (program: LoopProgram, says: string, plain: string, fused: string): string => `/** ${says} */
import { loadFrom } from 'pcrec/browser';

export const program = ${planText(textOf(program).plan, `  load: loadFrom(new URL('./${plain}', import.meta.url), new URL('./${fused}', import.meta.url)),`)};
`;

/**
 * A program that is run seldom, one row at a time, on any machine: whatever the target is, and without what only a reader or a second of
 * waiting would gain by.
 */
export const explanationFiles = {
  names: explanationNames,
  emit: (program: LoopProgram, entry: EntryInfo): readonly Asset[] => {
    const [module, code] = explanationNames;
    const says = `How the kernels in ${code} say why ${program.model} scores as it does.`;
    return [
      {
        name: module,
        content: `${planModule(program, says, code, code)}
/** What it is given, and what it gives. */
export const entry = ${JSON.stringify(entry)};
`,
        comment: '//',
      },
      { name: code, content: binary(textOf(program).text, code) },
    ];
  },
} as const;

export const wasmFiles = {
  names,
  plan: (program: LoopProgram): string =>
    planModule(
      program,
      `How the kernels of ${program.model} in model.wat run: buffers, and phases between which threads meet.`,
      names[1],
      names[2],
    ),
  peak: (program: LoopProgram, sizes: Sizes): Peak => peakOf(planFor(program), sizes),
  assets: (program: LoopProgram): readonly Asset[] => {
    const { text, relaxed } = textOf(program);
    return [
      { name: names[0], content: text, comment: ';;' },
      { name: names[1], content: binary(text, names[1]) },
      { name: names[2], content: binary(relaxed, names[2]) },
    ];
  },
} as const;
