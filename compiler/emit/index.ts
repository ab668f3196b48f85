/** Emission: a compiled model to `build/<model>/`. */
import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Compiled, Target, Toolchain } from '../compiled.js';
import type { Diagnostics } from '../diagnostics.js';
import { type EmittedFile, emittedFiles, namesOf } from './text.js';
import { writeFiles } from './write.js';

export { builds, type EmittedFile, emittedFiles, explainingFiles, handedOver, partFiles } from './text.js';
export { runtimeReachable } from './write.js';

/** What was written. */
export interface Emission {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly string[];
}

/** Writes emitted files, and takes away those of an earlier emission. Left: the folder cannot be written. */
export const written = (
  files: readonly EmittedFile[],
  targets: Toolchain['targets'],
  folder: string,
): Either<Diagnostics, Emission> =>
  pipe(
    writeFiles(folder, files, Object.values(targets).flatMap(namesOf)),
    map((names) => ({ folder, files: names })),
  );

/** For a program that passed the target's check. Left: the folder cannot be written. */
export const emit = (
  compiled: Compiled,
  target: Target,
  targets: Toolchain['targets'],
  folder: string,
): Either<Diagnostics, Emission> => written(emittedFiles(compiled, target), targets, folder);
