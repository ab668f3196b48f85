/** What the command tells the world, and whose mistake a failure was. */
import { relative } from 'node:path';
import { type Either, mapLeft } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Beside } from '../beside.js';
import { type Diagnostic, type Diagnostics, fromDisk, renderAll } from '../diagnostics.js';

/** What the command needs of the world around it. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly colour: boolean;
  readonly cwd: string;
  /** Runs a script of JavaScript, which prints for itself, and gives its exit code; `--build` asks for it. */
  readonly run?: (script: string, ...args: readonly string[]) => number;
  /** A second thread, where there is one. */
  readonly beside?: Beside;
}

/** 0: compiled. 1: the model is wrong. 2: the command is. */
export const exitCodes = { ok: 0, model: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface Failure {
  readonly code: ExitCode;
  readonly diagnostics: Diagnostics;
}

/** Whose mistake it was decides the exit code. */
const blame =
  (code: ExitCode) =>
  <A>(result: Either<Diagnostics, A>): Either<Failure, A> =>
    pipe(
      result,
      mapLeft((diagnostics) => ({ code, diagnostics })),
    );
export const ofModel = blame(exitCodes.model);
export const ofUsage = blame(exitCodes.usage);

export const show = (path: string, cwd: string): string => {
  const short = relative(cwd, path);
  return short.length > path.length ? path : short || '.';
};

/** Diagnostics name files relative to the project; the author reads them relative to where the command runs. */
export const report = (diagnostics: Diagnostics, io: Io, locate: (file: string) => string): void =>
  io.err(
    renderAll(diagnostics, {
      colour: io.colour,
      read: (file) => fromDisk(locate(file)),
      show: (file) => show(locate(file), io.cwd),
    }),
  );

export const usage = (io: Io, diagnostic: Diagnostic): ExitCode => {
  report([diagnostic], io, (f) => f);
  return exitCodes.usage;
};
