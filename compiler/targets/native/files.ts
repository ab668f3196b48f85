/** The emitted files: the plan as a module, and the text. */
import type { Sizes } from '../../../runtime/contract/session.js';
import type { Asset, Peak } from '../../compiled.js';
import { peakOf, planText } from '../../cpu/files.js';
import { planFor } from '../../cpu/program.js';
import type { LoopProgram } from '../../loops/ir.js';
import { once } from '../../../runtime/contract/once.js';
import { faceOf, headerOf, scoring } from './face.js';
import { header } from './header.js';
import { nativeText } from './module.js';

const sources = ['model.c', 'lanes.h'] as const;
/** Only where the scores can be had without the runtime. */
const face = ['model.h', 'score.c'] as const;
/** What `trainer.js build` adds: of another text they are of no use. */
const built = ['model.node', 'model.node.json'] as const;

const textOf = once(nativeText);

export const nativeFiles = {
  names: [...sources, ...face, ...built],
  sources,
  plan: (program: LoopProgram): string => {
    const { plan, linkage, parts } = textOf(program);
    return `/** How the kernels of ${program.model} in model.c run: buffers, and phases between which threads meet. */
export const program = ${planText(plan, `  here: import.meta.url,\n  sources: ${JSON.stringify(sources)},\n  parts: ${parts},\n  linkage: ${JSON.stringify(linkage)},`)};
`;
  },
  peak: (program: LoopProgram, sizes: Sizes): Peak => peakOf(planFor(program), sizes),
  assets: (program: LoopProgram): readonly Asset[] => {
    const text = textOf(program);
    const entry = scoring(text);
    const of = (name: string, content: string): Asset => ({ name, content, comment: '//' });
    return [
      of(sources[0], text.text),
      of(sources[1], header),
      ...(entry === undefined ? [] : [of(face[0], headerOf(program.model, entry)), of(face[1], faceOf(text, entry))]),
    ];
  },
} as const;
