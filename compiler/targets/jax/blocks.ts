/** Blocks that are alike as one function, which is told the number of the block; and another of their derivatives. */
import { blocksOf } from '../../exits/alike.js';
import type { Program } from '../../program.js';
import { backwardOf, deskOf, forwardOf, type Inner, type Options } from './block-functions.js';
import { inTurn, partOf, slopesOf } from './block-parts.js';
import type { Call } from './function.js';

export interface Blocked {
  readonly calls: readonly Call[];
  readonly functions: readonly string[];
  /** Updates that come out of calls, and the dictionaries that hold them. */
  readonly slopes: ReadonlySet<string>;
  readonly dictionaries: readonly string[];
  /** Whether derivatives may work out again what they read of their block. */
  readonly again: boolean;
}
export const unblocked: Blocked = { calls: [], functions: [], slopes: new Set(), dictionaries: [], again: false };

/** Nobody wants to read a function of which ten arrays come out. */
const most = 4;

export const blocked = (program: Program, options: Options, inner: Inner): Blocked => {
  const found = blocksOf(program);
  if (found === undefined) return unblocked;
  const desk = deskOf(program, found.families, options, inner);
  const slopes = slopesOf(program, found);
  const quiet = new Set(found.backward?.nodes.flat());
  const forward = forwardOf(desk, partOf(found.forward, program, { quiet }), slopes?.residual ?? []);
  if (forward.out.length > most) return unblocked;
  const backward = slopes && backwardOf(desk, slopes, forward);
  const calls = [...forward.calls, ...(backward?.calls ?? [])];
  if (slopes !== undefined && backward !== undefined && inTurn(program, calls))
    return {
      calls,
      functions: [forward.text, backward.text],
      slopes: new Set(slopes.alike.nodes.flatMap((_, at) => slopes.named(at).map(([path]) => path))),
      dictionaries: backward.dictionaries,
      again: true,
    };
  // Without its derivative a block hands out too much of itself.
  return forward.kept.size === 0 && inTurn(program, forward.calls)
    ? { ...unblocked, calls: forward.calls, functions: [forward.text] }
    : unblocked;
};
