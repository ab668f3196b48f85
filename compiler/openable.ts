/** What no session could open, whatever the data: said when the model is compiled, not by the trainer. */
import { isLeft } from 'fp-ts/lib/Either.js';
import { calledBy } from '../runtime/contract/plan.js';
import { newSettings } from '../runtime/contract/settings.js';
import type { Manifest } from '../runtime/contract/session.js';
import { type Diagnostic, error, type Source } from './diagnostics.js';
import type { LoopProgram } from './loops/ir.js';
import { leastCells, maxCells } from './loops/limits.js';

/** `sourceOf` a state, by its path. */
export const openingErrors = (
  { entries }: LoopProgram,
  manifest: Manifest,
  sourceOf: (state: string) => Source | undefined,
): readonly Diagnostic[] => {
  const settings = newSettings(manifest, {});
  const sources = new Map(entries.flatMap((e) => e.kernels.map((k) => [k.output, k.source] as const)));
  const large = entries
    .flatMap((e) => e.buffers)
    .filter((b) => leastCells(b.axes) > maxCells)
    .map((b) => {
      const name = calledBy(b);
      const axes = b.axes.map((a) => `'${a.name}' (${a.size})`).join(', ');
      return error(
        'PC6001',
        `'${name}' has more numbers than can be counted: it lies over ${axes}, and an array has at most ${maxCells.toLocaleString('en')}`,
        b.role === 'state' ? sourceOf(name) : sources.get(b.id),
        'make an axis shorter',
      );
    });
  return [
    ...(isLeft(settings) ? [error('PC1017', settings.left)] : []),
    ...new Map(large.map((d) => [d.message, d])).values(),
  ];
};
