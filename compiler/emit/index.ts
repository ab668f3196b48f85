/** Emission: a compiled model to `build/<model>/`. */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Compiled, Target, Toolchain } from '../compiled.js';
import type { Diagnostics } from '../diagnostics.js';
import { emittedFiles, namesOf } from './text.js';
import { writeFiles } from './write.js';

export { builds, type EmittedFile, emittedFiles } from './text.js';
export { runtimeReachable } from './write.js';

/** What was written. */
export interface Emission {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly string[];
}

/** For a program that passed the target's check. Left: the folder cannot be written. */
export const emit = (
  compiled: Compiled,
  target: Target,
  targets: Toolchain['targets'],
  folder: string,
): Either<Diagnostics, Emission> =>
  pipe(
    writeFiles(folder, emittedFiles(compiled, target), Object.values(targets).flatMap(namesOf)),
    map((files) => ({ folder, files })),
  );
