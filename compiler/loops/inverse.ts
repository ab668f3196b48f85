/** The inverse index that a `collect` reads in place of its index buffer: for each target, the positions that name it. */
import type { Expr, LoopAxis, Size } from './ir.js';

export type Collect = Extract<Expr, { kind: 'collect' }>;

/** One id for one index and one kind of target, so that all collects over them share one inverse. */
export const inverseId = ({ index, target }: Collect): string =>
  `${index}_by_${target.kind === 'index' ? target.axis : 'value'}`;

/** The number of targets, where the target is a loop variable; anything else has no static bound. */
export const targetsOf = ({ target }: Collect, axes: ReadonlyMap<string, LoopAxis>): Size | null =>
  target.kind === 'index' ? (axes.get(target.axis)?.size ?? null) : null;
