/**
 * The compiler, as the command that it is. The runtime knows nothing of how models are compiled; a process of its own leaves the
 * memory to the training, and ends at once where what asked for it does.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import { compilerFile } from './contract/package.js';

/** Its exit code where the command line is to blame, and not the model. */
export const usage = 2;

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `pcrec-compile`. Right: undefined where the signal came first. Left: it could not be run. */
export const pcrecCompile = async (
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<E.Either<string, Ended | undefined>> => {
  const file = compilerFile();
  if (file === undefined)
    return E.left(
      'The compiler is not here: it comes with the package pcrec, so do this where that is installed (npm install pcrec).',
    );
  if (!existsSync(file)) return E.left(`The compiler is not built (${file} is missing): npm run build.`);
  const ended = await new Promise<E.Either<string, Ended>>((resolve) => {
    const text = { out: '', err: '' };
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text.out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text.err += chunk;
    });
    child.on('error', (error) => resolve(E.left(`The compiler could not be started: ${error.message}.`)));
    child.on('close', (code) => resolve(E.right({ code, out: text.out.trimEnd(), err: text.err.trimEnd() })));
  });
  // Ctrl-C at a terminal reaches both processes: the word of our own signal may come after the child's end.
  await setImmediate();
  return signal.aborted ? E.right(undefined) : ended;
};
