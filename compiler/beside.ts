/**
 * What a second thread does while the first goes on: the type check of a model, which its evaluation need not wait for, and a part
 * of what is emitted. Nothing is printed or written before both are done, so nobody can tell but by a clock.
 */
import type { Either } from 'fp-ts/lib/Either.js';
import type { Compiled, Target } from './compiled.js';
import type { Diagnostics } from './diagnostics.js';
import type { EmittedFile } from './emit/index.js';

/** What is emitted of a compiled model. */
export type Written = Pick<Compiled, 'loops' | 'manifest'>;

/** Each begins something and gives a function that waits for it. */
export interface Beside {
  readonly check: (model: string, project: string) => () => Either<Diagnostics, unknown>;
  /** The files of one part of a target. */
  readonly emit: (
    compiled: Written,
    part: { readonly target: Target; readonly name: string },
  ) => () => readonly EmittedFile[];
}
